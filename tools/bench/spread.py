"""Median and spread of a few rounds, and of the ratios of two contenders round by round."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """What several rounds gave: the middle, the least and the greatest."""

    median: float
    low: float
    high: float

    @property
    def percent(self) -> float:
        """Half the way from the least to the greatest, in per cent of the median; 0 where that is 0."""
        return 50 * (self.high - self.low) / abs(self.median) if self.median else 0.0


def spread_of(values: Sequence[float]) -> Spread:
    """Raises ValueError where there are no values."""
    if not values:
        raise ValueError("a spread needs one value at least")
    return Spread(median(values), min(values), max(values))


def paired_ratios(ours: Sequence[float], floor: Sequence[float], allowance: float = 0.0) -> list[float]:
    """Ours by the floor's, each pair from one round: what slows the machine for a while slows both of a pair.

    `allowance` is taken from ours first. A floor of 0 gives infinity. Raises ValueError for unequal lengths.
    """
    return [(mine - allowance) / theirs if theirs else float("inf") for mine, theirs in zip(ours, floor, strict=True)]
