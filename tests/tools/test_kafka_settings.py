"""What Kafka's brokers are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.kafka_settings import Node, Security, node_properties, properties_text, shared_properties

NODES = [Node(1, 9092, 9093, 9094), Node(2, 9192, 9193, 9194), Node(3, 9292, 9293, 9294)]


@pytest.mark.parametrize(("size", "in_sync"), [(1, "1"), (3, "2")])
def test_topics_are_replicated_as_often_as_there_are_brokers(size: int, in_sync: str) -> None:
    properties = shared_properties(size)
    assert {value for name, value in properties.items() if name.endswith("replication.factor")} == {str(size)}
    assert {value for name, value in properties.items() if name.endswith(("min.isr", "insync.replicas"))} == {in_sync}


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or 3 brokers, not 2"):
        shared_properties(2)


def test_every_broker_knows_all_controllers_and_only_clients_are_secured() -> None:
    properties = node_properties(NODES[1], NODES, Path("/data"), Security("SASL_SSL", {"listener.name.clients.x": "y"}))
    assert properties["node.id"] == "2"
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:9094,2@127.0.0.1:9194,3@127.0.0.1:9294"
    assert properties["listeners"] == "CLIENTS://127.0.0.1:9192,BROKERS://127.0.0.1:9193,CONTROLLER://127.0.0.1:9194"
    assert "CONTROLLER" not in properties["advertised.listeners"]
    assert properties["listener.security.protocol.map"].startswith("CLIENTS:SASL_SSL,BROKERS:PLAINTEXT")
    assert properties["listener.name.clients.x"] == "y"
    assert properties["log.dirs"] == "/data"


def test_the_text_is_a_java_properties_file() -> None:
    assert properties_text({"a": "1", "b": "x\\y\nz"}) == "a=1\nb=x\\\\y\\n\\\nz\n"
