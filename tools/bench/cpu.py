"""Rates by the processor's time of this thread: what other processes take away in between does not count."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from time import thread_time

from tools.bench.case import Contender, Metric

RATE = Metric("rate", "/s")


def rate(name: str, work: Callable[[], object], count: int, seconds: float) -> Contender:
    """A contender whose `work` does `count` of something: how many a second of one core's time."""

    def measure() -> Mapping[str, float]:
        work()  # caches are made, and warm
        gc.collect()
        passes = 0
        started = now = thread_time()
        while now - started < seconds:
            work()
            passes += 1
            now = thread_time()
        return {RATE.name: passes * count / (now - started)}

    return Contender(name, measure)
