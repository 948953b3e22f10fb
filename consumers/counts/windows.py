"""Counts per minute and value, exact across restarts because each count knows which records it includes. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

MINUTE_MS: Final = 60_000
_MINUTES_A_DAY: Final = 24 * 60
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Window(NamedTuple):
    """One count's identity: partition of the source topic, start of the minute (ms since the epoch), counted value."""

    partition: int
    start_ms: int
    value: str

    @property
    def start(self) -> datetime:
        return _EPOCH + timedelta(milliseconds=self.start_ms)


@dataclass(slots=True)
class Count:
    """Records of the source partition before `next_offset` are included in `count`, where they belong to it."""

    count: int
    next_offset: int


def minute_of(moment: datetime) -> int:
    """Start of the minute (UTC) of `moment`, in milliseconds since the epoch; floored, also before 1970."""
    since = moment - _EPOCH  # a timedelta is days, and then what is never negative
    return (since.days * _MINUTES_A_DAY + since.seconds // 60) * MINUTE_MS


@dataclass(slots=True)
class Windows:
    """The state of the counts consumer. `dirty` are the counts that changed since they were last confirmed.

    `newest` is the start of the newest window of each partition: how far the partition's events have come. It follows
    from the counts alone, so that a restart judges an event as the process before it did. `held` are the partitions
    whose counts are all here.
    """

    counts: dict[Window, Count] = field(default_factory=dict)
    dirty: set[Window] = field(default_factory=set)
    newest: dict[int, int] = field(default_factory=dict)
    held: frozenset[int] = frozenset()

    def includes(self, window: Window, offset: int) -> bool:
        """Whether the window's count has the record at `offset` already."""
        count = self.counts.get(window)
        return count is not None and offset < count.next_offset

    def add(self, window: Window, offset: int) -> bool:
        """Count the record at `offset`, unless the count includes it already; whether it was counted."""
        count = self.counts.get(window)
        if count is None:
            count = self.counts[window] = Count(0, 0)
            self._note(window)
        elif offset < count.next_offset:
            return False
        count.count += 1
        count.next_offset = offset + 1
        self.dirty.add(window)
        return True

    def restore(self, window: Window, count: Count) -> None:
        """Take a count as it was written; of several, the one that includes most."""
        known = self.counts.get(window)
        if known is None or known.next_offset < count.next_offset:
            self.counts[window] = count
            self._note(window)

    def confirmed(self, window: Window, next_offset: int) -> None:
        """The count up to `next_offset` is safe; it stays dirty if it went on since."""
        count = self.counts.get(window)
        if count is None or count.next_offset == next_offset:
            self.dirty.discard(window)

    def pending(self) -> Iterator[tuple[Window, Count]]:
        for window in sorted(self.dirty):
            yield window, self.counts[window]

    def hold(self, partitions: Collection[int]) -> None:
        """All counts of these partitions are restored."""
        self.held = self.held.union(partitions)

    def discard(self, partitions: Collection[int]) -> None:
        self.held = self.held.difference(partitions)
        self.counts = {window: count for window, count in self.counts.items() if window.partition not in partitions}
        self.dirty = {window for window in self.dirty if window.partition not in partitions}
        self.newest = {number: start for number, start in self.newest.items() if number not in partitions}

    def _note(self, window: Window) -> None:
        self.newest[window.partition] = max(window.start_ms, self.newest.get(window.partition, window.start_ms))

    def totals(self) -> dict[str, int]:
        """Value → count over all minutes and partitions."""
        totals: Counter[str] = Counter()
        for window, count in list(self.counts.items()):
            totals[window.value] += count.count
        return dict(sorted(totals.items()))
