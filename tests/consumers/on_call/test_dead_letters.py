"""Records taken apart, letters counted by cause, and the plan of a redrive."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codegen.schema import parse_schema
from consumers.dead_letter import Reader, describe
from consumers.decoding.deserializer import Deserializer
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import Undecodable
from consumers.on_call.dissection import dissect
from consumers.on_call.judging import Judge
from consumers.on_call.lag import Look, compare
from consumers.on_call.letters import DEAD_LETTER_CAUSE, Letter, by_cause, dead_letter, printable
from consumers.on_call.redrive import RedriveOptions, make_plan
from consumers.record import Record
from tests.consumers.fakes import CONTRACT, FakeRegistry, framed, record, user_action

ROOT = parse_schema(json.loads(CONTRACT.avsc(2))).root
BODY = user_action(2).serialize()


def letter(value: bytes, offset: int, group: str = "user_action-standard", at: int = 0) -> Letter:
    finding = Undecodable("payload", "bad bytes")  # type: ignore[arg-type] - a stage's text
    headers = describe(record(value, offset), finding, Reader(group, "1", "f"))
    return dead_letter(Record("events.dlq", 0, at, 1000 + at, b"k", value, (("own", b"1"), *headers)))


@pytest.fixture
def judge(registry: FakeRegistry) -> Judge:
    return Judge(CONTRACT, WriterSchemas(registry, CONTRACT, patience_s=0))  # type: ignore[arg-type] - a fake


def test_a_whole_record_is_taken_apart_without_what_is_personal() -> None:
    found = dissect(ROOT, BODY, 5)
    assert found.stop is None
    shown = {part.path: part.shown for part in found.parts}
    assert (shown["user_id"], shown["action"]) == ("***", "'click'")
    assert found.parts[-1].end <= len(BODY) + 5


@pytest.mark.parametrize("length", range(1, len(BODY)))
def test_wherever_the_bytes_end_the_place_is_told(length: int) -> None:
    found = dissect(ROOT, BODY[:length])
    assert found.stop is not None
    assert found.stop.at <= length
    assert all(part.end <= length for part in found.parts)
    assert "someone" not in str(found)


def test_bytes_behind_the_record_are_told() -> None:
    stop = dissect(ROOT, BODY + b"xx", 5).stop
    assert stop is not None
    assert (stop.at, stop.reason) == (len(BODY) + 5, "2 bytes are left behind the record")


def test_causes_are_counted() -> None:
    causes = by_cause([letter(b"x", 1, at=3), letter(b"x", 2, at=1), letter(b"x", 2, "other")], DEAD_LETTER_CAUSE)
    assert [(cause.count, cause.facts["group"]) for cause in causes] == [(2, "user_action-standard"), (1, "other")]
    assert (causes[0].first_ms, causes[0].last_ms, causes[0].example) == (1001, 1003, "0@3")


def test_the_source_is_untouched() -> None:
    source = letter(b"x", 7).source
    assert source is not None
    assert (source.place, source.value, source.headers) == ("events[0]@7", b"x", (("own", b"1"),))
    assert dead_letter(Record("events.dlq", 0, 0, 0, None, b"x")).source is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain, with a blank and ä", "plain, with a blank and ä"),
        ("red \x1b[31m", "red \\x1b[31m"),
        ("two\nlines", "two\\nlines"),
        ("turned \u202e", "turned \\u202e"),
    ],
)
def test_a_terminal_gets_nothing_to_obey(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_plan_sends_each_record_once_and_leaves_what_cannot_be_read(judge: Judge) -> None:
    letters = [
        letter(framed(2), 1),
        letter(framed(2), 1, "user_action-counts"),
        letter(framed(1), 2),
        letter(b"no frame", 3),
        letter(framed(2), 4),
        dead_letter(Record("events.dlq", 0, 9, 0, None, b"x")),
    ]
    plan = make_plan(letters, judge, RedriveOptions(), {"events[0]@4"})
    assert sorted(source.place for _, source in plan.sendings) == ["events[0]@1", "events[0]@2"]
    assert plan.fates["left: redriven before"] == 1
    assert plan.fates["left: a second letter of the same record"] == 1
    assert sum(plan.fates.values()) == len(letters)
    assert len(make_plan(letters, judge, RedriveOptions(limit=1), set()).sendings) == 1
    assert make_plan(letters, judge, RedriveOptions(stage="handle"), set()).sendings == []


def test_the_judge_reads_as_the_group_is_pinned(judge: Judge) -> None:
    assert isinstance(judge.reader(2), Deserializer)
    assert judge.version_for(letter(b"x", 1)) == CONTRACT.reader_version("standard")


def test_lag_has_a_rate_and_a_time_to_catch_up() -> None:
    def look(at_s: float, end: int, done: int | None) -> Look:
        return Look(at_s, {0: 10}, {0: end}, {"g": {0: done}})

    def only(*looks: Any) -> Any:
        return compare(*looks)[0]

    moving = only(look(0, 100, 20), look(10, 110, 60))
    assert (moving.lag, moving.rate, moving.arriving, round(moving.catch_up_s)) == (50, 4.0, 1.0, 17)
    assert only(look(0, 100, 20), look(10, 100, 20)).catch_up_s is None
    assert only(look(0, 100, 20), look(10, 100, 100)).catch_up_s == 0
    assert only(None, look(0, 100, None)).lag == 90
