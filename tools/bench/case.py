"""What is compared: a case with its contenders, what each of them is measured by, and what is aimed at."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Literal, NamedTuple

from tools.errors import UserError

BrokerChoice = Literal["auto", "kafka", "embedded"]
Measure = Callable[[], Mapping[str, float]]


class NotHere(UserError):
    """What a row needs, this machine has not; the other rows can be run all the same."""


class Metric(NamedTuple):
    """One thing that a contender is measured by; `name` is its key in what a measurement gives."""

    name: str
    unit: str
    more_is_better: bool = True


class Contender(NamedTuple):
    """Does the job of its case once, for as long as the scale says, and gives the value of each metric."""

    name: str
    measure: Measure


class Aim(NamedTuple):
    """The product's figure against a floor's: `factor` times it at least where more is better, else at most.

    `allowance` is added to the floor's share, in the metric's unit.
    """

    metric: str
    floor: str
    factor: float
    allowance: float = 0.0


class Case(NamedTuple):
    """Contenders that do one job. The first is the product, the others are its floors.

    `x` is the case's place in a row that grows: how many connections, fields and the like. A round is so many
    measurements of each contender, in turns, as there are `pieces`; their mean is the figure of the round.
    """

    name: str
    metrics: tuple[Metric, ...]
    contenders: tuple[Contender, ...]
    aims: tuple[Aim, ...] = ()
    note: str = ""
    x: float | None = None
    pieces: int = 1


class Scale(NamedTuple):
    """How long and how often: `seconds` for one measurement, `rounds` for each contender; `full` for all cases.

    `broker` "auto" takes Apache Kafka where Java and Maven are, else the embedded one.
    """

    seconds: float = 0.5
    rounds: int = 3
    full: bool = False
    broker: BrokerChoice = "auto"

    @property
    def load_seconds(self) -> float:
        """For one measurement over a network: long enough to fill what is between."""
        return max(2.0, 2 * self.seconds)


class Row(NamedTuple):
    """One row of the table; `x_name` says what grows from case to case, if anything.

    `open_cases` keeps what its cases need running until it is exhausted or closed.
    """

    name: str
    title: str
    x_name: str
    open_cases: Callable[[Scale], Generator[Case]]
