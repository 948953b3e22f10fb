"""Transactions without a broker: what one holds is seen when it is committed, with its offsets, or never."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from consumers.testing.world import Producer, Sent, World


class TransactionalProducer(Producer):
    """As much of a transactional confluent_kafka.Producer as is asked for. Its transaction dies with its process."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._held: list[Sent] = []
        self._offsets: list[TopicPartition] = []
        self._at_commit: list[Callable[[], None]] = []

    def when_committed(self, act: Callable[[], None]) -> None:
        """Call `act` with the commit of the open transaction."""
        self._at_commit.append(act)

    def begin_transaction(self) -> None:
        self._world.point("begin a transaction")

    def _keep(self, sent: Sent) -> None:
        self._held.append(sent)

    def send_offsets_to_transaction(
        self, places: list[TopicPartition], owned: frozenset[int], timeout_s: float
    ) -> None:
        """Raises KafkaException for partitions that are another's now."""
        self._answer(timeout_s)
        self._world.point("offsets sent")
        if any(place.partition not in owned for place in places):
            raise KafkaException(KafkaError(KafkaError.ILLEGAL_GENERATION, "another owns it", False, False, True))
        self._offsets = places

    def commit_transaction(self, timeout_s: float) -> None:
        self._answer(timeout_s)
        self.flush(timeout_s)
        self._world.point("commit a transaction")
        for sent in self._held:
            self._appear(sent)
        for act in self._at_commit:
            act()
        for place in self._offsets:
            self._world.commit(place.partition, place.offset)
        self._end()
        self._world.point("transaction committed")

    def abort_transaction(self, timeout_s: float) -> None:
        self._answer(timeout_s)
        self._world.point("abort a transaction")
        purged, self._queue = self._queue, deque()
        for _, on_delivery in purged:
            on_delivery(KafkaError(KafkaError._PURGE_QUEUE), None)  # noqa: SLF001 - the library's own name of the code
        self._end()

    def _answer(self, timeout_s: float) -> None:
        if self._world.broker_silent:
            self._world.now += timeout_s
            raise KafkaException(KafkaError(KafkaError.REQUEST_TIMED_OUT, "no answer", False, True, False))

    def _end(self) -> None:
        self._held, self._offsets, self._at_commit = [], [], []
