"""Lanes without threads: what is at work comes to its end in an order that a seed draws, so that tests repeat."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from consumers.decoding.deserializer import Decoded
from consumers.effects import Produce
from consumers.handler import Handler, Stateless
from consumers.loop.assignment import Item
from consumers.loop.lanes import Outcome, Work, outcome_of
from consumers.testing.world import World


@dataclass(slots=True)
class DrawnLanes:
    """With one lane the work is done at once; with more, some of it is done whenever the loop looks."""

    world: World
    count: int
    draw: Random
    work_s: float = 0.01
    own_thread: bool = False
    _at_work: list[tuple[Item, Work]] = field(default_factory=list)

    def start(self, item: Item, work: Work) -> None:
        self._at_work.append((item, work))

    def finished(self, timeout_s: float = 0.0) -> list[Outcome]:
        if not self._at_work or (self.count > 1 and timeout_s <= 0 and self.draw.random() < 0.5):
            self.world.now += timeout_s
            return []
        self.world.now += self.work_s
        item, work = self._at_work.pop(self.draw.randrange(len(self._at_work)))
        self.world.point("handle")
        outcome = outcome_of(item, work)
        if outcome.error is None:
            self.world.handled((item.record.partition, item.record.offset), outcome.effects)
        self.world.point("handled")
        return [outcome]

    def close(self) -> None:
        """Nothing runs by itself."""


@dataclass(slots=True)
class WatchedHandler(Stateless):
    """A handler on the loop's own thread: it passes the same points as in a lane."""

    handler: Handler
    world: World

    def handle(self, decoded: Decoded) -> tuple[Produce, ...]:
        self.world.point("handle")
        effects = tuple(self.handler.handle(decoded) or ())
        self.world.handled((decoded.record.partition, decoded.record.offset), effects)
        self.world.point("handled")
        return effects
