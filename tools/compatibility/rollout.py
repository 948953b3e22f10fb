"""In which order applications move to a version, from the pins, from what is recorded as running, and from who can read
whom.

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
from tools.compatibility.standing import Stand, Standing
from tools.deployments.model import Deployments, Running

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
    """The applications of a table that move together: what must hold before, why it is safe, when to go on.

    `running` is what runs of them with an older version, whatever their pins say; `asks` are the commands that tell
    whether each may be rolled out.
    """

    table: str
    changes: tuple[PinChange, ...]
    running: tuple[Running, ...]
    asks: tuple[str, ...]
    needs: tuple[str, ...]
    because: str
    waits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """`obstacles` say why no order is safe; `accepted_…` are the versions whose JSON shapes the API takes."""

    contract: Contract
    version: int
    standing: Standing
    notes: tuple[str, ...]
    order: Order
    moves: tuple[Move, ...]
    obstacles: tuple[str, ...]
    accepted_before: tuple[int, ...]
    accepted_after: tuple[int, ...]


def plan_rollout(
    contract: Contract, version: ContractVersion, settings: Sequence[str], deployed: Deployments
) -> Rollout:
    """The order for `version`; `settings` are the lines of the contract's contract.toml."""
    return _Planner(contract, version, settings, deployed).plan()


class _Planner:
    def __init__(
        self, contract: Contract, version: ContractVersion, settings: Sequence[str], deployed: Deployments
    ) -> None:
        self.contract, self.version, self.settings = contract, version, settings
        self._resolver = Resolver()
        self._standing = Standing(contract, deployed)
        self._readers, self._writers = self._standing.of("readers"), self._standing.of("writers")

    def plan(self) -> Rollout:
        number = self.version.number
        readers, writers = self._behind(self.contract.readers), self._behind(self.contract.writers)
        unread = [writer for writer in self._writers if not self._reads(number, writer.version)]
        unable = [reader for reader in self._readers if not self._reads(reader.version, number)]
        order, moves = self._order(unread, unable), []
        if order is Order.READERS_FIRST:
            moves = [self._move_readers(readers), self._move_writers(writers, [number], unable)]
        elif order is Order.WRITERS_FIRST:
            read = sorted({reader.version for reader in self._readers})
            moves = [self._move_writers(writers, read, ()), self._move_readers(readers)]
        api = self.contract.writers.get(API, self.contract.latest.number)
        return Rollout(
            self.contract,
            number,
            self._standing,
            (*self._standing.notes, *(self._harmed(unable) if order is Order.NOBODY else ())),
            order,
            tuple(move for move in moves if move.changes or move.running),
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

    def _order(self, unread: Sequence[Stand], unable: Sequence[Stand]) -> Order:
        readers = any(self._moves(stand) for stand in self._readers)
        writers = any(self._moves(stand) for stand in self._writers)
        if not readers and not writers:
            return Order.NOBODY
        # Who has no pin here moves only where he has to.
        can_read_first = not ((readers or unable) and unread)
        can_write_first = not (writers and unable)
        if not can_read_first and not can_write_first:
            return Order.NONE
        level = Level(self.contract.compatibility)
        if can_write_first and (not can_read_first or level.directions == (Direction.CANDIDATE_IS_READ,)):
            return Order.WRITERS_FIRST
        return Order.READERS_FIRST

    def _moves(self, stand: Stand) -> bool:
        return stand.is_pinned and stand.version < self.version.number

    def _move_readers(self, readers: Mapping[str, int]) -> Move:
        """Whoever moves first, records that the version cannot read must be out of the way."""
        number = self.version.number
        unread = [
            old.number for old in self.contract.versions if old.number < number and not self._reads(number, old.number)
        ]
        written = [version for version in sorted({stand.version for stand in self._writers}) if version not in unread]
        because = f"v{number} reads what is written: {_versions(written or [number])}"
        needs = tuple(need for old in unread for need in self._needs_past(old))
        quiet = "and nothing comes to the dead-letter topic"
        return self._move("readers", readers, needs, because, quiet)

    def _needs_past(self, old: int) -> Iterator[str]:
        """Where records of a version that cannot be read are known, or may be: who records nothing, knows nothing."""
        need = f"every consumer is past the last record of v{old}, which v{self.version.number} cannot read"
        name, retaining = self.contract.name, self._standing.retaining(old)
        yield from (
            f"{need}: the topic in {env} may still hold it (pipeline deploy expire {name}@{old} --env {env})"
            for env in retaining
        )
        if not retaining and (not self._standing.environments or old in self.contract.writers.values()):
            yield need

    def _move_writers(self, writers: Mapping[str, int], read: Sequence[int], unable: Sequence[Stand]) -> Move:
        """Readers that no pin here moves, those of other repositories, are waited for."""
        number, name = self.version.number, self.contract.name
        needs = tuple(
            f"{reader.label} reads v{reader.version} no more, which cannot read v{number}: "
            f"pipeline deploy check {reader.app} --reads {name}@{number}"
            for reader in unable
            if not self._moves(reader)
        )
        return self._move("writers", writers, needs, f"v{number} is read by {_versions(read or [number])}", "")

    def _move(self, table: str, pins: Mapping[str, int], needs: tuple[str, ...], because: str, quiet: str) -> Move:
        number, name = self.version.number, self.contract.name
        running = self._standing.behind(table, number)
        apps = sorted({*pins, *(one.app for one in running)})
        waits = [", ".join(filter(None, (f"every instance of {', '.join(apps)} runs with v{number}", quiet)))]
        asks: tuple[str, ...] = ()
        if self._standing.environments:
            option = "--reads" if table == "readers" else "--writes"
            asks = tuple(f"pipeline deploy check {app} {option} {name}@{number}" for app in apps)
            waits.append(f"that is recorded: pipeline deploy record APP {option} {name}@{number} --env ENV --done")
        return Move(table, tuple(self._changes(table, pins)), running, asks, needs, because, tuple(waits))

    def _accepted(self, api: int) -> tuple[int, ...]:
        """The shapes that the API takes while it writes version `api`: its own, and all that it can read."""
        numbers = [version.number for version in self.contract.versions]
        return tuple(shape for shape in numbers if shape == api or self._reads(api, shape))

    def _obstacles(self, unread: Sequence[Stand], unable: Sequence[Stand]) -> Iterator[str]:
        number = self.version.number
        for writer, apps in _by_version(unread):
            yield f"readers cannot move first: v{number} cannot read v{writer}, which {apps} writes"
        for reader, apps in _by_version(unable):
            yield f"writers cannot move first: {apps} reads v{reader}, which cannot read v{number}"

    def _harmed(self, unable: Sequence[Stand]) -> Iterator[str]:
        """Nobody moves, so that whoever writes the version does so already, or may at any time."""
        number = self.version.number
        for reader, apps in _by_version(unable):
            yield f"{apps} reads v{reader}, which cannot read v{number}: let it read v{number} before that is written"

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


def _by_version(stands: Sequence[Stand]) -> Iterator[tuple[int, str]]:
    for number in sorted({stand.version for stand in stands}):
        yield number, ", ".join(stand.label for stand in stands if stand.version == number)


def _versions(numbers: Sequence[int]) -> str:
    return " and ".join(f"v{number}" for number in numbers)
