"""`compose.yaml` is not run here, so what it says is compared with what the tests run."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tools.cli import pipeline
from tools.config.kafka import read_kafka_conf
from tools.config.registry import read_schema_registry_conf
from tools.kafka_broker import COORDINATES
from tools.kafka_settings import Node, Security, node_properties, shared_properties
from tools.stack import CONSUMERS

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
KAFKA: dict[str, str] = SERVICES["kafka"]["environment"]
OURS = [name for name in SERVICES if name != "kafka"]


def variable(name: str) -> str:
    """What the image of Kafka makes the property `name` of."""
    return f"KAFKA_{name.upper().replace('.', '_')}"


def test_kafka_is_told_what_the_tests_tell_it() -> None:
    node = Node(1, 9092, 9093, 9094)
    tests = node_properties(node, [node], Path("/var/lib/kafka/data"), Security())
    said = {variable(name): value.replace("127.0.0.1", "kafka") for name, value in tests.items()}
    # A container listens on all of its addresses.
    said["KAFKA_LISTENERS"] = said["KAFKA_LISTENERS"].replace("kafka:", ":")
    assert {name: value for name, value in KAFKA.items() if name != "CLUSTER_ID"} == said
    assert {variable(name) for name in shared_properties(1)} <= KAFKA.keys()
    # Every value is a text: YAML would make "false" of a boolean another word.
    assert all(isinstance(value, str) for value in KAFKA.values())


def test_it_is_the_kafka_of_the_tests() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{COORDINATES[0].rpartition(':')[2]}"
    assert len(base64.urlsafe_b64decode(KAFKA["CLUSTER_ID"] + "==")) == 16


@pytest.mark.parametrize("name", OURS)
def test_our_services_find_their_way_by_environment_alone(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert read_kafka_conf(environment)["bootstrap.servers"] == "kafka:9092"
    assert read_schema_registry_conf(environment)["url"] == "http://registry:8081"
    assert "CLIENTS://kafka:9092" in KAFKA["KAFKA_ADVERTISED_LISTENERS"]


def test_every_command_exists() -> None:
    for service in (SERVICES[name] for name in OURS):
        line = " ".join(service["command"])
        for words in re.findall(r"pipeline ([a-z]+(?: [a-z]+)?)", line):
            command: click.Command = pipeline
            for word in words.split():
                if isinstance(command, click.Group):
                    command = command.commands[word]
            assert not isinstance(command, click.Group) or command.invoke_without_command
    options = {option for each in pipeline.commands["registry"].params for option in each.opts}
    assert {word for word in SERVICES["registry"]["command"] if word.startswith("--")} <= options


def test_the_consumers_are_those_of_the_stack() -> None:
    assert [name for name in SERVICES if SERVICES[name].get("command", [])[:2] == ["pipeline", "consume"]] == list(
        CONSUMERS
    )


def test_the_image_gets_every_room_and_nothing_that_is_missing() -> None:
    recipe = SERVICES["registry"]["build"]["dockerfile_inline"]
    copied = {word for line in re.findall(r"^COPY (.*) \S+$", recipe, re.MULTILINE) for word in line.split()}
    assert {"codegen", "producer_api", "consumers", "tools", "schemas", "pyproject.toml"} <= copied
    assert [word for word in copied if not (ROOT / word).exists()] == []


def test_it_says_that_ci_does_not_run_it() -> None:
    assert "NOT run in CI" in TEXT
    assert "not run in CI" in (ROOT / "README.md").read_text(encoding="utf-8")
