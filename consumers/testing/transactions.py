"""Transactions without a broker: what one holds is seen when it is committed, with its offsets, or never."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from consumers.testing.world import World

_Sent = tuple[str, bytes | None, bytes | None, Any]


class TransactionalProducer:
    """As much of a transactional confluent_kafka.Producer as is asked for. Its transaction dies with its process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: deque[tuple[_Sent, Callable[..., None]]] = deque()
        self._held: list[_Sent] = []
        self._offsets: list[TopicPartition] = []
        self._at_commit: list[Callable[[], None]] = []

    def when_committed(self, act: Callable[[], None]) -> None:
        """Call `act` with the commit of the open transaction."""
        self._at_commit.append(act)

    def begin_transaction(self) -> None:
        self._world.point("begin a transaction")

    def produce(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Any, on_delivery: Callable[..., None]
    ) -> None:
        self._world.point(f"produce to {topic}")
        self._queue.append(((topic, key, value, headers), on_delivery))

    def poll(self, _timeout_s: float) -> int:
        return 0

    def flush(self, timeout_s: float) -> int:
        self._world.point("flush")
        if self._world.broker_silent:
            self._world.now += timeout_s
            return len(self._queue)
        while self._queue:
            sent, on_delivery = self._queue.popleft()
            self._held.append(sent)
            self._world.point(f"delivered to {sent[0]}")
            on_delivery(None, None)
        return 0

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
        for topic, key, value, headers in self._held:
            record = self._world.append(topic, key, value, headers)
            if topic == f"{self._world.topic}.dlq":
                told = dict(record.headers)
                self._world.settled.add((int(told["dlq.partition"] or 0), int(told["dlq.offset"] or 0)))
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
