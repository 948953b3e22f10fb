"""Which versions of a contract must be able to read which, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from codegen.contract import Contract
from codegen.resolution import resolve
from tools.compatibility.deployed import NOTHING_DEPLOYED, deployed_pairs
from tools.compatibility.findings import Finding, Rule, writer_hint
from tools.compatibility.levels import Direction, Level
from tools.compatibility.sure_pairs import SurePairs
from tools.deployments.model import Deployments

if TYPE_CHECKING:
    from codegen.incompatibility import Incompatibility

# (reader, writer) → everything that asks for it.
WantedPairs: TypeAlias = Mapping[tuple[int, int], list[str]]


def wanted_pairs(contract: Contract, level: Level, deployed: Deployments = NOTHING_DEPLOYED) -> WantedPairs:
    """Every pair of versions that must resolve, in the order of the newer one."""
    wanted: dict[tuple[int, int], list[str]] = {}
    pairs = (*_history_pairs(contract, level), *_pinned_pairs(contract), *deployed_pairs(contract, deployed))
    for reader, writer, reason in pairs:
        wanted.setdefault((reader, writer), []).append(reason)
    return dict(sorted(wanted.items(), key=lambda entry: (max(entry[0]), entry[0])))


def check_pairs(contract: Contract, wanted: WantedPairs) -> list[Finding]:
    """Every incompatibility among the `wanted` pairs, each pair once, with all that asks for it."""
    found: list[Finding] = []
    sure = SurePairs(contract.versions)
    for (reader, writer), reasons in wanted.items():
        if not sure.resolves(reader, writer):
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
    incompatibilities = resolve(read.schema.root, written.schema.root)
    if not incompatibilities:
        return
    # Here, because nearly every pair resolves, and the command need not load them.
    from tools.compatibility.consequences import consequences_of
    from tools.compatibility.places import places_of

    for found in incompatibilities:
        # The newer one can still be mended.
        places = places_of(found, read, written)
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
            consequences=consequences_of(found, contract, reader, writer),
            pair=(reader, writer),
        )


def _message(found: Incompatibility, reader: int, writer: int) -> str:
    who = (
        f"v{reader} cannot read what v{writer} writes" if reader != writer else f"v{reader} cannot read what it writes"
    )
    at = f" at {found.reader_path}" if found.reader_path else ""
    return f"{who}{at}: {found.message}"
