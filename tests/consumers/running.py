"""A world of its own for a consumer process: broker, registry with the contracts, topics, and the process itself."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from codegen.models import CONTRACTS
from consumers.decoding.frame import frame
from tests.consumers.fakes import user_action
from tools.broker import EmbeddedBroker
from tools.kafka_broker import KafkaBroker
from tools.kafka_settings import Security
from tools.project import this_code
from tools.registry.server import EmbeddedRegistry

PARTITIONS = 2
TOPICS = ("events", "events.dlq", "events.late", "activity_count")
ACTIONS = ("click", "search", "purchase")
# For a Kafka broker: shorter than it allows by default, so that nobody waits long for a member that died, nor for a
# rebalance. By KIP-848 it is the brokers that decide.
SHORT_SESSIONS = Security(
    properties={
        "group.min.session.timeout.ms": "2000",
        "group.consumer.min.session.timeout.ms": "2000",
        "group.consumer.session.timeout.ms": "3000",
        "group.consumer.min.heartbeat.interval.ms": "500",
        "group.consumer.heartbeat.interval.ms": "500",
    }
)
START = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
_RUN = {
    "standard": "from consumers.standard import run_standard as run",
    "counts": "from consumers.counts.app import run_counts as run",
    "table": "from consumers.table.app import run_table; run = lambda options: run_table('sqlite:///rows.db', options)",
    "faust": "from consumers.faust_app import run_faust as run",
    "echo": "from consumers.function import run_function; run = lambda options: run_function('echo:echo', options)",
    "run": "from consumers.function import run_function; run = lambda options: run_function('probe:take', options)",
    "faust-handler": "from consumers.faust_app import run_faust; run = lambda told: run_faust(told, 'probe:take')",
}


def wait_until(holds: Callable[[], object], what: str, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s:g} s in vain: {what}")
        time.sleep(0.05)


@dataclass
class World:
    broker: EmbeddedBroker | KafkaBroker
    registry: EmbeddedRegistry
    ids: dict[tuple[str, int], int]
    folder: Path
    registry_port: int
    partitions: int = PARTITIONS
    sent: int = 0
    kafka: dict[str, str] = field(
        default_factory=lambda: {"KAFKA_SESSION_TIMEOUT_MS": "2000", "KAFKA_HEARTBEAT_INTERVAL_MS": "500"}
    )

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "SCHEMA_REGISTRY_"))}
        return {
            **own,
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
            "SCHEMA_REGISTRY_URL": f"http://127.0.0.1:{self.registry_port}",
            **self.kafka,
        }

    def produce(
        self, *values: bytes | None, partition: int = -1, headers: list[Any] | None = None, topic: str = "events"
    ) -> None:
        # Each record without a key gets a partition of its own: librdkafka would otherwise send all of the same 10 ms,
        # which may be all there are, to one, and whoever reads the other would wait in vain.
        producer = Producer(
            {
                "bootstrap.servers": self.broker.bootstrap_servers,
                "enable.idempotence": True,
                "sticky.partitioning.linger.ms": 0,
            }
        )
        for value in values:
            producer.produce(topic, value=value, partition=partition, headers=headers or [])
        assert producer.flush(30) == 0

    def produce_actions(self, count: int) -> None:
        """`count` records, versions mixed, spread over three minutes, the actions in turn."""
        values = []
        for number in range(self.sent, self.sent + count):
            version = number % 2 + 1
            at = START + timedelta(seconds=number % 180)
            body = user_action(version, ACTIONS[number % len(ACTIONS)], at).serialize()
            values.append(frame(self.ids["user_action", version], body))
        self.sent += count
        self.produce(*values)

    def expected(self) -> dict[str, int]:
        full, rest = divmod(self.sent, len(ACTIONS))
        return {action: full + (place < rest) for place, action in enumerate(ACTIONS)}

    def read_all(self, topic: str) -> list[Any]:
        consumer = Consumer(
            {"bootstrap.servers": self.broker.bootstrap_servers, "group.id": "reader", "enable.partition.eof": True}
        )
        try:
            numbers = range(len(consumer.list_topics(topic, timeout=10).topics[topic].partitions))
            consumer.assign([TopicPartition(topic, number, 0) for number in numbers])
            open_ends, found = len(numbers), []
            while open_ends:
                message = consumer.poll(10)
                assert message is not None, f"{topic} has no end"
                if message.error():
                    open_ends -= 1
                else:
                    found.append(message)
            return found
        finally:
            consumer.close()

    def lag(self, group: str, topic: str = "events") -> int:
        """Records of `topic` that the group has not committed, by the word of a broker that knows its ends."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap_servers, "group.id": group})
        try:
            places = consumer.committed(
                [TopicPartition(topic, number) for number in range(self.partitions)], timeout=10
            )
            ends = [consumer.get_watermark_offsets(place, timeout=10)[1] for place in places]
            return sum(end - max(place.offset, 0) for place, end in zip(places, ends, strict=True))
        finally:
            consumer.close()

    def counted(self) -> dict[tuple[str, str], int]:
        """(minute, action) → count, as anybody reads it from the topic: the last of each bucket, summed."""
        model = CONTRACTS["activity_count"].model(1)
        latest: dict[bytes, Any] = {}
        for message in sorted(self.read_all("activity_count"), key=lambda each: each.offset()):
            latest[message.key()] = model.deserialize(message.value()[5:])
        sums: dict[tuple[str, str], int] = {}
        for value in latest.values():
            key = (f"{value.window_start:%H:%M}", value.action)
            sums[key] = sums.get(key, 0) + value.count
        return sums

    def expected_counts(self) -> dict[tuple[str, str], int]:
        sums: dict[tuple[str, str], int] = {}
        for number in range(self.sent):
            key = (f"{START + timedelta(seconds=number % 180):%H:%M}", ACTIONS[number % len(ACTIONS)])
            sums[key] = sums.get(key, 0) + 1
        return sums

    @contextlib.contextmanager
    def running(self, app: str, **options: Any) -> Iterator[Process]:
        process = Process(self, app, options)
        try:
            yield process
        finally:
            process.kill()


