"""One sentence for each id that a finding can have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from codegen.incompatibility import IncompatibilityType
from tools.compatibility.findings import Rule

_SENTENCES: Final[Mapping[str, str]] = {
    Rule.INVALID: "A contract's files can be read.",
    Rule.VERSION_GAP: "Versions are numbered from 1 without a gap.",
    Rule.KEY_FIELD: "The key field is in every version, with a type that has one text form.",
    Rule.PUBLISHED_VERSION_CHANGED: "A published version never changes, docs included.",
    Rule.PUBLISHED_VERSION_REMOVED: "A published version stays.",
    Rule.INCOMPATIBLE: "Versions can read each other as the level and the pins ask for.",
    Rule.DOUBTFUL_SCHEMA: "A schema says what was surely meant.",
    Rule.DRIFT: "The generated models are what the contracts say.",
    IncompatibilityType.NAME_MISMATCH: "A reader's named type has the writer's name, or an alias for it.",
    IncompatibilityType.FIXED_SIZE_MISMATCH: "A fixed keeps its size.",
    IncompatibilityType.MISSING_ENUM_SYMBOLS: "A reader's enum knows every symbol of the writer's, or has a default.",
    IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE: "A reader's field that the writer lacks has a default.",
    IncompatibilityType.TYPE_MISMATCH: "A reader's type is the writer's, or one that it can be promoted to.",
    IncompatibilityType.MISSING_UNION_BRANCH: "A reader's union has a branch for each type that the writer writes.",
    IncompatibilityType.AMBIGUOUS_ALIAS: "A reader's aliases leave no doubt which field is which.",
}


def sentence_of(kind: str) -> str:
    """What holds where there is no such finding; the id itself where nobody has said it."""
    return _SENTENCES.get(kind, kind)
