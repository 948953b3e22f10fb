"""Records → Kafka, and the broker's answers → futures of the event loop.

librdkafka answers in a thread of its own. Its delivery reports are taken as many at once as there are, and the event
loop hears of all of them together (`producer_api.polling`); a wake-up per record would cost more than the record.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException

from producer_api.bounds import Bound, Overloaded
from producer_api.calls import RECORD_OVERHEAD_BYTES, Arrivals, Call, OpenCalls, Patience, size_of
from producer_api.pace import DrainRate, StandingQueue
from producer_api.polling import MANY, Polling, Served
from producer_api.producer import ProducerLike, Refused, make_producer_of, queue_batch
from producer_api.receipts import QUEUE_FULL, Delivered, Headers, Receipt, Record, Undelivered, undelivered
from tools.config.client_errors import client_error

_log: Final = logging.getLogger(__name__)
_PURGE_TIMEOUT_S: Final = 2.0
_LOST_ERRORS: Final = {"_ALL_BROKERS_DOWN", "_TRANSPORT", "_RESOLVE"}
# How often the calls that take too long are looked for.
_GLANCE_S: Final = 0.1


class FlushReport(NamedTuple):
    """What the shutdown left: records acknowledged and refused in all, and those whose fate is unknown."""

    delivered: int
    undelivered: int
    unknown: int


class _Collected(NamedTuple):
    """Records of one topic that wait for the end of this turn of the event loop."""

    calls: list[Call]
    messages: list[dict[str, Any]]


class Publisher:
    """Produces records and says what became of each. All methods belong to the event loop that called `start`."""

    def __init__(
        self,
        conf: Mapping[str, Any],
        bound: Bound,
        *,
        on_connection_lost: Callable[[], None] = lambda: None,
        make_producer: Callable[[dict[str, Any]], ProducerLike] | None = None,
        queue: StandingQueue | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`conf` are librdkafka's properties; `on_connection_lost` runs in the event loop when it lost a broker.

        How long a record is tried is `patience`'s part, not librdkafka's: see `producer_api.calls`.
        """
        self.bound = bound
        self.queue = queue or StandingQueue()
        self._drain_rate = DrainRate()
        self.delivered = 0
        self.undelivered = 0
        self._conf = {**conf, "delivery.timeout.ms": 0, "error_cb": self._note_error}
        self._make_producer = make_producer or make_producer_of
        self._on_connection_lost = on_connection_lost
        self._arrivals = Arrivals(self._note_error)
        self._collected: dict[str, _Collected] = {}
        self._is_lost = False
        self._closing = False
        self._fatal = threading.Event()
        self._patience = patience or Patience()
        self._calls = OpenCalls()
        self._alive_at = monotonic()
        self._given_up_at = float("-inf")
        self._glance: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Make the producer, which connects by itself, and poll it from now on."""
        self._loop = asyncio.get_running_loop()
        self._producer = self._make_producer(self._conf)
        self._polling = Polling(
            self._loop,
            Served(self._poll, self._has_news, self._tell, is_broken=self._fatal.is_set, mend=self._replace_producer),
        )
        self._look_at_calls()

    @property
    def producer(self) -> ProducerLike:
        """For metadata requests, from another thread."""
        return self._producer

    def is_silent(self) -> bool:
        """Whether a client had to be answered without an acknowledgement, and nobody's has come since it called."""
        return self._calls.was_answered_since(self._alive_at)

    def produce(self, record: Record, headers: Headers | None = None) -> asyncio.Future[list[Receipt]]:
        """Queue one record; the future has its receipt, as a list of one. Raises Overloaded."""
        future = self._loop.create_future()
        call = self._open(1, size_of(record.key, record.value, headers), partial(_resolve_future, future))
        try:
            self._producer.produce(
                record.topic, record.value, record.key, on_delivery=call.callback(0), headers=headers
            )
        except (BufferError, KafkaException) as error:
            self._refuse_now(call, [(0, error.args[0] if isinstance(error, KafkaException) else None)])
        except BaseException:
            self._calls.remove(call)
            self.bound.give(1, call.size)
            raise
        return future

    def collect(self, topic: str, key: bytes | None, value: bytes, done: Callable[[list[Receipt]], None]) -> None:
        """Queue one record, in one call of the producer with all others that come in this turn of the event loop.

        `done` is called with its receipt, as a list of one. Raises Overloaded.
        """
        call = self._open(1, size_of(key, value), done)
        if not self._collected:
            self._loop.call_soon(self._produce_collected)
        collected = self._collected.get(topic)
        if collected is None:
            collected = self._collected[topic] = _Collected([], [])
        collected.calls.append(call)
        collected.messages.append({"value": value, "key": key, "callback": call.callback(0)})

    def _produce_collected(self) -> None:
        collected, self._collected = self._collected, {}
        for topic, (calls, messages) in collected.items():
            for index, error in queue_batch(self._producer, topic, messages):
                self._refuse_now(calls[index], [(0, error)])

    def produce_many(
        self, topic: str, keys: Sequence[bytes | None], values: Sequence[bytes]
    ) -> asyncio.Future[list[Receipt]]:
        """Queue records of one topic, in order; the future has their receipts in the same order. Raises Overloaded."""
        future = self._loop.create_future()
        count = len(values)
        size = sum(map(len, values)) + sum(map(len, filter(None, keys))) + count * RECORD_OVERHEAD_BYTES
        call = self._open(count, size, partial(_resolve_future, future))
        messages: list[dict[str, Any]] = [
            {"value": value, "key": key, "callback": callback}
            for value, key, callback in zip(values, keys, call.callbacks(), strict=True)
        ]
        refused = queue_batch(self._producer, topic, messages)
        if refused:
            self._refuse_now(call, refused)
        return future

    def wait_s(self) -> float:
        """How long what is under way will take, as fast as the brokers acknowledge now; infinite if they do not."""
        return self._drain_rate.wait_s(self.bound.bytes)

    async def close(self, deadline_s: float) -> FlushReport:
        """Take no more, wait `deadline_s` for what is under way, give up the rest, and poll no more."""
        self._closing = True
        self._produce_collected()
        await asyncio.to_thread(self._drain, deadline_s)
        self._tell()
        if self._glance is not None:
            self._glance.cancel()
        return FlushReport(self.delivered, self.undelivered, self.bound.records)

    def _drain(self, deadline_s: float) -> None:
        if self._flush(self._producer, deadline_s):
            self._end(self._producer)
        self._polling.stop()

    def _open(self, count: int, size: int, done: Callable[[list[Receipt]], None]) -> Call:
        if self._closing:
            raise Overloaded("the service is shutting down; try again")
        if not self.bound.records:
            self._drain_rate.begin()
        self.bound.take(count, size)
        call = Call(self._arrivals, done, count, size, monotonic())
        self._calls.add(call)
        if self.bound.records >= MANY:
            self._polling.busy()
        return call

    def _refuse_now(self, call: Call, refused: Sequence[Refused]) -> None:
        """The queue did not take these records of a call; no callback will come."""
        for index, error in refused:
            if error is not None:
                self._note_error(error)
            full = Undelivered("queue", QUEUE_FULL, True)
            call.refuse(index, full if error is None else undelivered(error, "queue"))
        if call.is_complete():
            self._settle(call, monotonic())

    def _settle(self, call: Call, now: float) -> None:
        """In the event loop: every record of the call has its outcome."""
        if call.is_settled:  # two threads were the last
            return
        call.is_settled = True
        receipts = call.receipts()
        delivered = call.count
        if call.has_failed:
            delivered = sum(type(entry) is Delivered for entry in receipts)
        self.delivered += delivered
        self.undelivered += call.count - delivered
        self.bound.give(call.count, call.size)
        self._drain_rate.note(call.size)
        if self._calls.remove(call):
            if delivered:
                self.queue.note(now - call.opened_at)
            call.done(receipts)

    def _has_news(self) -> bool:
        arrivals = self._arrivals
        return bool(arrivals.calls) or arrivals.is_alive or self._is_lost

    def _tell(self) -> None:
        """In the event loop: settle every call whose last delivery has arrived, and pass on what else was reported."""
        arrivals, now = self._arrivals, monotonic()
        if arrivals.is_alive:
            arrivals.is_alive = False
            self._alive_at = now
        if self._is_lost:  # once for all records that say so
            self._is_lost = False
            self._on_connection_lost()
        while arrivals.calls:
            self._settle(arrivals.calls.popleft(), now)

    def _look_at_calls(self) -> None:
        """In the event loop, again and again: answer those who waited long enough, and give up what is held too long.

        A cluster that forgot the producer's id (one made anew at the same address) never answers it again.
        """
        self._glance = self._loop.call_later(_GLANCE_S, self._look_at_calls)
        now = monotonic()
        self._calls.answer_those_before(now - self._patience.answer_s)
        given_up_before = now - self._patience.give_up_s
        if self._given_up_at < given_up_before and self._calls.has_any_before(given_up_before):
            self._given_up_at = now
            self._fatal.set()

    def _poll(self, timeout_s: float) -> None:
        """Every callback that is due is served before it returns."""
        try:
            self._producer.poll(timeout_s)
        except (KafkaException, SystemError) as error:  # a fatal one comes this way, and not by the callback
            self._note_error(client_error(error))

    def _note_error(self, error: KafkaError) -> None:
        """From librdkafka's error callback, a poll or a delivery."""
        if error.fatal():
            self._fatal.set()
        elif error.name() in _LOST_ERRORS:
            self._is_lost = True

    def _replace_producer(self) -> None:
        """An idempotent producer is unusable after a fatal error: end it, its records refused, and make another."""
        _log.error("the Kafka producer met a fatal error, or a record was not acknowledged in time: it is replaced")
        old, self._producer = self._producer, self._make_producer(self._conf)
        self._fatal.clear()
        self._end(old)

    def _end(self, producer: ProducerLike) -> None:
        """Give up what a producer holds; its deliveries say so."""
        producer.purge()
        self._flush(producer, _PURGE_TIMEOUT_S)

    @staticmethod
    def _flush(producer: ProducerLike, timeout_s: float) -> int:
        """How many records are left. A producer with a fatal error raises, and has the rest."""
        try:
            return producer.flush(timeout_s)
        except (KafkaException, SystemError) as error:
            client_error(error)  # raises what is not the client's
            return 1


def _resolve_future(future: asyncio.Future[list[Receipt]], receipts: list[Receipt]) -> None:
    if not future.done():  # done already if the waiting request was cancelled
        future.set_result(receipts)
