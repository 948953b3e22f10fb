"""Kafka and registry clients of a consumer process: the environment's properties, and ours where correctness asks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from consumers.faults import ConsumerError, RegistryUnavailable, Unavailable

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaException, Producer
    from confluent_kafka.admin import AdminClient, TopicMetadata  # type: ignore[attr-defined]  # public, though not marked as exported
    from confluent_kafka.schema_registry import RegisteredSchema, SchemaRegistryClient

# librdkafka's own lines; the loop says what matters of them.
_client_log: Final = logging.getLogger("consumers.librdkafka")
_client_log.addHandler(logging.NullHandler())
_client_log.propagate = False

# Changed by KAFKA_… variables. A short session, because a restarted member waits for its predecessor's to end, and the
# embedded broker lets each join take half of it; 6000 is the least that a Kafka broker accepts by default.
_CONSUMER_DEFAULTS: Final = {
    "auto.offset.reset": "earliest",
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 2000,
    # Of a rebalance, only those partitions stop that move.
    "partition.assignment.strategy": "cooperative-sticky",
    "log_level": 3,
}
# With group.protocol=consumer (KIP-848) the brokers decide these, and librdkafka refuses them.
_CLASSIC_ONLY: Final = ("session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy")
# Whatever could be read must fit into a dead letter: the broker, not the client, says what is too large.
_PRODUCER_DEFAULTS: Final = {
    "partitioner": "murmur2_random",
    "linger.ms": 5,
    "log_level": 3,
    "message.max.bytes": 1_000_000_000,
}
# How long the brokers leave a transaction open whose process is gone: whoever reads what is committed waits for its
# end, and so does the next owner of its partitions.
_TRANSACTION_DEFAULTS: Final = {"transaction.timeout.ms": 20_000}
# One attempt of a few seconds: the loop waits and asks again, and polls meanwhile.
_REGISTRY_DEFAULTS: Final = {"timeout": 3, "max.retries": 0}
# How the identity of an embedded broker's cluster begins (`tools.broker`).
EMBEDDED: Final = "embedded-"
_NOT_FOUND: Final = 404
_FORBIDDEN: Final = 29  # TOPIC_AUTHORIZATION_FAILED


def make_consumer(
    group: str, on_commit: Callable[..., None] | None = None, overrides: Mapping[str, Any] | None = None
) -> Consumer:
    """A consumer of `group` that commits nothing by itself."""
    from confluent_kafka import Consumer

    from tools.config import kafka_conf

    ours = {"group.id": group, "enable.auto.commit": False, "enable.auto.offset.store": False, **(overrides or {})}
    told = kafka_conf("consumer", **ours)
    conf = {**_CONSUMER_DEFAULTS, **told}
    if told.get("group.protocol") == "consumer":
        conf = {name: value for name, value in conf.items() if name in told or name not in _CLASSIC_ONLY}
    if on_commit is not None:
        conf["on_commit"] = on_commit
    return Consumer(conf, logger=_client_log)


def make_producer(transactional_id: str | None = None) -> Producer:
    """An idempotent producer with acks=all that partitions as the Java clients do; with an id, a transactional one."""
    from confluent_kafka import Producer

    from tools.config import kafka_conf

    ours: dict[str, Any] = {"acks": "all", "enable.idempotence": True}
    defaults = _PRODUCER_DEFAULTS
    if transactional_id is not None:
        ours["transactional.id"] = transactional_id
        defaults = {**_PRODUCER_DEFAULTS, **_TRANSACTION_DEFAULTS}
    return Producer({**defaults, **kafka_conf("producer", **ours)}, logger=_client_log)


def make_admin() -> AdminClient:
    """A client that asks about groups."""
    from confluent_kafka.admin import AdminClient

    from tools.config import kafka_conf

    return AdminClient({"log_level": 3, **kafka_conf("admin")}, logger=_client_log)


def make_registry() -> SchemaRegistryClient:
    """A registry client that answers or fails within seconds."""
    from confluent_kafka.schema_registry import SchemaRegistryClient

    from tools.config import schema_registry_conf

    return SchemaRegistryClient({**schema_registry_conf(), **_REGISTRY_DEFAULTS})


def assigned_by_brokers() -> bool:
    """Whether the environment chose the group protocol in which the brokers assign (KIP-848)."""
    from tools.config import kafka_conf

    return kafka_conf("consumer").get("group.protocol") == "consumer"


def has_client_id() -> bool:
    """Whether the environment says what consumers call themselves towards the brokers (quotas may depend on it)."""
    from tools.config import kafka_conf

    return "client.id" in kafka_conf("consumer")


def transaction_timeout_s() -> float:
    """How long the brokers leave a transaction open whose process is gone."""
    from tools.config import kafka_conf

    return float({**_TRANSACTION_DEFAULTS, **kafka_conf("producer")}["transaction.timeout.ms"]) / 1000


def cluster_id(client: Consumer, timeout_s: float = 5.0) -> str:
    """What the cluster calls itself, or nothing. Raises Unavailable without a broker."""
    from confluent_kafka import KafkaException

    try:
        return client.list_topics("", timeout=timeout_s).cluster_id or ""
    except KafkaException as exception:
        raise _no_broker(exception, timeout_s) from exception


def _no_broker(exception: KafkaException, timeout_s: float) -> Unavailable:
    return Unavailable(
        f"no Kafka broker answered within {timeout_s:g} s ({exception.args[0].str()}): "
        f"start one (`pipeline broker`), or correct KAFKA_BOOTSTRAP_SERVERS"
    )


class TopicSize(NamedTuple):
    """`replicas` is how many brokers keep each partition."""

    partitions: int
    replicas: int


def partition_count(client: Consumer, topic: str, timeout_s: float = 5.0) -> int:
    """How many partitions `topic` has. Raises ConsumerError if there is no such topic, Unavailable without a broker."""
    return len(_find_topic(client, topic, timeout_s).partitions)


def topic_size(client: Consumer, topic: str, timeout_s: float = 5.0) -> TopicSize:
    """The size of `topic`. Raises as `partition_count`."""
    partitions = _find_topic(client, topic, timeout_s).partitions.values()
    return TopicSize(len(partitions), max(1, *(len(each.replicas) for each in partitions)))


def _find_topic(client: Consumer, topic: str, timeout_s: float) -> TopicMetadata:
    from confluent_kafka import KafkaException

    try:
        found: TopicMetadata | None = client.list_topics(topic, timeout=timeout_s).topics.get(topic)
    except KafkaException as exception:
        raise _no_broker(exception, timeout_s) from exception
    if found is not None and found.error is not None and found.error.code() == _FORBIDDEN:
        raise ConsumerError(f"the topic {topic} may not be seen by this user (TOPIC_AUTHORIZATION_FAILED)")
    if found is None or found.error is not None or not found.partitions:
        raise ConsumerError(f"the topic {topic} does not exist: create it (`pipeline topics create`)")
    return found


def registered_id(registry: SchemaRegistryClient, subject: str, avsc: str) -> int:
    """The id under which `avsc` is registered. Raises RegistryUnavailable, and ConsumerError where it is not."""
    from confluent_kafka.schema_registry import Schema, SchemaRegistryError

    try:
        try:
            found = registry.lookup_schema(subject, Schema(avsc, "AVRO"))
        except SchemaRegistryError as error:
            if error.error_code not in (40401, 40403):  # subject, schema not found
                raise
            found = _find_equal(registry, subject, avsc)
    except SchemaRegistryError as error:
        raise RegistryUnavailable(f"the registry did not look up {subject}: {error}") from error
    except ConsumerError:
        raise
    except Exception as error:
        raise RegistryUnavailable.because("is away", error) from error
    if found.schema_id is None:
        raise RegistryUnavailable(f"the registry gave no id for {subject}")
    return found.schema_id


def _find_equal(registry: SchemaRegistryClient, subject: str, avsc: str) -> RegisteredSchema:
    """The version that holds the same JSON. Some registries (Apicurio) look a schema up by its very text."""
    from confluent_kafka.schema_registry import SchemaRegistryError

    wanted = json.loads(avsc)
    try:
        for number in reversed(registry.get_versions(subject)):
            version = registry.get_version(subject, number)
            if json.loads(version.schema.schema_str or "null") == wanted:
                return version
    except SchemaRegistryError as error:
        if error.http_status_code != _NOT_FOUND:
            raise
    raise ConsumerError(
        f"the subject {subject} does not hold the schema that this consumer writes: register it "
        f"(`pipeline schema register`)"
    )
