"""Deprecated fields that a pinned application still reads or writes.

What counts is what the newest version says that still has the field: an application that is pinned to a version from
before the deprecation uses the field all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from codegen.contract import Contract, ContractVersion
from codegen.nodes import Record, named_types
from codegen.resolution import Resolver
from codegen.resolution_rules import matched_fields, names_match
from tools.compatibility.deprecation import Deprecation, MalformedDeprecation, read_deprecation
from tools.compatibility.findings import Finding, place_in
from tools.compatibility.meaning import walk
from tools.compatibility.rules import DEPRECATED, MeaningRule


@dataclass(slots=True)
class _Use:
    """A deprecated field: what is said of it where, and who uses it in which older version."""

    deprecation: Deprecation
    name: str
    version: ContractVersion
    used: tuple[ContractVersion, str]
    apps: list[str] = field(default_factory=list)


def check_deprecations(contract: Contract, today: date) -> list[Finding]:
    """Every deprecated field that is in use, once, with all who use it; and every deprecation that says too little."""
    uses: dict[tuple[int, str], _Use] = {}
    for number, apps in sorted(_pins(contract).items()):
        version = contract.version(number)
        for pointer, use in () if version is None else _uses(contract, version):
            uses.setdefault((use.version.number, pointer), use).apps.extend(apps)
    told = [_finding(contract, pointer, use, today) for (_, pointer), use in sorted(uses.items())]
    return [*_malformed(contract), *told]


def _pins(contract: Contract) -> dict[int, list[str]]:
    pins: dict[int, list[str]] = {}
    for verb, versions in (("writes", contract.writers), ("reads", contract.readers)):
        for app, number in sorted(versions.items()):
            pins.setdefault(number, []).append(f"{app} {verb} v{number}")
    return pins


def _uses(contract: Contract, older: ContractVersion) -> Iterator[tuple[str, _Use]]:
    """The fields of `older` that are deprecated, by their pointers in the newest version that has them."""
    decided: set[str] = set()
    for newer in reversed([version for version in contract.versions if version.number >= older.number]):
        for place in walk(newer.schema.root, older.schema.root, Resolver()):
            now, then = place.part.reader, place.part.writer
            if not isinstance(now, Record) or not isinstance(then, Record) or not names_match(now, then):
                continue
            for index, source in matched_fields(now, then).items():
                old_pointer = f"{then.pointer}/fields/{source}"
                deprecation = read_deprecation(now.fields[index].properties)
                if old_pointer not in decided and isinstance(deprecation, Deprecation):
                    use = _Use(deprecation, now.fields[index].name, newer, (older, old_pointer))
                    yield f"{now.pointer}/fields/{index}/{DEPRECATED}", use
                decided.add(old_pointer)


def _finding(contract: Contract, pointer: str, use: _Use, today: date) -> Finding:
    over = use.deprecation.is_over(today)
    verb = "should be gone" if over else "is on its way out"
    older, old_pointer = use.used
    return Finding(
        MeaningRule.DEPRECATED_FIELD_PAST_SUNSET if over else MeaningRule.DEPRECATED_FIELD_USED,
        contract.name,
        place_in(use.version, pointer),
        f"the field {use.name!r} {verb} ({use.deprecation}) and is in use",
        f"{use.deprecation.advice}, and move these applications to a version without it",
        place_in(older, old_pointer) if older is not use.version else None,
        because=tuple(use.apps),
        pair=(use.version.number, older.number),
    )


def _malformed(contract: Contract) -> Iterator[Finding]:
    for version in contract.versions:
        for record in named_types(version.schema.root):
            for index, entry in enumerate(record.fields if isinstance(record, Record) else ()):
                found = read_deprecation(entry.properties)
                if isinstance(found, MalformedDeprecation):
                    yield Finding(
                        MeaningRule.DEPRECATION_MALFORMED,
                        contract.name,
                        place_in(version, f"{record.pointer}/fields/{index}/{DEPRECATED}"),
                        f"{found.reason} (the field {entry.name!r} of v{version.number})",
                        found.hint,
                        pair=(version.number, version.number),
                    )
