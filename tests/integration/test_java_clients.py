"""A Java consumer reads our records, and we read a Java producer's: kafka-clients and Avro, on Apache Kafka."""

from __future__ import annotations

import json
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient

from codegen.models.user_action.v2 import Action, Device, UserAction
from tests.integration.real_parts import kafka_stack
from tools.fake_client import SendOptions
from tools.load import Load
from tools.maven import fetch_jars
from tools.project import this_code
from tools.run import wait_drained

pytestmark = [pytest.mark.usefixtures("java_parts"), pytest.mark.timeout(300)]
PEER = this_code() / "tests" / "java" / "KafkaPeer.java"
# The first decides which version of slf4j-api the others get.
COORDINATES = ("org.slf4j:slf4j-nop:2.0.18", "org.apache.kafka:kafka-clients:4.4.0", "org.apache.avro:avro:1.12.2")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OF_JAVA = 60


def ask_java(*words: str, lines: str = "") -> list[list[str]]:
    jars = fetch_jars("kafka-clients", COORDINATES)
    command = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", f"{jars}/*", str(PEER), *words]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def make_action(user: str, number: int) -> tuple[UserAction, dict[str, Any]]:
    """An event, and the same as Avro's own JSON."""
    device = {"os": "ios", "model": "Ünï-9", "app_version": f"1.{number}", "advertising_id": None}
    action = UserAction(
        event_id=uuid4(),
        user_id=user,
        action=Action.PURCHASE,
        page_url="/straße",
        occurred_at=datetime(2026, 11, 23, 8, 15, 30, 125_000, tzinfo=UTC),
        session_id=None if number % 2 else "s",
        device=Device(**device) if number % 3 else None,
        properties={"b": "2", "a": "1"},
    )
    return action, {
        "event_id": str(action.event_id),
        "user_id": user,
        "action": "purchase",
        "page_url": "/straße",
        "occurred_at": (action.occurred_at - EPOCH) // timedelta(milliseconds=1),
        "session_id": None if number % 2 else {"string": "s"},
        "device": {"com.example.activity.Device": {**device, "model": {"string": "Ünï-9"}}} if number % 3 else None,
        "properties": {"b": "2", "a": "1"},
    }


def test_java_and_we_read_each_other(tmp_path: Path) -> None:
    schema = tmp_path / "v2.avsc"
    schema.write_text(UserAction.AVSC, encoding="utf-8")
    with kafka_stack(tmp_path / "work") as stack:
        servers = stack.broker.bootstrap_servers
        stack.start_api()
        stack.start_consumers(["standard"])
        load = Load(SendOptions(url=stack.api_url, count=500, concurrency=16, seed=5))
        load.start()
        accepted = load.result().accepted

        read = ask_java("read", servers, "events", str(schema), str(accepted))
        assert len(read) == accepted == 500
        assert [value for *_, value, again in read if value != again] == []
        partition_of = {key: partition for partition, key, *_ in read}
        assert set(partition_of.values()) == {"0", "1", "2", "3"}

        keys = sorted(partition_of)[:OF_JAVA]
        actions = [make_action(key, number) for number, key in enumerate(keys)]
        with SchemaRegistryClient({"url": stack.registry_url}) as registry:
            schema_id = registry.get_latest_version("events-value").schema_id
        assert schema_id is not None
        lines = "".join(f"{key}\t{json.dumps(value)}\n" for key, (_, value) in zip(keys, actions, strict=True))
        written = ask_java("write", servers, "events", str(schema), str(schema_id), lines=lines)
        assert {key: partition for partition, key, _ in written} == {key: partition_of[key] for key in keys}
        prefix = b"\0" + schema_id.to_bytes(4, "big")
        assert [value for *_, value in written] == [(prefix + action.serialize()).hex() for action, _ in actions]

        assert wait_drained(stack, accepted + len(keys), threading.Event())
        stack.stop()
    (report,) = (last for child in stack.ended for last in child.finals if "consumer" in last)
    assert (report["decoded"], report["dead_lettered"]) == (accepted + len(keys), 0)
    assert report["totals"]["purchase"] >= len(keys)
