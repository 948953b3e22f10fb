"""`pipeline schema lint`: what is doubtful in the latest version of a contract by itself, without any comparison.

An older version is published and stays as it is, so that nothing is said of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from codegen.contract import Contract, ContractVersion, InvalidContract, read_contracts
from codegen.nodes import (
    Array,
    Enum,
    Field,
    Json,
    Map,
    Named,
    Node,
    Primitive,
    Record,
    Union,
    children,
    named_types,
    simple_name,
    type_name,
)
from codegen.reading.defaults import matching_branch
from codegen.reading.json_source import Position
from codegen.resolving.rules import readers_of
from tools.compatibility.deprecation import Deprecation, read_deprecation
from tools.compatibility.findings import CheckResult, Finding, Place, SchemaText, from_fault, place_in
from tools.compatibility.gate import choose_contracts
from tools.compatibility.places import file_of, warnings_of
from tools.compatibility.ratings import LINT_RULES, rate, settings_faults
from tools.compatibility.report import write_report
from tools.compatibility.rules import DEPRECATED, LintRule, MeaningRule

_PASCAL: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_UPPER_SNAKE: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_MONEY: Final = frozenset(
    {"amount", "balance", "cost", "fee", "fees", "money", "price", "revenue", "salary", "subtotal", "tax", "total"}
)
_TIME_WORDS: Final = frozenset({"date", "datetime", "time", "timestamp"})
_TIME_ENDINGS: Final = frozenset({"at", "on", "since", "until", "ts"})


class _Doubt(NamedTuple):
    rule: LintRule | MeaningRule
    pointer: str
    message: str
    hint: str


def run_lint(root: Path, names: Sequence[str], format_: str, out: TextIO, *, today: date | None = None) -> int:
    """Lint the contracts below `root`/schemas (all, or the named ones) and write a report (text or json) to `out`.

    Gives 0 without errors, 1 with errors, 2 when the files could not be read. Raises UserError for an unknown contract.
    """
    result = lint_project(root, names, today=today)
    write_report(result, root, format_, out)
    return result.outcome.exit_code


def lint_project(root: Path, names: Sequence[str] = (), *, today: date | None = None) -> CheckResult:
    """The same as a value."""
    schemas_dir = root / "schemas"
    try:
        contracts = choose_contracts(read_contracts(schemas_dir), names)
    except InvalidContract as error:
        return CheckResult(tuple(names), None, tuple(from_fault(fault, schemas_dir) for fault in error.faults))
    faults = settings_faults(contracts, schemas_dir)
    if faults:
        return CheckResult(tuple(contract.name for contract in contracts), None, tuple(faults))
    day = today or datetime.now(UTC).date()
    rated = [rate(contract, lint_contract(contract, day), (), day, LINT_RULES) for contract in contracts]
    return CheckResult(
        tuple(contract.name for contract in contracts),
        None,
        tuple(finding for entry in rated for finding in entry.findings),
        waived=tuple(waived for entry in rated for waived in entry.waived),
    )


def lint_contract(contract: Contract, today: date) -> list[Finding]:
    """Every doubt about the latest version of `contract`, in the order of the file."""
    version = contract.latest
    found = [
        Finding(
            doubt.rule,
            contract.name,
            place_in(file, doubt.pointer),
            doubt.message,
            doubt.hint,
            about=version.number,
        )
        for file, doubt in _doubts(version, today)
    ]
    found.sort(key=lambda finding: (finding.place.path != version.path, finding.place.path, _line_and_column(finding)))
    return [*_owner(contract), *found]


def _line_and_column(finding: Finding) -> tuple[int, int]:
    return finding.place.position.line, finding.place.position.column


def _owner(contract: Contract) -> Iterator[Finding]:
    if contract.owner is None:
        path = contract.folder / "contract.toml"
        place = Place(path if path.exists() else contract.latest.path, Position(1, 1), "", "")
        hint = 'set owner = "…" in contract.toml'
        yield Finding(LintRule.OWNER_MISSING, contract.name, place, f"nobody answers for {contract.name}", hint)


def _doubts(version: ContractVersion, today: date) -> Iterator[tuple[SchemaText, _Doubt]]:
    """Each with the file that its pointer belongs to; of another contract's types its own lint tells."""
    for file, warning in warnings_of(version):
        yield file, _Doubt(LintRule.DOUBTFUL_SCHEMA, warning.pointer, warning.reason, warning.hint)
    for named in named_types(version.record):
        file = file_of(version, named)
        if file is version or not isinstance(file, ContractVersion):
            yield from ((file, doubt) for doubt in _doubts_inside(named, today))


def _doubts_inside(named: Named, today: date) -> Iterator[_Doubt]:
    yield from _type_doubts(named)
    for index, field in enumerate(named.fields if isinstance(named, Record) else ()):
        yield from _field_doubts(field, f"{named.pointer}/fields/{index}", today)
        for union in _unions(field.type):
            yield from _union_doubts(union)


