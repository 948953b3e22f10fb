"""How far a running consumer is behind, by what its own client was told with the last records that it fetched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from consumers.running.progress import Progress

if TYPE_CHECKING:
    from confluent_kafka import Consumer

_BROKER_S: Final = 1.0
_AGAIN_S: Final = 30.0


@dataclass(slots=True)
class LagMeter:
    """Keeps `progress.lag`; called by the loop's own thread.

    Ends come with every answer to a fetch and cost nothing. Where a partition has brought no record yet, the group's
    offset is asked for once.
    """

    consumer: Consumer
    topic: str
    progress: Progress
    clock: Callable[[], float] = time.monotonic
    _begins: dict[int, int] = field(default_factory=dict)
    _ask_at: float = 0.0

    def measure(self) -> None:
        """Take the lag of the assigned partitions; one whose end is not known yet is left out."""
        progress, lag = self.progress, {}
        self._begins = {number: begin for number, begin in self._begins.items() if number in progress.assigned}
        self._ask_for_begins()
        for number in progress.assigned:
            position = progress.positions.get(number, self._begins.get(number))
            end = self._end_of(number)
            if end is not None and position is not None:
                lag[number] = max(0, end - position)
        progress.lag = lag

    def _end_of(self, number: int) -> int | None:
        from confluent_kafka import KafkaException, TopicPartition

        try:
            limits = self.consumer.get_watermark_offsets(TopicPartition(self.topic, number), cached=True)
        except (KafkaException, RuntimeError):  # not fetched yet, or closed
            return None
        return limits[1] if limits[1] >= 0 else None

    def _ask_for_begins(self) -> None:
        from confluent_kafka import KafkaException, TopicPartition

        known = self.progress.positions.keys() | self._begins.keys()
        unknown = [TopicPartition(self.topic, number) for number in self.progress.assigned if number not in known]
        if not unknown or self.clock() < self._ask_at:
            return
        self._ask_at = self.clock() + _AGAIN_S
        try:
            found = self.consumer.committed(unknown, timeout=_BROKER_S)
        except (KafkaException, RuntimeError):
            return
        # Nothing committed: from the beginning, of which a first record will say where it is.
        self._begins |= {each.partition: max(0, each.offset) for each in found if each.error is None}
