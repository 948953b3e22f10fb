"""Published versions never change again, docs included.

Published is what stands at the compared reference (a git ref, a registry or a folder) and what a commit of this branch
has added since it left the main branch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from codegen.contract import Contract, ContractVersion
from codegen.json_source import JsonSyntaxError, Position, escape_pointer, read_json_source
from codegen.nodes import Json
from tools.compatibility.findings import Finding, Place, Rule, place_in
from tools.compatibility.git_versions import GitUnable, Repository
from tools.errors import UserError

DEFAULT_REFERENCE: Final = "git:HEAD"
REGISTRY: Final = "registry"
_VERSION_PATH: Final = re.compile(r"([^/]+)/v([1-9][0-9]*)\.avsc")
_SQUASH: Final = "; if nobody has it yet, make the commits that touch it one commit"
_LATER_START: Final = "; if nobody has the old text, compare from a later commit: --against git:COMMIT"

# Contract name → version number → text of the file.
Published: TypeAlias = Mapping[str, Mapping[int, str]]


class NothingPublished(Exception):
    """There is nothing to compare with: no error for the default reference. The text is one sentence that says why."""


class UnreachableReference(UserError):
    """The reference that the user named cannot be read."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One place that has versions. `is_whole` tells a place that would have all of them; `hint` is for what changed."""

    where: str
    versions: Published
    is_whole: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Publications:
    """Everything that counts as published, the compared reference first; `notes` say what could not be looked at."""

    places: tuple[Publication, ...]
    notes: tuple[str, ...] = ()

    def versions_of(self, contract: str) -> frozenset[int]:
        """The numbers of the published versions of `contract`."""
        return frozenset(number for place in self.places for number in place.versions.get(contract, {}))


def read_published(root: Path, contracts: Sequence[Contract], against: str | None) -> Publications:
    """What is published at `against` (`git:REF`, `registry` or a folder), by default at git:HEAD, and on this branch.

    Raises NothingPublished when the default has nothing to say, UnreachableReference when a named one is not there.
    """
    if against == REGISTRY:
        return _read_registry(contracts)
    if against is not None and not against.startswith("git:"):
        return _read_folder(root, against)
    try:
        return _read_git(Repository(root / "schemas"), (against or DEFAULT_REFERENCE).removeprefix("git:"))
    except GitUnable as error:
        if against is None:
            raise NothingPublished(str(error)) from None
        raise UnreachableReference(f"cannot compare with {against}: {error}") from None


def _read_folder(root: Path, against: str) -> Publications:
    folder = root / against
    folder = folder / "schemas" if (folder / "schemas").is_dir() else folder
    if not folder.is_dir():
        hint = "name one, or git:REF, or registry"
        raise UnreachableReference(f"cannot compare with {folder}: there is no such folder; {hint}")
    texts = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.glob("*/v*.avsc"))}
    return Publications((Publication(against, _by_contract(texts)),))


def _read_registry(contracts: Sequence[Contract]) -> Publications:
    from tools.compatibility.registry_versions import RegistryReader
    from tools.config.registry import schema_registry_conf

    reader = RegistryReader(schema_registry_conf())
    versions = {contract.name: reader.versions(contract.subject) for contract in contracts}
    return Publications((Publication(f"the registry {reader.name}", versions),))


def _read_git(repository: Repository, reference: str) -> Publications:
    tip = repository.commit(reference)
    at_tip = Publication(f"git:{reference}", _by_contract(repository.texts_at(tip)))
    try:
        return _with_branch(repository, reference, at_tip)
    except GitUnable as error:
        return Publications((at_tip,), (f"{error}, so that the commits of this branch were not looked at",))


def _with_branch(repository: Repository, reference: str, at_tip: Publication) -> Publications:
    """Besides the reference: what stood where this branch left, and what its commits have added since."""
    head = repository.commit("HEAD")
    named = None if reference == "HEAD" else reference
    base = repository.fork_point(head, named)
    notes: list[str] = []
    if named is None and base == head:
        base = None  # this is the main branch: it is its own history
    at_base = _by_contract(repository.texts_at(base)) if base is not None else {}
    if named is not None and base is not None:
        at_tip, told = _without_later(repository.folder, at_tip, at_base)
        notes += told
    if base is None and repository.is_shallow:
        notes.append("this clone is shallow, so that older commits were not looked at (fetch-depth: 0 in a workflow)")
    places = [at_tip]
    if base is not None:
        places.append(Publication(f"commit {base[:10]}, where this branch left", at_base))
    for commit in repository.commits(head, base):
        added: dict[str, dict[int, str]] = {}
        for contract, versions in _by_contract(commit.texts).items():
            for number, text in versions.items():
                if not any(number in place.versions.get(contract, {}) for place in places[1:]):
                    added.setdefault(contract, {})[number] = text
        if added:
            where = f"commit {commit.name}"
            # A branch may give up a version that it has added itself; on the main branch others may have taken it.
            places.append(Publication(where, added, base is None, _LATER_START if base is None else _SQUASH))
    return Publications(tuple(places), tuple(notes))


def _without_later(folder: Path, tip: Publication, at_base: Published) -> tuple[Publication, list[str]]:
    """Leave out what the reference got after this branch had left it, and what this branch has not touched."""
    versions: dict[str, dict[int, str]] = {}
    notes: list[str] = []
    for contract, numbered in tip.versions.items():
        for number, text in numbered.items():
            path = folder / contract / f"v{number}.avsc"
            if number in at_base.get(contract, {}) or path.exists():
                versions.setdefault(contract, {})[number] = text
            else:
                notes.append(f"{tip.where} has {contract}/{path.name}, which this branch does not have yet")
    return Publication(tip.where, versions), notes


def _by_contract(texts: Mapping[str, bytes]) -> Published:
    published: dict[str, dict[int, str]] = {}
    for path, content in texts.items():
        match = _VERSION_PATH.fullmatch(path)
        if match is not None:
            text = content.decode("utf-8", "replace")
            published.setdefault(match.group(1), {})[int(match.group(2))] = text
    return published


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
            elif version.text != text and (changed := _changed(contract.name, version, text, place)) is not None:
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
    try:
        was = read_json_source(text).value
    except JsonSyntaxError:
        return ""
    found = (version.path for version in contract.versions if first_difference(was, version.json, "") is None)
    return next((f"{contract.name}/{path.name}" for path in found), "")


def _changed(contract: str, version: ContractVersion, text: str, place: Publication) -> Finding | None:
    try:
        was = read_json_source(text).value
    except JsonSyntaxError:
        return None  # what is no JSON was never a schema, and nobody can have registered it
    pointer = first_difference(was, version.json, "")
    if pointer is None:
        return None
    return Finding(
        Rule.PUBLISHED_VERSION_CHANGED,
        contract,
        place_in(version, pointer),
        f"{version.path.name} is published at {place.where} and differs from it at {pointer or 'the root'}",
        f"undo the change, and make it in a new version{place.hint}",
        consequences=(f"v{version.number} would mean two schemas: what runs already keeps the old text",),
    )


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
