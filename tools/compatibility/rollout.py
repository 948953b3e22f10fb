"""In which order applications move to a version, from the pins and from who can read whom.

Readers can move first when the version reads everything that is written now; writers first when everybody who reads now
can read it. Where both are possible the level decides: BACKWARD promises the first, FORWARD the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from codegen.contract import Contract, ContractVersion
from codegen.resolution import Resolver
from tools.compatibility.levels import Direction, Level

API: Final = "producer_api"  # the application behind the HTTP routes, as contract.toml pins it


class Order(StrEnum):
    """Who moves first."""

    NOBODY = "nothing moves"
    READERS_FIRST = "readers first"
    WRITERS_FIRST = "writers first"
    NONE = "no safe order"


@dataclass(frozen=True, slots=True)
class PinChange:
    """One line of contract.toml; `line` counts from 1, and is None where the pin stands in no line of its own."""

    table: str
    app: str
    before: int
    after: int
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Move:
    """The applications of a table that move together: what must hold before, why it is safe, when to go on."""

    table: str
    changes: tuple[PinChange, ...]
    needs: tuple[str, ...]
    because: str
    waits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """`obstacles` say why no order is safe; `accepted_…` are the versions whose JSON shapes the API takes."""

    contract: Contract
    version: int
    order: Order
    moves: tuple[Move, ...]
    obstacles: tuple[str, ...]
    accepted_before: tuple[int, ...]
    accepted_after: tuple[int, ...]


def plan_rollout(contract: Contract, version: ContractVersion, settings: Sequence[str]) -> Rollout:
    """The order for `version`; `settings` are the lines of the contract's contract.toml."""
    return _Planner(contract, version, settings).plan()


class _Planner:
    def __init__(self, contract: Contract, version: ContractVersion, settings: Sequence[str]) -> None:
        self.contract, self.version, self.settings = contract, version, settings
        self._resolver = Resolver()

    def plan(self) -> Rollout:
        number = self.version.number
        readers, writers = self._behind(self.contract.readers), self._behind(self.contract.writers)
        unread = [writer for writer in sorted(set(self.contract.writers.values())) if not self._reads(number, writer)]
        unable = [reader for reader in sorted(set(self.contract.readers.values())) if not self._reads(reader, number)]
        order, moves = self._order(bool(readers), bool(writers), bool(unread), bool(unable)), []
        if order is Order.READERS_FIRST:
            moves = [self._move_readers(readers), self._move_writers(writers, [number])]
        elif order is Order.WRITERS_FIRST:
            moves = [
                self._move_writers(writers, sorted(set(self.contract.readers.values()))),
                self._move_readers(readers),
            ]
        api = self.contract.writers.get(API, self.contract.latest.number)
        return Rollout(
            self.contract,
            number,
            order,
            tuple(move for move in moves if move.changes),
            tuple(self._obstacles(unread, unable)) if order is Order.NONE else (),
            self._accepted(api) if self.contract.ingest else (),
            self._accepted(max(number, api)) if self.contract.ingest else (),
        )

    def _reads(self, reader: int, writer: int) -> bool:
        read, written = self.contract.version(reader), self.contract.version(writer)
        if read is None or written is None:
            return False
        return self._resolver.can_read(read.schema.root, written.schema.root)

    def _behind(self, pins: Mapping[str, int]) -> dict[str, int]:
        return {app: pinned for app, pinned in sorted(pins.items()) if pinned < self.version.number}

    def _order(self, readers: bool, writers: bool, unread: bool, unable: bool) -> Order:
        if not readers and not writers:
            return Order.NOBODY
        can_read_first = not (readers and unread)
        can_write_first = not (writers and unable)
        if not can_read_first and not can_write_first:
            return Order.NONE
        level = Level(self.contract.compatibility)
        if can_write_first and (not can_read_first or level.directions == (Direction.CANDIDATE_IS_READ,)):
            return Order.WRITERS_FIRST
        return Order.READERS_FIRST

    def _move_readers(self, readers: Mapping[str, int]) -> Move:
        """Whoever moves first, records that the version cannot read must be out of the way."""
        number = self.version.number
        unread = [
            old.number for old in self.contract.versions if old.number < number and not self._reads(number, old.number)
        ]
        needs = [f"every consumer is past the last record of v{old}, which v{number} cannot read" for old in unread]
        written = [pinned for pinned in sorted(set(self.contract.writers.values())) if pinned not in unread]
        because = f"v{number} reads what is written: {_versions(written or [number])}"
        waits = (
            f"every instance of {', '.join(readers)} runs with v{number}, and nothing comes to the dead-letter topic",
        )
        return Move("readers", tuple(self._changes("readers", readers)), tuple(needs), because, waits)

    def _move_writers(self, writers: Mapping[str, int], read: Sequence[int]) -> Move:
        number = self.version.number
        because = f"v{number} is read by {_versions(read or [number])}"
        waits = (f"every instance of {', '.join(writers)} runs with v{number}",)
        return Move("writers", tuple(self._changes("writers", writers)), (), because, waits)

    def _accepted(self, api: int) -> tuple[int, ...]:
        """The shapes that the API takes while it writes version `api`: its own, and all that it can read."""
        numbers = [version.number for version in self.contract.versions]
        return tuple(shape for shape in numbers if shape == api or self._reads(api, shape))

    def _obstacles(self, unread: Sequence[int], unable: Sequence[int]) -> Iterator[str]:
        number = self.version.number
        for writer in unread:
            apps = ", ".join(app for app, pinned in sorted(self.contract.writers.items()) if pinned == writer)
            yield f"readers cannot move first: v{number} cannot read v{writer}, which {apps} writes"
        for reader in unable:
            apps = ", ".join(app for app, pinned in sorted(self.contract.readers.items()) if pinned == reader)
            yield f"writers cannot move first: {apps} reads v{reader}, which cannot read v{number}"

    def _changes(self, table: str, apps: Mapping[str, int]) -> Iterator[PinChange]:
        for app, pinned in apps.items():
            line, text = _pin_line(self.settings, table, app)
            yield PinChange(table, app, pinned, self.version.number, line, text)


def _pin_line(settings: Sequence[str], table: str, app: str) -> tuple[int | None, str]:
    """The line of a pin in its table, and its text."""
    inside = ""
    for number, text in enumerate(settings, start=1):
        header = re.fullmatch(r"\s*\[\s*[\"']?([^\]\"']+?)[\"']?\s*\]\s*(?:#.*)?", text)
        if header is not None:
            inside = header.group(1)
        elif inside == table and re.match(rf"\s*[\"']?{re.escape(app)}[\"']?\s*=", text):
            return number, text.strip()
    return None, ""


def _versions(numbers: Sequence[int]) -> str:
    return " and ".join(f"v{number}" for number in numbers)
