"""`pipeline schema check`: does every contract hold, with its history, its pins, its meaning and what is published?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TextIO

from codegen.contract import Contract, InvalidContract, read_contracts
from tools.compatibility.deployed import unknown_versions
from tools.compatibility.drift import check_drift
from tools.compatibility.findings import CheckResult, Finding, Rule, Waived, from_fault, place_in
from tools.compatibility.levels import Level
from tools.compatibility.meaning_pairs import check_meanings
from tools.compatibility.pairs import check_pairs, wanted_pairs
from tools.compatibility.places import warnings_of
from tools.compatibility.published import DEFAULT_REFERENCE, NothingPublished, Publications, read_published
from tools.compatibility.published_changes import changed_shared, changed_versions, removed_contracts
from tools.compatibility.ratings import CHECK_RULES, rate, settings_faults
from tools.compatibility.report import write_report
from tools.compatibility.rules import DEPRECATED
from tools.deployments.file import read_deployments
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
    today: date | None = None,
) -> int:
    """Check the contracts below `root`/schemas (all, or the named ones) and write a report to `out`.

    `against` is `git:REF`, `registry` or a folder, by default git:HEAD; `level` replaces the contracts' own; `format_`
    is one of tools.compatibility.report.FORMATS; `drift` looks at the generated models too. Gives 0 when all holds, 1
    with findings, 2 when the files could not be checked. Raises UserError when the question itself is wrong.
    """
    result = check_project(root, contracts, against, level, drift=drift, today=today)
    write_report(result, root, format_, out)
    return result.outcome.exit_code


def check_project(
    root: Path,
    names: Sequence[str] = (),
    against: str | None = None,
    level: str | None = None,
    *,
    drift: bool = False,
    today: date | None = None,
) -> CheckResult:
    """The check as a value. Raises UserError for an unknown contract or level, or an unreachable `against`.

    `today`, in UTC by default, decides which waivers and sunsets are over.
    """
    schemas_dir = root / "schemas"
    chosen_level = None if level is None else _level(level)
    try:
        every = read_contracts(schemas_dir)
    except InvalidContract as error:
        found = [from_fault(fault, schemas_dir) for fault in error.faults]
        return CheckResult(tuple(names), against, (*found, *_lost_shared(root, against)))
    contracts = choose_contracts(every, names)
    checked = tuple(contract.name for contract in contracts)
    faults = settings_faults(contracts, schemas_dir)
    if faults:
        return CheckResult(checked, against, tuple(faults))
    published, notes = Publications(()), []
    try:
        published = read_published(root, contracts, against)
    except NothingPublished as error:
        notes.append(f"{error}, so that nothing counts as published; everything else was checked")
    findings: list[Finding] = []
    waived: list[Waived] = []
    accepted = 0
    pairs: dict[str, tuple[tuple[int, int], ...]] = {}
    deployed = read_deployments(root)
    day = today or datetime.now(UTC).date()
    for contract in contracts:
        before = published.versions_of(contract.name)
        held = chosen_level or Level(contract.compatibility)
        wanted = wanted_pairs(contract, held, deployed)
        pairs[contract.name] = tuple(wanted)
        found = [
            *changed_versions(contract, published),
            *check_pairs(contract, wanted),
            *check_meanings(contract, held, day),
            *_deprecations(contract, day),
            *_doubts(contract, before),
        ]
        notes += unknown_versions(contract, deployed)
        # At another level than its own a contract's waivers may well have nothing to do.
        rated = rate(contract, found, before, day, CHECK_RULES if chosen_level is None else ())
        findings += rated.findings
        waived += rated.waived
        accepted += rated.accepted
    findings += changed_shared(contracts, published, schemas_dir)
    if not names:
        findings += removed_contracts(contracts, published, schemas_dir)
    if drift:
        findings += [finding for finding in check_drift(root, every) if not names or finding.contract in names]
    return CheckResult(
        checked,
        (against or DEFAULT_REFERENCE) if published.places else None,
        tuple(findings),
        (*notes, *published.notes),
        waived=tuple(waived),
        accepted=accepted,
        versions={contract.name: tuple(version.number for version in contract.versions) for contract in contracts},
        pairs=pairs,
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
    import difflib

    names = [str(entry) for entry in known]
    close = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(names)}"


def _lost_shared(root: Path, against: str | None) -> list[Finding]:
    """The shared files whose loss may be why the contracts cannot be read."""
    try:
        return changed_shared(None, read_published(root, (), against), root / "schemas")
    except (NothingPublished, UserError):
        return []  # nothing can be compared, which is not what is wrong


def _doubts(contract: Contract, published: Iterable[int]) -> list[Finding]:
    """What is legal and surely not meant, in the versions that can still be mended."""
    return [
        Finding(
            Rule.DOUBTFUL_SCHEMA,
            contract.name,
            place_in(file, warning.pointer),
            warning.reason,
            warning.hint,
            is_warning=True,
            about=version.number,
        )
        for version in contract.versions
        if version.number not in published
        for file, warning in warnings_of(version)
    ]


def _deprecations(contract: Contract, today: date) -> list[Finding]:
    files = [file for version in contract.versions for file in (version, *version.origins.values())]
    if not any(f'"{DEPRECATED}"' in file.text for file in files):
        return []  # nearly always, and then the command need not load what tells them
    from tools.compatibility.deprecated_uses import check_deprecations

    return check_deprecations(contract, today)
