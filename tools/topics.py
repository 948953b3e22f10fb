"""Topics of the contracts: which there should be, and making them without changing those that exist."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.config import kafka_conf
from tools.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.admin._metadata import TopicMetadata
    from rich.console import Console

    from codegen.catalog import GeneratedContract

PARTITIONS = 4
RETENTION_MS = 7 * 24 * 60 * 60 * 1000  # Kafka's own default, written out because the embedded broker has none
CLUSTER_DEFAULT = -1  # replication factor that leaves the choice to the brokers (KIP-464)
_TIMEOUT_S = 10.0
# Kafka's own rule (org.apache.kafka.common.internals.Topic): these characters, 249 of them, not "." or "..".
_NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,249}")
# What librdkafka goes on retrying, though no repetition mends it.
_REFUSALS = ("_AUTHENTICATION", "_SSL")
_BROKER_DEFAULTS = {"cleanup.policy": "delete"}


class TopicError(UserError):
    """Topics cannot be made: the brokers are away, refuse them, or the contracts contradict each other."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be; `replication_factor` -1 leaves it to the brokers, `config` are topic properties."""

    name: str
    partitions: int = PARTITIONS
    replication_factor: int = CLUSTER_DEFAULT
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicOutcome:
    """What became of one topic: made now, or there before, and then how it differs from its specification."""

    name: str
    created: bool
    differences: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """One word or sentence for a table."""
        if self.created:
            return "created"
        return f"exists, and differs: {'; '.join(self.differences)}" if self.differences else "exists"


def topic_specs(
    contracts: Mapping[str, GeneratedContract],
    partitions: int = PARTITIONS,
    replication: int = CLUSTER_DEFAULT,
    retention_ms: int = RETENTION_MS,
    *,
    clean: bool = False,
) -> list[TopicSpec]:
    """The topics of the contracts, by name: each contract's own, `<topic>.dlq`, and for ingestion `<topic>.rejects` and
    `<topic>.late`, whose events came too late to be counted; with `clean` also `<topic>.clean`, which
    `pipeline consume clean` fills.

    The topic of aggregates (`ingest = false`) is compacted: Kafka keeps the latest record of each key, and
    `retention.ms` (-1: for ever) then says nothing. Contracts may share a topic, if all of them are of one sort.

    Raises TopicError for names that Kafka refuses, for contracts that disagree and for numbers out of range.
    """
    _check_numbers(partitions, replication, retention_ms)
    endings = (".clean",) if clean else ()
    specs: dict[str, TopicSpec] = {}
    sorts: dict[str, tuple[bool, str]] = {}
    for contract in contracts.values():
        ingest, other = sorts.setdefault(contract.topic, (contract.ingest, contract.name))
        if ingest is not contract.ingest:
            raise TopicError(
                f"contracts {other} and {contract.name} share the topic {contract.topic}, but only one of them has "
                f"ingest = true, and just the topic of aggregates is compacted: give one of them another topic"
            )
        own = {"retention.ms": str(retention_ms)}
        compacted = {} if contract.ingest else {"cleanup.policy": "compact"}
        wanted = {contract.topic: {**own, **compacted}, f"{contract.topic}.dlq": own}
        if contract.ingest:
            wanted |= {f"{contract.topic}{ending}": own for ending in (".rejects", ".late", *endings)}
        for name, config in wanted.items():
            if not _NAME.fullmatch(name):
                raise TopicError(
                    f"contract {contract.name}: Kafka takes no topic called {name!r}: use letters, digits, '.', '_' "
                    f"and '-', at most 249 with the ending"
                )
            specs.setdefault(name, TopicSpec(name, partitions, replication, config))
    return [specs[name] for name in sorted(specs)]


def create_topics(
    admin_conf: Mapping[str, Any], specs: Sequence[TopicSpec], timeout_s: float = _TIMEOUT_S
) -> list[TopicOutcome]:
    """Make the topics that are missing; compare those that exist and leave them as they are.

    Raises TopicError if no broker answers within `timeout_s`, or if one refuses a topic.
    """
    from confluent_kafka.admin import AdminClient

    silent = logging.getLogger(f"{__name__}.client")
    silent.disabled = True
    complaints: list[KafkaError] = []
    conf: dict[str, Any] = {**admin_conf, "error_cb": complaints.append}
    admin = AdminClient(conf, logger=silent)
    servers = str(admin_conf.get("bootstrap.servers", ""))
    present = _present_topics(admin, servers, timeout_s, complaints)
    created = _create([spec for spec in specs if spec.name not in present], admin, timeout_s)
    existed = [spec for spec in specs if spec.name not in created]
    if any(spec.name not in present for spec in existed):
        present = _present_topics(admin, servers, timeout_s, complaints)
    configs = _configs([spec.name for spec in existed], admin, timeout_s)
    found = {spec.name: _differences(spec, present[spec.name], configs[spec.name]) for spec in existed}
    return [TopicOutcome(spec.name, spec.name in created, found.get(spec.name, ())) for spec in specs]


