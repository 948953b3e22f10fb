"""Records → futures: order, bounds, refusals at once and later, and what a shutdown says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from producer_api.bounds import Bound, Overloaded
from producer_api.calls import RECORD_OVERHEAD_BYTES, Call, Patience
from producer_api.polling import MANY
from producer_api.publisher import Publisher
from producer_api.receipts import IN_DOUBT, Delivered, Receipt, Record, Undelivered, undelivered
from tests.producer_api.conftest import FakeMessage
from tools.broker import EmbeddedBroker
from tools.ports import free_port
from tools.topics import TopicSpec, create_topics

MakeProducer = Callable[..., Any]


@pytest.fixture
def fake(api: Any) -> Any:
    """A producer of the same kind as the API's, but of its own."""
    return type(api.producer)()


@pytest.fixture
async def publisher(fake: Any) -> AsyncIterator[Publisher]:
    made = Publisher({}, Bound("records", 10, 20_000), make_producer=lambda conf: _configured(fake, conf))
    made.start()
    yield made
    fake.release()
    await made.close(1.0)


def _configured(fake: Any, conf: dict[str, Any]) -> Any:
    fake.conf = conf
    return fake


def records(count: int, size: int = 1) -> list[Record]:
    return [Record("events", str(number).encode(), b"v" * size) for number in range(count)]


def produce_many(publisher: Publisher, count: int) -> asyncio.Future[list[Receipt]]:
    return publisher.produce_many("events", [str(number).encode() for number in range(count)], [b"v"] * count)


async def test_one_record_is_delivered_with_its_place(publisher: Publisher, fake: Any) -> None:
    assert await publisher.produce(records(1)[0]) == [Delivered(0, 0)]
    assert await publisher.produce(records(1)[0], [("a", b"b")]) == [Delivered(1, 1)]
    assert [entry.headers for entry in fake.produced] == [None, [("a", b"b")]]
    assert (publisher.delivered, publisher.undelivered, publisher.bound.records, publisher.bound.bytes) == (2, 0, 0, 0)


async def test_many_records_keep_their_order(publisher: Publisher, fake: Any) -> None:
    receipts = await produce_many(publisher, 4)
    assert receipts == [Delivered(0, 0), Delivered(1, 1), Delivered(2, 2), Delivered(0, 3)]
    assert [entry.key for entry in fake.produced] == [b"0", b"1", b"2", b"3"]
    assert all(entry.batched for entry in fake.produced)


async def test_a_partial_refusal_of_a_batch_names_the_record(publisher: Publisher, fake: Any) -> None:
    too_large = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
    fake.refuse = lambda record: too_large if record.key == b"1" else None
    first, second, third = await produce_many(publisher, 3)
    assert isinstance(first, Delivered)
    assert isinstance(third, Delivered)
    assert second == Undelivered("queue", "the broker refused the record (MSG_SIZE_TOO_LARGE)", retryable=False)
    assert (publisher.delivered, publisher.undelivered) == (2, 1)


async def test_a_full_queue_is_an_answer_to_retry(publisher: Publisher, fake: Any) -> None:
    fake.refuse = lambda _record: KafkaError(KafkaError._QUEUE_FULL)
    expected = Undelivered("queue", "the queue to the broker is full", retryable=True)
    assert await publisher.produce(records(1)[0]) == [expected]
    assert await produce_many(publisher, 2) == [expected, expected]


async def test_a_delivery_error_is_a_receipt(publisher: Publisher, fake: Any) -> None:
    fake.error = lambda _record: KafkaError(KafkaError._MSG_TIMED_OUT)
    (receipt,) = await publisher.produce(records(1)[0])
    assert receipt == Undelivered("deliver", "the broker did not acknowledge the record in time", retryable=True)


@pytest.mark.parametrize(
    ("code", "retryable"),
    [
        (KafkaError.NOT_ENOUGH_REPLICAS, True),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, True),
        (KafkaError._PURGE_INFLIGHT, True),
        (KafkaError.INVALID_RECORD, False),
        (KafkaError.RECORD_LIST_TOO_LARGE, False),
    ],
)
def test_what_the_broker_says_of_the_record_itself_is_final(code: int, retryable: bool) -> None:
    assert undelivered(KafkaError(code), "deliver").retryable is retryable


async def test_the_bound_on_records_refuses_and_frees(publisher: Publisher, fake: Any) -> None:
    fake.holding = True
    held = produce_many(publisher, 10)
    with pytest.raises(Overloaded, match="records"):
        publisher.produce(records(1)[0])
    assert publisher.bound.records == 10
    fake.release()
    assert len(await held) == 10
    assert await publisher.produce(records(1)[0])


async def test_the_bound_on_bytes_counts_keys_and_overhead(publisher: Publisher, fake: Any) -> None:
    fake.holding = True
    future = publisher.produce(Record("events", b"key", b"v" * 10_000))
    assert publisher.bound.bytes == 10_003 + RECORD_OVERHEAD_BYTES
    with pytest.raises(Overloaded):
        publisher.produce(Record("events", b"key", b"v" * 10_000))
    fake.release()
    await future


