"""How old records are when they are done: from the moment in the record to its handling, in buckets."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

# Seconds. Milliseconds while a consumer keeps up; hours while it catches up.
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)


@dataclass(slots=True)
class Latency:
    """`counts` has one number for each bound, of records at most so old, and a last one for all that are older.

    The moment in the record is the producer's clock (or the broker's, where the topic says so): a clock that is ahead
    counts as no age at all.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    sum_s: float = 0.0
    clock: Callable[[], float] = time.time

    def add(self, timestamp_ms: int | None) -> None:
        """A record of that moment is done; one without a moment is left out."""
        if timestamp_ms is None:
            return
        age_s = max(0.0, self.clock() - timestamp_ms / 1000)
        self.counts[bisect_left(BOUNDS, age_s)] += 1
        self.sum_s += age_s

    @property
    def count(self) -> int:
        return sum(self.counts)

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Each bound, the last one infinite, with how many records are not older."""
        total = 0
        for bound, count in zip((*BOUNDS, math.inf), self.counts, strict=True):
            total += count
            yield bound, total

    def within_s(self, share: float) -> float | None:
        """The least bound that `share` of the records keep; None where it is the infinite one, or nothing was read."""
        wanted = share * self.count
        bound = next((bound for bound, total in self.cumulative() if total and total >= wanted), math.inf)
        return bound if bound < math.inf else None

    def as_json(self) -> dict[str, Any]:
        """Of all records of this process."""
        return {
            "count": self.count,
            "sum_s": round(self.sum_s, 3),
            "half_within_s": self.within_s(0.5),
            "99_of_100_within_s": self.within_s(0.99),
        }
