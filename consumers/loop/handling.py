"""Between the poll and the commit: each record in hand is prepared, handled in its lane, and settled."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from consumers.decoding.deserializer import Decoded
from consumers.effects import Produce
from consumers.faults import RecordFault, Unavailable
from consumers.loop.assignment import Assignment, Item
from consumers.loop.attempts import Attempts
from consumers.loop.lanes import Lanes, Outcome
from consumers.loop.liveness import Liveness
from consumers.loop.steps import Steps
from consumers.record import Record
from consumers.running.progress import Progress

_GLANCE_S: Final = 0.2


@dataclass(slots=True)
class Handling:
    """Works off what `assignment` has in hand."""

    assignment: Assignment
    lanes: Lanes
    steps: Steps
    progress: Progress
    liveness: Liveness
    clock: Callable[[], float] = time.monotonic
    _outcomes: deque[Outcome] = field(default_factory=deque)

    @property
    def busy(self) -> bool:
        return bool(self.assignment.running())

    def show_liveness(self) -> None:
        """The loop came round."""
        self.liveness.come_round(min((i.started_at or 0.0 for i in self.assignment.running()), default=None))

    def work(self, stopped: Callable[[], bool]) -> None:
        """Settle what came to its end, and begin what can be begun. Raises Unavailable and ConsumerError."""
        ours = self.assignment
        if ours.fresh:
            fresh = frozenset(ours.fresh)
            self.steps.handler.assign(fresh)
            ours.fresh -= fresh
        self.settle()
        while not stopped() and (item := ours.next_item(self.clock())) is not None:
            self._start(item)
            self.settle()

    def can_do_at_once(self) -> bool:
        """Whether the next record may be done without a place in hand: nothing stands before it."""
        ours = self.assignment
        at_once = self.lanes.own_thread and self.steps.tracing is None
        return at_once and not (ours.fresh or self._outcomes or ours.in_hand)

    def do_at_once(self, record: Record, attempts: Callable[[], Attempts]) -> bool:
        """Do a record from end to end, if `can_do_at_once`; whether it is done.

        What is out of the ordinary (a failure, something to produce, a partition that came just now) gets a place in
        hand, and goes on from there the long way. Raises what no record can be blamed for.
        """
        if self.assignment.fresh:
            self.assignment.take(record, attempts())
            return False
        steps, started_at = self.steps, self.clock()
        self.liveness.come_round(started_at)
        try:
            decoded = steps.read(record)
        except (RecordFault, Unavailable):
            self.assignment.take(record, attempts())  # it is read once more, by those who know what to do then
            return False
        if decoded is not None:
            error: Exception | None = None
            effects: tuple[Produce, ...] = ()
            try:
                effects = tuple(steps.handler.handle(decoded) or ())
            except Exception as raised:  # noqa: BLE001 - whatever a handler raises is judged by the loop
                error = raised
            if error is not None or effects:
                self._go_on(self.assignment.take(record, attempts()), decoded, started_at, effects, error)
                return False
            steps.pass_on(decoded)
        self.assignment.pass_by(record)
        return True

    def _go_on(
        self, item: Item, decoded: Decoded, started_at: float, effects: tuple[Produce, ...], error: Exception | None
    ) -> None:
        """The long way from where the handler has come to its end."""
        item.decoded, item.running, item.started_at = decoded, True, started_at
        self._outcomes.append(Outcome(item, effects, error))

    def collect(self, wait_s: float) -> None:
        """Wait for a handler to come to its end."""
        self._outcomes.extend(self.lanes.finished(wait_s))

    def settle(self, wait_s: float = 0.0) -> None:
        """Take the outcomes, each once, but again where a dependency is away. Raises Unavailable."""
        self.collect(wait_s)
        while self._outcomes:
            item, error = self._outcomes[0].item, self._outcomes[0].error
            if not item.ours:
                self.assignment.leave_lane(item)
            elif isinstance(error, Unavailable):
                item.running = False  # its handler is asked again
                self._outcomes.popleft()
                raise error
            else:
                self._settle(self._outcomes[0])
            self._outcomes.popleft()

    def drain(self, partitions: Collection[int], deadline: float) -> None:
        """Wait until no handler is at work on a record of `partitions`. Raises Unavailable."""
        self.settle()
        while self.assignment.running(partitions) and (left_s := deadline - self.clock()) > 0:
            self.settle(min(left_s, _GLANCE_S))

    def _start(self, item: Item) -> None:
        try:
            work = self.steps.prepare(item)
        except RecordFault as fault:
            self._dead_letter(item, fault)
            return
        if work is None:
            self.assignment.finish(item)
            return
        item.running, item.started_at = True, self.clock()
        self.liveness.come_round(item.started_at)  # on the loop's own thread nobody could say it later
        self.lanes.start(item, work)

    def _settle(self, outcome: Outcome) -> None:
        item, error = outcome.item, outcome.error
        if error is None:
            self.steps.take(item, outcome.effects)
            self.assignment.finish(item)
            return
        if not isinstance(error, Exception):
            raise error
        if item.fault is None:
            try:
                item.retry_at = self.clock() + self.steps.judge(item, error)
            except RecordFault as fault:
                item.fault = fault
            else:
                item.running = False
                self.progress.retries += 1
                return
        self._dead_letter(item, item.fault)

    def _dead_letter(self, item: Item, fault: RecordFault) -> None:
        self.steps.dead_letter(item, fault)
        self.assignment.finish(item)
