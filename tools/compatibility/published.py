"""What is published, and so never changes again: versions, and the shared files that they refer to.

Published is what stands at the compared reference (a git ref, a registry or a folder) and what a commit of this branch
has added since it left the main branch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from codegen.contract import Contract
from codegen.reading.references import SHARED
from tools.compatibility.git_versions import GitUnable, Repository
from tools.compatibility.published_shared import SharedFile, shared_in_use
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


class Publication(NamedTuple):
    """One place that has versions, and the `shared` files that these need, by name.

    `is_whole` tells a place that would have all versions; `hint` is for what changed; in a registry, which
    `has_whole_schemas`, a version holds what it refers to.
    """

    where: str
    versions: Published
    is_whole: bool = True
    hint: str = ""
    shared: Mapping[str, SharedFile] = MappingProxyType({})
    has_whole_schemas: bool = False


class Publications(NamedTuple):
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
    texts = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.glob("*/*.avsc"))}
    versions = _by_contract(texts)
    return Publications((Publication(against, versions, shared=shared_in_use(versions, _shared(texts))),))


def _read_registry(contracts: Sequence[Contract]) -> Publications:
    from tools.compatibility.registry_versions import RegistryReader
    from tools.config.registry import schema_registry_conf

    reader = RegistryReader(schema_registry_conf())
    versions = {contract.name: reader.versions(contract.subject) for contract in contracts}
    return Publications((Publication(f"the registry {reader.name}", versions, has_whole_schemas=True),))


def _read_git(repository: Repository, reference: str) -> Publications:
    tip = repository.commit(reference)
    texts = repository.texts_at(tip)
    try:
        return _with_branch(repository, reference, tip, texts)
    except GitUnable as error:
        at_tip = _at_reference(reference, _by_contract(texts), texts)
        return Publications((at_tip,), (f"{error}, so that the commits of this branch were not looked at",))


def _at_reference(reference: str, versions: Published, texts: Mapping[str, bytes]) -> Publication:
    return Publication(f"git:{reference}", versions, shared=shared_in_use(versions, _shared(texts)))


def _with_branch(repository: Repository, reference: str, tip: str, at_tip: Mapping[str, bytes]) -> Publications:
    """Besides the reference: what stood where this branch left, and what its commits have added since."""
    named = None if reference == "HEAD" else reference
    head = tip if named is None else repository.commit("HEAD")
    base = repository.fork_point(head, named)
    notes: list[str] = []
    if named is None and base == head:
        base = None  # this is the main branch: it is its own history
    at_base = repository.texts_at(base) if base is not None else {}
    versions: Published = _by_contract(at_tip)
    if named is not None and base is not None:
        versions, told = _without_later(repository.folder, f"git:{reference}", versions, _by_contract(at_base))
        notes += told
    if base is None and repository.is_shallow:
        notes.append("this clone is shallow, so that older commits were not looked at (fetch-depth: 0 in a workflow)")
    places = [_at_reference(reference, versions, at_tip)]
    if base is not None:
        before, where = _by_contract(at_base), f"commit {base[:10]}, where this branch left"
        places.append(Publication(where, before, shared=shared_in_use(before, _shared(at_base))))
    places += _commits_since(repository, head, base, at_base)
    return Publications(tuple(places), tuple(notes))


def _commits_since(
    repository: Repository, head: str, base: str | None, at_base: Mapping[str, bytes]
) -> Iterator[Publication]:
    """What each commit has added, and the shared files as they were then."""
    known, shared = _by_contract(at_base), _shared(at_base)
    for commit in repository.commits(head, base):
        added: dict[str, dict[int, str]] = {}
        for contract, versions in _by_contract(commit.texts).items():
            for number, text in versions.items():
                if number not in known.setdefault(contract, {}):
                    known[contract][number] = text
                    added.setdefault(contract, {})[number] = text
        touched = _shared(commit.texts)
        shared |= touched
        in_use = shared_in_use(known if touched else added, shared)
        if added or in_use:
            # A branch may give up a version that it has added itself; on the main branch others may have taken it.
            hint = _LATER_START if base is None else _SQUASH
            yield Publication(f"commit {commit.name}", added, base is None, hint, in_use)


def _without_later(folder: Path, where: str, tip: Published, at_base: Published) -> tuple[Published, list[str]]:
    """Leave out what the reference got after this branch had left it, and what this branch has not touched."""
    versions: dict[str, dict[int, str]] = {}
    notes: list[str] = []
    for contract, numbered in tip.items():
        for number, text in numbered.items():
            path = folder / contract / f"v{number}.avsc"
            if number in at_base.get(contract, {}) or path.exists():
                versions.setdefault(contract, {})[number] = text
            else:
                notes.append(f"{where} has {contract}/{path.name}, which this branch does not have yet")
    return versions, notes


def _shared(texts: Mapping[str, bytes]) -> dict[str, str]:
    """The texts of the shared files, by name."""
    split = ((path.split("/"), content) for path, content in texts.items())
    return {path[1]: content.decode("utf-8", "replace") for path, content in split if path[:-1] == [SHARED]}


def _by_contract(texts: Mapping[str, bytes]) -> dict[str, dict[int, str]]:
    published: dict[str, dict[int, str]] = {}
    for path, content in texts.items():
        match = _VERSION_PATH.fullmatch(path)
        if match is not None and match.group(1) != SHARED:
            text = content.decode("utf-8", "replace")
            published.setdefault(match.group(1), {})[int(match.group(2))] = text
    return published
