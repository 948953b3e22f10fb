"""The steps of one record, without the loop around them: the same in every consumer, whichever client brought it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consumers.dead_letter import DeadLetterQueue
from consumers.decoding.deserializer import Decoded, Deserializer
from consumers.dedupe import Dedupe
from consumers.effects import EffectWriter, Produce
from consumers.faults import RecordFault
from consumers.handler import Handler
from consumers.loop.assignment import Item
from consumers.loop.attempts import DeadLetterLimit
from consumers.loop.lanes import Work
from consumers.record import Record
from consumers.running.tally import Tally

if TYPE_CHECKING:
    from consumers.tracing import RecordTracing


@dataclass(slots=True)
class Steps:
    """Decode, pass over what was there before, handle, produce the effects, or dead-letter."""

    deserializer: Deserializer
    handler: Handler
    dead_letters: DeadLetterQueue
    effects: EffectWriter
    tally: Tally
    dedupe: Dedupe | None = None
    limit: DeadLetterLimit = field(default_factory=DeadLetterLimit)
    tracing: RecordTracing | None = None

    def prepare(self, item: Item) -> Work | None:
        """What the handler has to do, or None where nothing is. Raises RecordFault and Unavailable."""
        if self.tracing is not None and item.span is None:
            item.span = self.tracing.begin(item.record)
        decoded = item.decoded = self.read(item.record, item.decoded)
        if decoded is None:
            _end_span(item)
            return None

        def work() -> tuple[Produce, ...]:
            return tuple(self.handler.handle(decoded) or ())

        return work if self.tracing is None or item.span is None else self.tracing.inside(item.span, work)

    def read(self, record: Record, decoded: Decoded | None = None) -> Decoded | None:
        """What the handler shall take; None where the event was there before. Raises RecordFault and Unavailable."""
        decoded = decoded or self.deserializer.read(record)
        if self.dedupe is not None and self.dedupe.is_repeated(decoded):
            self.tally.take_repeated(decoded)
            self.limit.passed()
            return None
        return decoded

    def pass_on(self, decoded: Decoded) -> None:
        """The handler is done with it, and nothing is left to produce."""
        self.tally.take(decoded)
        self.limit.passed()

    def take(self, item: Item, effects: tuple[Produce, ...]) -> None:
        """The handler has returned: produce what it wants. Raises Unavailable; then call again with the same."""
        if effects and not item.pending:
            item.pending = deque(effects)
        while item.pending:
            self._put(item, item.pending[0])
            item.pending.popleft()
        self.pass_on(_decoded(item))
        _end_span(item)

    def judge(self, item: Item, error: Exception) -> float:
        """The handler has raised: seconds until it is asked again. Raises Unhandled, Unavailable and ConsumerError."""
        writer = _decoded(item).writer
        wait_s = item.attempts.wait_after(error, writer.ref if writer is not None else None)
        if self.tracing is not None and item.span is not None:
            self.tracing.retry(item.span, error)
        return wait_s

    def dead_letter(self, item: Item, fault: RecordFault) -> None:
        """Give the record up. Raises DeliveryUnconfirmed (call again), and DeadLetterLimitReached."""
        self.limit.check(fault)
        self.dead_letters.put(item.record, fault)
        self.limit.dead_lettered()
        self.tally.take_dead(item.record, fault.stage)
        if self.tracing is not None and item.span is not None:
            self.tracing.give_up(item.span, fault)
        _end_span(item)

    @property
    def unconfirmed(self) -> int:
        """Dead letters and effects that the broker has not confirmed."""
        return self.dead_letters.unconfirmed + self.effects.outbox.unconfirmed

    def discard(self, partitions: Collection[int]) -> None:
        """These partitions are another's now."""
        self.handler.discard(partitions)
        if self.dedupe is not None:
            self.dedupe.discard(partitions)

    def make_durable(self, timeout_s: float) -> None:
        """Return when all that was taken or given up is safe. Raises Unavailable and ConsumerError."""
        self.dead_letters.confirm(timeout_s)
        self.effects.confirm(timeout_s)
        self.handler.flush(timeout_s)

    def _put(self, item: Item, effect: Produce) -> None:
        if self.tracing is None or item.span is None:
            self.effects.put(effect)
        else:
            self.effects.put(effect, self.tracing.carried_on(item.span, effect.headers))


def _end_span(item: Item) -> None:
    if item.span is not None:
        item.span.end()


def _decoded(item: Item) -> Decoded:
    if item.decoded is None:
        raise ValueError(f"{item.record.place} was not decoded before it was handled")
    return item.decoded
