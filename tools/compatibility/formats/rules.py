"""One sentence for each id that a finding can have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from codegen.incompatibility import IncompatibilityType
from tools.compatibility.findings import Rule
from tools.compatibility.rules import MeaningRule

_SENTENCES: Final[Mapping[str, str]] = {
    Rule.INVALID: "A contract's files can be read.",
    Rule.VERSION_GAP: "Versions are numbered from 1 without a gap.",
    Rule.KEY_FIELD: "The key field is in every version, with a type that has one text form.",
    Rule.PUBLISHED_VERSION_CHANGED: "A published version never changes, docs and shared types included.",
    Rule.PUBLISHED_VERSION_REMOVED: "A published version stays.",
    Rule.INCOMPATIBLE: "Versions can read each other as the level and the pins ask for.",
    Rule.DRIFT: "The generated models are what the contracts say.",
    Rule.UNUSED_WAIVER: "A waiver silences something.",
    IncompatibilityType.NAME_MISMATCH: "A reader's named type has the writer's name, or an alias for it.",
    IncompatibilityType.FIXED_SIZE_MISMATCH: "A fixed keeps its size.",
    IncompatibilityType.MISSING_ENUM_SYMBOLS: "A reader's enum knows every symbol of the writer's, or has a default.",
    IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE: "A reader's field that the writer lacks has a default.",
    IncompatibilityType.TYPE_MISMATCH: "A reader's type is the writer's, or one that it can be promoted to.",
    IncompatibilityType.MISSING_UNION_BRANCH: "A reader's union has a branch for each type that the writer writes.",
    IncompatibilityType.AMBIGUOUS_ALIAS: "A reader's aliases leave no doubt which field is which.",
    MeaningRule.LOGICAL_TYPE_CHANGED: "A value is read as the logical type that it was written as.",
    MeaningRule.LOGICAL_TYPE_ADDED: "A plain value is not read as a logical type.",
    MeaningRule.LOGICAL_TYPE_DROPPED: "A logical type is not read as its bare base type.",
    MeaningRule.DECIMAL_SCALE_CHANGED: "A decimal keeps its scale.",
    MeaningRule.DECIMAL_PRECISION_CHANGED: "A decimal keeps its precision.",
    MeaningRule.TIME_UNIT_CHANGED: "A time keeps its unit.",
    MeaningRule.STRING_READ_AS_BYTES: "Text is read as text.",
    MeaningRule.BYTES_READ_AS_STRING: "Bytes are read as bytes.",
    MeaningRule.LOSSY_PROMOTION: "A number is read as a type that holds it exactly.",
    MeaningRule.ENUM_SYMBOL_READ_AS_DEFAULT: "A symbol is read as itself.",
    MeaningRule.DEFAULT_CHANGED: "A default stays.",
    MeaningRule.PROBABLE_RENAME: "What is renamed has its old name as an alias.",
    MeaningRule.DOC_DROPPED: "A doc stays.",
    MeaningRule.TAG_DROPPED: "A tag stays.",
    MeaningRule.FIELD_ORDER_CHANGED: "Records go on sorting as they did.",
    MeaningRule.DEPRECATED_FIELD_USED: "No pinned application uses a deprecated field.",
    MeaningRule.DEPRECATED_FIELD_PAST_SUNSET: "No pinned application uses a deprecated field after its sunset.",
    MeaningRule.DEPRECATION_MALFORMED: "A deprecation says who, since when and until when.",
    MeaningRule.UNION_BRANCH_PROMOTED: "In a union the same type comes before one that promotes.",
    MeaningRule.FASTAVRO_LOGICAL_TYPE: "fastavro converts by the reader's logical type.",
    MeaningRule.FASTAVRO_RAW_DEFAULT: "fastavro gives a default as the value that is meant.",
    MeaningRule.FASTAVRO_FIRST_BRANCH: "fastavro finds the branch that can read.",
    MeaningRule.AVRO_JAVA_BRANCH_NAME: "Avro Java finds the branch that can read.",
    Rule.DOUBTFUL_SCHEMA: "A schema says what was surely meant.",
}


def sentence_of(kind: str) -> str:
    """What holds where there is no such finding; the id itself where nobody has said it."""
    return _SENTENCES.get(kind, kind)