class Process:
    """A consumer in a process of its own, as the command line runs it."""

    def __init__(self, world: World, app: str, options: dict[str, Any]) -> None:
        self.out = world.folder / f"{app}-{time.monotonic_ns()}.jsonl"
        self.err = self.out.with_suffix(".log")
        given = {"json": True, "report_interval_s": 0.2, "commit_interval_s": 0.3, "schema_patience_s": 0.2, **options}
        # PosixPath is how a path says itself in `given`.
        names = "from pathlib import PosixPath; from consumers.options import ConsumerOptions"
        code = f"{names}; {_RUN[app]}; exit(run(ConsumerOptions(**{given!r})))"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdout=out,
                stderr=err,
                cwd=world.folder,
                env=world.environment() | {"PYTHONFAULTHANDLER": "1"},
            )

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def latest(self) -> dict[str, Any]:
        assert self._process.poll() is None, self.err.read_text()
        lines = self.lines()
        return lines[-1] if lines else {"seen": -1, "state": "", "retries": 0}  # not even a first line

    def wait_for(self, holds: Callable[[dict[str, Any]], bool], what: str) -> None:
        try:
            wait_until(lambda: holds(self.latest()), what)
        except AssertionError as error:
            raise AssertionError(f"{error}; it said {self.lines()[-1:]}") from None

    def wait_log(self, text: str) -> None:
        wait_until(lambda: text in self.err.read_text(), f"the log was to say {text!r}")

    def wait_seen(self, count: int) -> None:
        self.wait_for(lambda line: line["seen"] >= count, f"{count} records were to be seen")

    def stop(self, number: int = signal.SIGTERM) -> dict[str, Any]:
        """Ask to stop, expect exit 0, and give back the last line."""
        self._process.send_signal(number)
        code, said = self.ended(30)
        assert code == 0, said
        last = self.lines()[-1]
        assert last["final"]
        return last

    def ask_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def ended(self, within_s: float = 60) -> tuple[int, str]:
        """Its exit code and what it logged; where it does not end, a failure that shows what its threads are at."""
        try:
            return self._process.wait(within_s), self.err.read_text()
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # PYTHONFAULTHANDLER writes the stacks
            self._process.wait()
            raise AssertionError(f"it did not end within {within_s} s:\n{self.err.read_text()}") from None


def run(here: World, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """`pipeline …` on this world: its exit code, and what it wrote to stdout and stderr."""
    command = [sys.executable, "-P", "-m", "tools.cli", "--root", str(this_code()), *arguments]
    own = {**here.environment(), **environment}
    done = subprocess.run(command, cwd=here.folder, env=own, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def world(folder: Path, made: KafkaBroker | None = None) -> Iterator[World]:
    """On the embedded broker, or on the broker `made`, not yet started."""
    with made or EmbeddedBroker() as broker, world_on(broker, folder) as here:
        yield here


@contextlib.contextmanager
def world_on(broker: EmbeddedBroker | KafkaBroker, folder: Path, partitions: int = PARTITIONS) -> Iterator[World]:
    """On a broker that runs; the topics stay."""
    with EmbeddedRegistry(folder / "registry.db") as registry:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        for created in admin.create_topics([NewTopic(name, partitions, 1) for name in TOPICS]).values():
            created.result(10)
        ids = {}
        with SchemaRegistryClient({"url": registry.url}) as client:
            for contract in (CONTRACTS["user_action"], CONTRACTS["activity_count"]):
                for version in contract.versions:
                    schema = Schema(contract.avsc(version), "AVRO")
                    ids[contract.name, version] = client.register_schema(contract.subject, schema)
        yield World(broker, registry, ids, folder, int(registry.url.rpartition(":")[2]), partitions)