def create_contract_topics(
    contracts: Mapping[str, GeneratedContract] | None = None,
    partitions: int = PARTITIONS,
    replication: int = CLUSTER_DEFAULT,
    retention_ms: int = RETENTION_MS,
    out: TextIO | None = None,
    *,
    clean: bool = False,
) -> int:
    """`pipeline topics create`: make the topics of the contracts, by default of those that are generated.

    They are made on the brokers of the environment, and what became of each is written to `out`, by default standard
    output. Returns the exit code, 0 also if an existing topic differs: that is told, and for a person to decide.
    Raises TopicError and ConfigError.
    """
    from rich.console import Console

    if contracts is None:
        from codegen.models import CONTRACTS

        contracts = CONTRACTS
    specs = topic_specs(contracts, partitions, replication, retention_ms, clean=clean)
    outcomes = create_topics(kafka_conf("admin"), specs)
    print_outcomes(outcomes, Console(file=out))
    return 0


def print_outcomes(outcomes: Iterable[TopicOutcome], console: Console) -> None:
    """A table on a terminal, elsewhere `topic<TAB>status` lines."""
    from rich.table import Table
    from rich.text import Text

    if not console.is_terminal:
        for outcome in outcomes:
            console.file.write(f"{outcome.name}\t{outcome.status}\n")
        return
    table = Table("topic", "status")
    for outcome in outcomes:
        style = "green" if outcome.created else "yellow" if outcome.differences else ""
        table.add_row(outcome.name, Text(outcome.status), style=style)
    console.print(table)


def _check_numbers(partitions: int, replication: int, retention_ms: int) -> None:
    if partitions < 1:
        raise TopicError(f"a topic has at least 1 partition, not {partitions}: correct the number")
    if replication != CLUSTER_DEFAULT and not 1 <= replication <= 32767:
        raise TopicError(f"a topic has 1 replica or more, not {replication}: correct the replication")
    if retention_ms < -1:
        raise TopicError(f"a retention is in ms, or -1 for ever, not {retention_ms}: correct it")


def _present_topics(
    admin: AdminClient, servers: str, timeout_s: float, complaints: Sequence[KafkaError]
) -> dict[str, TopicMetadata]:
    from confluent_kafka import KafkaException

    try:
        # Of all topics: a request that names a missing one makes some brokers create it.
        return dict(admin.list_topics(timeout=timeout_s).topics)
    except KafkaException as error:
        admin.poll(0)  # hands over what the client complained of meanwhile
        refusal = next((each for each in complaints if each.name() in _REFUSALS), None)
        if refusal is not None:
            reason = re.sub(r"^\S+/bootstrap: | \(after .*\)$", "", refusal.str())
            raise TopicError(
                f"the brokers at {servers} cannot be used ({reason}): correct KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_… or "
                f"KAFKA_SSL_…"
            ) from None
        raise TopicError(
            f"no Kafka broker answers at {servers} within {timeout_s:g} s ({error.args[0].str()}): start one "
            f"(pipeline broker) or set KAFKA_BOOTSTRAP_SERVERS"
        ) from None


def _create(specs: Sequence[TopicSpec], admin: AdminClient, timeout_s: float) -> set[str]:
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # public, though not marked as exported

    if not specs:
        return set()
    topics = [
        NewTopic(s.name, num_partitions=s.partitions, replication_factor=s.replication_factor, config=dict(s.config))
        for s in specs
    ]
    created = set()
    for name, future in admin.create_topics(topics, request_timeout=timeout_s).items():
        try:
            future.result()
            created.add(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # somebody else was faster
                raise TopicError(f"the brokers refuse to create the topic {name}: {error.args[0].str()}") from None
    return created


def _configs(names: Sequence[str], admin: AdminClient, timeout_s: float) -> dict[str, dict[str, str | None]]:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]  # as above

    configs: dict[str, dict[str, str | None]] = {}
    if not names:
        return configs
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    for resource, future in admin.describe_configs(resources, request_timeout=timeout_s).items():
        try:
            configs[str(resource.name)] = {key: entry.value for key, entry in future.result().items()}
        except KafkaException as error:
            raise TopicError(f"the brokers do not describe the topic {resource.name}: {error.args[0].str()}") from None
    return configs


def _differences(spec: TopicSpec, topic: TopicMetadata, config: Mapping[str, str | None]) -> tuple[str, ...]:
    found = []
    if len(topic.partitions) != spec.partitions:
        found.append(f"partitions {len(topic.partitions)}, not {spec.partitions}")
    replicas = {len(partition.replicas) for partition in topic.partitions.values()}
    if spec.replication_factor != CLUSTER_DEFAULT and replicas != {spec.replication_factor}:
        found.append(f"replication factor {', '.join(map(str, sorted(replicas)))}, not {spec.replication_factor}")
    for key, wanted in sorted({**_BROKER_DEFAULTS, **spec.config}.items()):
        value = config.get(key, _BROKER_DEFAULTS.get(key))
        if value != wanted:
            found.append(f"{key} {'not set' if value is None else value}, not {wanted}")
    return tuple(found)
