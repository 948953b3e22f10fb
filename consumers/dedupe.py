"""Passing over an event that was there before: a client's retry that became a second record.

What was there before is read back from the topic itself, up to `window` records before the first one of a partition.
So nothing is stored, nothing is lost by a crash or a move of the partition, and the verdict on a record depends on the
topic alone. Retries are found within one partition: they carry the same key.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from consumers.decoding.deserializer import Decoded, Deserializer
from consumers.faults import Undecodable
from consumers.record import Record

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Dedupe:
    """By the value of `attribute`. `read_back(partition, begin, end)` gives the records from `begin`, before `end`."""

    attribute: str
    window: int
    deserializer: Deserializer
    read_back: Callable[[int, int, int], Iterable[Record]]
    _seen: dict[int, Seen] = field(default_factory=dict)

    def is_repeated(self, decoded: Decoded) -> bool:
        """Whether one of the last `window` records of the partition holds the same event.

        Raises Unavailable while those cannot be read.
        """
        record = decoded.record
        if decoded.value is None:
            return False
        seen = self._seen.get(record.partition)
        if seen is None or record.offset < seen.begin:
            seen = self._read_before(record)
            self._seen[record.partition] = seen
        return seen.note(getattr(decoded.value, self.attribute), record.offset)

    def discard(self, partitions: Collection[int]) -> None:
        for partition in partitions:
            self._seen.pop(partition, None)

    def _read_before(self, record: Record) -> Seen:
        seen = Seen(self.window, record.offset)
        begin = max(0, record.offset - self.window)
        if begin == record.offset:
            return seen
        for earlier in self.read_back(record.partition, begin, record.offset):
            try:
                value = self.deserializer.read(earlier).value
            except Undecodable:
                continue
            if value is not None:
                seen.note(getattr(value, self.attribute), earlier.offset)
        log.info("read the %s records before %s back", record.offset - begin, record.place)
        return seen


@dataclass(slots=True)
class Seen:
    """The values of one partition from `begin` on, each with the last two offsets that have it.

    Lanes bring records a little out of order, so that twice the window is remembered.
    """

    window: int
    begin: int
    _last: dict[object, tuple[int, int]] = field(default_factory=dict)
    _order: deque[tuple[int, object]] = field(default_factory=deque)

    def note(self, value: object, offset: int) -> bool:
        """Whether one of the `window` records before has the value; a record that comes again is not before itself."""
        while self._order and self._order[0][0] < offset - 2 * self.window:
            old, gone = self._order.popleft()
            if self._last[gone][1] == old:
                del self._last[gone]
        earlier, last = self._last.get(value, (-1, -1))
        if last < offset:
            self._last[value] = (last, offset)
            self._order.append((offset, value))
            earlier = last
        return earlier >= max(0, offset - self.window)
