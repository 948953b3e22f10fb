"""Where the drills take place: three brokers, the registry, the API and the consumers, as processes of their own."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from codegen.models import CONTRACTS
from tests.faults.api_books import check_counts, read_counts
from tests.faults.cluster import Cluster
from tests.faults.ledger import Balance, Ledger
from tests.faults.load import Load, LoadOptions, canonical
from tests.faults.poison import CONTRACT
from tests.faults.records import FRAME_BYTES, PARTITIONS, TOPIC, Found, Records
from tests.faults.supervision import revive
from tests.faults.waiting import wait_until
from tools.child import Child
from tools.parts import Parts
from tools.project import this_code
from tools.stack import Stack, StackOptions, api_arguments, restored

DEAD_LETTERS = f"{TOPIC}.dlq"
BROKERS = 3


@dataclass
class Site:
    """`position` is how far the topic was read, `counted` what was in it so far, by action."""

    stack: Stack
    cluster: Cluster
    say: Callable[[str], None]
    records: Records
    position: dict[int, int] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    dead_position: dict[int, int] = field(default_factory=dict)
    total: Balance = field(default_factory=Balance)
    poison: int = 0
    restarts: Counter[str] = field(default_factory=Counter)

    # ------------------------------------------------------------ load and books

    def make_load(self, ledger: Ledger | None = None, **options: Any) -> Load:
        """A load that does not run yet."""
        return Load(self.stack.api_url + CONTRACT.path, LoadOptions(**options), ledger or Ledger())

    @contextmanager
    def load(self, *, warm: int = 50, **options: Any) -> Iterator[Load]:
        """Steady load; at the end of the block the books are closed, printed, and must hold."""
        with self.books() as ledger, self.make_load(ledger, **options) as load:
            load.wait_acknowledged(warm)
            yield load

    @contextmanager
    def books(self) -> Iterator[Ledger]:
        """A ledger that must hold at the end of the block; so must the API's counters, if it is still the same API."""
        ledger, api = Ledger(), self.stack.api
        before = read_counts(self.stack.api_url)
        yield ledger
        balance = self.close_books(ledger)
        if api is not None and self.stack.api is api and self.stack.options.workers == 1:
            # An event whose client has given up may be under way until the delivery time-out.
            wait_until(lambda: read_counts(self.stack.api_url).are_settled, "the API was to settle every event", 30)
            check_counts(read_counts(self.stack.api_url).since(before), balance, self.say)

    def close_books(self, ledger: Ledger) -> Balance:
        """Compare what clients were told with what the topic got since the last time."""
        for record in self.read_on():
            if record.event is not None:
                assert (record.key or b"").decode() == record.event["user_id"]
                ledger.find(record.event["event_id"], canonical(record.event), record.place)
        balance = ledger.balance()
        for line in balance.lines():
            self.say(f"    {line}")
        self.total.add(balance)
        assert balance.holds, {kind: ids[:3] for kind, ids in balance.faults.items() if ids}
        return balance

    def read_on(self) -> list[Found]:
        """The records of the topic that were not read yet."""
        found = self.records.read(TOPIC, self.position)
        self.counted.update(record.event["action"] for record in found if record.event is not None)
        return found

    # ------------------------------------------------------------ the brokers

    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.stack.broker.bootstrap_servers, "log_level": 0})

    def leader(self, partition: int = 0) -> int:
        """The node that leads a partition of the topic; 0 while there is none."""
        try:
            return int(self.admin().list_topics(TOPIC, timeout=5).topics[TOPIC].partitions[partition].leader)
        except KafkaException:
            return 0

    def wait_in_sync(self, within_s: float = 180.0) -> float:
        """Wait until every replica of every topic is in sync, and every partition is led."""
        return wait_until(self._in_sync, "all replicas were to be in sync", within_s)

    def _in_sync(self) -> bool:
        try:
            metadata = self.admin().list_topics(timeout=5)
        except KafkaException:
            return False
        partitions = [each for topic in metadata.topics.values() for each in topic.partitions.values()]
        return len(metadata.brokers) == BROKERS and all(
            len(each.isrs) == len(each.replicas) == BROKERS and each.leader > 0 for each in partitions
        )

    # ------------------------------------------------------------ the API

    def metric(self, name: str) -> dict[str, float]:
        """Labels (as they are written) → value."""
        with urllib.request.urlopen(f"{self.stack.api_url}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        pairs = [line.rpartition(" ")[::2] for line in lines if line.startswith((f"{name}{{", f"{name} "))]
        return {series.removeprefix(name): float(value) for series, value in pairs}

    def is_ready(self) -> bool:
        """Whether the API can take events."""
        try:
            return self.get("/health/ready")[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(self.stack.api_url + path, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def post_one(self) -> int:
        """The status of one request that no event is in."""
        request = urllib.request.Request(
            self.stack.api_url + CONTRACT.path, b"{}", {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def api_child(self, environment: dict[str, str] | None = None) -> Child:
        """The API, started and not waited for."""
        return self.stack._python("api", api_arguments(self.stack.api_port), environment)

    @contextmanager
    def api_with(self, **environment: str) -> Iterator[None]:
        """The API started anew with these variables, and as it was afterwards."""
        self.stack.stop_api()
        before = dict(self.stack.environment)
        self.stack.environment.update(environment)
        self.stack.start_api()
        try:
            yield
        finally:
            self.stack.stop_api()
            self.stack.environment.clear()
            self.stack.environment.update(before)
            self.stack.start_api()

    # ------------------------------------------------------------ registry and consumers

    def kill_registry(self) -> None:
        assert self.stack.registry is not None
        self.stack.registry.kill()
        self.stack.registry = None

    def start_registry(self) -> None:
        self.stack.start_registry()

    def consumer_child(self, name: str) -> Child:
        """A consumer, started and not waited for."""
        return self.stack._command(f"consumer {name}", ["consume", name, "--json"], {})

    def wait_moving(self, *names: str) -> None:
        """Wait until each of the consumers has seen more than now."""
        for name in names:
            seen = self.progress(name).get("seen", 0)
            wait_until(lambda name=name, seen=seen: self.progress(name)["seen"] > seen, f"{name} was to go on")  # type: ignore[misc]

    def wait_ready(self) -> float:
        """Wait until every consumer is; one that reads its own state back gets the time for that."""
        children = self.stack.consumers
        return wait_until(
            lambda: all(self.progress(name).get("state") == "ready" for name in children),
            "the consumers were to go on",
            moved=lambda: [restored(child) for child in children.values()],
        )

    def kill_consumer(self, name: str) -> None:
        self.stack.consumers.pop(name).kill()

    def progress(self, name: str) -> dict[str, Any]:
        child = self.stack.consumers[name]
        child.check()
        return child.latest or {}

    def wait_caught_up(self, *names: str, within_s: float = 180.0) -> float:
        """How long it took in all, in seconds; `within_s` is how long a consumer may stay where it is."""
        return sum(
            wait_until(
                partial(self._has_no_lag, name), f"the lag of {name} was to be 0", within_s, partial(self._place, name)
            )
            for name in names
        )

    def _place(self, name: str) -> tuple[object, ...]:
        """What moves as the consumer does: what it has seen, and what it has read back of its own state."""
        latest = self.stack.consumers[name].latest or {}
        return latest.get("seen"), latest.get("restored")

    def _has_no_lag(self, name: str) -> bool:
        self.restarts[name] += revive(self.stack, name, self.say)
        return self.records.lag(f"{CONTRACT.name}-{name}") == 0

    def counts(self) -> Counter[str]:
        """Action → count, as anybody reads it from the compacted topic: the last record of each key."""
        model = CONTRACTS["activity_count"].model(1)
        latest = {record.key: record.value for record in self.records.read(CONTRACTS["activity_count"].topic, {})}
        totals: Counter[str] = Counter()
        for value in latest.values():
            count: Any = model.deserialize((value or b"")[FRAME_BYTES:])
            totals[count.action] += count.count
        return totals

    def check_counts(self) -> None:
        """`counts` promises exact numbers, whatever happened."""
        self.wait_caught_up("counts")
        self.read_on()
        counted = self.counts()
        self.say(f"    counts: {counted.total():,} counted, {self.counted.total():,} in the topic")
        assert counted == self.counted

    def heal(self) -> None:
        """After a drill that broke off in the middle: everything runs again."""
        for number, process in enumerate(self.cluster._processes, start=1):
            if process.poll() is not None:
                self.cluster.launch(number)
        self.wait_in_sync()
        if self.stack.registry is None:
            self.start_registry()
        if not self.is_ready():
            if self.stack.api is not None:
                self.stack.api.kill()
            self.stack.start_api()
        for name in list(self.stack.consumers):
            self.kill_consumer(name)
        self.stack.start_consumers()
        self.read_on()

    def child(self, name: str, arguments: list[str], environment: dict[str, str] | None = None) -> Child:
        """A process beside those of the stack; whoever starts it ends it."""
        return self.stack._python(name, ["-m", "tools.cli", *arguments], environment)


@contextmanager
def open_site(folder: Path, say: Callable[[str], None]) -> Iterator[Site]:
    """Everything up; at the end everything down, and nothing left."""
    options = StackOptions(
        this_code(), folder, partitions=PARTITIONS, parts=Parts("kafka", BROKERS), start_timeout_s=120.0
    )
    with Stack(options, say) as stack:
        cluster = Cluster(stack.broker_port, size=BROKERS, log_path=folder / "broker.log")
        stack.broker = cluster
        # A member that was killed is noticed soon; a group's default is 45 s.
        stack.environment["KAFKA_SESSION_TIMEOUT_MS"] = "6000"
        stack.environment["KAFKA_HEARTBEAT_INTERVAL_MS"] = "1500"
        stack.start_base()
        stack.start_api()
        stack.start_consumers()
        path = f"/subjects/{CONTRACT.subject}/versions/{CONTRACT.latest}"
        with urllib.request.urlopen(stack.registry_url + path, timeout=10) as answer:
            schema_id = int(json.load(answer)["id"])
        yield Site(stack, cluster, say, Records(lambda: stack.broker.bootstrap_servers, schema_id))
