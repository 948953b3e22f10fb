"""Rates of one thread's work."""

from __future__ import annotations

from time import thread_time

import pytest

from tools.bench import cpu
from tools.bench.cpu import rate


def test_the_pass_in_the_middle_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 10.0, 12.0, 20.0, 29.0])  # passes of 1, 2 and 9 seconds
    monkeypatch.setattr(cpu, "thread_time", lambda: next(times))
    calls: list[int] = []
    contender = rate("work", lambda: calls.append(1), count=100, seconds=5 * cpu.PIECES)
    assert contender.measure() == {"rate": 50.0}
    assert len(calls) == 4, "one pass to warm up"


def test_a_contender_is_warmed_up_once() -> None:
    calls: list[int] = []
    contender = rate("work", lambda: calls.append(1), count=1, seconds=1e-9)
    contender.measure()
    contender.measure()
    assert len(calls) == 3


def test_real_work_has_a_rate() -> None:
    def work() -> None:
        end = thread_time() + 0.001
        while thread_time() < end:
            pass

    assert 0 < rate("work", work, count=1, seconds=0.002).measure()["rate"] <= 1000
