"""Deprecated fields that a pinned application still reads or writes.

What counts is what the newest version says that still has the field: an application that is pinned to a version from
before the deprecation uses the field all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from codegen.contract import Contract, ContractVersion
from codegen.nodes import Record, named_types
from codegen.resolution import Resolver
from codegen.resolving.rules import matched_fields, names_match
from tools.compatibility.deprecation import Deprecation, MalformedDeprecation, read_deprecation
from tools.compatibility.findings import Finding, Place, place_in
from tools.compatibility.meaning import walk
from tools.compatibility.places import file_of
from tools.compatibility.rules import DEPRECATED, MeaningRule


@dataclass(slots=True)
class _Use:
    """A deprecated field: what is said of it where, and who uses it in which older version."""

    deprecation: Deprecation
    name: str
    version: ContractVersion
    older: ContractVersion
    place: Place
    used: Place | None
    apps: list[str] = field(default_factory=list)


def check_deprecations(contract: Contract, today: date) -> list[Finding]:
    """Every deprecated field that is in use, once, with all who use it; and every deprecation that says too little."""
    uses: dict[tuple[int, Path, str], _Use] = {}
    for number, apps in sorted(_pins(contract).items()):
        version = contract.version(number)
        for use in () if version is None else _uses(contract, version):
            key = (use.version.number, use.place.path, use.place.pointer)
            uses.setdefault(key, use).apps.extend(apps)
    told = [_finding(contract, use, today) for _, use in sorted(uses.items(), key=lambda entry: entry[0])]
    return [*_malformed(contract), *told]


def _pins(contract: Contract) -> dict[int, list[str]]:
    pins: dict[int, list[str]] = {}
    for verb, versions in (("writes", contract.writers), ("reads", contract.readers)):
        for app, number in sorted(versions.items()):
            pins.setdefault(number, []).append(f"{app} {verb} v{number}")
    return pins


def _uses(contract: Contract, older: ContractVersion) -> Iterator[_Use]:
    """The fields of `older` that are deprecated, in the newest version that has them."""
    decided: set[tuple[Record, int]] = set()
    for newer in reversed([version for version in contract.versions if version.number >= older.number]):
        for place in walk(newer.schema.root, older.schema.root, Resolver()):
            now, then = place.part.reader, place.part.writer
            if not isinstance(now, Record) or not isinstance(then, Record) or not names_match(now, then):
                continue
            for index, source in matched_fields(now, then).items():
                deprecation = read_deprecation(now.fields[index].properties)
                if (then, source) not in decided and isinstance(deprecation, Deprecation):
                    place_now = place_in(file_of(newer, now), f"{now.pointer}/fields/{index}/{DEPRECATED}")
                    place_then = place_in(file_of(older, then), f"{then.pointer}/fields/{source}")
                    used = None if older is newer else place_then
                    yield _Use(deprecation, now.fields[index].name, newer, older, place_now, used)
                decided.add((then, source))


def _finding(contract: Contract, use: _Use, today: date) -> Finding:
    over = use.deprecation.is_over(today)
    verb = "should be gone" if over else "is on its way out"
    return Finding(
        MeaningRule.DEPRECATED_FIELD_PAST_SUNSET if over else MeaningRule.DEPRECATED_FIELD_USED,
        contract.name,
        use.place,
        f"the field {use.name!r} {verb} ({use.deprecation}) and is in use",
        f"{use.deprecation.advice}, and move these applications to a version without it",
        use.used,
        because=tuple(use.apps),
        pair=(use.version.number, use.older.number),
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
                        place_in(file_of(version, record), f"{record.pointer}/fields/{index}/{DEPRECATED}"),
                        f"{found.reason} (the field {entry.name!r} of v{version.number})",
                        found.hint,
                        pair=(version.number, version.number),
                    )
