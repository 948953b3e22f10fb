from __future__ import annotations

import logging

import pytest
from confluent_kafka import KafkaError, KafkaException

from codegen.resolution import resolve
from codegen.schema import parse_schema
from consumers.dead_letter import DeadLetterQueue, Reader
from consumers.faults import ConsumerError, DeliveryUnconfirmed, Stage, Undecodable
from consumers.outbox import Outbox, Outgoing
from tests.consumers.fakes import FakeProducer, record

LONGS = {"type": "array", "items": "long"}
FINDING = Undecodable(Stage.PAYLOAD, "bad at someone@example.com", 12, EOFError("end"))


@pytest.fixture
def queue(producer: FakeProducer) -> DeadLetterQueue:
    return DeadLetterQueue(Outbox(producer), Reader("a-group", "1.2.3", "f" * 64))  # type: ignore[arg-type] - a fake


def test_a_dead_letter_keeps_the_record_whole_and_tells_its_story(
    queue: DeadLetterQueue, producer: FakeProducer
) -> None:
    original = (("traceparent", b"00-1"), ("empty", None), ("traceparent", b"00-2"))
    queue.put(record(b"\x00bad", offset=7, partition=3, headers=original, key=None), FINDING)
    queue.confirm(1)
    (sent,) = producer.delivered
    assert (sent["topic"], sent["key"], sent["value"]) == ("events.dlq", None, b"\x00bad")
    assert tuple(sent["headers"][:3]) == original
    assert dict(sent["headers"][3:]) == {
        "dlq.topic": b"events",
        "dlq.partition": b"3",
        "dlq.offset": b"7",
        "dlq.timestamp_ms": b"1700000000000",
        "dlq.writer_schema_id": b"12",
        "dlq.reader_fingerprint": b"f" * 64,
        "dlq.stage": b"payload",
        "dlq.error_class": b"EOFError",
        "dlq.error_message": b"bad at someone@example.com",
        "dlq.attempts": b"1",
        "dlq.group": b"a-group",
        "dlq.app_version": b"1.2.3",
    }


def test_what_schema_resolution_found_is_told_in_the_gates_words(
    queue: DeadLetterQueue, producer: FakeProducer
) -> None:
    (found,) = resolve(parse_schema({"type": "array", "items": "int"}).root, parse_schema(LONGS).root)
    queue.put(record(b"x"), Undecodable(Stage.RESOLVE, "no way", 12, incompatibility=found))
    queue.confirm(1)
    headers = {name: value for name, value in producer.delivered[0]["headers"] if "incompatibility" in name}
    assert headers == {
        "dlq.incompatibility_type": b"TYPE_MISMATCH",
        "dlq.incompatibility_pointer": b"/items",
        "dlq.incompatibility_message": b"the reader's int cannot read the writer's long",
        "dlq.incompatibility_hint": b"read it as long, float or double, or add a new field that has a default",
    }


def test_a_log_says_where_but_never_what(queue: DeadLetterQueue, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        queue.put(record(b"someone@example.com", offset=7), FINDING)
    assert "events[0]@7" in caplog.text
    assert "someone" not in caplog.text


def test_a_message_without_end_and_text_that_is_no_unicode_still_fit_a_header(
    queue: DeadLetterQueue, producer: FakeProducer
) -> None:
    queue.put(record(b"x"), Undecodable(Stage.PAYLOAD, "\ud800" * 5000))
    queue.confirm(1)
    headers = dict(producer.delivered[0]["headers"])
    assert headers["dlq.error_message"] == b"?" * 1000
    assert "dlq.writer_schema_id" not in headers


def test_nothing_is_confirmed_before_the_broker_says_so(queue: DeadLetterQueue, producer: FakeProducer) -> None:
    producer.silent = True
    queue.put(record(b"x"), FINDING)
    with pytest.raises(DeliveryUnconfirmed):
        queue.confirm(0.1)
    assert queue.unconfirmed == 1
    producer.silent = False
    queue.confirm(0.1)
    assert (queue.unconfirmed, len(producer.delivered)) == (0, 1)


def test_a_delivery_that_failed_is_made_again(queue: DeadLetterQueue, producer: FakeProducer) -> None:
    producer.verdicts.append(KafkaError(KafkaError._MSG_TIMED_OUT))
    queue.put(record(b"x"), FINDING)
    with pytest.raises(DeliveryUnconfirmed, match="timed out"):
        queue.confirm(1)
    assert producer.delivered == []
    queue.confirm(1)
    assert [sent["value"] for sent in producer.delivered] == [b"x"]


@pytest.mark.parametrize("code", [KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.UNKNOWN_TOPIC_OR_PART])
def test_what_trying_again_cannot_mend_stops_with_a_sentence(
    queue: DeadLetterQueue, producer: FakeProducer, code: int
) -> None:
    producer.verdicts.append(KafkaError(code))
    queue.put(record(b"x"), FINDING)
    for _ in range(3):  # whoever asks again hears it again: what is not safe never becomes so by asking
        with pytest.raises(ConsumerError, match=r"events\.dlq"):
            queue.confirm(1)


def test_a_full_queue_is_waited_out_once_and_then_refused(producer: FakeProducer) -> None:
    outbox = Outbox(producer)  # type: ignore[arg-type] - a fake
    producer.full = 1
    outbox.put(Outgoing("t", b"k", b"1", ()))
    producer.full = 2
    with pytest.raises(DeliveryUnconfirmed, match="full"):
        outbox.put(Outgoing("t", b"k", b"2", ()))
    outbox.confirm(1)
    assert [sent["value"] for sent in producer.delivered] == [b"1"]


def test_an_outbox_whose_owner_knows_better_forgets_what_failed(producer: FakeProducer) -> None:
    confirmed: list[str] = []
    outbox = Outbox(producer, retry=False, on_confirmed=confirmed.append)  # type: ignore[arg-type] - a fake
    producer.verdicts.append(KafkaError(KafkaError._MSG_TIMED_OUT))
    outbox.put(Outgoing("t", b"k", b"old", (), token="old"))
    with pytest.raises(DeliveryUnconfirmed):
        outbox.confirm(1)
    outbox.put(Outgoing("t", b"k", b"new", (), token="new"))
    outbox.confirm(1)
    assert [sent["value"] for sent in producer.delivered] == [b"new"]
    assert confirmed == ["new"]


def test_a_record_that_the_client_itself_refuses_stops_with_a_sentence(producer: FakeProducer) -> None:
    producer.refusal = KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))
    outbox = Outbox(producer)  # type: ignore[arg-type]
    outbox.put(Outgoing("events.dlq", None, b"x", ()))
    assert outbox.unconfirmed == 1
    with pytest.raises(ConsumerError, match="raise its message size"):
        outbox.confirm(1)


def test_a_producer_with_a_fatal_error_stops_with_a_sentence(producer: FakeProducer) -> None:
    outbox = Outbox(producer)  # type: ignore[arg-type]
    outbox.put(Outgoing("events.dlq", None, b"x", ()))
    producer.fatal = KafkaException(KafkaError(KafkaError._FATAL, "unknown producer id", fatal=True))
    with pytest.raises(ConsumerError, match="cannot go on"):
        outbox.confirm(1)
    with pytest.raises(ConsumerError, match="cannot go on"):
        outbox.put(Outgoing("events.dlq", None, b"y", ()))
