"""The consumer loop: poll, decode, handle or dead-letter, make durable, commit; in that order and never otherwise.

An offset is committed only after the handler's effects and every dead letter before it are confirmed (at least once),
or in one transaction with them (`consumers.loop.transactions`). While a dependency is away, or too much is in hand,
the partitions are paused and polling goes on, so that the member keeps its place in the group.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from consumers.faults import ConsumerError, Unavailable
from consumers.loop.assignment import Assignment
from consumers.loop.attempts import Attempts, DeadLetterLimitReached
from consumers.loop.backoff import Backoff
from consumers.loop.brake import Brake
from consumers.loop.commits import Committing, TakenBack, polled_record
from consumers.loop.handling import Handling
from consumers.loop.lanes import Lanes, OwnThread
from consumers.loop.liveness import Liveness
from consumers.loop.steps import Steps
from consumers.record import Record
from consumers.running.progress import Reporter, State

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

log = logging.getLogger(__name__)

_POLL_S: Final = 0.2
# While handlers are at work, their end is waited for instead of the next record.
_GLANCE_S: Final = 0.05
# Longest wait for the broker's word in one attempt; the group's session goes on meanwhile.
_CONFIRM_S: Final = 5.0
# How long records are done at once before the loop looks around again.
_STRETCH_S: Final = 0.05


@dataclass(slots=True)
class Loop:
    """Runs one handler over one topic until `stop` is set. Not reusable.

    At most `most_in_hand` records are polled and not done. `attempts` makes the attempts of one record.
    """

    consumer: Consumer
    commits: Committing
    steps: Steps
    reporter: Reporter
    stop: threading.Event
    commit_interval_s: float = 1.0
    stop_within_s: float = 10.0
    most_in_hand: int = 500
    attempts: Callable[[], Attempts] = Attempts
    lanes: Lanes = field(default_factory=OwnThread)
    liveness: Liveness = field(default_factory=Liveness)
    backoff: Backoff = field(default_factory=Backoff)
    clock: Callable[[], float] = time.monotonic
    _assignment: Assignment = field(init=False)
    _handling: Handling = field(init=False)
    _brake: Brake = field(init=False)
    _astray: dict[int, int | None] = field(default_factory=dict)
    _commit_due: float = 0.0
    _fault: ConsumerError | None = None
    _closing: bool = False

    def __post_init__(self) -> None:
        self._assignment = Assignment(self.lanes.count)
        progress = self.reporter.progress
        self._handling = Handling(self._assignment, self.lanes, self.steps, progress, self.liveness, self.clock)
        self._brake = Brake(self.consumer, self.most_in_hand, self.backoff, self.clock)

    def run(self) -> None:
        """Consume until stopped, then make durable, commit and leave the group.

        Raises ConsumerError for what a person must mend, also when the last work could not be made durable.
        """
        self.begin()
        self.run_to_end()

    def run_to_end(self) -> None:
        """What `run` does after `begin`."""
        try:
            while not self.stop.is_set():
                self.step()
            self._finish()
            self.reporter.progress.state = State.STOPPED
        except DeadLetterLimitReached:
            with suppress(ConsumerError):  # the limit is what there is to tell
                self._finish()
            raise
        finally:
            self._closing = True
            self.lanes.close()
            self.commits.close()
            self.reporter.report(final=True)
            self.consumer.close()

    def begin(self) -> None:
        """Join the group."""
        self.consumer.subscribe(
            [self.commits.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )
        self.reporter.report()

    def step(self) -> None:
        """One poll and the work that follows from it. Raises ConsumerError for what a person must mend."""
        self._poll()
        self._handling.show_liveness()
        self._raise_fault()
        if self.commits.overdue:
            self._take_back()
        if self._brake.waiting:
            self.reporter.tick()
            return
        try:
            self._go_back()
            self._handling.work(self.stop.is_set)
            self._run_ahead()
            self._raise_fault()
            if self.clock() >= self._commit_due and not self.commits.in_flight:
                self._checkpoint(_CONFIRM_S)
        except TakenBack as reason:
            self._take_back()
            self._pause(reason)
        except Unavailable as reason:
            self._pause(reason)
        else:
            if self._brake.resume():
                self._show_assignment()
        self._brake.limit(self._assignment.in_hand)
        self.reporter.tick()

    def _raise_fault(self) -> None:
        """What a callback met during a poll: nothing may be committed after it."""
        if self._fault is not None:
            raise self._fault

    def _poll(self) -> None:
        busy = self._handling.busy and not self._brake.paused
        record = self._next(0.0 if busy else _POLL_S)
        if record is not None:
            self._assignment.take(record, self.attempts())
        elif busy:
            self._handling.collect(_GLANCE_S)
        if self._brake.held and self._assignment.fresh:
            self._brake.hold()

    def _next(self, timeout_s: float) -> Record | None:
        """A record of ours, if one comes within that time; meanwhile partitions may come and go."""
        record = polled_record(self.consumer.poll(timeout_s))
        return record if record is not None and record.partition in self._assignment.owned else None

    def _run_ahead(self) -> None:
        """Do what is there already, one record after the other, for as long as nothing is out of the ordinary."""
        if self._brake.held or not self._handling.can_do_at_once():
            return
        until = self.clock() + _STRETCH_S
        while not self.stop.is_set() and self.clock() < until and (record := self._next(0.0)) is not None:
            if self._fault is not None or self._astray:  # a partition went during the poll, and not smoothly
                self._assignment.take(record, self.attempts())
                return
            if not self._handling.do_at_once(record, self.attempts):
                self._handling.work(self.stop.is_set)
                if not self._handling.can_do_at_once():
                    return

    def _pause(self, reason: Unavailable) -> None:
        self._brake.pause(reason)
        self.reporter.progress.state = State.PAUSED
        self.reporter.progress.retries += 1

    def _checkpoint(self, timeout_s: float) -> None:
        """Make durable what was handled, then start to commit it. Raises Unavailable or ConsumerError."""
        self._commit_due = self.clock() + self.commit_interval_s
        offsets = self.commits.missing(self._assignment.done)
        if offsets:
            self.steps.make_durable(timeout_s)
            self.commits.send(self.consumer, offsets)

    def _take_back(self) -> None:
        """Undo what is in no transaction that was committed; where that was more than nothing, read it again."""
        if self.commits.take_back():
            first = {number: self._assignment.first.get(number) for number in self._assignment.owned}
            self._release(first)
            self._astray |= first

    def _go_back(self) -> None:
        """To where the group is, with the partitions whose records have to be read again. Raises Unavailable."""
        if self._astray:
            self.commits.rewind(self.consumer, self._astray)
            self._assignment.add(self._astray)
            self._astray = {}
            self._show_assignment()

    def _finish(self) -> None:
        """Let the handlers come to their end, make durable and commit, and wait for the broker's word."""
        deadline = self.clock() + self.stop_within_s
        self._brake.hold()
        try:
            self._handling.drain(self._assignment.owned, deadline)
            while self.commits.missing(self._assignment.done) and self.clock() <= deadline:
                if not self.commits.in_flight:
                    self._checkpoint(_CONFIRM_S)
                self.consumer.poll(_POLL_S)  # brings the answer; a record that slips through is read again
                self._raise_fault()
        except Unavailable as reason:
            raise ConsumerError(
                f"stopped before everything was safe: {reason}; what is not committed will be read again"
            ) from reason
        if self.commits.missing(self._assignment.done):
            raise ConsumerError("stopped before the broker confirmed the commit: some records will be read again")
        if at_work := self._assignment.running():
            raise ConsumerError(
                f"stopped while a handler was still at work on {', '.join(i.record.place for i in at_work)}, "
                f"{self.stop_within_s:g} s after it was told to stop: what it has not finished will be read again"
            )

    def _on_assign(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        self._assignment.add({each.partition for each in partitions})
        self._show_assignment()
        self.reporter.report()
        log.info("assigned %s of %s", sorted(self._assignment.owned), self.commits.topic)

    def _on_revoke(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        try:
            if not self._closing:
                self._handling.drain({each.partition for each in partitions}, self.clock() + _CONFIRM_S)
                self._checkpoint(_CONFIRM_S)  # librdkafka sends this commit before it gives the partitions back
        except Unavailable as reason:
            log.warning("gave partitions back before all was safe, their next owner reads again: %s", reason)
            self._take_back()
        except ConsumerError as fault:
            self._fault = fault  # raised behind the poll: a callback's exception would be lost in the client
        self._let_go(partitions)

    def _on_lost(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        log.warning("lost %s of %s: others own them already", [p.partition for p in partitions], self.commits.topic)
        self._take_back()
        self._let_go(partitions)

    def _let_go(self, partitions: list[TopicPartition]) -> None:
        self.consumer.resume(partitions)  # a pause outlives the assignment: coming back, they would bring nothing
        self._release({each.partition for each in partitions})

    def _release(self, partitions: Collection[int]) -> None:
        self._assignment.remove(partitions)
        self._astray = {number: first for number, first in self._astray.items() if number not in partitions}
        self.commits.forget(partitions)
        self.steps.discard(partitions)
        self._show_assignment()

    def _show_assignment(self) -> None:
        progress = self.reporter.progress
        progress.assigned = sorted(self._assignment.owned)
        progress.state = State.READY if self._assignment.owned else State.STARTING