async def test_one_wake_up_resolves_all_that_arrived(publisher: Publisher, fake: Any) -> None:
    fake.holding = True
    futures = [publisher.produce(record) for record in records(10)]
    wake_ups: list[object] = []
    call_soon = publisher._polling._call_soon

    def count(function: Callable[[], None]) -> None:
        wake_ups.append(function)
        call_soon(function)

    publisher._polling._call_soon = count  # type: ignore[method-assign]
    fake.release()
    await asyncio.gather(*futures)
    assert len(wake_ups) == 1


async def test_where_many_are_under_way_the_event_loop_takes_the_reports(api: Any) -> None:
    threads: set[int] = set()

    class Watched(type(api.producer)):  # type: ignore[misc]
        def poll(self, timeout: float) -> int:
            taken = super().poll(timeout)
            if taken:
                threads.add(threading.get_ident())
            return int(taken)

    fake = Watched()
    publisher = Publisher({}, Bound("records", 1000, 1_000_000), make_producer=lambda conf: _configured(fake, conf))
    publisher.start()
    fake.holding = True
    future = produce_many(publisher, MANY)
    await asyncio.sleep(0.05)  # the thread's poll has come to its end
    fake.release()
    assert await asyncio.wait_for(future, 5) == [Delivered(number % 3, number) for number in range(MANY)]
    assert threads == {threading.get_ident()}
    report = await publisher.close(1.0)
    assert (report, publisher.bound.records) == ((MANY, 0, 0), 0)


async def test_a_cancelled_wait_gives_its_room_back(publisher: Publisher, fake: Any) -> None:
    fake.holding = True
    publisher.produce(records(1)[0]).cancel()
    other = publisher.produce(records(1)[0])
    fake.release()
    await other
    assert (publisher.bound.records, publisher.delivered) == (0, 2)


async def test_closing_flushes_and_then_takes_no_more(publisher: Publisher, fake: Any) -> None:
    future = publisher.produce(records(1)[0])
    report = await publisher.close(5.0)
    assert report == (1, 0, 0)
    assert future.done()
    with pytest.raises(Overloaded, match="shutting down"):
        publisher.produce(records(1)[0])


async def test_closing_without_a_broker_tells_what_was_not_delivered(publisher: Publisher, fake: Any) -> None:
    fake.holding = True
    future = produce_many(publisher, 3)
    report = await publisher.close(0.0)
    assert report == (0, 3, 0)
    assert {receipt.message for receipt in await future if isinstance(receipt, Undelivered)} == {
        "the broker did not acknowledge the record in time"
    }


async def test_a_fatal_error_makes_a_new_producer(api: Any) -> None:
    made: list[Any] = []

    def make(conf: dict[str, Any]) -> Any:
        made.append(_configured(type(api.producer)(), conf))
        return made[-1]

    publisher = Publisher({}, Bound("records", 10, 20_000), make_producer=make)
    publisher.start()
    made[0].holding = True
    stuck = publisher.produce(records(1)[0])
    made[0].report_error(KafkaError(KafkaError._FATAL, "out of order", fatal=True))
    (receipt,) = await asyncio.wait_for(stuck, 5)
    assert isinstance(receipt, Undelivered)
    assert receipt.retryable
    assert await publisher.produce(records(1)[0]) == [Delivered(0, 0)]
    assert len(made) == 2
    await publisher.close(1.0)


