from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import pytest
from confluent_kafka import KafkaError

from consumers.counts.app import CountsHandler
from consumers.counts.topic import CountWriter
from consumers.counts.windows import Count, Window, Windows
from consumers.decoding.deserializer import Decoded
from consumers.decoding.frame import parse_frame
from consumers.faults import DeliveryUnconfirmed
from consumers.outbox import Outbox
from consumers.running.progress import Progress
from tests.consumers.fakes import FakeProducer, record, user_action
from tests.frozen_contracts import CONTRACTS

OUTPUT = CONTRACTS["activity_count"].model(1)
AT = datetime(2026, 1, 2, 3, 4, 59, tzinfo=UTC)
MINUTE_MS = int(datetime(2026, 1, 2, 3, 4, tzinfo=UTC).timestamp()) * 1000


class Written:
    """Stands for the topic of counts as it was found."""

    def __init__(self, *counts: tuple[Window, Count]) -> None:
        self.counts = counts

    def read(self, _source: str, partitions: Collection[int]) -> Iterator[tuple[Window, Count]]:
        return (each for each in self.counts if each[0].partition in partitions)


def handler(producer: FakeProducer, *written: tuple[Window, Count]) -> CountsHandler:
    windows = Windows()
    return CountsHandler(
        source="events",
        time_attribute="occurred_at",
        value_attribute="action",
        reader=Written(*written),  # type: ignore[arg-type] - a fake
        writer=CountWriter("activity_count", OUTPUT, 5, "events"),
        outbox=Outbox(producer, retry=False, on_confirmed=lambda token: windows.confirmed(*token)),  # type: ignore[arg-type] - a fake
        windows=windows,
        progress=Progress("counts", "user_action", 2, "action"),
    )


def decoded(offset: int, action: str = "click", partition: int = 0) -> Decoded:
    return Decoded(record(b"", offset, partition), user_action(2, action, AT), None)


def test_a_count_is_written_with_the_offset_that_it_includes(producer: FakeProducer) -> None:
    counts = handler(producer)
    counts.assign({0})
    for offset in (3, 4):
        counts.handle(decoded(offset))
    counts.handle(Decoded(record(None, 5), None, None))
    counts.flush(1)
    (sent,) = producer.delivered
    assert (sent["topic"], sent["key"]) == ("activity_count", b"events/0|2026-01-02T03:04Z|click")
    schema_id, body = parse_frame(sent["value"])
    assert schema_id == 5
    assert OUTPUT.deserialize(body).model_dump() == {
        "bucket": "events/0|2026-01-02T03:04Z|click",
        "source_topic": "events",
        "source_partition": 0,
        "window_start": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        "action": "click",
        "count": 2,
        "next_offset": 5,
    }
    assert counts.progress.aggregate == {"click": 2}


def test_a_flush_writes_only_what_changed(producer: FakeProducer) -> None:
    counts = handler(producer)
    counts.handle(decoded(0))
    counts.flush(1)
    counts.handle(decoded(1, "search"))
    counts.flush(1)
    counts.flush(1)
    assert [sent["key"].rpartition(b"|")[2] for sent in producer.delivered] == [b"click", b"search"]


def test_what_was_found_is_continued_and_not_counted_twice(producer: FakeProducer) -> None:
    counts = handler(
        producer,
        (Window(0, MINUTE_MS, "click"), Count(40, 100)),
        (Window(1, MINUTE_MS, "click"), Count(9, 50)),
    )
    counts.assign({0})
    assert counts.progress.aggregate == {"click": 40}
    for offset in (98, 99, 100):
        counts.handle(decoded(offset))
    counts.flush(1)
    assert counts.progress.aggregate == {"click": 41}
    counts.discard({0})
    assert counts.progress.aggregate == {}


def test_a_write_that_failed_is_made_again_with_the_newest_count(producer: FakeProducer) -> None:
    counts = handler(producer)
    counts.handle(decoded(0))
    producer.verdicts.append(KafkaError(KafkaError._MSG_TIMED_OUT))
    with pytest.raises(DeliveryUnconfirmed):
        counts.flush(1)
    counts.handle(decoded(1))
    counts.flush(1)
    assert [OUTPUT.deserialize(sent["value"][5:]).model_dump()["count"] for sent in producer.delivered] == [2]
