"""Which files of `schemas/shared/` published versions need; one that none of them needs is free to change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from codegen.reading.json_source import JsonSource, JsonSyntaxError, read_json_source
from codegen.reading.references import SHARED, References, UnreadFile


class SharedFile(NamedTuple):
    """The text of a file as it was somewhere, and the versions there that need it, as (contract, number)."""

    text: str
    users: tuple[tuple[str, int], ...]


def shared_in_use(versions: Mapping[str, Mapping[int, str]], shared: Mapping[str, str]) -> dict[str, SharedFile]:
    """The shared files, by name, that some of these versions need, themselves or by another shared file."""
    if not shared:
        return {}
    folder = Path(SHARED)
    files = [_unread(folder / name, text, None, 0) for name, text in shared.items()]
    files += [
        _unread(Path(contract, f"v{number}.avsc"), text, contract, number)
        for contract, numbered in versions.items()
        for number, text in numbered.items()
    ]
    known = [file for file in files if file is not None]
    references = References(known)
    users: dict[str, list[tuple[str, int]]] = {}
    for file in known:
        if file.contract is not None:
            for needed in _needed(references, file):
                users.setdefault(needed.path.name, []).append((file.contract, file.number))
    return {name: SharedFile(shared[name], tuple(sorted(found))) for name, found in users.items()}


def _unread(path: Path, text: str, contract: str | None, number: int) -> UnreadFile | None:
    source = parsed(text)
    return None if source is None else UnreadFile(path, text, source, contract, number)


def parsed(text: str) -> JsonSource | None:
    """None for what is no JSON: it was never a schema."""
    try:
        return read_json_source(text)
    except JsonSyntaxError:
        return None


def _needed(references: References, file: UnreadFile) -> Collection[UnreadFile]:
    """The shared files that `file` needs, at whatever distance."""
    found: dict[Path, UnreadFile] = {}
    pending = [file]
    while pending:
        for other in references.needed(pending.pop()).values():
            if other.path not in found:
                found[other.path] = other
                pending.append(other)
    return [other for other in found.values() if other.contract is None]
