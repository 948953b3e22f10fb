"""Runs the contenders of a case in turns, and judges what they gave."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from statistics import fmean
from typing import Any, Final, NamedTuple

from tools.bench.case import Aim, Case, Metric, NotHere, Row, Scale
from tools.bench.spread import Spread, paired_ratios, spread_of
from tools.errors import UserError

Samples = Mapping[str, Mapping[str, Sequence[float]]]
Say = Callable[[str], None]
_GROWTH_ROUNDS: Final = 3  # a curve shows by its other points what is a slip


class Verdict(NamedTuple):
    """An aim, and how near it came: the median and spread of the ratios of all rounds."""

    aim: Aim
    at_least: bool
    ratio: Spread

    @property
    def met(self) -> bool:
        return self.ratio.median >= self.aim.factor if self.at_least else self.ratio.median <= self.aim.factor


class Outcome(NamedTuple):
    """A case that was run. `samples` has the rounds by contender and metric."""

    row: str
    case: Case
    samples: Samples

    def spread(self, contender: str, metric: str) -> Spread:
        return spread_of(self.samples[contender][metric])

    @property
    def verdicts(self) -> list[Verdict]:
        return [self._judge(aim) for aim in self.case.aims]

    def ratio(self, floor: str, metric: str, allowance: float = 0.0) -> Spread:
        """The product's figures by a floor's."""
        ours = self.samples[self.case.contenders[0].name][metric]
        return spread_of(paired_ratios(ours, self.samples[floor][metric], allowance))

    def _judge(self, aim: Aim) -> Verdict:
        metric = next(metric for metric in self.case.metrics if metric.name == aim.metric)
        return Verdict(aim, metric.more_is_better, self.ratio(aim.floor, aim.metric, aim.allowance))

    def as_json(self) -> dict[str, Any]:
        """All of it in plain values."""
        return {
            "row": self.row,
            "case": self.case.name,
            "note": self.case.note,
            "x": self.case.x,
            "contenders": [contender.name for contender in self.case.contenders],
            "metrics": [self._metric_json(metric) for metric in self.case.metrics],
            "aims": [
                {
                    **verdict.aim._asdict(),
                    "at_least": verdict.at_least,
                    "ratio": verdict.ratio._asdict(),
                    "met": verdict.met,
                }
                for verdict in self.verdicts
            ],
        }

    def _metric_json(self, metric: Metric) -> dict[str, Any]:
        figures = {
            contender.name: {
                **self.spread(contender.name, metric.name)._asdict(),
                "rounds": list(self.samples[contender.name][metric.name]),
            }
            for contender in self.case.contenders
            if metric.name in self.samples[contender.name]
        }
        return {**metric._asdict(), "contenders": figures}


class Run(NamedTuple):
    """What was measured, and the rows that were left out or failed, with the reason."""

    outcomes: list[Outcome]
    left_out: dict[str, str]
    failed: dict[str, str]


def run_case(row: str, case: Case, rounds: int) -> Outcome:
    """Every contender in each piece of a round; every other time backwards, so that none is always the first."""
    pieces: dict[str, dict[str, list[float]]] = {contender.name: {} for contender in case.contenders}
    for number in range(rounds * case.pieces):
        for contender in case.contenders if number % 2 == 0 else reversed(case.contenders):
            for metric, value in contender.measure().items():
                pieces[contender.name].setdefault(metric, []).append(value)
    samples = {
        name: {metric: _means(values, case.pieces) for metric, values in figures.items()}
        for name, figures in pieces.items()
    }
    return Outcome(row, case, samples)


def _means(values: Sequence[float], size: int) -> list[float]:
    """The mean of each `size` values that follow each other."""
    return [fmean(values[start : start + size]) for start in range(0, len(values), size)]


def run_rows(rows: Iterable[Row], scale: Scale, say: Say, show: Callable[[Outcome], None]) -> Run:
    """All cases of the rows; each is shown as soon as it is there. A row that fails does not keep the others back."""
    run = Run([], {}, {})
    for row in rows:
        say(f"\n{row.title}")
        rounds = min(scale.rounds, _GROWTH_ROUNDS) if row.x_name else scale.rounds
        try:
            with closing(row.open_cases(scale)) as cases:
                for case in cases:
                    run.outcomes.append(run_case(row.name, case, rounds))
                    show(run.outcomes[-1])
        except NotHere as error:
            run.left_out[row.name] = str(error)
            say(f"  left out: {error}")
        except UserError as error:
            run.failed[row.name] = str(error)
            say(f"  FAILED: {error}")
        except Exception as error:  # noqa: BLE001 - a mistake of the benchmark's own; what was measured is not lost for it
            run.failed[row.name] = repr(error)
            say(f"  FAILED: {traceback.format_exc()}")
    return run
