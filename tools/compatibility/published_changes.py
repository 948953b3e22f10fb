"""Findings on what is published and no longer so: a published version never changes again, docs included.

Neither does a shared file that a published version needs: the version would mean something else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from codegen.contract import Contract, ContractVersion
from codegen.nodes import Json
from codegen.reading.json_source import JsonSource, Position, escape_pointer
from codegen.reading.references import SHARED
from tools.compatibility.findings import Finding, Place, Rule, place_in
from tools.compatibility.places import whole_json
from tools.compatibility.published import Publication, Publications
from tools.compatibility.published_shared import parsed


class SchemaFileText(NamedTuple):
    """A file that was read anew."""

    path: Path
    text: str
    source: JsonSource


def changed_versions(contract: Contract, published: Publications) -> list[Finding]:
    """A finding for each published version of `contract` that is gone or no longer the same, each told once."""
    findings: dict[int, Finding] = {}
    for place in published.places:
        for number, text in sorted(place.versions.get(contract.name, {}).items()):
            version = contract.version(number)
            if number in findings or (version is None and not place.is_whole):
                continue
            if version is None:
                path = contract.folder / f"v{number}.avsc"
                findings[number] = removed_version(contract.name, path, place.where, _moved_to(contract, text))
            elif (changed := _changed(contract.name, version, text, place)) is not None:
                findings[number] = changed
    return [finding for _, finding in sorted(findings.items())]


def removed_contracts(contracts: Sequence[Contract], published: Publications, schemas_dir: Path) -> list[Finding]:
    """A finding for each published version of a contract that is gone as a whole."""
    present = {contract.name for contract in contracts}
    gone: dict[tuple[str, int], Finding] = {}
    for place in published.places if contracts else ():
        for name, versions in place.versions.items() if place.is_whole else ():
            for number, text in versions.items() if name not in present else ():
                moved = next((moved for contract in contracts if (moved := _moved_to(contract, text))), "")
                path = schemas_dir / name / f"v{number}.avsc"
                gone.setdefault((name, number), removed_version(name, path, place.where, moved))
    return [finding for _, finding in sorted(gone.items())]


def changed_shared(contracts: Sequence[Contract] | None, published: Publications, schemas_dir: Path) -> list[Finding]:
    """A finding for each shared file that is gone or no longer the same while a published version needs it.

    Without `contracts`, because they cannot be read, any version that is published counts.
    """
    names = None if contracts is None else {contract.name for contract in contracts}
    findings: dict[str, Finding] = {}
    for place in published.places:
        for name, file in sorted(place.shared.items()):
            users = [
                (contract, number)
                for contract, number in file.users
                if (names is None or contract in names)
                and (place.is_whole or (schemas_dir / contract / f"v{number}.avsc").is_file())
            ]
            if users and name not in findings:
                path = schemas_dir / SHARED / name
                found = _changed_shared(path, file.text, users, place)
                findings |= {} if found is None else {name: found}
    return [finding for _, finding in sorted(findings.items())]


def _changed_shared(path: Path, text: str, users: Sequence[tuple[str, int]], place: Publication) -> Finding | None:
    needed = ", ".join(f"v{number} of {contract}" for contract, number in users)
    if not path.is_file():
        return Finding(
            Rule.PUBLISHED_VERSION_REMOVED,
            users[0][0],
            Place(path, Position(1, 1), "", ""),
            f"{path.name} is published at {place.where} and is gone; it has types of {needed}",
            "bring it back",
        )
    now = path.read_bytes().decode("utf-8", "replace")
    source, was = parsed(now), parsed(text)
    pointer = None if source is None or was is None else first_difference(was.value, source.value, "")
    if source is None or pointer is None:
        return None
    return Finding(
        Rule.PUBLISHED_VERSION_CHANGED,
        users[0][0],
        place_in(SchemaFileText(path, now, source), pointer),
        f"{path.name} is published at {place.where} and differs from it at {pointer or 'the root'}; it has types of "
        f"{needed}",
        f"undo the change, and make it in a new file, for a new version to refer to{place.hint}",
        consequences=tuple(
            f"v{number} of {contract} would mean two schemas: what runs already keeps the old text"
            for contract, number in users
        ),
    )


def removed_version(contract: str, path: Path, where: str, moved: str = "") -> Finding:
    """The finding for a published file that is no longer there."""
    called = f"; what it said is now in {moved}: give the file its name back" if moved else ""
    return Finding(
        Rule.PUBLISHED_VERSION_REMOVED,
        contract,
        Place(path, Position(1, 1), "", ""),
        f"{path.name} is published at {where} and is gone",
        f"bring it back: records that were written with it may still be on the topic{called}",
        consequences=("clients that post it get 422 as soon as their events do not happen to fit another version",),
    )


def _moved_to(contract: Contract, text: str) -> str:
    """The file of `contract` that says the same, or nothing."""
    was = parsed(text)
    if was is None:
        return ""
    for version in contract.versions:
        if any(first_difference(was.value, now, "") is None for now in (version.json, whole_json(version))):
            return f"{contract.name}/{version.path.name}"
    return ""


def _changed(contract: str, version: ContractVersion, text: str, place: Publication) -> Finding | None:
    if text == (version.whole_text if place.has_whole_schemas else version.text):
        return None
    was = parsed(text)
    if was is None:
        return None  # what is no JSON was never a schema, and nobody can have registered it
    pointer = _difference(was.value, version, place)
    if pointer is None:
        return None
    return Finding(
        Rule.PUBLISHED_VERSION_CHANGED,
        contract,
        place_in(version, _in_file(version, pointer) if place.has_whole_schemas else pointer),
        f"{version.path.name} is published at {place.where} and differs from it at {pointer or 'the root'}",
        f"undo the change, and make it in a new version{place.hint}",
        consequences=(f"v{version.number} would mean two schemas: what runs already keeps the old text",),
    )


def _difference(was: Json, version: ContractVersion, place: Publication) -> str | None:
    if not place.has_whole_schemas:
        return first_difference(was, version.json, "")
    from tools.compatibility.as_registered import difference_to_registered

    return difference_to_registered(was, version)


def _in_file(version: ContractVersion, pointer: str) -> str:
    """The pointer of what leads to this place of the whole schema, in the version's own file."""
    while pointer not in version.source.positions and pointer:
        pointer = pointer.rpartition("/")[0]
    return pointer


def first_difference(one: Json, other: Json, pointer: str) -> str | None:
    """The pointer of the first place where two JSON values differ, or None; the order of keys means nothing."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in (*other, *one):
            inner = f"{pointer}/{escape_pointer(key)}"
            if key not in one or key not in other:
                return inner
            found = first_difference(one[key], other[key], inner)
            if found is not None:
                return found
        return None
    if isinstance(one, list) and isinstance(other, list):
        for index, (left, right) in enumerate(zip(one, other, strict=False)):
            found = first_difference(left, right, f"{pointer}/{index}")
            if found is not None:
                return found
        return None if len(one) == len(other) else f"{pointer}/{min(len(one), len(other))}"
    # As text, because Python takes 1, 1.0 and True for equal.
    return None if json.dumps(one) == json.dumps(other) else pointer
