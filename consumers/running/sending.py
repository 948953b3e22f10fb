"""At least once, or exactly once: how a process's records go out, and how its offsets follow them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consumers.clients import (
    EMBEDDED,
    assigned_by_brokers,
    cluster_id,
    has_client_id,
    make_consumer,
    make_producer,
    transaction_timeout_s,
)
from consumers.faults import ConsumerError
from consumers.loop.commits import Commits, Committing
from consumers.loop.transactions import Transactions, start_transactions
from consumers.options import ConsumerOptions, Guarantee
from consumers.outbox import Outbox, Produces

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Producer


@dataclass(frozen=True, slots=True)
class Sending:
    """The one producer of a process, and what commits its offsets. `start` is called until it does not raise."""

    guarantee: Guarantee
    producer: Produces
    commits: Committing
    start: Callable[[], None]

    def outbox(self, *, retry: bool = True, on_confirmed: Callable[[Any], None] | None = None) -> Outbox:
        """What fails in a transaction is done again from its source, and not from the outbox."""
        in_transactions = self.guarantee == Guarantee.EXACTLY_ONCE
        return Outbox(self.producer, retry=retry and not in_transactions, on_confirmed=on_confirmed)


def open_sending(
    topic: str, group: str, options: ConsumerOptions, client_id: str | None = None
) -> tuple[Consumer, Sending]:
    """The consumer of `topic` in `group`, and what sends for it. Raises ConsumerError for what does not go together.

    A process with `options.instance` gets its partitions back at once after a restart (not by KIP-848), and ends what
    its predecessor left open; without one, both wait for time-outs. `client_id` is used where the environment says
    none.
    """
    guarantee, instance = options.guarantee, options.instance
    # By KIP-848 a name is taken until its process has left or its session has ended: whoever is started anew under it
    # would be refused, and the client with it.
    is_static = instance is not None and not assigned_by_brokers()
    static = {"group.instance.id": instance} if is_static else {}
    if client_id is not None and not has_client_id():
        static["client.id"] = client_id
    if guarantee == Guarantee.AT_LEAST_ONCE:
        commits = Commits(topic)
        consumer = make_consumer(group, commits.on_commit, static)
        return consumer, Sending(guarantee, make_producer(), commits, _nothing_to_start)
    if options.concurrency > 1:
        raise ConsumerError(
            "exactly-once takes one record after the other, so that a transaction holds whole records: leave "
            "--concurrency out, and start more processes (one for each partition, at most)"
        )
    # Not by partition: the group's metadata keeps out a member that is none any more (KIP-447).
    consumer = make_consumer(group, None, {**static, "isolation.level": "read_committed"})
    producer = make_producer(f"{group}-{instance or uuid.uuid4().hex}")
    transactions = Transactions(producer, topic, longest_s=transaction_timeout_s() / 2)
    return consumer, Sending(guarantee, transactions, transactions, lambda: _start(consumer, producer))


def _nothing_to_start() -> None:
    """Commits need no start."""


def _start(consumer: Consumer, producer: Producer) -> None:
    """Raises Unavailable and ConsumerError."""
    if cluster_id(consumer).startswith(EMBEDDED):
        raise ConsumerError(
            "exactly-once needs transactions, and the embedded broker shows its readers what was aborted: use Apache "
            "Kafka (KAFKA_BOOTSTRAP_SERVERS), or leave --guarantee out; counts are exact there all the same"
        )
    start_transactions(producer)
