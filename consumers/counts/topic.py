"""The compacted topic of counts: where the counts consumer keeps its state, and where others read its results."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from consumers.counts.store import CountStore, Kept
from consumers.counts.windows import Count, Window
from consumers.decoding.deserializer import Deserializer
from consumers.decoding.frame import frame
from consumers.faults import ConsumerError, Unavailable, Undecodable
from consumers.loop.commits import polled_record
from consumers.outbox import Outgoing
from consumers.record import Record

if TYPE_CHECKING:
    from confluent_kafka import Consumer

    from codegen.runtime import AvroModel
    from consumers.topic_reading import Ends

log = logging.getLogger(__name__)

_BATCH: Final = 1000
FIELDS: Final = ("bucket", "source_topic", "source_partition", "window_start", "action", "count", "next_offset")


@dataclass(frozen=True, slots=True)
class CountWriter:
    """Turns counts of `source` (a topic) into records of `topic`, framed with `schema_id`."""

    topic: str
    model: type[AvroModel]
    schema_id: int
    source: str

    def outgoing(self, window: Window, count: Count) -> Outgoing:
        bucket = f"{self.source}/{window.partition}|{window.start:%Y-%m-%dT%H:%MZ}|{window.value}"
        value = self.model.model_validate(
            {
                "bucket": bucket,
                "source_topic": self.source,
                "source_partition": window.partition,
                "window_start": window.start,
                "action": window.value,
                "count": count.count,
                "next_offset": count.next_offset,
            }
        )
        body = frame(self.schema_id, value.serialize())
        return Outgoing(self.topic, bucket.encode(), body, (), token=(window, count.next_offset))


@dataclass(slots=True)
class CountReader:
    """Reads the topic of counts: what is new there into the store, and the counts from the store.

    `ends` gives the offset behind the last record of each partition, whether its transaction has ended or not. A reader
    that `is_stopping` does not wait for the end.
    """

    topic: str
    deserializer: Deserializer
    make_consumer: Callable[[], Consumer]
    ends: Callable[[], Ends]
    store: CountStore
    is_stopping: Callable[[], bool] = lambda: False
    within_s: float = 60.0
    clock: Callable[[], float] = time.monotonic

    def read(self, source: str, partitions: Collection[int]) -> Iterator[tuple[Window, Count]]:
        """The counts of these partitions of `source`, as the topic has them now.

        Raises Unavailable when the end is not reached in time or before the process stops, and ConsumerError for a
        record that cannot be read: a count that starts from a part of its past would be wrong.
        """
        read = 0
        for batch in _batches(self._records(), _BATCH):
            self.store.keep([self._kept(record) for record in batch])
            read += len(batch)
        log.info("read %s records of %s that the local copy of the counts had not", read, self.topic)
        for partition in sorted(partitions):
            yield from self.store.counts(source, partition)

    def _kept(self, record: Record) -> Kept:
        end, bucket = record.offset + 1, record.key or b""
        if record.value is None:
            return Kept(record.partition, end, bucket, None)
        try:
            value = cast("Any", self.deserializer.read(record).value)
        except Undecodable as finding:
            raise ConsumerError(
                f"the count at {record.place} cannot be read ({finding.stage}, {finding.error_class}): remove what "
                f"is foreign to that topic, or start over with a new group and an empty topic"
            ) from finding
        start_ms = int(value.window_start.timestamp()) * 1000
        window = Window(value.source_partition, start_ms, value.action)
        return Kept(record.partition, end, bucket, (value.source_topic, window, Count(value.count, value.next_offset)))

    def _records(self) -> Iterator[Record]:
        """Every committed record from where the store is up to the end that there is now.

        The end is where the broker has no more, as the end offset that the embedded broker reports is too small; but it
        is no end where a transaction of another process is still open, which hides what was committed behind it.
        """
        from confluent_kafka import KafkaError, TopicPartition

        consumer = self.make_consumer()
        try:
            ends = self.ends()
            begins = self.store.positions(ends.cluster, self.topic, ends.by_partition)
            consumer.assign([TopicPartition(self.topic, number, begin) for number, begin in begins.items()])
            deadline, open_partitions = self.clock() + self.within_s, set(begins)
            while open_partitions:
                message = consumer.poll(0.5)
                error = message.error() if message is not None else None
                if message is not None and error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                    number, offset = cast("int", message.partition()), cast("int", message.offset())
                    if offset >= ends.by_partition.get(number, 0):
                        open_partitions.discard(number)
                elif (record := polled_record(message)) is not None:
                    yield record
                elif self.clock() > deadline or self.is_stopping():
                    raise Unavailable(f"the topic {self.topic} could not be read to its end")
        finally:
            consumer.close()


def _batches(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
