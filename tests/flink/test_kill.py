"""The counts on an Apache Flink cluster whose TaskManager is killed in mid-stream, beside those of the counts consumer.

Mixed writers of version 1 and 2 and some poison on real Kafka; `consume clean` in between, exactly once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient

from codegen.contract import read_contracts
from consumers.clients import registered_id
from consumers.decoding.frame import frame
from tests.frozen_contracts import CONTRACTS
from tests.integration.real_parts import kafka_stack
from tools.flink.cluster import FlinkCluster
from tools.flink.home import FlinkMissing, flink_python
from tools.flink.job import JobOptions, counts_job
from tools.flink.submission import submit_job
from tools.flink.table import Place
from tools.project import this_code
from tools.stack import Stack
from tools.topics import create_topics, topic_specs

pytestmark = [pytest.mark.flink, pytest.mark.usefixtures("java_parts"), pytest.mark.timeout(1500)]
EVENTS, OUTPUT = CONTRACTS["user_action"], CONTRACTS["activity_count"]
CLEAN = f"{EVENTS.topic}.clean"
START = datetime(2026, 1, 1, tzinfo=UTC)
PARTITIONS = 4
POISON = 7
USERS = 50
Bucket = tuple[int, datetime, str]


@dataclass
class Site:
    stack: Stack
    cluster: FlinkCluster

    @property
    def conf(self) -> dict[str, Any]:
        return {"bootstrap.servers": self.stack.broker.bootstrap_servers, "log_level": 0}

    def send(self, count: int, begin: datetime) -> None:
        """Events 50 ms apart, of version 1 and 2 in turn, in disorder by some seconds."""
        with SchemaRegistryClient({"url": self.stack.registry_url}) as registry:
            ids = {number: registered_id(registry, EVENTS.subject, EVENTS.avsc(number)) for number in EVENTS.versions}
        producer = Producer({**self.conf, "partitioner": "murmur2_random"})
        for number in range(count):
            version = EVENTS.versions[number % 2]
            shown = json.loads(EVENTS.model(version).fake().model_dump_json(by_alias=True))
            at = begin + timedelta(milliseconds=50 * (number ^ 31))
            shown |= {"occurred_at": at.isoformat(), "user_id": f"u-{number % USERS}"}
            event = EVENTS.model(version).model_validate_json(json.dumps(shown))
            producer.produce(EVENTS.topic, frame(ids[version], event.serialize()), f"u-{number % USERS}")
        assert producer.flush(60) == 0

    def send_poison(self) -> None:
        producer = Producer(self.conf)
        for number in range(POISON):
            producer.produce(EVENTS.topic, [b"poison", b"\0\0\0\0\2short", b"\0\0\0\x7f\xff"][number % 3], b"u-1")
        assert producer.flush(60) == 0

    def read(self, topic: str) -> list[tuple[bytes | None, bytes]]:
        """Key and value of every record whose transaction was committed."""
        reading = {"group.id": "reader", "isolation.level": "read_committed", "enable.partition.eof": True}
        consumer = Consumer({**self.conf, **reading})
        try:
            consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
            found, open_ends = [], PARTITIONS
            while open_ends:
                message = consumer.poll(30)
                assert message is not None, f"{topic} has no end"
                if message.error():
                    open_ends -= 1
                else:
                    found.append((message.key(), message.value() or b""))
            return found
        finally:
            consumer.close()

    def counts(self, source: str) -> tuple[dict[Bucket, int], int]:
        """The last count of each bucket of a source topic, and how many records of it there are."""
        decode = OUTPUT.model(1).decoder(json.loads(OUTPUT.avsc(1)))
        records = [decode(value[5:]) for _, value in self.read(OUTPUT.topic)]
        own: list[Any] = [record for record in records if record.source_topic == source]  # type: ignore[attr-defined]
        return {(each.source_partition, each.window_start, each.action): each.count for each in own}, len(own)


def wait_until(holds: Callable[[], object], what: str, within_s: float = 400.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(1.0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    try:
        flink_python()
    except FlinkMissing as missing:
        pytest.fail(str(missing))
    with kafka_stack(tmp_path / "stack") as stack, FlinkCluster(tmp_path / "flink") as cluster:
        yield Site(stack, cluster)
        stack.stop_consumers(["clean", "counts"])
        assert stack.unclean == []


def test_a_killed_task_manager_costs_no_event_and_counts_none_twice(site: Site, tmp_path: Path) -> None:
    stack, cluster = site.stack, site.cluster
    create_topics(site.conf, topic_specs({EVENTS.name: EVENTS}, PARTITIONS, clean=True))
    contracts = {contract.name: contract for contract in read_contracts(this_code() / "schemas")}
    options = JobOptions(f"file://{tmp_path}/checkpoints", version=2, delay_s=5, idle_s=600, checkpoint_interval_s=2)
    place = Place(stack.broker.bootstrap_servers, stack.registry_url)
    stack.consumers["clean"] = stack._command(
        "clean", ["consume", "clean", "--guarantee", "exactly-once", "--json"], {}
    )
    stack.start_consumers(["counts"])
    site.send(3000, START)
    site.send_poison()
    job = submit_job(counts_job(contracts["user_action"], contracts["activity_count"], place, options), cluster.address)

    def checkpoints(kind: str = "completed") -> int:
        return int((cluster.ask(f"/jobs/{job}/checkpoints") or {}).get("counts", {}).get(kind, 0))

    wait_until(lambda: site.counts(CLEAN)[1] > 0, "the first windows were to close")
    site.send(3000, START + timedelta(seconds=150))
    cluster.kill_task_manager()
    site.send(3000, START + timedelta(seconds=300))
    cluster.start_task_manager()
    wait_until(lambda: checkpoints("restored") > 0, "the job was to go on from a checkpoint")
    # What closes the last windows: an event of each user, and so some in each partition. Their own windows stay open.
    end = START + timedelta(hours=1)
    site.send(USERS, end)

    def counted() -> tuple[dict[Bucket, int], dict[Bucket, int]]:
        by_consumer = {at: count for at, count in site.counts(EVENTS.topic)[0].items() if at[1] < end}
        return by_consumer, site.counts(CLEAN)[0]

    wait_until(lambda: sum(counted()[0].values()) == 9000, "the counts consumer was to count all")
    wait_until(lambda: sum(counted()[1].values()) >= 9000, "Flink was to count all")
    reached = checkpoints()
    wait_until(lambda: checkpoints() > reached + 1, "whatever else Flink has was to be committed")
    by_consumer, by_flink = counted()
    assert by_flink == by_consumer
    assert site.counts(CLEAN)[1] == len(by_flink), "a window was written twice"
    assert len(site.read(CLEAN)) == 9000 + USERS
    assert len({key for key, _ in site.read(OUTPUT.topic) if key and key.startswith(CLEAN.encode())}) == len(by_flink)
    assert cluster.ask(f"/jobs/{job}")["state"] == "RUNNING"
    with SchemaRegistryClient({"url": stack.registry_url}) as registry:
        assert registry.get_versions(OUTPUT.subject) == [1], "Flink registered a schema"
    cluster.cancel(job)
