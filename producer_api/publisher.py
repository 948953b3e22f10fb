"""Records → Kafka, and the broker's answers → futures of the event loop.

librdkafka answers in a thread of its own. One poll thread takes the delivery reports, as many as there are, and wakes
the event loop once for all of them; a wake-up per record would cost more than the record.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from confluent_kafka import KafkaError, KafkaException, Producer

from producer_api.bounds import Bound, Overloaded

_log: Final = logging.getLogger(__name__)
_POLL_TIMEOUT_S: Final = 0.2
_PURGE_TIMEOUT_S: Final = 2.0
# A record's cost beyond its key and value in librdkafka's queue, so that many tiny records are bounded too.
RECORD_OVERHEAD_BYTES: Final = 100
# The broker judged the record itself; sending it again changes nothing.
_FINAL_ERRORS: Final = {"MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_MSG"}
_LOST_ERRORS: Final = {"_ALL_BROKERS_DOWN", "_TRANSPORT", "_RESOLVE"}
# librdkafka's own errors, for which "the broker refused" would be untrue.
_SENTENCES: Final = {
    "_PURGE_QUEUE": "the service stopped before the broker acknowledged the record",
    "_PURGE_INFLIGHT": "the service stopped before the broker acknowledged the record",
    "_MSG_TIMED_OUT": "the broker did not acknowledge the record in time",
    "_QUEUE_FULL": "the queue to the broker is full",
}


class Record(NamedTuple):
    """What one event becomes on its topic. `value` is framed already."""

    topic: str
    key: bytes | None
    value: bytes


class Delivered(NamedTuple):
    """The broker has acknowledged the record here."""

    partition: int
    offset: int


class Undelivered(NamedTuple):
    """The broker has not acknowledged the record. `stage` is `queue` or `deliver`."""

    stage: str
    message: str
    retryable: bool


Receipt = Delivered | Undelivered
Headers = list[tuple[str, bytes]]


class FlushReport(NamedTuple):
    """What the shutdown left: records acknowledged and refused in all, and those whose fate is unknown."""

    delivered: int
    undelivered: int
    unknown: int


class ProducerLike(Protocol):
    """The part of confluent_kafka.Producer that is used here."""

    def produce(
        self, topic: str, value: Any = ..., key: Any = ..., *, on_delivery: Any = ..., headers: Any = ...
    ) -> None: ...
    def produce_batch(self, topic: str, messages: list[dict[str, Any]]) -> int: ...
    def poll(self, timeout: float) -> int: ...
    def flush(self, timeout: float) -> int: ...
    def purge(self) -> None: ...
    def list_topics(self, *, timeout: float) -> Any: ...


class _Call:
    """One call of `produce` or `produce_many` under way: its receipts by index, and the future that waits for all."""

    __slots__ = ("future", "missing", "receipts", "size")

    def __init__(self, future: asyncio.Future[list[Receipt]], count: int, size: int) -> None:
        self.future = future
        self.receipts: list[Receipt | None] = [None] * count
        self.missing = count
        self.size = size


class _Delivery:
    """The delivery callback of one record; librdkafka's poll thread calls it, so it only puts itself in the queue."""

    __slots__ = ("_arrived", "call", "error", "index", "message")

    def __init__(self, call: _Call, index: int, arrived: deque[_Delivery]) -> None:
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


