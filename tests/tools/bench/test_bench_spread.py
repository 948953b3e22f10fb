"""Medians, spreads and ratios."""

from __future__ import annotations

import pytest

from tools.bench.spread import paired_ratios, spread_of


def test_a_spread_is_the_middle_the_least_and_the_greatest() -> None:
    assert spread_of([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0)


def test_per_cent_is_half_the_width_by_the_median() -> None:
    assert spread_of([90.0, 100.0, 110.0]).percent == pytest.approx(10)
    assert spread_of([0.0, 0.0]).percent == 0


def test_no_values_have_no_spread() -> None:
    with pytest.raises(ValueError, match="one value"):
        spread_of([])


def test_ratios_pair_the_rounds() -> None:
    assert paired_ratios([10.0, 40.0], [5.0, 10.0]) == [2.0, 4.0]


def test_an_allowance_is_taken_from_ours() -> None:
    assert paired_ratios([11.0], [5.0], allowance=1.0) == [2.0]


def test_a_floor_of_nothing_is_infinitely_exceeded() -> None:
    assert paired_ratios([1.0], [0.0]) == [float("inf")]


def test_rounds_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_ratios([1.0, 2.0], [1.0])
