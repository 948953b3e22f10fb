"""Reading a stretch of a topic from outside: no group is joined, and nothing is committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from codegen.nodes import Json
from consumers.clients import cluster_id, make_consumer, partition_count
from consumers.decoding.frame import parse_frame
from consumers.faults import Unavailable, Undecodable
from consumers.loop.commits import polled_record
from consumers.record import Record

if TYPE_CHECKING:
    from confluent_kafka import Consumer

    from consumers.decoding.writer_schemas import WriterSchemas

# The end is told as it is reached. The embedded broker gives up within the wait, and answers nothing, where a shorter
# one does not let it reach the place in a long topic.
READING: Final = {"enable.partition.eof": True, "fetch.wait.max.ms": 500}
_BROKER_S: Final = 10.0
_POLL_S: Final = 0.5
# More than any batch holds: how far behind the end that the broker told the real one may lie.
_MOST_BEYOND: Final = 100_000


@dataclass(frozen=True, slots=True)
class Extent:
    """A partition's first offset and the one behind its last record, as the broker tells them.

    The embedded broker tells the last batch's first offset + 1 for the end.
    """

    begin: int
    end: int


def extents_of(consumer: Consumer, topic: str) -> dict[int, Extent]:
    """The extent of each partition. Raises ConsumerError for a topic that is not there, Unavailable without brokers."""
    from confluent_kafka import KafkaException, TopicPartition

    found: dict[int, Extent] = {}
    for number in range(partition_count(consumer, topic, _BROKER_S)):
        try:
            limits = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=_BROKER_S)
        except KafkaException as error:
            raise Unavailable(f"no broker told where {topic}[{number}] ends ({error.args[0].str()})") from error
        if limits is None:
            raise Unavailable(f"no broker told where {topic}[{number}] ends within {_BROKER_S:g} s")
        found[number] = Extent(*limits)
    return found


def size_of(group: str, topic: str) -> int:
    """How many partitions `topic` has. Raises ConsumerError for one that is not there, Unavailable without brokers."""
    consumer = make_consumer(group)
    try:
        return partition_count(consumer, topic)
    finally:
        consumer.close()


@dataclass(frozen=True, slots=True)
class Ends:
    """The offset behind the last record of each partition, also of a transaction that is open.

    Too small on the embedded broker.
    """

    cluster: str
    by_partition: Mapping[int, int]


def present_ends(group: str, topic: str) -> Ends:
    """The ends of `topic` as they are now. Raises as `extents_of`."""
    consumer = make_consumer(group, overrides={"isolation.level": "read_uncommitted"})
    try:
        ends = {number: extent.end for number, extent in extents_of(consumer, topic).items()}
        return Ends(cluster_id(consumer), ends)
    finally:
        consumer.close()


def until_now(extents: Mapping[int, Extent]) -> Callable[[Record], bool]:
    """For `read_stretch`: past is what was written after this call, however fast the topic grows."""
    started_ms = time.time() * 1000

    def is_past(record: Record) -> bool:
        beyond = record.offset - extents[record.partition].end
        return beyond >= 0 and (beyond >= _MOST_BEYOND or (record.timestamp_ms or 0) > started_ms)

    return is_past


def real_ends(consumer: Consumer, topic: str, extents: Mapping[int, Extent]) -> dict[int, int]:
    """The offset behind the last record of each partition, found by reading the last batch.

    The embedded broker tells only where its last batch begins. `consumer` needs the properties READING. Raises as
    `read_stretch`.
    """
    ends = {number: extent.end for number, extent in extents.items()}
    begins = {number: extent.end - 1 for number, extent in extents.items() if extent.end > extent.begin}
    for record in read_stretch(consumer, topic, begins, until_now(extents)):
        ends[record.partition] = max(ends[record.partition], record.offset + 1)
    return ends


def read_stretch(
    consumer: Consumer, topic: str, begins: Mapping[int, int], is_past: Callable[[Record], bool]
) -> Iterator[Record]:
    """The records of each partition from its begin up to its present end, or up to the first one that `is_past`.

    `consumer` needs the properties READING. Raises Unavailable if the brokers bring nothing for some seconds.
    """
    from confluent_kafka import TopicPartition

    consumer.assign([TopicPartition(topic, number, offset) for number, offset in begins.items()])
    try:
        yield from _read_open(consumer, topic, set(begins), is_past)
    finally:
        # A pause outlives the assignment: the next one of the same partition would bring nothing.
        consumer.resume([TopicPartition(topic, number) for number in begins])
        consumer.unassign()


def _read_open(
    consumer: Consumer, topic: str, open_partitions: set[int], is_past: Callable[[Record], bool]
) -> Iterator[Record]:
    from confluent_kafka import KafkaError, TopicPartition

    idle_s = 0.0
    while open_partitions:
        message = consumer.poll(_POLL_S)
        error = message.error() if message is not None else None
        if message is not None and error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            open_partitions.discard(cast("int", message.partition()))
            idle_s = 0.0
        elif (record := polled_record(message)) is None:
            idle_s += _POLL_S
            if idle_s >= _BROKER_S:
                raise Unavailable(f"the brokers brought nothing of {topic} for {_BROKER_S:g} s before its end")
        elif record.partition in open_partitions:
            idle_s = 0.0
            if is_past(record):
                open_partitions.discard(record.partition)
                consumer.pause([TopicPartition(topic, record.partition)])
            else:
                yield record


def latest_schemas(group: str, topic: str, writers: WriterSchemas) -> Collection[Json]:
    """The schemas of the last record of each partition, as parsed JSON. Raises Unavailable and ConsumerError."""
    consumer = make_consumer(group, overrides=READING)
    try:
        begins = {n: max(extent.begin, extent.end - 1) for n, extent in extents_of(consumer, topic).items()}
        last: dict[int, Record] = {}
        for record in read_stretch(consumer, topic, begins, lambda record: record.partition in last):
            last[record.partition] = record
    finally:
        consumer.close()
    found: list[Json] = []
    for record in last.values():
        try:
            if record.value is not None:
                found.append(writers.get(parse_frame(record.value, record.headers)[0]).schema)
        except Undecodable:
            continue  # poison says nothing about versions
    return found
