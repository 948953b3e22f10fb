"""Clocks that leap: a process that stood still, a machine that slept, a wall clock that was put right."""

from __future__ import annotations

import re

import pytest
from confluent_kafka import Message

from producer_api.health import Probe
from tests.consumers.fakes import Clock, FakeProducer, FakeRegistry, framed, message
from tests.consumers.test_loop import Bench, FakeConsumer
from tools.project import this_code

LEAPS_S = (-86_400.0, 45.0, 86_400.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bench(clock: Clock) -> Bench:
    return Bench(FakeRegistry(), FakeProducer(), clock)


def test_only_what_looks_back_at_a_topic_asks_what_time_of_day_it_is() -> None:
    """Waits and deadlines are counted by a clock that nobody can put right (PEP 418, "time.monotonic()")."""
    wall = re.compile(r"time\.time\(|datetime\.now\(|utcnow\(|\btime_ns\(")
    code = this_code()
    asking = {
        str(path.relative_to(code))
        for room in ("producer_api", "consumers")
        for path in (code / room).rglob("*.py")
        if wall.search(path.read_text(encoding="utf-8"))
    }
    assert asking == {"consumers/topic_reading.py", "consumers/on_call/redrive.py"}


@pytest.mark.parametrize("leap_s", [leap for leap in LEAPS_S if leap > 0])
def test_a_leap_between_records_skips_and_repeats_none(bench: Bench, clock: Clock, leap_s: float) -> None:
    bench.run(message(framed(2), 0), lambda: clock.advance(leap_s), message(framed(1), 1), message(b"junk", 2))
    assert bench.handler.handled == [(0, 0), (0, 1)]
    assert [sent["value"] for sent in bench.producer.delivered] == [b"junk"]
    assert bench.consumer.committed == {0: 3}


@pytest.mark.parametrize("leap_s", [leap for leap in LEAPS_S if leap > 0])
def test_a_leap_while_the_registry_is_away_dead_letters_nothing(bench: Bench, clock: Clock, leap_s: float) -> None:
    bench.registry.away = ConnectionError("refused")
    polls = 0

    def poll(timeout: float) -> Message | None:
        nonlocal polls
        polls += 1
        if polls == 20:
            clock.advance(leap_s)
        if polls == 40:
            bench.registry.away = None
        return FakeConsumer.poll(bench.consumer, timeout)

    bench.consumer.poll = poll  # type: ignore[method-assign]  # a spy
    bench.run(message(framed(1), 0))
    assert (bench.handler.handled, bench.producer.delivered) == ([(0, 0)], [])


@pytest.mark.parametrize("leap_s", LEAPS_S)
async def test_a_probe_asks_again_soon_after_a_leap(clock: Clock, leap_s: float) -> None:
    answers = iter(["the brokers do not answer", "ok"])
    probe = Probe(lambda: next(answers), 1.0, clock)
    assert await probe.check() == "the brokers do not answer"
    clock.advance(leap_s)
    clock.advance(1.0)
    assert await probe.check() == "ok"
