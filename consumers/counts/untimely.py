"""Events that come too late for their window, or from too far ahead: told in a topic of their own, never dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from consumers.counts.windows import MINUTE_MS, Window
from consumers.outbox import Outbox, Outgoing
from consumers.record import Record

LATE_SUFFIX: Final = ".late"
PREFIX: Final = "late."


class Untimely(StrEnum):
    LATE = "late"
    """The window was over for longer than the grace period when the event came."""
    EARLY = "early"
    """The event says that it happens later than its record was written, by more than the grace period."""


@dataclass(frozen=True, slots=True)
class Grace:
    """How far an event's time may lie behind the newest window of its partition, or ahead of its record's timestamp.

    Without the second, one clock that is a year ahead would make every other event late.
    """

    grace_ms: int

    def judge(self, window: Window, newest_ms: int | None, record: Record) -> Untimely | None:
        if record.timestamp_ms is not None and window.start_ms > record.timestamp_ms + self.grace_ms:
            return Untimely.EARLY
        if newest_ms is not None and window.start_ms + MINUTE_MS + self.grace_ms <= newest_ms:
            return Untimely.LATE
        return None


@dataclass(slots=True)
class LateTopic:
    """`<topic>.late`: records untouched, so that the same contract reads them, and headers that say why."""

    outbox: Outbox
    group: str

    def put(self, record: Record, reason: Untimely, window: Window, newest_ms: int | None) -> None:
        """Produce; durable when the outbox has confirmed. Raises DeliveryUnconfirmed, and nothing is kept."""
        facts = {
            "reason": reason.value,
            "window_start": _text(window.start_ms),
            "newest_window": None if newest_ms is None else _text(newest_ms),
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp_ms": record.timestamp_ms,
            "group": self.group,
        }
        told = tuple((PREFIX + name, str(fact).encode()) for name, fact in facts.items() if fact is not None)
        self.outbox.put(Outgoing(record.topic + LATE_SUFFIX, record.key, record.value, (*record.headers, *told)))


def _text(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat(timespec="minutes")
