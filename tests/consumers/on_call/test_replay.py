"""What a replay reads, what it makes of it, and what it says of the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from confluent_kafka import TopicPartition

from codegen.runtime import AvroModel
from consumers.counts.windows import Count, Window
from consumers.decoding.deserializer import Deserializer
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.effects import Produce
from consumers.faults import ConsumerError, TransientError, Unavailable
from consumers.function import FunctionHandler
from consumers.on_call.replay import command
from consumers.on_call.replay import span as span_module
from consumers.on_call.replay.difference import Verdict, compare, totals
from consumers.on_call.replay.shadow import Shadow, ShadowCounts, ShadowFunction
from consumers.on_call.replay.span import Stretch, find_span, parse_edge
from consumers.record import Record
from consumers.topic_reading import Extent
from tests.consumers.fakes import CONTRACT, FakeRegistry, framed, record

MINUTE = 60_000


@pytest.mark.parametrize("text", ["", "x", "-1", "0@", "0@1,", "1.5", "١", "2026-13-01T00:00:00Z"])
def test_what_names_no_edge_is_refused(text: str) -> None:
    with pytest.raises(ConsumerError, match=r"--from .* is neither a moment"):
        parse_edge("--from", text)


def test_a_moment_needs_its_offset_from_utc() -> None:
    with pytest.raises(ConsumerError, match="add Z or"):
        parse_edge("--to", "2026-01-01T00:00:00")
    assert parse_edge("--to", "1970-01-01T01:00:01+01:00").at_ms == 1000


class Topic:
    """Two partitions: 0 holds the offsets 10 to 19, and 1 those from 0 to 4; a record's moment is its offset in s."""

    extents: ClassVar = {0: Extent(10, 20), 1: Extent(0, 5)}

    def offsets_for_times(self, asked: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        del timeout
        found = []
        for place in asked:
            extent, wanted = self.extents[place.partition], -(-place.offset // 1000)
            found.append(
                TopicPartition(place.topic, place.partition, max(wanted, extent.begin) if wanted < extent.end else -1)
            )
        return found

    @classmethod
    def read(
        cls, _client: object, topic: str, begins: dict[int, int], is_past: Callable[[Record], bool]
    ) -> Iterator[Record]:
        for number, begin in begins.items():
            for offset in range(begin, cls.extents[number].end):
                one = Record(topic, number, offset, offset * 1000, None, b"")
                if is_past(one):
                    break
                yield one


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(span_module, "extents_of", lambda _client, _topic: Topic.extents)
    monkeypatch.setattr(
        span_module, "real_ends", lambda _client, _topic, extents: {n: e.end for n, e in extents.items()}
    )
    monkeypatch.setattr(span_module, "read_stretch", Topic.read)
    return Topic()


def stretches(topic: Any, begin: str, end: str) -> dict[int, tuple[int, int]]:
    found = find_span(topic, "orders", parse_edge("--from", begin), parse_edge("--to", end))
    return {number: (each.begin, each.end) for number, each in found.items()}


@pytest.mark.parametrize(
    ("begin", "end", "wanted"),
    [
        ("beginning", "end", {0: (10, 20), 1: (0, 5)}),
        ("0@12", "0@15,1@3", {0: (12, 15)}),
        ("0@12,1@3", "end", {0: (12, 20), 1: (3, 5)}),
        ("1970-01-01T00:00:03Z", "1970-01-01T00:00:15Z", {0: (10, 15), 1: (3, 5)}),
        ("1970-01-01T00:00:12Z", "end", {0: (12, 20)}),
        ("beginning", "2999-01-01T00:00:00Z", {0: (10, 20), 1: (0, 5)}),
    ],
)
def test_a_span_is_what_lies_between_its_edges(
    topic: Any, begin: str, end: str, wanted: dict[int, tuple[int, int]]
) -> None:
    assert stretches(topic, begin, end) == wanted


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ("3", "end", r"orders\[0\] holds nothing before 10 any more, so not 3"),
        ("0@10", "0@21", r"--to: orders\[0\] ends at 20, there is no 21 yet"),
        ("7@1", "end", "--from names partition 7: orders has the partitions 0 to 1"),
        ("0@15", "0@12", r"orders\[0\] would be read from 15 to 12: the end is before the start"),
        ("1970-01-01T00:00:09Z", "1970-01-01T00:00:08Z", "--to is not after --from"),
        ("1970-01-01T00:01:00Z", "end", "no record of orders lies between --from and --to"),
        ("end", "end", "no record of orders lies"),
    ],
)
def test_a_span_that_cannot_be_read_is_refused_in_a_sentence(topic: Any, begin: str, end: str, words: str) -> None:
    with pytest.raises(ConsumerError, match=words):
        stretches(topic, begin, end)


def test_a_broker_that_finds_too_old_a_record_is_set_right(topic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_module, "offsets_at", lambda _client, _topic, _at_ms, _extents: {0: 10, 1: 0})
    assert stretches(topic, "1970-01-01T00:00:03Z", "end") == {0: (10, 20), 1: (3, 5)}
    assert stretches(topic, "1970-01-01T00:00:12Z", "1970-01-01T00:00:14Z") == {0: (12, 14)}


