from __future__ import annotations

import io
import json
import logging
from enum import StrEnum

import pytest

from consumers.faults import ConsumerError
from consumers.running.progress import Progress, Reporter, State
from consumers.running.tally import attribute_of, text_of
from tests.consumers.fakes import CONTRACT, Clock


def progress() -> Progress:
    made = Progress("standard", "user_action", 2, "action", state=State.READY, seen=3, assigned=[0, 1])
    made.totals.update({"search": 1, "click": 2})
    made.positions.update({1: 5, 0: 7})
    made.lag = {0: 12}
    return made


def test_a_line_holds_every_field_and_says_whether_it_is_the_last(clock: Clock) -> None:
    out = io.StringIO()
    reporter = Reporter(progress(), as_json=True, out=out, clock=clock)
    reporter.report()
    reporter.report(final=True)
    first, last = (json.loads(line) for line in out.getvalue().splitlines())
    assert first == {
        "consumer": "standard",
        "contract": "user_action",
        "reader_version": 2,
        "counted_field": "action",
        "state": "ready",
        "seen": 3,
        "decoded": 0,
        "tombstones": 0,
        "foreign": 0,
        "dead_lettered": 0,
        "redelivered": 0,
        "repeated": 0,
        "late": 0,
        "retries": 0,
        "totals": {"click": 2, "search": 1},
        "by_schema_version": {},
        "dead_letters_by_stage": {},
        "aggregate": None,
        "assigned": [0, 1],
        "positions": {"0": 7, "1": 5},
        "lag": {"0": 12},
        "latency": {"count": 0, "sum_s": 0.0, "half_within_s": None, "99_of_100_within_s": None},
        "restored": 0,
        "final": False,
    }
    assert last == {**first, "final": True}


def test_a_tick_reports_once_an_interval(clock: Clock) -> None:
    out = io.StringIO()
    reporter = Reporter(progress(), as_json=True, interval_s=1, out=out, clock=clock)
    for _ in range(25):
        reporter.tick()
        clock.advance(0.125)
    assert len(out.getvalue().splitlines()) == 4


def test_before_a_report_what_it_holds_is_measured(clock: Clock) -> None:
    out, made = io.StringIO(), progress()

    def measure() -> None:
        made.lag = {1: 99}

    Reporter(made, as_json=True, out=out, clock=clock, measure=measure).report()
    assert json.loads(out.getvalue())["lag"] == {"1": 99}


def test_people_read_only_what_is_new(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    made = progress()
    reporter = Reporter(made, clock=clock)
    with caplog.at_level(logging.INFO):
        reporter.report()
        reporter.report()
        made.seen += 1
        reporter.report()
        reporter.report(final=True)
    assert [entry.message.split(";")[0] for entry in caplog.records] == [
        "ready: seen 3",
        "ready: seen 4",
        "ready: seen 4",
    ]


def test_a_reader_that_went_away_stops_the_lines_and_not_the_consumer(clock: Clock) -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    reporter = Reporter(progress(), as_json=True, out=Closed(), clock=clock)
    reporter.report()
    assert not reporter.as_json
    reporter.report(final=True)


def test_a_value_is_counted_under_its_symbol_or_its_text() -> None:
    class Action(StrEnum):
        CLICK = "click"

    assert [text_of(value) for value in (Action.CLICK, "x", 3, None)] == ["click", "x", "3", "None"]


def test_the_counted_field_goes_by_its_wire_name() -> None:
    assert attribute_of(CONTRACT.model(2), "page_url") == "page_url"
    with pytest.raises(ConsumerError, match=r"version 1 .* has no field 'page_url'; its fields are action, event_id"):
        attribute_of(CONTRACT.model(1), "page_url")


def test_personal_data_is_never_counted_by_value() -> None:
    with pytest.raises(ConsumerError, match=r"'user_id' .* is tagged PII"):
        attribute_of(CONTRACT.model(2), "user_id")
