"""The settings of Apache Kafka's brokers, as text of `server.properties`: pure, for one broker or three.

Source: https://kafka.apache.org/documentation/#brokerconfigs; KRaft, where each broker is a controller as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tools.ports import LOCALHOST

SIZES: Final = (1, 3)


@dataclass(frozen=True, slots=True)
class Security:
    """What clients meet: a security protocol, the broker's own properties for it, and users that log in by SCRAM."""

    protocol: str = "PLAINTEXT"
    properties: Mapping[str, str] = field(default_factory=dict)
    scram_users: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """One broker: its id and its ports, for clients, for the other brokers, and for the controllers."""

    id: int
    client_port: int
    broker_port: int
    controller_port: int


def shared_properties(size: int) -> dict[str, str]:
    """What every broker of a cluster of this size is told; `compose.yaml` says the same."""
    if size not in SIZES:
        raise ValueError(f"a cluster has {' or '.join(map(str, SIZES))} brokers, not {size}")
    replicas, in_sync = str(size), "2" if size > 1 else "1"
    return {
        "process.roles": "broker,controller",
        # A misspelt topic is an error, as on any cluster that is looked after.
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        # The internal topics ask for 3 replicas by default, and for many partitions, which small machines feel.
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": "4",
        # Production waits 3 s for further members before the first assignment; here nobody else comes.
        "group.initial.rebalance.delay.ms": "0",
    }


def node_properties(node: Node, nodes: Sequence[Node], data: Path, security: Security) -> dict[str, str]:
    """All of one broker's properties. Only the clients' listener is secured: the others are this machine's own."""
    listeners = {"CLIENTS": node.client_port, "BROKERS": node.broker_port, "CONTROLLER": node.controller_port}
    advertised = {name: port for name, port in listeners.items() if name != "CONTROLLER"}
    return {
        **shared_properties(len(nodes)),
        "node.id": str(node.id),
        "controller.quorum.voters": ",".join(f"{each.id}@{LOCALHOST}:{each.controller_port}" for each in nodes),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "BROKERS",
        "listeners": ",".join(f"{name}://{LOCALHOST}:{port}" for name, port in listeners.items()),
        "advertised.listeners": ",".join(f"{name}://{LOCALHOST}:{port}" for name, port in advertised.items()),
        "listener.security.protocol.map": f"CLIENTS:{security.protocol},BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        **security.properties,
    }


def properties_text(properties: Mapping[str, str]) -> str:
    """A Java properties file; a line break within a value (a PEM file) goes on in the next line."""
    lines = (f"{name}={value.replace(chr(92), chr(92) * 2)}" for name, value in properties.items())
    return "".join(line.replace("\n", "\\n\\\n") + "\n" for line in lines)
