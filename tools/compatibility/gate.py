"""`pipeline schema check`: does every contract hold, with its history, its pins and what is published?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from codegen.contract import Contract, InvalidContract, read_contracts
from tools.compatibility.drift import check_drift
from tools.compatibility.findings import CheckResult, Finding, Rule, from_fault, place_in
from tools.compatibility.levels import Level
from tools.compatibility.pairs import check_pairs, wanted_pairs
from tools.compatibility.published import (
    DEFAULT_REFERENCE,
    NothingPublished,
    Publications,
    changed_versions,
    read_published,
    removed_contracts,
)
from tools.compatibility.report import write_report
from tools.errors import UserError


class UnknownContract(UserError):
    """The user named a contract that is not there."""


class UnknownLevel(UserError):
    """The user named a compatibility level that is none of the seven."""


def run_check(
    root: Path,
    contracts: Sequence[str],
    against: str | None,
    level: str | None,
    format_: str,
    out: TextIO,
    *,
    drift: bool = True,
) -> int:
    """Check the contracts below `root`/schemas (all, or the named ones) and write a report to `out`.

    `against` is `git:REF`, `registry` or a folder, by default git:HEAD; `level` replaces the contracts' own; `format_`
    is one of tools.compatibility.report.FORMATS; `drift` looks at the generated models too. Gives 0 when all holds, 1
    with findings, 2 when the files could not be checked. Raises UserError when the question itself is wrong.
    """
    result = check_project(root, contracts, against, level, drift=drift)
    write_report(result, root, format_, out)
    return result.outcome.exit_code


def check_project(
    root: Path,
    names: Sequence[str] = (),
    against: str | None = None,
    level: str | None = None,
    *,
    drift: bool = False,
) -> CheckResult:
    """The check as a value. Raises UserError for an unknown contract or level, or an unreachable `against`."""
    schemas_dir = root / "schemas"
    chosen_level = None if level is None else _level(level)
    try:
        contracts = choose_contracts(read_contracts(schemas_dir), names)
    except InvalidContract as error:
        return CheckResult(tuple(names), against, tuple(from_fault(fault, schemas_dir) for fault in error.faults))
    published, notes = Publications(()), []
    try:
        published = read_published(root, contracts, against)
    except NothingPublished as error:
        notes.append(f"{error}, so that nothing counts as published; everything else was checked")
    findings: list[Finding] = []
    pairs = {
        contract.name: wanted_pairs(contract, chosen_level or Level(contract.compatibility)) for contract in contracts
    }
    for contract in contracts:
        findings += changed_versions(contract, published)
        findings += check_pairs(contract, pairs[contract.name])
        findings += _doubts(contract, published.versions_of(contract.name))
    if not names:
        findings += removed_contracts(contracts, published, schemas_dir)
    if drift:
        findings += [finding for finding in check_drift(root) if not names or finding.contract in names]
    return CheckResult(
        tuple(contract.name for contract in contracts),
        (against or DEFAULT_REFERENCE) if published.places else None,
        tuple(findings),
        (*notes, *published.notes),
        {contract.name: tuple(version.number for version in contract.versions) for contract in contracts},
        {name: tuple(wanted) for name, wanted in pairs.items()},
    )


def choose_contracts(contracts: Sequence[Contract], names: Sequence[str]) -> list[Contract]:
    """The contracts of these names, or all without names. Raises UnknownContract."""
    known = {contract.name: contract for contract in contracts}
    for name in names:
        if name not in known:
            raise UnknownContract(f"there is no contract {name!r}{_did_you_mean(name, known)}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(contracts)


def _level(name: str) -> Level:
    try:
        return Level(name.upper())
    except ValueError:
        raise UnknownLevel(f"there is no compatibility level {name!r}{_did_you_mean(name.upper(), Level)}") from None


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    names = [str(entry) for entry in known]
    close = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(names)}"


def _doubts(contract: Contract, published: Iterable[int]) -> list[Finding]:
    """What is legal and surely not meant, in the versions that can still be mended."""
    return [
        Finding(
            Rule.DOUBTFUL_SCHEMA,
            contract.name,
            place_in(version, warning.pointer),
            warning.reason,
            warning.hint,
            is_warning=True,
        )
        for version in contract.versions
        if version.number not in published
        for warning in version.schema.warnings
    ]
