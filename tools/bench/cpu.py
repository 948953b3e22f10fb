"""Rates by the processor's time of this thread: what other processes take away in between does not count.

Of all passes over the same work the one in the middle counts, since others also take caches away.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import thread_time

from tools.bench.case import Contender, Metric

RATE = Metric("rate", "/s")


def rate(name: str, work: Callable[[], object], count: int, seconds: float) -> Contender:
    """A contender whose `work` does `count` of something: how many a second of one core's time."""

    def measure() -> Mapping[str, float]:
        work()  # caches are made, and warm
        gc.collect()
        passes: list[float] = []
        while sum(passes) < seconds:
            started = thread_time()
            work()
            passes.append(thread_time() - started)
        return {RATE.name: count / median(passes)}

    return Contender(name, measure)
