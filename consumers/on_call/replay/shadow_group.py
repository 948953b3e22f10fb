"""The group that a replay leaves behind: nobody may be using it, and it ends where the span ends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from consumers.clients import make_admin, make_consumer
from consumers.faults import ConsumerError, Unavailable
from consumers.on_call.lag import committed_by
from consumers.on_call.replay.span import Stretch
from consumers.topic_reading import READING

_BROKER_S: Final = 10.0
# Kafka protocol, "Error codes": ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS.
_OF_MEMBERS_ALONE: Final = frozenset({22, 25, 27})


def refuse_used(group: str, topic: str, partitions: int, *, again: bool) -> None:
    """Raises ConsumerError for a group that has members, or offsets of its own unless `again`; Unavailable."""
    if _member_count(group):
        raise _in_use(group)
    if not again and any(offset is not None for offset in committed_by(group, topic, range(partitions)).values()):
        raise ConsumerError(
            f"the group {group} has offsets in {topic} already: name a new group with --into, or say --again to set "
            f"it to where this span ends"
        )


def _member_count(group: str) -> int:
    from confluent_kafka import KafkaException

    admin = make_admin()
    try:
        future = admin.describe_consumer_groups([group], request_timeout=_BROKER_S)[group]
        described: Any = future.result(_BROKER_S)
        return len(described.members)
    except KafkaException as error:
        raise Unavailable(f"no broker told who is in the group {group} ({error.args[0].str()})") from error


def _in_use(group: str) -> ConsumerError:
    return ConsumerError(
        f"the group {group} is in use, and a replay would move its consumers: name another group with --into, or stop "
        f"them; the group was left as it is"
    )


def leave_behind(group: str, topic: str, span: Mapping[int, Stretch]) -> None:
    """Set the group to the span's ends, where a consumer of that name goes on. Raises ConsumerError and Unavailable.

    A group that somebody has joined meanwhile takes offsets of its members alone. The embedded broker says only here
    that there are any.
    """
    from confluent_kafka import KafkaException, TopicPartition

    offsets = [TopicPartition(topic, number, stretch.end) for number, stretch in span.items()]
    with closing(make_consumer(group, overrides=READING)) as consumer:
        try:
            done: Any = consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() in _OF_MEMBERS_ALONE:
                raise _in_use(group) from None
            raise Unavailable(f"the group {group} could not be set ({error.args[0].str()})") from error
    for place in done or ():
        if place.error is not None:
            raise Unavailable(f"the group {group} could not be set ({place.error.str()})")
