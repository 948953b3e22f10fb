"""What the gate found, as values; `tools.compatibility.report` turns them into text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

from codegen.contract import ContractFault
from codegen.incompatibility import Incompatibility, IncompatibilityType
from codegen.reading.contract_rules import Waiver
from codegen.reading.json_source import JsonSource, Position
from tools.compatibility.meaning_finding import MeaningFinding
from tools.compatibility.rules import LintRule, MeaningRule

_VERSION_FILE = re.compile(r"v([0-9]+)\.avsc")


class Rule(StrEnum):
    """What a finding is about. Incompatible pairs carry their own type besides."""

    INVALID = "INVALID"
    VERSION_GAP = "VERSION_GAP"
    KEY_FIELD = "KEY_FIELD"
    PUBLISHED_VERSION_CHANGED = "PUBLISHED_VERSION_CHANGED"
    PUBLISHED_VERSION_REMOVED = "PUBLISHED_VERSION_REMOVED"
    INCOMPATIBLE = "INCOMPATIBLE"
    DOUBTFUL_SCHEMA = "DOUBTFUL_SCHEMA"
    DRIFT = "DRIFT"
    UNUSED_WAIVER = "UNUSED_WAIVER"


class Place(NamedTuple):
    """Where in which file: `position` counts from 1, `pointer` is RFC 6901, `line` is the text that stands there."""

    path: Path
    position: Position
    pointer: str
    line: str


class Finding(NamedTuple):
    """One thing that does not hold.

    `place` is where it can be mended, `related` the place in the other version that it does not agree with. `breaks` is
    the version that suffers, when it is another one than the place's. `because` says what asked for it: the level, or
    pinned applications. `consequences` are sentences on what a running consumer or an HTTP client would meet. `pair` is
    (reader, writer) where two versions do not get along; `about` is the one version that the finding is on, where its
    place may lie in another file. A warning does not fail the check.
    """

    rule: Rule | MeaningRule | LintRule
    contract: str
    place: Place
    message: str
    hint: str
    related: Place | None = None
    breaks: int | None = None
    because: tuple[str, ...] = ()
    incompatibility: Incompatibility | None = None
    is_warning: bool = False
    consequences: tuple[str, ...] = ()
    pair: tuple[int, int] | None = None
    meaning: MeaningFinding | None = None
    about: int | None = None

    @property
    def kind(self) -> str:
        """The most telling id: the type of the incompatibility, or the rule."""
        return self.rule.value if self.incompatibility is None else self.incompatibility.type.value

    @property
    def version(self) -> int | None:
        """The version that the finding is on: of two the newer one, which can be mended."""
        if self.pair is not None:
            return max(self.pair)
        if self.about is not None:
            return self.about
        match = _VERSION_FILE.fullmatch(self.place.path.name)
        return int(match.group(1)) if match is not None and self.place.path.parent.name == self.contract else None


class Waived(NamedTuple):
    """A finding that may stand, and the waiver that says so."""

    finding: Finding
    waiver: Waiver


class Outcome(StrEnum):
    """How a check ended; `exit_code` tells a shell."""

    HOLDS = "holds"
    FINDINGS = "findings"
    COULD_NOT_CHECK = "could not check"

    @property
    def exit_code(self) -> int:
        return {Outcome.HOLDS: 0, Outcome.FINDINGS: 1, Outcome.COULD_NOT_CHECK: 2}[self]


class CheckResult(NamedTuple):
    """The whole answer of `pipeline schema check`.

    `notes` are sentences on what was left out, and why. `waived` has the findings that may stand, and `accepted` counts
    those on meaning that were told when both of their versions were not yet published. `versions` and `pairs` say what
    was looked at, by contract: the numbers of its versions, and (reader, writer) for each pair that must hold.
    """

    contracts: tuple[str, ...]
    against: str | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    waived: tuple[Waived, ...] = ()
    accepted: int = 0
    versions: Mapping[str, tuple[int, ...]] = MappingProxyType({})
    pairs: Mapping[str, tuple[tuple[int, int], ...]] = MappingProxyType({})

    @property
    def outcome(self) -> Outcome:
        """Faults of the files themselves outweigh findings: behind them nothing could be checked."""
        rules = {finding.rule for finding in self.findings if not finding.is_warning}
        if Rule.INVALID in rules:
            return Outcome.COULD_NOT_CHECK
        return Outcome.FINDINGS if rules else Outcome.HOLDS


class SchemaText(Protocol):
    """A schema as it stands in a file: a version of a contract, or any other."""

    @property
    def path(self) -> Path: ...
    @property
    def text(self) -> str: ...
    @property
    def source(self) -> JsonSource: ...


def place_in(version: SchemaText, pointer: str) -> Place:
    """The place of `pointer`, or of the nearest thing around it, in the file of `version`.

    A field or a named type is shown by the line of its name.
    """
    named = f"{pointer}/name"
    position = version.source.position(named if named in version.source.positions else pointer)
    return Place(version.path, position, pointer, version.text.split("\n")[position.line - 1])


def relative_path(path: Path, root: Path) -> str:
    """`path` as seen from `root`, with slashes; as it is where it lies elsewhere."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def from_fault(fault: ContractFault, schemas_dir: Path) -> Finding:
    """A fault of the files themselves, as the reader of contracts tells it."""
    parts = fault.path.relative_to(schemas_dir).parts if fault.path.is_relative_to(schemas_dir) else ()
    try:
        line = fault.path.read_text(encoding="utf-8").split("\n")[fault.position.line - 1]
    except (OSError, UnicodeDecodeError, IndexError):
        line = ""
    place = Place(fault.path, fault.position, fault.pointer, line)
    return Finding(_rule_of(fault), parts[0] if parts else "", place, fault.reason, fault.hint)


def _rule_of(fault: ContractFault) -> Rule:
    match = _VERSION_FILE.fullmatch(fault.path.name)
    if match is not None and not fault.pointer and int(match.group(1)) > 1:
        before = fault.path.with_name(f"v{int(match.group(1)) - 1}.avsc")
        if not before.exists() and before.name in fault.reason:
            return Rule.VERSION_GAP
    return Rule.KEY_FIELD if fault.path.name == "contract.toml" and fault.pointer == "/key" else Rule.INVALID


def writer_hint(finding: Incompatibility, writer: int, reader: int) -> str:
    """What to do when the newer version is the one that writes: the reader is published and stays as it is."""
    match finding.type:
        case IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE:
            field = finding.reader_path.rpartition(".")[2]
            return f"keep the field {field!r} in v{writer}: v{reader} has no default for it"
        case IncompatibilityType.MISSING_ENUM_SYMBOLS:
            return f"v{reader} has no default for symbols that it does not know: put the new ones into a new field"
        case IncompatibilityType.NAME_MISMATCH:
            return f"keep the name that v{reader} knows: only the reader's aliases count, and v{reader} has none for it"
        case IncompatibilityType.MISSING_UNION_BRANCH:
            return f"keep to the branches that v{reader} can read, or put the new one into a new field with a default"
        case IncompatibilityType.AMBIGUOUS_ALIAS:
            return f"give the field of v{writer} another name than the alias that v{reader} carries"
        case _:
            return finding.hint
