from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from confluent_kafka import KafkaError

from consumers.counts.app import CountsHandler
from consumers.counts.topic import CountWriter
from consumers.counts.untimely import Grace, LateTopic
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
    assert (counts.progress.aggregate, counts.windows.held) == ({"click": 40}, {0})
    for offset in (98, 99, 100):
        counts.handle(decoded(offset))
    counts.flush(1)
    assert counts.progress.aggregate == {"click": 41}
    counts.discard({0})
    assert (counts.progress.aggregate, counts.windows.held) == ({}, frozenset())


def test_a_write_that_failed_is_made_again_with_the_newest_count(producer: FakeProducer) -> None:
    counts = handler(producer)
    counts.handle(decoded(0))
    producer.verdicts.append(KafkaError(KafkaError._MSG_TIMED_OUT))
    with pytest.raises(DeliveryUnconfirmed):
        counts.flush(1)
    counts.handle(decoded(1))
    counts.flush(1)
    assert [OUTPUT.deserialize(sent["value"][5:]).model_dump()["count"] for sent in producer.delivered] == [2]


# ------------------------------------------------------------ late events


def at(offset: int, minute: int, timestamp_ms: int | None = None) -> Decoded:
    """An event of that minute of the hour; its record is written at the same time unless told."""
    moment = datetime(2026, 1, 2, 3, minute, 30, tzinfo=UTC)
    written = int(moment.timestamp() * 1000) if timestamp_ms is None else timestamp_ms
    return Decoded(replace(record(b"raw", offset), timestamp_ms=written), user_action(2, "click", moment), None)


def graceful(producer: FakeProducer, minutes: int, *written: tuple[Window, Count]) -> CountsHandler:
    made = handler(producer, *written)
    made.grace = Grace(minutes * 60_000)
    made.late = LateTopic(Outbox(producer), "g")  # type: ignore[arg-type] - a fake
    return made


def told(producer: FakeProducer) -> list[tuple[bytes, bytes]]:
    """(reason, offset) of each record of the topic of late events."""
    found = [dict(sent["headers"]) for sent in producer.delivered if sent["topic"] == "events.late"]
    return [(headers["late.reason"], headers["late.offset"]) for headers in found]


def test_an_event_within_the_grace_period_is_counted_and_one_behind_it_is_told(producer: FakeProducer) -> None:
    counts = graceful(producer, 2)
    for offset, minute in enumerate((10, 8, 7, 13, 9, 11)):
        counts.handle(at(offset, minute))
    counts.flush(1)
    assert told(producer) == [(b"late", b"2"), (b"late", b"4")]
    assert counts.progress.late == 2
    assert counts.windows.totals() == {"click": 4}
    first = next(sent for sent in producer.delivered if sent["topic"] == "events.late")
    assert first["value"] == b"raw", "the same contract reads it"
    assert dict(first["headers"])["late.newest_window"] == b"2026-01-02T03:10+00:00"


def test_a_clock_that_is_ahead_makes_no_other_event_late(producer: FakeProducer) -> None:
    counts = graceful(producer, 2)
    now_ms = int(datetime(2026, 1, 2, 3, 10, tzinfo=UTC).timestamp() * 1000)
    counts.handle(at(0, 50, now_ms))
    counts.handle(at(1, 10))
    counts.flush(1)
    assert told(producer) == [(b"early", b"0")]
    assert counts.windows.totals() == {"click": 1}


def test_a_restart_judges_as_the_process_before(producer: FakeProducer) -> None:
    """What is counted stays counted, however late it would be now; and what was late is late again."""
    before = graceful(producer, 0)
    script = [at(0, 10), at(1, 10), at(2, 12), at(3, 10)]
    for each in script:
        before.handle(each)
    before.flush(1)
    again = graceful(producer, 0, *before.windows.counts.items())
    again.assign({0})
    for each in script:
        again.handle(each)
    again.flush(1)
    assert told(producer) == [(b"late", b"3")] * 2
    assert again.windows.totals() == before.windows.totals() == {"click": 3}


def test_without_a_grace_period_every_event_is_counted(producer: FakeProducer) -> None:
    counts = handler(producer)
    for offset, minute in enumerate((50, 1)):
        counts.handle(at(offset, minute))
    counts.flush(1)
    assert (counts.windows.totals(), told(producer)) == ({"click": 2}, [])


def test_a_late_event_is_safe_before_its_offset_may_move(producer: FakeProducer) -> None:
    counts = graceful(producer, 0)
    counts.handle(at(0, 10))
    counts.flush(1)
    producer.silent = True
    counts.handle(at(1, 2))
    with pytest.raises(DeliveryUnconfirmed):
        counts.flush(1)
