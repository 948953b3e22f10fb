"""What this member of the group owns: partitions, the records in hand, and how far each partition may be committed."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consumers.decoding.deserializer import Decoded
from consumers.effects import Produce
from consumers.faults import RecordFault
from consumers.loop.attempts import Attempts
from consumers.record import Record

if TYPE_CHECKING:
    from opentelemetry.trace import Span


@dataclass(slots=True, eq=False)
class Item:
    """A polled record on its way to being done.

    `running`: its handler is at work. `done`: handled or dead-lettered. `repeated`: passed over.
    `ours`: its partition was not taken away since.
    `retry_at` is when a failed attempt may be repeated; `pending` are effects that are not produced yet, `fault` is
    why the record is given up, `span` what tracing tells of it.
    """

    record: Record
    lane: int
    attempts: Attempts
    decoded: Decoded | None = None
    pending: deque[Produce] = field(default_factory=deque)
    fault: RecordFault | None = None
    span: Span | None = None
    retry_at: float = 0.0
    started_at: float | None = None
    running: bool = False
    done: bool = False
    repeated: bool = False
    ours: bool = True


@dataclass(slots=True)
class Assignment:
    """Records in hand stand in two orders: by partition, for commits, and by lane, for handling.

    A lane takes one record after the other, and all records of one key are in one lane. `fresh` partitions are assigned
    but not yet loaded by the handler. `done` is how far each partition may be committed, as Kafka has it: the offset
    of the next record. It never passes a record that is not done, in whatever order others behind it are. `first` is
    the offset of the first record that came since the partition is ours.
    """

    lane_count: int = 1
    owned: set[int] = field(default_factory=set)
    fresh: set[int] = field(default_factory=set)
    done: dict[int, int] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)
    _partitions: dict[int, deque[Item]] = field(default_factory=dict)
    _lanes: list[deque[Item]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lanes = [deque() for _ in range(self.lane_count)]

    def add(self, partitions: Collection[int]) -> None:
        self.owned.update(partitions)
        self.fresh.update(partitions)

    def remove(self, partitions: Collection[int]) -> None:
        """Forget all that is known of `partitions`; what runs comes back to nobody."""
        self.owned.difference_update(partitions)
        self.fresh.difference_update(partitions)
        for partition in partitions:
            self.done.pop(partition, None)
            self.first.pop(partition, None)
            for item in self._partitions.pop(partition, ()):
                item.ours = False
        self._lanes = [deque(item for item in lane if item.ours or item.running) for lane in self._lanes]

    def pass_by(self, record: Record) -> None:
        """A record was polled and is done, while nothing else was in hand."""
        self.first.setdefault(record.partition, record.offset)
        self.done[record.partition] = record.offset + 1

    def take(self, record: Record, attempts: Attempts) -> Item:
        """A record was polled."""
        self.first.setdefault(record.partition, record.offset)
        item = Item(record, lane_of(record, self.lane_count), attempts)
        self._partitions.setdefault(record.partition, deque()).append(item)
        self._lanes[item.lane].append(item)
        return item

    def next_item(self, now: float) -> Item | None:
        """A record that can be begun: the first of its lane, whose turn has come."""
        for lane in self._lanes:
            if lane and not lane[0].running and lane[0].retry_at <= now:
                return lane[0]
        return None

    def finish(self, item: Item) -> None:
        """The item, the first of its lane, needs nothing more."""
        item.done = True
        self.leave_lane(item)
        if not item.ours:
            return
        line = self._partitions[item.record.partition]
        while line and line[0].done:
            self.done[item.record.partition] = line.popleft().record.offset + 1

    def leave_lane(self, item: Item) -> None:
        """The item gives way to the next of its lane."""
        item.running = False
        lane = self._lanes[item.lane]
        if lane and lane[0] is item:
            lane.popleft()

    @property
    def in_hand(self) -> int:
        """Records that were polled, and are not done."""
        return sum(map(len, self._lanes))

    def running(self, partitions: Collection[int] | None = None) -> list[Item]:
        """What handlers are at work on, in `partitions` or in all."""
        heads = (lane[0] for lane in self._lanes if lane and lane[0].running)
        return [item for item in heads if partitions is None or item.record.partition in partitions]


def lane_of(record: Record, lane_count: int) -> int:
    """Records of one key, and those of one partition that have none, share a lane."""
    if lane_count == 1:
        return 0
    key = record.key if record.key is not None else b"%d" % record.partition
    return zlib.crc32(key) % lane_count
