"""The steps of one record, without the loop around them: the same in every consumer, whichever client brought it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from consumers.dead_letter import DeadLetterQueue
from consumers.decoding.deserializer import Decoded, Deserializer
from consumers.dedupe import Dedupe
from consumers.effects import EffectWriter, Produce
from consumers.faults import RecordFault
from consumers.handler import Handler
from consumers.loop.assignment import Item
from consumers.loop.attempts import DeadLetterLimit
from consumers.loop.lanes import Work
from consumers.running.tally import Tally


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

    def prepare(self, item: Item) -> Work | None:
        """What the handler has to do, or None where nothing is. Raises RecordFault and Unavailable."""
        if item.decoded is None:
            item.decoded = self.deserializer.read(item.record)
        decoded = item.decoded
        if self.dedupe is not None and self.dedupe.is_repeated(decoded):
            self.tally.take_repeated(decoded)
            self.limit.passed()
            return None
        return lambda: tuple(self.handler.handle(decoded) or ())

    def take(self, item: Item, effects: tuple[Produce, ...]) -> None:
        """The handler has returned: produce what it wants. Raises Unavailable; then call again with the same."""
        if effects and not item.pending:
            item.pending = deque(effects)
        while item.pending:
            self.effects.put(item.pending[0])
            item.pending.popleft()
        self.tally.take(_decoded(item))
        self.limit.passed()

    def judge(self, item: Item, error: Exception) -> float:
        """The handler has raised: seconds until it is asked again. Raises Unhandled, Unavailable and ConsumerError."""
        writer = _decoded(item).writer
        return item.attempts.wait_after(error, writer.ref if writer is not None else None)

    def dead_letter(self, item: Item, fault: RecordFault) -> None:
        """Give the record up. Raises DeliveryUnconfirmed (call again), and DeadLetterLimitReached."""
        self.limit.check(fault)
        self.dead_letters.put(item.record, fault)
        self.limit.dead_lettered()
        self.tally.take_dead(item.record, fault.stage)

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


def _decoded(item: Item) -> Decoded:
    if item.decoded is None:
        raise ValueError(f"{item.record.place} was not decoded before it was handled")
    return item.decoded