def _type_doubts(named: Named) -> Iterator[_Doubt]:
    name, kind = simple_name(named.full_name), type_name(named)
    if not _PASCAL.fullmatch(name):
        message = f"the {kind} {name} is not in PascalCase"
        yield _Doubt(LintRule.TYPE_NAME_STYLE, f"{named.pointer}/name", message, "call it such as UserAction")
    if not named.doc:
        yield _Doubt(LintRule.DOC_MISSING, named.pointer, f"the {kind} {name} has no doc", "say what it is")
    if not isinstance(named, Enum):
        return
    if not (all(map(_UPPER_SNAKE.fullmatch, named.symbols)) or all(map(_SNAKE.fullmatch, named.symbols))):
        message = f"the symbols of {name} are neither all in UPPER_SNAKE_CASE nor all in snake_case"
        yield _Doubt(LintRule.SYMBOL_STYLE, f"{named.pointer}/symbols", message, "write all in one style")
    if named.default is None:
        message = f"the enum {name} has no default: no reader of it will survive a new symbol"
        hint = 'add a symbol such as UNKNOWN, and "default": "UNKNOWN" to the enum, not to the field'
        yield _Doubt(LintRule.ENUM_WITHOUT_DEFAULT, named.pointer, message, hint)


def _field_doubts(field: Field, pointer: str, today: date) -> Iterator[_Doubt]:
    name = field.name
    if not _SNAKE.fullmatch(name):
        message = f"the field {name} is not in snake_case"
        yield _Doubt(LintRule.FIELD_NAME_STYLE, f"{pointer}/name", message, "call it such as user_id")
    if not field.doc:
        yield _Doubt(LintRule.DOC_MISSING, pointer, f"the field {name} has no doc", "say what it means")
    yield from _default_doubts(field, pointer)
    words = name.lower().split("_")
    plain = [node for node in _branches(field.type) if isinstance(node, Primitive) and node.logical is None]
    inexact = next((node.name for node in plain if node.name in ("float", "double")), None)
    if inexact is not None and not _MONEY.isdisjoint(words):
        message = f"{name} looks like money, and a {inexact} holds no exact cents"
        hint = 'use {"type": "bytes", "logicalType": "decimal", "precision": …, "scale": 2}'
        yield _Doubt(LintRule.INEXACT_MONEY, f"{pointer}/type", message, hint)
    if any(node.name == "long" for node in plain) and (not _TIME_WORDS.isdisjoint(words) or words[-1] in _TIME_ENDINGS):
        message = f"{name} looks like a time, and a bare long says neither unit nor epoch"
        hint = 'use {"type": "long", "logicalType": "timestamp-millis"}'
        yield _Doubt(LintRule.BARE_TIME, f"{pointer}/type", message, hint)
    deprecation = read_deprecation(field.properties)
    where = f"{pointer}/{DEPRECATED}"
    if isinstance(deprecation, Deprecation):
        if deprecation.is_over(today):
            message = f"the field {name} is still here ({deprecation})"
            yield _Doubt(LintRule.DEPRECATED_FIELD_KEPT, where, message, "leave it out of the next version")
    elif deprecation is not None:
        yield _Doubt(MeaningRule.DEPRECATION_MALFORMED, where, f"{deprecation.reason} ({name})", deprecation.hint)


def _default_doubts(field: Field, pointer: str) -> Iterator[_Doubt]:
    kinds = [type_name(node) for node in _branches(field.type)]
    if isinstance(field.type, Union) and "null" in kinds and not field.has_default:
        message = f"{field.name} can be null and has no default, so that writers without it break its readers"
        hint = 'put null first in the union, and add "default": null'
        yield _Doubt(LintRule.NULLABLE_WITHOUT_DEFAULT, pointer, message, hint)
    if isinstance(field.type, Array | Map) and not field.has_default:
        empty = "[]" if isinstance(field.type, Array) else "{}"
        message = f"the {kinds[0]} {field.name} has no default, though an empty one would do"
        yield _Doubt(LintRule.COLLECTION_WITHOUT_DEFAULT, pointer, message, f'add "default": {empty}')
    if isinstance(field.type, Union) and field.has_default:
        default: Json = field.default  # type: ignore[assignment]  # has_default excludes MISSING
        index = matching_branch(field.type, default)
        if index:
            message = f"the default of {field.name} is of branch {index + 1} of its union"
            hint = (
                "put that branch first: before Avro 1.12 a default is of the first one, and older libraries refuse it"
            )
            yield _Doubt(LintRule.DEFAULT_OF_LATER_BRANCH, f"{pointer}/default", message, hint)


def _union_doubts(union: Union) -> Iterator[_Doubt]:
    """Branches of which an earlier one takes the data, as fastavro and the specification choose."""
    primitives: list[Primitive] = []
    by_name: dict[str, Named] = {}
    for branch in union.branches:
        if isinstance(branch, Primitive):
            earlier = next((node for node in primitives if node.name in readers_of(branch.name)), None)
            primitives.append(branch)
            if earlier is not None:
                text = {earlier.name, branch.name} == {"string", "bytes"}
                hint = "keep one of the two" if text else f"put {branch.name} before {earlier.name}"
                yield _overlap(union, earlier.name, branch.name, hint)
        elif isinstance(branch, Named):
            first = by_name.setdefault(simple_name(branch.full_name), branch)
            if first is not branch:
                yield _overlap(union, first.full_name, branch.full_name, "give them different names")


def _overlap(union: Union, first: str, second: str, hint: str) -> _Doubt:
    message = f"the branch {first} can take what was written as {second} when a newer schema reads it"
    return _Doubt(LintRule.BRANCHES_OVERLAP, union.pointer, message, hint)


def _branches(node: Node) -> Sequence[Node]:
    return node.branches if isinstance(node, Union) else (node,)


def _unions(root: Node) -> Iterator[Union]:
    """Those that stand in a type, and in no named type inside it."""
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, Union):
            yield node
        if not isinstance(node, Named):
            pending.extend(children(node))
