"""The consumer loop: poll, decode, handle or dead-letter, make durable, commit; in that order and never otherwise.

Guarantee: at least once. An offset is committed only after the handler's effects and every dead letter before it are
confirmed. While a dependency is away the partitions are paused and polling goes on, so that the member keeps its place
in the group.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from consumers.assignment import Assignment
from consumers.backoff import Backoff
from consumers.commits import Commits, polled_record
from consumers.dead_letter import DeadLetterQueue
from consumers.deserializer import Deserializer
from consumers.faults import ConsumerError, Unavailable, Undecodable
from consumers.handler import Handler
from consumers.progress import Reporter, State
from consumers.record import Record
from consumers.tally import Tally

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

log = logging.getLogger(__name__)

_POLL_S: Final = 0.2
# Longest wait for the broker's word in one attempt; the group's session goes on meanwhile.
_CONFIRM_S: Final = 5.0


@dataclass(slots=True)
class Loop:
    """Runs one handler over one topic until `stop` is set. Not reusable."""

    consumer: Consumer
    commits: Commits
    deserializer: Deserializer
    handler: Handler
    dead_letters: DeadLetterQueue
    tally: Tally
    reporter: Reporter
    stop: threading.Event
    commit_interval_s: float = 1.0
    stop_within_s: float = 10.0
    backoff: Backoff = field(default_factory=Backoff)
    clock: Callable[[], float] = time.monotonic
    _assignment: Assignment = field(default_factory=Assignment)
    _commit_due: float = 0.0
    _retry_at: float | None = None
    _fault: ConsumerError | None = None
    _closing: bool = False

    def run(self) -> None:
        """Consume until stopped, then make durable, commit and leave the group.

        Raises ConsumerError for what a person must mend, also when the last work could not be made durable.
        """
        self.consumer.subscribe(
            [self.commits.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )
        self.reporter.report()
        try:
            while not self.stop.is_set():
                self.step()
            self._finish()
            self.reporter.progress.state = State.STOPPED
        finally:
            self._closing = True
            self.reporter.report(final=True)
            self.consumer.close()

    def step(self) -> None:
        """One poll and the work that follows from it."""
        self._poll(_POLL_S)
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
        self.reporter.tick()

    def _poll(self, timeout_s: float) -> None:
        record = polled_record(self.consumer.poll(timeout_s))
        if record is not None and record.partition in self._assignment.owned:
            self._assignment.waiting.append(record)
        if self._retry_at is not None and self._assignment.fresh:
            self.consumer.pause(self.consumer.assignment())

    def _work(self) -> None:
        ours = self._assignment
        if ours.fresh:
            fresh = frozenset(ours.fresh)
            self.handler.assign(fresh)
            ours.fresh -= fresh
        while ours.waiting and not self.stop.is_set():
            record = ours.waiting[0]
            self._take(record)
            ours.finish(record)

    def _take(self, record: Record) -> None:
        try:
            decoded = self.deserializer.read(record)
        except Undecodable as finding:
            self.dead_letters.put(record, finding)
            self.tally.take_dead(record)
            return
        self.handler.handle(decoded)
        self.tally.take(decoded)

    def _checkpoint(self, timeout_s: float) -> None:
        """Make durable what was handled, then start to commit it. Raises Unavailable or ConsumerError."""
        self._commit_due = self.clock() + self.commit_interval_s
        offsets = self.commits.missing(self._assignment.done)
        if offsets:
            self.dead_letters.confirm(timeout_s)
            self.handler.flush(timeout_s)
            self.commits.send(self.consumer, offsets)

    def _pause(self, reason: Unavailable) -> None:
        wait_s = self.backoff.next_s()
        if self._retry_at is None:
            self.consumer.pause(self.consumer.assignment())
            log.warning("paused: %s", reason)
        self._retry_at = self.clock() + wait_s
        self.reporter.progress.state = State.PAUSED
        self.reporter.progress.retries += 1

    def _resume(self) -> None:
        if self._retry_at is None:
            return
        self._retry_at = None
        self.backoff.reset()
        self.consumer.resume(self.consumer.assignment())
        self._show_assignment()
        log.info("resumed")

    def _finish(self) -> None:
        """Make durable and commit what was handled, and wait for the broker's word."""
        deadline = self.clock() + self.stop_within_s
        self.consumer.pause(self.consumer.assignment())
        try:
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

    def _on_assign(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        self._assignment.add({each.partition for each in partitions})
        self._show_assignment()
        self.reporter.report()
        log.info("assigned %s of %s", sorted(self._assignment.owned), self.commits.topic)

    def _on_revoke(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        try:
            if not self._closing:
                self._checkpoint(_CONFIRM_S)  # librdkafka sends this commit before it gives the partitions back
        except Unavailable as reason:
            log.warning("gave partitions back before all was safe, their next owner reads again: %s", reason)
        except ConsumerError as fault:
            self._fault = fault  # raised by the next step: a callback's exception would be lost in the client
        self._release({each.partition for each in partitions})

    def _on_lost(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        log.warning(
            "lost %s of %s: others own them already", sorted(p.partition for p in partitions), self.commits.topic
        )
        self._release({each.partition for each in partitions})

    def _release(self, partitions: Collection[int]) -> None:
        self._assignment.remove(partitions)
        self.handler.discard(partitions)
        self._show_assignment()

    def _show_assignment(self) -> None:
        progress = self.reporter.progress
        progress.assigned = sorted(self._assignment.owned)
        progress.state = State.READY if self._assignment.owned else State.STARTING
