"""The three consumers as processes, against the embedded broker and registry."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from consumers.decoding.frame import VALUE_SCHEMA_HEADER, frame
from tests.consumers.fakes import CONTRACT, user_action
from tests.consumers.running import World, world
from tools.ports import free_port
from tools.project import this_code
from tools.registry.server import EmbeddedRegistry

pytestmark = pytest.mark.integration


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.mark.parametrize("app", ["standard", "counts", "faust"])
def test_mixed_versions_are_read_and_poison_is_kept_whole(here: World, app: str) -> None:
    here.produce_actions(300)
    body = user_action(2).serialize()
    by_id = [(VALUE_SCHEMA_HEADER, b"\x00" + here.ids["user_action", 2].to_bytes(4, "big"))]
    here.produce(None, b"", b"no frame", b"\x00\x00\x00\x00\x02cut", partition=0)
    here.produce(body, partition=0, headers=by_id)
    here.produce(body, partition=0, headers=[(VALUE_SCHEMA_HEADER, b"\x01" + uuid4().bytes)])
    port = free_port()
    with here.running(app, http_port=port) as process:
        process.wait_seen(306)
        told = {path: urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10).read() for path in ("live", "metrics")}
        last = process.stop(signal.SIGINT if app == "faust" else signal.SIGTERM)
    assert json.loads(told["live"]) == {"status": "alive"}
    labels = f'consumer="{app}",contract="user_action",group="user_action-{app}",stage'
    for stage, count in {"frame": 2, "payload": 1, "schema": 1}.items():
        line = f'consumer_records_dead_lettered_total{{{labels}="{stage}"}} {count:.1f}'
        assert line in told["metrics"].decode().splitlines()
    assert last["dead_letters_by_stage"] == {"frame": 2, "payload": 1, "schema": 1}
    assert (last["seen"], last["decoded"], last["tombstones"], last["dead_lettered"]) == (306, 301, 1, 4)
    assert last["totals"] == {**here.expected(), "click": here.expected()["click"] + 1}
    assert last["by_schema_version"] == {"1": 150, "2": 151}
    assert last["state"] == "stopped"
    assert sum(last["positions"].values()) == 306
    dead = here.read_all("events.dlq")
    stages = sorted((message.value(), dict(message.headers())["dlq.stage"]) for message in dead)
    assert stages == sorted(
        [(b"", b"frame"), (b"no frame", b"frame"), (b"\x00\x00\x00\x00\x02cut", b"payload"), (body, b"schema")]
    )
    assert "someone" not in process.err.read_text(), "personal data in a log"


@pytest.mark.parametrize("app", ["standard", "counts", "faust"])
def test_a_restart_neither_loses_nor_repeats(here: World, app: str) -> None:
    seen = []
    for _ in range(2):
        with here.running(app) as process:
            process.wait_for(lambda line: line["state"] == "ready", "partitions were to come")
            here.produce_actions(3000)
            process.wait_seen(1)
            seen.append(process.stop()["seen"])
    with here.running(app) as process:
        aggregate = None if app == "standard" else here.expected()
        process.wait_for(
            lambda line: line["seen"] >= here.sent - sum(seen) and line.get("aggregate") == aggregate,
            "all was to be seen and counted",
        )
        last = process.stop()
    assert sum(seen) + last["seen"] == here.sent


def test_counts_are_exact_after_kill_9(here: World) -> None:
    for _ in range(3):
        here.produce_actions(3000)
        with here.running("counts", commit_interval_s=0.05) as process:
            process.wait_seen(500)
    with here.running("counts") as process:
        process.wait_for(lambda line: line.get("aggregate") == here.expected(), "all was to be counted")
        process.stop()
    assert here.counted() == here.expected_counts()


def test_faust_counts_no_less_than_there_is_after_kill_9(here: World) -> None:
    """At least once, and approximate: the records of a last commit interval may count twice."""
    killed = 0
    for _ in range(2):
        here.produce_actions(400)
        with here.running("faust") as process:
            process.wait_seen(100)
            killed += process.latest()["seen"]
    with here.running("faust") as process:
        # By what it counted, not by how far it read: of a partition committed to its end there is nothing more to read.
        expected = here.expected().items()
        process.wait_for(
            lambda line: all((line.get("aggregate") or {}).get(action, 0) >= count for action, count in expected),
            "all was to be counted",
        )
        aggregate = process.stop()["aggregate"]
    assert sum(aggregate.values()) <= here.sent + killed


def test_two_processes_share_the_work_and_their_counts_add_up(here: World) -> None:
    here.produce_actions(2000)
    with here.running("counts") as first:
        first.wait_seen(1)
        with here.running("counts") as second:
            second.wait_for(lambda line: len(line.get("assigned", [])) == 1, "a partition was to move")
            here.produce_actions(1000)
            first.wait_for(lambda line: len(line["assigned"]) == 1, "one partition was to stay")
            second.wait_seen(1)
            second.stop()
        first.wait_for(lambda line: line["aggregate"] == here.expected(), "all was to be counted")
        first.stop()
    assert here.counted() == here.expected_counts()


@pytest.mark.parametrize("app", ["standard", "faust"])
@pytest.mark.parametrize("when", ["from the start", "later"])
def test_a_registry_outage_pauses_and_dead_letters_nothing(here: World, app: str, when: str) -> None:
    if when == "from the start":
        here.registry.stop()
    with here.running(app) as process:
        if when == "later":
            process.wait_for(lambda line: line["state"] == "ready", "partitions were to come")
            here.registry.stop()
        here.produce_actions(50)
        process.wait_for(lambda line: line["state"] == "paused" and line["retries"] > 2, "it was to pause")
        with EmbeddedRegistry(here.folder / "registry.db", port=here.registry_port):
            process.wait_seen(50)
            last = process.stop()
    assert (last["decoded"], last["dead_lettered"]) == (50, 0)


@pytest.mark.parametrize("app", ["standard", "counts", "faust"])
def test_a_process_that_waits_for_the_registry_stops_when_asked(here: World, app: str) -> None:
    here.registry.stop()
    here.produce_actions(10)
    with here.running(app) as process:
        if app == "counts":  # it asks for the id of what it writes, before it joins
            process.wait_log("waiting: the registry")
        else:
            process.wait_for(lambda line: line["state"] == "paused", "it was to pause")
        assert process.stop()["decoded"] == 0


@pytest.mark.parametrize(("app", "codes"), [("standard", {0}), ("counts", {0}), ("faust", {0, 2})])
def test_a_process_whose_broker_died_stops_when_asked(here: World, app: str, codes: set[int]) -> None:
    """Faust may or may not get to take its leave; if not, it says so with 2."""
    with here.running(app) as process:
        process.wait_for(lambda line: line["state"] == "ready", "partitions were to come")
        here.broker.stop()
        process.ask_to_stop()
        assert process.ended()[0] in codes


def test_a_schema_that_cannot_be_resolved_is_dead_lettered_with_the_finding(here: World) -> None:
    schema = json.loads(CONTRACT.avsc(1))
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "page"]
    with SchemaRegistryClient({"url": here.registry.url}) as client:
        foreign = client.register_schema("elsewhere-value", Schema(json.dumps(schema), "AVRO"))
    here.produce_actions(10)
    here.produce(frame(foreign, b"whatever"))
    with here.running("standard") as process:
        process.wait_seen(11)
        last = process.stop()
    assert (last["decoded"], last["dead_lettered"]) == (10, 1)
    (dead,) = here.read_all("events.dlq")
    headers = dict(dead.headers())
    assert (headers["dlq.stage"], headers["dlq.writer_schema_id"]) == (b"resolve", str(foreign).encode())
    assert headers["dlq.incompatibility_type"] == b"READER_FIELD_MISSING_DEFAULT_VALUE"
    assert b"'page_url'" in headers["dlq.incompatibility_message"]


@pytest.mark.parametrize("app", ["standard", "counts", "faust"])
def test_a_reader_that_cannot_read_what_is_written_does_not_start(here: World, app: str) -> None:
    """By the command, as a person runs it; the topic is not even touched."""
    command = [sys.executable, "-P", "-m", "tools.cli", "--root", str(this_code()), "consume", app]
    environment = {**here.environment(), "READER_VERSION": "1"}
    done = subprocess.run(command, cwd=here.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"error: {app} reads version 1 of user_action, which cannot read version ")
    assert "or leave READER_VERSION out)" in sentence


@pytest.mark.parametrize("app", ["standard", "counts", "faust"])
def test_a_version_of_the_subject_that_cannot_be_read_stops_the_start(here: World, app: str) -> None:
    schema = json.loads(CONTRACT.avsc(2))
    for field in schema["fields"]:
        if field["name"] == "page_url":
            field.update(name="location", aliases=["page_url", "page"])
    with SchemaRegistryClient({"url": here.registry.url}) as client:
        added = client.register_schema("events-value", Schema(json.dumps(schema), "AVRO"))
        number = client.get_latest_version("events-value").version
    with here.running(app) as process:  # registered, and written by nobody yet
        process.wait_for(lambda line: line["state"] == "ready", "it was to start")
        process.stop()
    assert f"cannot read version {number}, which is registered and not written yet" in process.err.read_text()
    here.produce(*[frame(added, user_action(2).serialize())] * 4)
    with here.running(app) as process:
        code, log = process.ended()
    assert code != 0
    assert f"cannot read version {number}, which the subject events-value holds" in log.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("app", "options", "sentence"),
    [
        ("standard", {"contract": "nothing"}, "there is no contract 'nothing'"),
        ("standard", {"reader_version": 7}, "has no version 7"),
        ("counts", {"count_field": "user_id"}, "tagged PII"),
        ("counts", {"contract": "activity_count"}, "has no field 'occurred_at'"),
        ("faust", {"count_field": "colour"}, "has no field 'colour'"),
    ],
)
def test_a_mistake_is_one_sentence(here: World, app: str, options: dict[str, object], sentence: str) -> None:
    with here.running(app, **options) as process:
        code, log = process.ended()
    assert code != 0
    assert sentence in log.strip().splitlines()[-1]


@pytest.mark.parametrize("app", ["standard", "counts", "faust"])
def test_a_process_that_finds_no_broker_waits_and_stops_when_asked(here: World, app: str) -> None:
    here.broker.stop()
    with here.running(app) as process:
        process.wait_log("waiting: no Kafka broker answered")
        process.ask_to_stop()
        assert process.ended()[0] == 0
