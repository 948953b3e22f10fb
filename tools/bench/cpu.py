"""Rates by the processor's time of this thread: what other processes take away in between does not count.

A processor that is shared is faster in one second and slower in the next, by half and more. So contenders change places
many times in a round (`PIECES`). Of the passes of a piece the one in the middle counts, since others also take caches
away.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from statistics import median
from time import thread_time
from typing import Final

from tools.bench.case import Aim, Case, Contender, Metric

RATE: Final = Metric("rate", "/s")
PIECES: Final = 10


def rate(name: str, work: Callable[[], object], count: int, seconds: float) -> Contender:
    """A contender whose `work` does `count` of something: how many a second of one core's time.

    `seconds` are those of a round, and a measurement is a piece of it.
    """
    is_warm = False

    def measure() -> Mapping[str, float]:
        nonlocal is_warm
        if not is_warm:
            work()  # caches are made
            is_warm = True
        gc.collect()
        passes: list[float] = []
        while sum(passes) < seconds / PIECES:
            started = thread_time()
            work()
            passes.append(thread_time() - started)
        return {RATE.name: count / median(passes)}

    return Contender(name, measure)


def rate_case(
    name: str, contenders: Iterable[Contender], aims: Iterable[Aim] = (), note: str = "", x: float | None = None
) -> Case:
    """A case whose contenders are rates."""
    return Case(name, (RATE,), tuple(contenders), tuple(aims), note, x, PIECES)
