"""Latencies in bounded memory: a histogram whose classes grow by 1 %, so that a percentile is exact to 1 %."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

_GROWTH: Final = math.log(1.01)
_SMALLEST_S: Final = 1e-6
SHOWN: Final = (50, 90, 99)


@dataclass(slots=True)
class Latencies:
    """Times from a request's start to its whole answer, in seconds."""

    count: int = 0
    longest_s: float = 0.0
    _classes: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        self.count += 1
        self.longest_s = max(self.longest_s, seconds)
        self._classes[int(math.log(max(seconds, _SMALLEST_S) / _SMALLEST_S) / _GROWTH)] += 1

    def percentile_s(self, percent: float) -> float:
        """The smallest class's upper end that `percent` of the times do not exceed; 0 where nothing was measured."""
        wanted = math.ceil(self.count * percent / 100)
        reached = 0
        for number in sorted(self._classes):
            reached += self._classes[number]
            if reached >= wanted:
                return min(self.longest_s, _SMALLEST_S * math.exp(_GROWTH * (number + 1)))
        return 0.0

    def to_json(self) -> dict[str, float]:
        """Milliseconds: `p50`, `p90`, `p99`, `max`."""
        shown = {f"p{percent}": self.percentile_s(percent) for percent in SHOWN} | {"max": self.longest_s}
        return {name: round(seconds * 1000, 2) for name, seconds in shown.items()}
