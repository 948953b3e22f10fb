"""The consumer loop: poll, decode, handle or dead-letter, make durable, commit; in that order and never otherwise.

Guarantee: at least once. An offset is committed only after the handler's effects and every dead letter before it are
confirmed. While a dependency is away, or too much is in hand, the partitions are paused and polling goes on, so that
the member keeps its place in the group.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from consumers.assignment import Assignment, Item
from consumers.attempts import Attempts, DeadLetterLimitReached
from consumers.backoff import Backoff
from consumers.commits import Commits, polled_record
from consumers.faults import ConsumerError, RecordFault, Unavailable
from consumers.lanes import Lanes, Outcome, OwnThread
from consumers.liveness import Liveness
from consumers.progress import Reporter, State
from consumers.steps import Steps

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

log = logging.getLogger(__name__)

_POLL_S: Final = 0.2
# While handlers are at work, their end is waited for instead of the next record.
_GLANCE_S: Final = 0.05
# Longest wait for the broker's word in one attempt; the group's session goes on meanwhile.
_CONFIRM_S: Final = 5.0


@dataclass(slots=True)
class Loop:
    """Runs one handler over one topic until `stop` is set. Not reusable.

    At most `most_in_hand` records are polled and not done. `attempts` makes the attempts of one record.
    """

    consumer: Consumer
    commits: Commits
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
    _outcomes: deque[Outcome] = field(default_factory=deque)
    _commit_due: float = 0.0
    _retry_at: float | None = None
    _full: bool = False
    _fault: ConsumerError | None = None
    _closing: bool = False

    def __post_init__(self) -> None:
        self._assignment = Assignment(self.lanes.count)

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
        self.liveness.come_round(min((i.started_at or 0.0 for i in self._assignment.running()), default=None))
        if self._fault is not None:
            raise self._fault
        if self._retry_at is not None and self.clock() < self._retry_at:
            self.reporter.tick()
            return
        try:
            self._work()
            if self.clock() >= self._commit_due and not self.commits.in_flight:
                self._checkpoint(_CONFIRM_S)
        except Unavailable as reason:
            self._pause(reason)
        else:
            self._resume()
        self._hold_back()
        self.reporter.tick()

    def _poll(self) -> None:
        busy = bool(self._assignment.running()) and self._retry_at is None
        record = polled_record(self.consumer.poll(0.0 if busy else _POLL_S))
        if record is not None and record.partition in self._assignment.owned:
            self._assignment.take(record, self.attempts())
        elif busy and record is None:
            self._outcomes.extend(self.lanes.finished(_GLANCE_S))
        if self._held and self._assignment.fresh:
            self.consumer.pause(self.consumer.assignment())

    def _work(self) -> None:
        ours = self._assignment
        if ours.fresh:
            fresh = frozenset(ours.fresh)
            self.steps.handler.assign(fresh)
            ours.fresh -= fresh
        self._settle_finished()
        while not self.stop.is_set() and (item := ours.next_item(self.clock())) is not None:
            self._start(item)
            self._settle_finished()

    def _start(self, item: Item) -> None:
        try:
            work = self.steps.prepare(item)
        except RecordFault as fault:
            self._dead_letter(item, fault)
            return
        if work is None:
            self._assignment.finish(item)
            return
        item.running, item.started_at = True, self.clock()
        self.liveness.come_round(item.started_at)  # on the loop's own thread nobody could say it later
        self.lanes.start(item, work)

    def _settle_finished(self, wait_s: float = 0.0) -> None:
        """Take the outcomes, each once, but again where a dependency is away. Raises Unavailable."""
        self._outcomes.extend(self.lanes.finished(wait_s))
        while self._outcomes:
            item, error = self._outcomes[0].item, self._outcomes[0].error
            if not item.ours:
                self._assignment.leave_lane(item)
            elif isinstance(error, Unavailable):
                item.running = False  # its handler is asked again
                self._outcomes.popleft()
                raise error
            else:
                self._settle(self._outcomes[0])
            self._outcomes.popleft()

    def _settle(self, outcome: Outcome) -> None:
        item, error = outcome.item, outcome.error
        if error is None:
            self.steps.take(item, outcome.effects)
            self._assignment.finish(item)
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
                self.reporter.progress.retries += 1
                return
        self._dead_letter(item, item.fault)

    def _dead_letter(self, item: Item, fault: RecordFault) -> None:
        self.steps.dead_letter(item, fault)
        self._assignment.finish(item)

    def _checkpoint(self, timeout_s: float) -> None:
        """Make durable what was handled, then start to commit it. Raises Unavailable or ConsumerError."""
        self._commit_due = self.clock() + self.commit_interval_s
        offsets = self.commits.missing(self._assignment.done)
        if offsets:
            self.steps.make_durable(timeout_s)
            self.commits.send(self.consumer, offsets)

    @property
    def _held(self) -> bool:
        return self._full or self._retry_at is not None

    def _pause(self, reason: Unavailable) -> None:
        wait_s = self.backoff.next_s()
        if not self._held:
            self.consumer.pause(self.consumer.assignment())
        if self._retry_at is None:
            log.warning("paused: %s", reason)
        self._retry_at = self.clock() + wait_s
        self.reporter.progress.state = State.PAUSED
        self.reporter.progress.retries += 1

    def _resume(self) -> None:
        if self._retry_at is None:
            return
        self._retry_at = None
        self.backoff.reset()
        if not self._full:
            self.consumer.resume(self.consumer.assignment())
        self._show_assignment()
        log.info("resumed")

    def _hold_back(self) -> None:
        """Fetch no more than the handlers can take; the rest waits at the broker."""
        in_hand = self._assignment.in_hand
        if not self._full and in_hand >= self.most_in_hand:
            if not self._held:
                self.consumer.pause(self.consumer.assignment())
            self._full = True
        elif self._full and in_hand <= self.most_in_hand // 2:
            self._full = False
            if not self._held:
                self.consumer.resume(self.consumer.assignment())

    def _finish(self) -> None:
        """Let the handlers come to their end, make durable and commit, and wait for the broker's word."""
        deadline = self.clock() + self.stop_within_s
        self.consumer.pause(self.consumer.assignment())
        try:
            self._drain(self._assignment.owned, deadline)
            while self.commits.missing(self._assignment.done) and self.clock() <= deadline:
                if not self.commits.in_flight:
                    self._checkpoint(_CONFIRM_S)
                self.consumer.poll(_POLL_S)  # brings the answer; a record that slips through is read again
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

    def _drain(self, partitions: Collection[int], deadline: float) -> None:
        """Wait until no handler is at work on a record of `partitions`. Raises Unavailable."""
        self._settle_finished()
        while self._assignment.running(partitions) and (left_s := deadline - self.clock()) > 0:
            self._settle_finished(min(left_s, _POLL_S))

    def _on_assign(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        self._assignment.add({each.partition for each in partitions})
        self._show_assignment()
        self.reporter.report()
        log.info("assigned %s of %s", sorted(self._assignment.owned), self.commits.topic)

    def _on_revoke(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        try:
            if not self._closing:
                self._drain({each.partition for each in partitions}, self.clock() + _CONFIRM_S)
                self._checkpoint(_CONFIRM_S)  # librdkafka sends this commit before it gives the partitions back
        except Unavailable as reason:
            log.warning("gave partitions back before all was safe, their next owner reads again: %s", reason)
        except ConsumerError as fault:
            self._fault = fault  # raised by the next step: a callback's exception would be lost in the client
        self._release(partitions)

    def _on_lost(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        log.warning("lost %s of %s: others own them already", [p.partition for p in partitions], self.commits.topic)
        self._release(partitions)

    def _release(self, partitions: list[TopicPartition]) -> None:
        numbers = {each.partition for each in partitions}
        self.consumer.resume(partitions)  # a pause outlives the assignment: coming back, they would bring nothing
        self._assignment.remove(numbers)
        self.commits.forget(numbers)
        self.steps.discard(numbers)
        self._show_assignment()

    def _show_assignment(self) -> None:
        progress = self.reporter.progress
        progress.assigned = sorted(self._assignment.owned)
        progress.state = State.READY if self._assignment.owned else State.STARTING
