"""Which versions of a contract must be able to read which, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.contract import Contract
from codegen.incompatibility import Incompatibility
from codegen.resolution import resolve
from tools.compatibility.deployed import NOTHING_DEPLOYED, deployed_pairs
from tools.compatibility.findings import Finding, Rule, place_in, writer_hint
from tools.compatibility.levels import Direction, Level
from tools.deployments.model import Deployments


def check_pairs(contract: Contract, level: Level, deployed: Deployments = NOTHING_DEPLOYED) -> list[Finding]:
    """Every incompatibility among the versions of `contract`, each pair once, with all that asks for it."""
    wanted: dict[tuple[int, int], list[str]] = {}
    pairs = (*_history_pairs(contract, level), *_pinned_pairs(contract), *deployed_pairs(contract, deployed))
    for reader, writer, reason in pairs:
        wanted.setdefault((reader, writer), []).append(reason)
    found: list[Finding] = []
    for (reader, writer), reasons in sorted(wanted.items(), key=lambda entry: (max(entry[0]), entry[0])):
        found += _check_pair(contract, reader, writer, reasons)
    return found


def _history_pairs(contract: Contract, level: Level) -> Iterator[tuple[int, int, str]]:
    """(reader, writer, reason) for each version against its predecessors, and against itself."""
    numbers = [version.number for version in contract.versions]
    for index, candidate in enumerate(numbers if level is not Level.NONE else ()):
        yield candidate, candidate, "a version must read what it writes"
        for earlier in numbers[:index] if level.transitive else numbers[max(0, index - 1) : index]:
            for direction in level.directions:
                pair = (candidate, earlier) if direction is Direction.CANDIDATE_READS else (earlier, candidate)
                yield *pair, f"level {level}"


def _pinned_pairs(contract: Contract) -> Iterator[tuple[int, int, str]]:
    for writer, written in sorted(contract.writers.items()):
        for reader, read in sorted(contract.readers.items()):
            yield read, written, f"{reader} reads v{read} and {writer} writes v{written}"


def _check_pair(contract: Contract, reader: int, writer: int, reasons: list[str]) -> Iterator[Finding]:
    read, written = contract.version(reader), contract.version(writer)
    if read is None or written is None:  # a pin on a version that does not exist is a fault of contract.toml
        return
    for found in resolve(read.schema.root, written.schema.root):
        # The newer one can still be mended.
        places = [place_in(read, found.reader_pointer), place_in(written, found.writer_pointer)]
        place, related = places if reader >= writer else reversed(places)
        yield Finding(
            Rule.INCOMPATIBLE,
            contract.name,
            place,
            _message(found, reader, writer),
            found.hint if reader >= writer else writer_hint(found, writer, reader),
            related,
            min(reader, writer),
            tuple(reasons),
            found,
        )


def _message(found: Incompatibility, reader: int, writer: int) -> str:
    who = (
        f"v{reader} cannot read what v{writer} writes" if reader != writer else f"v{reader} cannot read what it writes"
    )
    at = f" at {found.reader_path}" if found.reader_path else ""
    return f"{who}{at}: {found.message}"