class Publisher:
    """Produces records and says what became of each. All methods belong to the event loop that called `start`."""

    def __init__(
        self,
        conf: Mapping[str, Any],
        bound: Bound,
        *,
        on_connection_lost: Callable[[], None] = lambda: None,
        make_producer: Callable[[dict[str, Any]], ProducerLike] | None = None,
    ) -> None:
        """`conf` are librdkafka's properties; `on_connection_lost` runs in the event loop when it lost a broker."""
        self.bound = bound
        self.delivered = 0
        self.undelivered = 0
        self._conf = {**conf, "error_cb": self._note_error}
        self._make_producer = make_producer or _make_producer
        self._on_connection_lost = on_connection_lost
        self._arrived: deque[_Delivery] = deque()
        self._woken = False
        self._closing = False
        self._stopped = threading.Event()
        self._fatal = threading.Event()

    def start(self) -> None:
        """Make the producer, which connects by itself, and the poll thread."""
        self._loop = asyncio.get_running_loop()
        self._producer = self._make_producer(self._conf)
        self._poller = threading.Thread(target=self._poll, name="delivery-reports", daemon=True)
        self._poller.start()

    @property
    def producer(self) -> ProducerLike:
        """For metadata requests, from another thread."""
        return self._producer

    def produce(self, record: Record, headers: Headers | None = None) -> asyncio.Future[list[Receipt]]:
        """Queue one record; the future has its receipt, as a list of one. Raises Overloaded."""
        call = self._open(1, _size(record))
        delivery = _Delivery(call, 0, self._arrived)
        try:
            self._producer.produce(record.topic, record.value, record.key, on_delivery=delivery, headers=headers)
        except (BufferError, KafkaException) as error:
            self._refuse_now(delivery, error.args[0] if isinstance(error, KafkaException) else None)
        except BaseException:
            self.bound.give(1, call.size)
            raise
        return call.future

    def produce_many(self, records: Sequence[Record]) -> asyncio.Future[list[Receipt]]:
        """Queue records of one topic, in order; the future has their receipts in the same order. Raises Overloaded.

        `produce_batch` takes no headers. A record that it refuses has `_error` in its dictionary and no callback.
        """
        call = self._open(len(records), sum(map(_size, records)))
        deliveries = [_Delivery(call, index, self._arrived) for index in range(len(records))]
        messages: list[dict[str, Any]] = [
            {"value": record.value, "key": record.key, "callback": delivery}
            for record, delivery in zip(records, deliveries, strict=True)
        ]
        try:
            self._producer.produce_batch(records[0].topic, messages)
        except KafkaException as error:
            for message in messages:
                message["_error"] = error.args[0]
        for message, delivery in zip(messages, deliveries, strict=True):
            if "_error" in message:
                self._refuse_now(delivery, message["_error"])
        return call.future

    async def close(self, deadline_s: float) -> FlushReport:
        """Take no more, wait `deadline_s` for what is under way, give up the rest, and end the poll thread."""
        self._closing = True
        await asyncio.to_thread(self._drain, deadline_s)
        self._resolve()
        return FlushReport(self.delivered, self.undelivered, self.bound.records)

    def _drain(self, deadline_s: float) -> None:
        if self._producer.flush(deadline_s):
            self._producer.purge()
            self._producer.flush(_PURGE_TIMEOUT_S)
        self._stopped.set()
        self._poller.join()

    def _open(self, count: int, size: int) -> _Call:
        if self._closing:
            raise Overloaded("the service is shutting down; try again")
        self.bound.take(count, size)
        return _Call(self._loop.create_future(), count, size)

    def _refuse_now(self, delivery: _Delivery, error: KafkaError | None) -> None:
        """The queue did not take the record; no callback will come."""
        full = Undelivered("queue", _SENTENCES["_QUEUE_FULL"], True)
        self._settle(delivery, full if error is None else undelivered(error, "queue"))

    def _settle(self, delivery: _Delivery, receipt: Receipt) -> None:
        call = delivery.call
        call.receipts[delivery.index] = receipt
        call.missing -= 1
        if call.missing:
            return
        receipts = [entry for entry in call.receipts if entry is not None]
        delivered = sum(type(entry) is Delivered for entry in receipts)
        self.delivered += delivered
        self.undelivered += len(receipts) - delivered
        self.bound.give(len(receipts), call.size)
        if not call.future.done():  # done already if the waiting request was cancelled
            call.future.set_result(receipts)

    def _resolve(self) -> None:
        """In the event loop: settle every delivery that has arrived."""
        self._woken = False
        while self._arrived:
            delivery = self._arrived.popleft()
            self._settle(delivery, delivery.receipt())

    def _poll(self) -> None:
        """The poll thread. `poll` serves every callback that is due before it returns."""
        while not self._stopped.is_set():
            self._producer.poll(_POLL_TIMEOUT_S)
            if self._arrived and not self._woken:
                self._woken = True
                self._call_soon(self._resolve)
            if self._fatal.is_set():
                self._replace_producer()

    def _call_soon(self, function: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)

    def _note_error(self, error: KafkaError) -> None:
        """librdkafka's error callback, in the poll thread."""
        if error.fatal():
            self._fatal.set()
        elif error.name() in _LOST_ERRORS:
            self._call_soon(self._on_connection_lost)

    def _replace_producer(self) -> None:
        """An idempotent producer is unusable after a fatal error: end it, its records refused, and make another."""
        _log.error("the Kafka producer met a fatal error and is replaced")
        old, self._producer = self._producer, self._make_producer(self._conf)
        self._fatal.clear()
        old.purge()
        old.flush(_PURGE_TIMEOUT_S)


def _size(record: Record) -> int:
    return len(record.value) + len(record.key or b"") + RECORD_OVERHEAD_BYTES


def undelivered(error: KafkaError, stage: str) -> Undelivered:
    """librdkafka's error as one sentence for a client; it names neither hosts nor values."""
    name = error.name()
    message = _SENTENCES.get(name, f"the broker refused the record ({name})")
    return Undelivered(stage, message, name not in _FINAL_ERRORS)


def _make_producer(conf: dict[str, Any]) -> ProducerLike:
    producer: ProducerLike = Producer(conf, logger=logging.getLogger("producer_api.librdkafka"))
    return producer
