"""`pipeline schema history`: a matrix of which version can read which."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

from codegen.contract import Contract
from codegen.nodes import Json
from codegen.resolution import Resolver
from tools.compatibility.choice import find_contract
from tools.compatibility.sure_pairs import SurePairs

_YES, _NO = "yes", "NO"
_LEGEND: Final = "a row reads, a column writes"


def run_history(root: Path, name: str, format_: str, out: TextIO) -> int:
    """Write the matrix of the contract `name`. Raises UserError."""
    contract = find_contract(root, name)
    readable = readable_pairs(contract)
    if format_ == "json":
        out.write(json.dumps(_as_json(contract, readable), indent=2) + "\n")
    else:
        out.writelines(f"{line}\n" for line in _lines(contract, readable))
    return 0


def readable_pairs(contract: Contract) -> dict[tuple[int, int], bool]:
    """(reader, writer) → whether the one can read what the other writes, for every two versions."""
    sure, resolver = SurePairs(contract.versions), Resolver()
    return {
        (reader.number, writer.number): sure.resolves(reader.number, writer.number)
        or resolver.can_read(reader.schema.root, writer.schema.root)
        for reader in contract.versions
        for writer in contract.versions
    }


def _as_json(contract: Contract, readable: Mapping[tuple[int, int], bool]) -> dict[str, Json]:
    pairs: list[Json] = [
        {"reader": reader, "writer": writer, "can_read": yes} for (reader, writer), yes in readable.items()
    ]
    return {
        "contract": contract.name,
        "level": contract.compatibility,
        "readers": dict(sorted(contract.readers.items())),
        "writers": dict(sorted(contract.writers.items())),
        "pairs": pairs,
    }


def _lines(contract: Contract, readable: Mapping[tuple[int, int], bool]) -> Iterator[str]:
    numbers = [version.number for version in contract.versions]
    width = max(len(f"v{numbers[-1]}"), len(_YES)) + 1
    yield f"{contract.name}, level {contract.compatibility}: {_LEGEND}"
    yield ""
    yield " " * width + " ".join(f"v{number}".rjust(width) for number in numbers)
    for reader in numbers:
        cells = " ".join((_YES if readable[reader, writer] else _NO).rjust(width) for writer in numbers)
        apps = pinned_apps(contract.readers, reader)
        yield f"{f'v{reader}'.ljust(width)}{cells}{f'   read by {apps}' if apps else ''}"
    yield ""
    for writer in numbers:
        apps = pinned_apps(contract.writers, writer)
        if apps:
            yield f"v{writer} is written by {apps}"
    if not contract.readers and not contract.writers:
        yield f"no pins in contract.toml: everybody takes the latest, v{numbers[-1]}"


def pinned_apps(pins: Mapping[str, int], version: int) -> str:
    """The applications that are pinned to `version`, or nothing."""
    return ", ".join(app for app, pinned in sorted(pins.items()) if pinned == version)
