"""Offsets on their way to the broker, and what the client library says, in the terms of the loop.

Commits are asynchronous: librdkafka's synchronous one blocks without limit while the coordinator is away. The answer
comes through `on_commit`, during a later poll.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from consumers.faults import ConsumerError, Unavailable
from consumers.record import Record, record_from

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

log = logging.getLogger(__name__)

# A fatal error as poll brings it does not say that it is one: a member whose `group.instance.id` another process took.
_FATAL: Final = -150
_HOPELESS: Final = {
    3: "does not exist: create it (`pipeline topics create`)",  # UNKNOWN_TOPIC_OR_PART
    29: "may not be read by this user (TOPIC_AUTHORIZATION_FAILED)",
    30: "may not be read with this consumer group (GROUP_AUTHORIZATION_FAILED)",
}


class TakenBack(Unavailable):
    """A transaction came to nothing: what it held has to be done again, from the records on."""


class Committing(Protocol):
    """How the loop's offsets become the group's. `missing` and `in_flight` say what the broker has not confirmed."""

    topic: str
    in_flight: int

    def missing(self, done: Mapping[int, int]) -> dict[int, int]:
        """The part of `done` (partition → next offset) that the broker has not confirmed."""

    def forget(self, partitions: Collection[int]) -> None:
        """These partitions are another's now, who commits what we cannot know."""

    def send(self, consumer: Consumer, offsets: Mapping[int, int]) -> None:
        """Commit, or start to. Raises Unavailable."""

    @property
    def overdue(self) -> bool:
        """Whether what is not committed must be taken back now."""

    def take_back(self) -> bool:
        """Undo what was produced since the last commit; whether there was anything, to be done again then."""

    def rewind(self, consumer: Consumer, partitions: Mapping[int, int | None]) -> None:
        """Go back to the group's offset of each partition, or to the one that is given. Raises Unavailable."""

    def close(self) -> None:
        """Leave nothing open."""


@dataclass(slots=True)
class Commits:
    """At least once: how far each partition of `topic` is committed, by the broker's word.

    Offsets are those of the next record. What was produced cannot be taken back, and needs not be.
    """

    topic: str
    confirmed: dict[int, int] = field(default_factory=dict)
    in_flight: int = 0

    def missing(self, done: Mapping[int, int]) -> dict[int, int]:
        return missing_in(self.confirmed, done)

    def forget(self, partitions: Collection[int]) -> None:
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

    overdue = False

    def take_back(self) -> bool:
        return False

    def rewind(self, _consumer: Consumer, _partitions: Mapping[int, int | None]) -> None:
        """There is nothing to go back for."""

    def close(self) -> None:
        """Nothing is open."""

    def on_commit(self, error: KafkaError | None, places: list[TopicPartition]) -> None:
        """The broker's answer (consumer property `on_commit`); what failed stays missing, and is sent again."""
        self.in_flight -= 1
        for place in places:
            reason = error or place.error
            if reason is None:
                self.confirmed[place.partition] = place.offset
            else:
                log.warning("the commit of %s[%s] failed: %s", self.topic, place.partition, reason.str())


def missing_in(confirmed: Mapping[int, int], done: Mapping[int, int]) -> dict[int, int]:
    """The part of `done` that is not confirmed."""
    return {number: offset for number, offset in done.items() if confirmed.get(number) != offset}


def polled_record(message: Message | None) -> Record | None:
    """The record that poll brought, or None. Raises ConsumerError for what polling again cannot mend."""
    if message is None:
        return None
    error = message.error()
    if error is None:
        return record_from(message)
    if error.fatal() or error.code() == _FATAL:
        raise ConsumerError(f"the Kafka client cannot go on: {error.str()}")
    if error.code() in _HOPELESS:
        raise ConsumerError(f"the topic {message.topic()} {_HOPELESS[error.code()]}")
    log.warning("Kafka: %s", error.str())  # the client itself reconnects and tries again
    return None
