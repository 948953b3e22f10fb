"""Calls of the publisher that are under way, and how long each may be.

A client is answered after `answer_s`, acknowledged or not; the record is tried on until `give_up_s`. The two differ
because librdkafka must not let a record time out by itself: it would then begin a new producer epoch and send again
what other partitions have in flight, which the brokers, by the new epoch, no longer know as a repetition
(confluentinc/librdkafka, issue 4953). So its own time-out is off, and a record that is given up takes its producer
along: whatever that one still holds is answered as in doubt, and nothing of it is sent again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import repeat, takewhile
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from confluent_kafka import KafkaError

from producer_api.receipts import IN_DOUBT, Delivered, Headers, Receipt, Undelivered, undelivered

DEFAULT_ANSWER_S: Final = 10.0
DEFAULT_GIVE_UP_S: Final = 30.0
# A record's cost beyond its key and value, in librdkafka's queue and in Python, measured while a broker stands still
# (`python -m tools.bench --row memory`): many tiny records are bounded, too.
RECORD_OVERHEAD_BYTES: Final = 1_300
DeliveryCallback: TypeAlias = Callable[[KafkaError | None, Any], None]


class Patience(NamedTuple):
    """Seconds from the queue to the answer, and to the end of the producer that holds the record."""

    answer_s: float = DEFAULT_ANSWER_S
    give_up_s: float = DEFAULT_GIVE_UP_S


class Arrivals:
    """What delivery callbacks leave for the event loop; they run in the thread that polls, or that flushes."""

    __slots__ = ("calls", "is_alive", "note_error")

    def __init__(self, note_error: Callable[[KafkaError], None]) -> None:
        """`note_error` is called with the error of each record that has one, in the callback's thread."""
        self.note_error = note_error
        self.calls: deque[Call] = deque()  # complete now; one may come twice
        self.is_alive = False  # whether a record was acknowledged since it was last looked


class Call:
    """Records that were produced together, and what is called with all their receipts, once.

    Their outcomes are counted down here, by the callbacks themselves, so that the event loop hears of the call and not
    of each record. Several threads may do that: each writes its own entry, and looks then whether it was the last.
    """

    __slots__ = ("arrivals", "count", "done", "has_failed", "is_settled", "opened_at", "outcomes", "size")

    def __init__(
        self, arrivals: Arrivals, done: Callable[[list[Receipt]], None], count: int, size: int, now: float
    ) -> None:
        self.arrivals = arrivals
        self.outcomes: dict[int, Receipt] = {}  # by index
        self.opened_at = now
        self.done = done
        self.count = count
        self.size = size
        self.has_failed = False  # whether any record has
        self.is_settled = False

    def callback(self, index: int) -> DeliveryCallback:
        """The delivery callback of one record."""
        return _Delivery(self, index)

    def callbacks(self) -> Iterable[DeliveryCallback]:
        """Those of all records, in order."""
        return map(_Delivery, repeat(self), range(self.count))

    def refuse(self, index: int, why: Undelivered) -> None:
        """The record was not taken, or not acknowledged."""
        self.has_failed = True
        self.outcomes[index] = why

    def is_complete(self) -> bool:
        """Whether the outcome of every record is known."""
        return len(self.outcomes) == self.count

    def receipts(self) -> list[Receipt]:
        """By index; what is not acknowledged by now is in doubt."""
        if self.is_complete():
            return list(map(self.outcomes.__getitem__, range(self.count)))
        return [self.outcomes.get(index, IN_DOUBT) for index in range(self.count)]

    def answer(self) -> None:
        """Let the one who waits go on."""
        self.done(self.receipts())


class _Delivery(msgspec.Struct, gc=False, eq=False):
    """The delivery callback of one record of a call.

    Nothing that it reaches leads back to it, so that the garbage collector needs not look at it, nor at the dict of the
    record that holds it: of both there are thousands under way.
    """

    call: Call
    index: int

    def __call__(self, error: KafkaError | None, message: Any) -> None:
        call = self.call
        if error is None:
            # Not the message itself: it holds a copy of key and value.
            call.outcomes[self.index] = Delivered(message.partition(), message.offset())
            call.arrivals.is_alive = True
        else:
            call.refuse(self.index, undelivered(error, "deliver"))
            call.arrivals.note_error(error)
        if len(call.outcomes) == call.count:
            call.arrivals.calls.append(call)


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


def size_of(key: bytes | None, value: bytes, headers: Headers | None = None) -> int:
    """What a record takes of the bound on bytes."""
    size = len(value) + len(key or b"") + RECORD_OVERHEAD_BYTES
    return size if headers is None else size + sum(len(name) + len(value) for name, value in headers)
