"""Who else is in the group, and at which address it answers."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from consumers.clients import make_admin
from consumers.faults import Unavailable

_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, never listened on


@dataclass(frozen=True, slots=True)
class Member:
    """`url` is None for a member that does not serve HTTP, or that is given another `client.id`."""

    client_id: str
    host: str
    url: str | None


def client_id_for(app: str, host: str, port: int) -> str:
    """What a member calls itself towards the brokers, so that the others find its address there."""
    return f"{app}@{socket.gethostname() if host in _ANYWHERE else host}:{port}"


def member_from(client_id: str, host: str) -> Member:
    """What the brokers say of a member."""
    _, at, address = client_id.partition("@")
    return Member(client_id, host, f"http://{address}" if at and address.rpartition(":")[2].isdecimal() else None)


def holders_of(group: str, topic: str, timeout_s: float = 5.0) -> dict[int, Member]:
    """Partition of `topic` → the member of `group` that owns it now. Raises Unavailable."""
    from confluent_kafka import KafkaException

    admin = make_admin()  # kept until the answer is there: with the client the question would go
    try:
        found = admin.describe_consumer_groups([group], request_timeout=timeout_s)[group].result(timeout_s)
    except KafkaException as error:
        raise Unavailable(
            f"the brokers did not say who is in the group {group} ({error.args[0].str()}): ask again"
        ) from error
    except TimeoutError as error:
        raise Unavailable(
            f"the brokers did not say within {timeout_s:g} s who is in the group {group}: ask again"
        ) from error
    return {
        place.partition: member_from(each.client_id, each.host.removeprefix("/"))
        for each in found.members
        if each.assignment is not None
        for place in each.assignment.topic_partitions
        if place.topic == topic
    }
