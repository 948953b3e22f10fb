"""Offsets on their way to the broker, and what the client library says, in the terms of the loop.

Commits are asynchronous: librdkafka's synchronous one blocks without limit while the coordinator is away. The answer
comes through `on_commit`, during a later poll.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from consumers.faults import ConsumerError, Unavailable
from consumers.record import Record, record_from

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

log = logging.getLogger(__name__)

_HOPELESS: Final = {
    3: "does not exist: create it (`pipeline topics create`)",  # UNKNOWN_TOPIC_OR_PART
    29: "may not be read by this user (TOPIC_AUTHORIZATION_FAILED)",
    30: "may not be read with this consumer group (GROUP_AUTHORIZATION_FAILED)",
}


@dataclass(slots=True)
class Commits:
    """How far each partition of `topic` is committed, by the broker's word. Offsets are those of the next record."""

    topic: str
    confirmed: dict[int, int] = field(default_factory=dict)
    in_flight: int = 0

    def missing(self, done: Mapping[int, int]) -> dict[int, int]:
        """The part of `done` (partition → next offset) that the broker has not confirmed."""
        return {number: offset for number, offset in done.items() if self.confirmed.get(number) != offset}

    def forget(self, partitions: Collection[int]) -> None:
        """These partitions are another's now, who commits what we cannot know."""
        for number in partitions:
            self.confirmed.pop(number, None)

    def send(self, consumer: Consumer, offsets: Mapping[int, int]) -> None:
        """Start a commit. Raises Unavailable if it cannot even start."""
        from confluent_kafka import KafkaException, TopicPartition

        places = [TopicPartition(self.topic, number, offset) for number, offset in offsets.items()]
        try:
            consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as exception:
            raise Unavailable(f"the offsets could not be committed: {exception.args[0].str()}") from exception
        self.in_flight += 1

    def on_commit(self, error: KafkaError | None, places: list[TopicPartition]) -> None:
        """The broker's answer (consumer property `on_commit`); what failed stays missing, and is sent again."""
        self.in_flight -= 1
        for place in places:
            reason = error or place.error
            if reason is None:
                self.confirmed[place.partition] = place.offset
            else:
                log.warning("the commit of %s[%s] failed: %s", self.topic, place.partition, reason.str())


def polled_record(message: Message | None) -> Record | None:
    """The record that poll brought, or None. Raises ConsumerError for what polling again cannot mend."""
    if message is None:
        return None
    error = message.error()
    if error is None:
        return record_from(message)
    if error.fatal():
        raise ConsumerError(f"the Kafka client cannot go on: {error.str()}")
    if error.code() in _HOPELESS:
        raise ConsumerError(f"the topic {message.topic()} {_HOPELESS[error.code()]}")
    log.warning("Kafka: %s", error.str())  # the client itself reconnects and tries again
    return None
