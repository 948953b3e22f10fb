"""What every command for the person on call begins with: clients that join no group, one sentence where they fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from consumers.clients import make_consumer
from consumers.faults import ConsumerError, Unavailable
from consumers.record import Record
from consumers.topic_reading import READING, Extent, extents_of, read_stretch, until_now

if TYPE_CHECKING:
    from confluent_kafka import Consumer

# The client asks for a group, which is never joined; KAFKA_GROUP_ID names another one that the user may use.
GROUP: Final = "on-call"
_BROKER_S: Final = 10.0


class CouldNotTell(ConsumerError):
    """A broker or the registry did not answer, so that there is no answer either."""


@contextmanager
def one_sentence() -> Iterator[None]:
    """Says that something is away as one sentence. Raises CouldNotTell."""
    # What a consumer would log of a writer schema is part of the answer here.
    logging.getLogger("consumers").addHandler(logging.NullHandler())
    try:
        yield
    except Unavailable as reason:
        raise CouldNotTell(f"could not find out: {reason}") from reason


@contextmanager
def outside_reader(overrides: Mapping[str, Any] | None = None) -> Iterator[Consumer]:
    """A consumer that joins no group and commits nothing."""
    from tools.config import kafka_conf

    group = str(kafka_conf("consumer").get("group.id", GROUP))
    with closing(make_consumer(group, overrides={**READING, **(overrides or {})})) as consumer:
        yield consumer


def read_whole(consumer: Consumer, topic: str) -> Iterator[Record]:
    """Every record that the topic holds now. Raises Unavailable, and ConsumerError for a topic that is not there."""
    extents = extents_of(consumer, topic)
    begins = {number: extent.begin for number, extent in extents.items()}
    return read_stretch(consumer, topic, begins, until_now(extents))


def moment(timestamp_ms: int | None) -> str:
    """A record's timestamp for people, in UTC; a dash where the broker gave none."""
    if timestamp_ms is None:
        return "-"
    try:
        return f"{datetime.fromtimestamp(timestamp_ms / 1000, UTC):%Y-%m-%d %H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):  # a client may write any number
        return f"{timestamp_ms} ms"


def read_since(consumer: Consumer, topic: str, since_ms: int) -> Iterator[Record]:
    """Every record that the topic holds now and that is not older. Raises as `read_whole`."""
    extents = extents_of(consumer, topic)
    begins = offsets_at(consumer, topic, since_ms, extents)
    return read_stretch(consumer, topic, begins, until_now(extents))


def offsets_at(consumer: Consumer, topic: str, at_ms: int, extents: Mapping[int, Extent]) -> dict[int, int]:
    """Of each partition, the offset of the first record with this timestamp or a later one; else its end.

    Raises Unavailable where the brokers do not tell.
    """
    from confluent_kafka import KafkaException, TopicPartition

    asked = [TopicPartition(topic, number, at_ms) for number in extents]
    try:
        found = consumer.offsets_for_times(asked, timeout=_BROKER_S)
    except KafkaException as error:
        raise Unavailable(f"no broker told where {topic} was at that time ({error.args[0].str()})") from error
    for place in found:
        if place.error is not None:
            raise Unavailable(f"no broker told where {topic}[{place.partition}] was at that time ({place.error.str()})")
    return {
        place.partition: place.offset
        if place.offset >= 0
        else max(extents[place.partition].begin, extents[place.partition].end - 1)
        for place in found
    }