def deserializer(registry: FakeRegistry) -> Deserializer:
    writers = WriterSchemas(registry, CONTRACT, patience_s=0)  # type: ignore[arg-type] - a fake
    return Deserializer(CONTRACT, 2, writers)


def test_the_shadow_counts_what_it_can_read_and_says_what_it_cannot(registry: FakeRegistry) -> None:
    counts = ShadowCounts("occurred_at", "action")
    shadow = Shadow(deserializer(registry), counts, {0: Stretch(3, 12, 0)})
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for offset, value in [(4, framed(1, "click", at)), (5, framed(2, "click", at)), (8, b"poison"), (9, None)]:
        shadow.take(record(value, offset))
    shadow.end()
    told = shadow.told
    assert (told.read, told.passed_over, dict(told.by_version)) == (4, 1, {"1": 1, "2": 1})
    assert dict(told.given_up) == {"frame: Undecodable": 1}
    assert told.missing == 1 + 2 + 2, "3; 6 and 7; 10 and 11"
    assert totals(counts.windows.counts) == {"click": 2}


def test_effects_are_counted_and_a_handler_s_failures_are_those_of_a_consumer(registry: FakeRegistry) -> None:
    waits: list[float] = []
    calls: list[int] = []

    def handler(event: AvroModel, its: Any) -> list[Produce]:
        calls.append(its.offset)
        if its.offset == 1 and calls.count(1) < 3:
            raise TransientError("busy")
        if its.offset == 2:
            raise ValueError("never")
        return [Produce(event)]

    shadow = Shadow(
        deserializer(registry),
        ShadowFunction(FunctionHandler(handler, with_record=True), waits.append),
        {0: Stretch(0, 3, 0)},
    )
    for offset in range(3):
        shadow.take(record(framed(2), offset))
    assert (calls, len(waits)) == ([0, 1, 1, 1, 2], 2)
    assert dict(shadow.told.effects) == {CONTRACT.record: 2}
    assert dict(shadow.told.given_up) == {"handle: ValueError": 1}


def test_a_dependency_that_is_away_ends_the_replay(registry: FakeRegistry) -> None:
    def handler(_event: AvroModel) -> None:
        raise Unavailable("the bank is closed")

    shadow = Shadow(deserializer(registry), ShadowFunction(FunctionHandler(handler)), {0: Stretch(0, 1, 0)})
    with pytest.raises(Unavailable):
        shadow.take(record(framed(2)))


@pytest.mark.parametrize(
    ("live", "shadow", "stretch", "reached", "verdict"),
    [
        ((5, 9), (5, 9), (0, 10, 0), 10, Verdict.EQUAL),
        ((4, 9), (5, 9), (0, 10, 0), 10, Verdict.DIFFERS),
        ((6, 9), (5, 9), (0, 10, 0), 10, Verdict.DIFFERS),
        ((6, 9), (5, 9), (3, 10, 0), 10, Verdict.BEFORE_SPAN),
        ((6, 8), (5, 9), (3, 10, 0), 10, Verdict.DIFFERS),
        ((6, 14), (5, 9), (0, 10, 0), 20, Verdict.BEYOND_SPAN),
        ((4, 14), (5, 9), (0, 10, 0), 20, Verdict.DIFFERS),
        ((4, 7), (5, 9), (0, 10, 0), 8, Verdict.NOT_YET),
        ((4, 7), (5, 9), (0, 10, 0), None, Verdict.DIFFERS),
        (None, (5, 9), (0, 10, 0), 10, Verdict.DIFFERS),
        ((5, 9), None, (3, 10, 0), 10, Verdict.DIFFERS),
        ((5, 2), None, (3, 10, 0), 10, None),
        ((5, 14), None, (3, 10, 0), 20, None),
    ],
)
def test_what_the_span_explains_is_no_difference(
    live: tuple[int, int] | None,
    shadow: tuple[int, int] | None,
    stretch: tuple[int, int, int],
    reached: int | None,
    verdict: Verdict | None,
) -> None:
    window, elsewhere = Window(0, MINUTE, "click"), Window(7, MINUTE, "click")
    there = {elsewhere: Count(1, 1)} | ({} if live is None else {window: Count(*live)})
    here = {} if shadow is None else {window: Count(*shadow)}
    found = list(compare(there, here, {0: Stretch(*stretch)}, {0: reached}))
    assert [each.verdict for each in found] == ([] if verdict is None else [verdict])


def test_a_consumer_that_goes_on_counting_meanwhile_is_no_difference(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes its counts and commits then, at any moment between two questions."""
    live = {"count": Count(1, 1), "committed": 1}
    window = Window(0, 0, "click")

    def goes_on(answer: Any) -> Any:
        live.update(count=Count(2, 2), committed=2)
        return answer

    monkeypatch.setattr(command, "_live_counts", lambda *_: goes_on({window: live["count"]}))
    monkeypatch.setattr(command, "committed_by", lambda *_: goes_on({0: live["committed"]}))
    counts = ShadowCounts("occurred_at", "action")
    for offset in range(2):
        counts.windows.add(window, offset)
    shadow = Shadow(deserializer(registry), counts, {0: Stretch(0, 2, 0)})
    differences, _ = command._compare(CONTRACT, registry, shadow)  # type: ignore[arg-type]
    assert Verdict.DIFFERS not in {each.verdict for each in differences}