async def test_a_lost_connection_is_told_in_the_event_loop(api: Any) -> None:
    fake = type(api.producer)()
    told = asyncio.Event()
    publisher = Publisher(
        {},
        Bound("records", 10, 20_000),
        on_connection_lost=told.set,
        make_producer=lambda conf: _configured(fake, conf),
    )
    publisher.start()
    fake.report_error(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    await asyncio.wait_for(told.wait(), 5)
    await publisher.close(1.0)


@pytest.mark.parametrize(
    "fatal",
    [
        KafkaException(KafkaError(KafkaError._FATAL, "unknown producer id", fatal=True)),
        SystemError("<method 'poll' of 'cimpl.Producer' objects> returned NULL without setting an exception"),
    ],
)
async def test_a_fatal_error_that_a_poll_raises_makes_a_new_producer(api: Any, fatal: Exception) -> None:
    """So the real client tells it: `poll` raises, and `flush` after it; by chance without the error itself."""
    made: list[Any] = []
    replaced, loop = asyncio.Event(), asyncio.get_running_loop()

    class Broken(type(api.producer)):  # type: ignore[misc]
        def poll(self, timeout: float) -> int:
            if len(made) == 1 and self.produced:
                super().poll(0)
                raise fatal
            return int(super().poll(timeout))

        def flush(self, timeout: float) -> int:
            if self is made[0]:
                raise fatal
            return int(super().flush(timeout))

        def purge(self) -> None:
            """The old producer is given up when the new one has taken its place."""
            super().purge()
            loop.call_soon_threadsafe(replaced.set)

    def make(conf: dict[str, Any]) -> Any:
        made.append(_configured(Broken(), conf))
        return made[-1]

    publisher = Publisher({}, Bound("records", 10, 20_000), make_producer=make)
    publisher.start()
    await publisher.produce(records(1)[0])
    await asyncio.wait_for(replaced.wait(), 30)
    assert await publisher.produce(records(1)[0]) == [Delivered(0, 0)]
    await publisher.close(1.0)


async def test_a_producer_whose_record_is_not_acknowledged_is_replaced(api: Any) -> None:
    made: list[Any] = []

    def make(conf: dict[str, Any]) -> Any:
        made.append(_configured(type(api.producer)(), conf))
        made[-1].holding = len(made) == 1
        return made[-1]

    publisher = Publisher(
        {}, Bound("records", 10, 20_000), make_producer=make, patience=Patience(answer_s=60.0, give_up_s=0.01)
    )
    publisher.start()
    first, second = publisher.produce(records(1)[0]), produce_many(publisher, 2)
    receipts = [*await first, *await second]
    assert receipts == [IN_DOUBT] * 3, "whatever the old producer held is in doubt, so that nothing of it is sent again"
    assert await publisher.produce(records(1)[0]) == [Delivered(0, 0)]
    assert len(made) == 2
    await publisher.close(1.0)


async def test_librdkafka_lets_no_record_time_out_by_itself(publisher: Publisher, fake: Any) -> None:
    """It would begin a new epoch, and send again what the brokers then take for something new."""
    assert fake.conf["delivery.timeout.ms"] == 0


def answering_soon(api: Any) -> tuple[Publisher, Any]:
    """A publisher that answers its clients at once, acknowledged or not, and its producer."""
    fake = type(api.producer)()
    publisher = Publisher(
        {},
        Bound("records", 10, 20_000),
        make_producer=lambda conf: _configured(fake, conf),
        patience=Patience(answer_s=0.01),
    )
    publisher.start()
    return publisher, fake


async def test_a_client_is_answered_in_time_and_the_record_tried_on(api: Any) -> None:
    publisher, fake = answering_soon(api)
    assert not publisher.is_silent()
    fake.holding = True
    assert await produce_many(publisher, 2) == [IN_DOUBT] * 2
    assert publisher.is_silent(), "nothing was acknowledged since the client called"
    assert publisher.bound.records == 2, "its room is taken until it is settled"
    fake.release()
    assert isinstance((await publisher.produce(records(1)[0]))[0], Delivered)
    assert not publisher.is_silent()
    assert await publisher.close(5.0) == (3, 0, 0)


async def test_a_broker_that_acknowledges_some_of_a_call_is_not_silent(api: Any) -> None:
    publisher, fake = answering_soon(api)
    fake.holding = True
    future = produce_many(publisher, 2)
    stuck = fake._due.pop()
    assert await future == [IN_DOUBT] * 2
    assert publisher.is_silent()
    fake.release()
    await api.until(lambda: not publisher.is_silent())
    assert publisher.bound.records == 2, "the other record may still be acknowledged"
    with fake._lock:
        fake._due.append(stuck)
        fake._lock.notify_all()
    assert await publisher.close(5.0) == (2, 0, 0)


def test_a_call_that_two_threads_complete_is_settled_once() -> None:
    answered: list[list[Receipt]] = []
    publisher = Publisher({}, Bound("records", 10, 20_000))
    call = Call(publisher._arrivals, answered.append, 1, 200, 0.0)
    publisher._calls.add(call)
    publisher.bound.take(1, 200)
    call.callback(0)(None, FakeMessage(5))
    publisher._arrivals.calls.append(call)
    publisher._tell()
    assert answered == [[Delivered(2, 5)]]
    assert (publisher.delivered, publisher.bound.records, publisher.bound.bytes) == (1, 0, 0)


@pytest.mark.integration
async def test_a_broker_made_anew_at_the_same_address_is_found_again() -> None:
    """The embedded broker forgets everything when it ends, the producer's id too."""
    port = free_port()
    conf = {
        "bootstrap.servers": f"127.0.0.1:{port}",
        "acks": "all",
        "enable.idempotence": True,
        "log_level": 0,
    }
    publisher = Publisher(conf, Bound("records", 10, 20_000), patience=Patience(give_up_s=2.0))
    with EmbeddedBroker(port) as broker:
        create_topics({"bootstrap.servers": broker.bootstrap_servers}, [TopicSpec("events", 1, 1, {})])
        publisher.start()
        assert isinstance((await publisher.produce(records(1)[0]))[0], Delivered)
    with EmbeddedBroker(port) as broker:
        create_topics({"bootstrap.servers": broker.bootstrap_servers}, [TopicSpec("events", 1, 1, {})])
        for _ in range(20):
            (receipt,) = await publisher.produce(records(1)[0])
            if isinstance(receipt, Delivered):
                break
        assert isinstance(receipt, Delivered)
        await publisher.close(5.0)
