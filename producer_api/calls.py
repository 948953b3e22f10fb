"""Calls of the publisher that are under way, and how long each may be.

A client is answered after `answer_s`, acknowledged or not; the record is tried on until `give_up_s`. The two differ
because librdkafka must not let a record time out by itself: it would then begin a new producer epoch and send again
what other partitions have in flight, which the brokers, by the new epoch, no longer know as a repetition
(confluentinc/librdkafka, issue 4953). So its own time-out is off, and a record that is given up takes its producer
along: whatever that one still holds is answered as in doubt, and nothing of it is sent again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import takewhile
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError

from producer_api.receipts import IN_DOUBT, Delivered, Headers, Receipt, Record, undelivered

DEFAULT_ANSWER_S: Final = 10.0
DEFAULT_GIVE_UP_S: Final = 30.0
# A record's cost beyond its key and value in librdkafka's queue, so that many tiny records are bounded too.
RECORD_OVERHEAD_BYTES: Final = 100


class Patience(NamedTuple):
    """Seconds from the queue to the answer, and to the end of the producer that holds the record."""

    answer_s: float = DEFAULT_ANSWER_S
    give_up_s: float = DEFAULT_GIVE_UP_S


class Call:
    """Records that were produced together: their receipts by index, and what is called with all of them, once."""

    __slots__ = ("done", "missing", "opened_at", "receipts", "size")

    def __init__(self, done: Callable[[list[Receipt]], None], count: int, size: int, now: float) -> None:
        self.opened_at = now
        self.done = done
        self.receipts: list[Receipt | None] = [None] * count
        self.missing = count
        self.size = size

    def answer(self) -> None:
        """Let the one who waits go on; what is not acknowledged by now is in doubt."""
        self.done([IN_DOUBT if entry is None else entry for entry in self.receipts])


class Delivery:
    """The delivery callback of one record; librdkafka's poll thread calls it, so it only puts itself in the queue."""

    __slots__ = ("_arrived", "call", "error", "index", "message")

    def __init__(self, call: Call, index: int, arrived: deque[Delivery]) -> None:
        self._arrived = arrived
        self.call = call
        self.index = index
        self.error: KafkaError | None = None
        self.message: Any = None

    def __call__(self, error: KafkaError | None, message: Any) -> None:
        self.error = error
        self.message = message
        self._arrived.append(self)

    def receipt(self) -> Receipt:
        if self.error is not None:
            return undelivered(self.error, "deliver")
        return Delivered(self.message.partition(), self.message.offset())


class OpenCalls:
    """The calls that are not settled, each oldest first: those that wait, and those that were answered meanwhile."""

    __slots__ = ("_answered", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[Call, None] = {}
        self._answered: dict[Call, None] = {}

    def add(self, call: Call) -> None:
        self._waiting[call] = None

    def remove(self, call: Call) -> bool:
        """The call is settled. Whether it waited until now."""
        if call in self._waiting:
            del self._waiting[call]
            return True
        del self._answered[call]
        return False

    def answer_those_before(self, moment: float) -> None:
        """Answer the calls that were opened before `moment`."""
        for call in list(takewhile(lambda call: call.opened_at < moment, self._waiting)):
            del self._waiting[call]
            self._answered[call] = None
            call.answer()

    def has_any_before(self, moment: float) -> bool:
        """Whether a call that was opened before `moment` is not settled."""
        oldest = [next(iter(calls)).opened_at for calls in (self._answered, self._waiting) if calls]
        return bool(oldest) and min(oldest) < moment

    def was_answered_since(self, moment: float) -> bool:
        """Whether a call that was opened after `moment` had to be answered without an acknowledgement."""
        return bool(self._answered) and next(reversed(self._answered)).opened_at > moment


def size_of(record: Record, headers: Headers | None = None) -> int:
    """What a record takes of the bound on bytes."""
    size = len(record.value) + len(record.key or b"") + RECORD_OVERHEAD_BYTES
    return size if headers is None else size + sum(len(name) + len(value) for name, value in headers)
