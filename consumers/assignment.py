"""What this member of the group owns: partitions, the records that wait in them, and how far each is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from consumers.record import Record


@dataclass(slots=True)
class Assignment:
    """Offsets are those of the next record, as Kafka commits them.

    `fresh` partitions are assigned but not yet loaded by the handler; `waiting` holds records that were polled and not
    yet handled; `done` is how far each partition may be committed.
    """

    owned: set[int] = field(default_factory=set)
    fresh: set[int] = field(default_factory=set)
    waiting: deque[Record] = field(default_factory=deque)
    done: dict[int, int] = field(default_factory=dict)

    def add(self, partitions: Collection[int]) -> None:
        self.owned.update(partitions)
        self.fresh.update(partitions)

    def remove(self, partitions: Collection[int]) -> None:
        self.owned.difference_update(partitions)
        self.fresh.difference_update(partitions)
        self.waiting = deque(record for record in self.waiting if record.partition in self.owned)
        for partition in partitions:
            self.done.pop(partition, None)

    def finish(self, record: Record) -> None:
        """The record at the head of `waiting` is handled."""
        self.waiting.popleft()
        self.done[record.partition] = record.offset + 1
