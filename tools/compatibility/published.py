"""Published versions: present at a git ref or in another folder. They never change again, docs included."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from codegen.contract import Contract, ContractVersion
from codegen.json_source import JsonSyntaxError, Position, escape_pointer, read_json_source
from codegen.nodes import Json
from tools.compatibility.findings import Finding, Place, Rule, place_in
from tools.errors import UserError

DEFAULT_REFERENCE: Final = "git:HEAD"
_VERSION_PATH: Final = re.compile(r"([^/]+)/v([1-9][0-9]*)\.avsc")
_GIT_TIMEOUT_S: Final = 60

# Contract name → version number → text of the file.
Published: TypeAlias = Mapping[str, Mapping[int, str]]


class NothingPublished(Exception):
    """There is nothing to compare with: no error for the default reference. The text is one sentence that says why."""


class UnreachableReference(UserError):
    """The reference that the user named cannot be read."""


def read_published(root: Path, schemas_dir: Path, against: str | None) -> Published:
    """What is published at `against` (`git:REF` or a folder), by default at git:HEAD.

    Raises NothingPublished when the default has nothing to say, UnreachableReference when a named one is not there.
    """
    if against is not None and not against.startswith("git:"):
        return _read_folder(root / against)
    try:
        return _read_git(schemas_dir, (against or DEFAULT_REFERENCE).removeprefix("git:"))
    except NothingPublished as error:
        if against is None:
            raise
        raise UnreachableReference(f"cannot compare with {against}: {error}") from None


def _read_folder(folder: Path) -> Published:
    folder = folder / "schemas" if (folder / "schemas").is_dir() else folder
    if not folder.is_dir():
        raise UnreachableReference(f"cannot compare with {folder}: there is no such folder; name one, or git:REF")
    texts = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.glob("*/v*.avsc"))}
    return _by_contract(texts)


def _read_git(schemas_dir: Path, reference: str) -> Published:
    if reference.startswith("-") or not reference:
        raise NothingPublished(f"{reference!r} is no git reference")
    _git(schemas_dir, "rev-parse", "--is-inside-work-tree")
    commit = _git(schemas_dir, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}").decode().strip()
    listed = _git(schemas_dir, "ls-tree", "-r", "-z", commit).decode("utf-8", "surrogateescape")
    blobs: dict[str, str] = {}
    for entry in filter(None, listed.split("\0")):
        meta, _, path = entry.partition("\t")
        if _VERSION_PATH.fullmatch(path):
            blobs[path] = meta.split()[2]
    return _by_contract(dict(zip(blobs, _read_blobs(schemas_dir, list(blobs.values())), strict=True)))


def _read_blobs(folder: Path, names: Sequence[str]) -> list[bytes]:
    """The contents of git objects, all by one process. Each answer is `<name> <type> <size>`, the bytes, a newline."""
    answer = _git(folder, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    contents: list[bytes] = []
    at = 0
    for _ in names:
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split()[2])
        contents.append(answer[end + 1 : end + 1 + size])
        at = end + size + 2
    return contents


def _git(folder: Path, command: str, *arguments: str, stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), command, *arguments],  # noqa: S607 - git is where the user's PATH says
            input=stdin,
            capture_output=True,
            check=False,
            timeout=_GIT_TIMEOUT_S,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise NothingPublished("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise NothingPublished(f"git did not answer within {_GIT_TIMEOUT_S} s") from None
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
    if "not a git repository" in said:
        raise NothingPublished("this folder is in no git repository")
    if command == "rev-parse" and not said:
        raise NothingPublished(f"git has no commit {arguments[-1].removesuffix('^{commit}')!r}")
    raise NothingPublished(f"git {command} failed ({said})")


def _by_contract(texts: Mapping[str, bytes]) -> Published:
    published: dict[str, dict[int, str]] = {}
    for path, content in texts.items():
        match = _VERSION_PATH.fullmatch(path)
        if match is not None:
            text = content.decode("utf-8", "replace")
            published.setdefault(match.group(1), {})[int(match.group(2))] = text
    return published


def changed_versions(contract: Contract, published: Mapping[int, str], where: str) -> list[Finding]:
    """A finding for each published version of `contract` that is gone or no longer the same."""
    findings: list[Finding] = []
    for number, text in sorted(published.items()):
        version = contract.version(number)
        if version is None:
            findings.append(removed_version(contract.name, contract.folder / f"v{number}.avsc", where))
        elif version.text != text:
            findings += _changed(contract.name, version, text, where)
    return findings


def removed_version(contract: str, path: Path, where: str) -> Finding:
    """The finding for a published file that is no longer there."""
    return Finding(
        Rule.PUBLISHED_VERSION_REMOVED,
        contract,
        Place(path, Position(1, 1), "", ""),
        f"{path.name} is published at {where} and is gone",
        "bring it back: records that were written with it may still be on the topic",
    )


def _changed(contract: str, version: ContractVersion, text: str, where: str) -> list[Finding]:
    try:
        was = read_json_source(text).value
    except JsonSyntaxError:
        return []  # what is no JSON was never a schema, and nobody can have registered it
    pointer = first_difference(was, version.json, "")
    if pointer is None:
        return []
    place = pointer or "the root"
    finding = Finding(
        Rule.PUBLISHED_VERSION_CHANGED,
        contract,
        place_in(version, pointer),
        f"{version.path.name} is published at {where} and differs from it at {place}",
        "undo the change, and make it in a new version",
    )
    return [finding]


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
