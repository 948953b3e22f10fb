"""Apache Kafka itself, in KRaft mode, from Maven Central: the second broker, for whoever has Java.

Measured with Kafka 4.4.0 on Java 17 and two cores: see docs/kafka.md.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from tools.broker import BrokerError
from tools.broker import run as run_embedded
from tools.kafka_settings import SIZES, Node, Security, node_properties, properties_text
from tools.maven import fetch_jars, require_java
from tools.ports import LOCALHOST, PortInUseError, check_port_free, free_port
from tools.signals import stop_requested

COORDINATES: Final = ("org.apache.kafka:kafka_2.13:4.4.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5")
# A small heap, one thread that collects it, and the quick compiler: a laptop has other things to do.
_JVM: Final = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOGGING: Final = """\
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c)%n
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
"""
_STOP_TIMEOUT_S: Final = 10.0
_ATTEMPTS: Final = 3


def new_cluster_id() -> str:
    """Random, as Kafka makes its own: 22 characters of URL-safe base64, and none that would pass for an option."""
    while (made := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made


class KafkaBroker:
    """1 or 3 brokers of Apache Kafka on 127.0.0.1, up while the `with` block runs; their records end with them.

    The first listens on `port`, or on a free one. Output goes to `log_path` (of the further ones to files beside it),
    or to the temporary folder that also holds the records. Each runs in a session of its own, as the embedded one does.

    Raises JavaMissing, MavenFailed, PortInUseError, and BrokerError with its last words if it does not come up.
    """

    def __init__(
        self,
        port: int | None = None,
        *,
        size: int = 1,
        log_path: Path | None = None,
        security: Security | None = None,
        start_timeout_s: float = 90.0,
    ) -> None:
        if size not in SIZES:
            raise BrokerError(f"Kafka is started with {' or '.join(map(str, SIZES))} brokers, not {size}")
        self._wanted_port = port
        self._log_wanted = log_path
        self._size = size
        self._security = security or Security()
        self._start_timeout_s = start_timeout_s
        self._processes: list[subprocess.Popen[bytes]] = []
        self._nodes: list[Node] = []
        self._folder: Path | None = None
        self.log_path = log_path

    @property
    def bootstrap_servers(self) -> str:
        """The addresses for `bootstrap.servers`; the first alone until it is started."""
        ports = [node.client_port for node in self._nodes] or [self._wanted_port or 0]
        return ",".join(f"{LOCALHOST}:{port}" for port in ports)

    @property
    def pid(self) -> int | None:
        """The process id of the first broker, None before a start and after a stop."""
        return self._processes[0].pid if self._processes else None

    @property
    def pids(self) -> list[int]:
        """The process ids of all brokers."""
        return [process.pid for process in self._processes]

    def is_alive(self) -> bool:
        """Whether every broker runs."""
        return bool(self._processes) and all(process.poll() is None for process in self._processes)

    def start(self) -> None:
        """Start them and return when all of them are in the cluster's metadata."""
        require_java("Apache Kafka")
        jars = fetch_jars("kafka", COORDINATES)
        for _ in range(_ATTEMPTS - 1):  # another program may take a free port before a broker does
            if self._wanted_port is not None:
                check_port_free(self._wanted_port, "Apache Kafka")
            with contextlib.suppress(PortInUseError):
                return self._start_on_free_ports(jars)
        return self._start_on_free_ports(jars)

    def _start_on_free_ports(self, jars: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="kafka-"))
        atexit.register(self.stop)  # they would outlive a caller that forgot them
        cluster_id = new_cluster_id()
        if self._log_wanted is None:
            self.log_path = self._folder / "broker.log"
        try:
            self._choose_nodes()
            for node in self._nodes:
                # Its other listeners may answer for a moment before it ends over this one.
                check_port_free(node.client_port, "Apache Kafka")
                self._format(node, jars, cluster_id)
            for node in self._nodes:
                self._processes.append(self._launch(node, jars))
            self._wait_until_ready(cluster_id)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End them, by force what takes too long: nothing of what they hold is kept. A second stop does nothing."""
        processes, self._processes = self._processes, []
        atexit.unregister(self.stop)
        for process in processes:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            # Whoever is alone cannot hand over its partitions: the others would only wait for a majority.
            deadline = min(deadline, time.monotonic() + 2.0)
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if self._log_wanted is None:
            self.log_path = None

    def last_words(self, lines: int = 5) -> str:
        """The last lines of the logs that say ERROR or FATAL, or just the last ones, joined by ` | `."""
        text = ""
        for node in self._nodes:
            with contextlib.suppress(OSError):
                text += self._log_of(node).read_text("utf-8", errors="replace")
        found = [line.strip() for line in text.splitlines() if line.strip()]
        bad = [line for line in found if " ERROR " in line or " FATAL " in line or "Exception" in line]
        return " | ".join((bad or found)[-lines:])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _choose_nodes(self) -> None:
        taken: set[int] = {self._wanted_port} if self._wanted_port else set()

        def another() -> int:
            while (port := free_port()) in taken:
                pass
            taken.add(port)
            return port

        first = self._wanted_port or another()
        clients = [first, *(another() for _ in range(1, self._size))]
        self._nodes = [Node(number, port, another(), another()) for number, port in enumerate(clients, start=1)]

    def _format(self, node: Node, jars: Path, cluster_id: str) -> None:
        folder = self._folder_of(node)
        folder.mkdir()
        (folder / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
        properties = node_properties(node, self._nodes, folder / "data", self._security)
        (folder / "server.properties").write_text(properties_text(properties), encoding="utf-8")
        users = [
            f"--add-scram=SCRAM-SHA-512=[name={name},password={password}]"
            for name, password in self._security.scram_users.items()
        ]
        options = ["format", "--cluster-id", cluster_id, "--config", str(folder / "server.properties"), *users]
        done = subprocess.run(
            [*self._java(node, jars), "kafka.tools.StorageTool", *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BrokerError(f"Kafka could not format its folder: {(done.stderr or done.stdout).strip()}")

    def _launch(self, node: Node, jars: Path) -> subprocess.Popen[bytes]:
        path = self._log_of(node)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as log:
            return subprocess.Popen(
                [*self._java(node, jars), "kafka.Kafka", str(self._folder_of(node) / "server.properties")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _java(self, node: Node, jars: Path) -> list[str]:
        logging_file = self._folder_of(node) / "log4j2.properties"
        return ["java", *_JVM, f"-Dlog4j2.configurationFile={logging_file}", "-cp", f"{jars}/*"]

    def _folder_of(self, node: Node) -> Path:
        if self._folder is None:
            raise BrokerError("Kafka is not started")
        return self._folder / f"node-{node.id}"

    def _log_of(self, node: Node) -> Path:
        if self.log_path is None:
            raise BrokerError("Kafka is not started")
        return self.log_path if node.id == 1 else self.log_path.with_stem(f"{self.log_path.stem}-{node.id}")

    def _wait_until_ready(self, cluster_id: str) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            if not self.is_alive():
                words = self.last_words()
                if "Address already in use" in words:
                    raise PortInUseError("a port was taken while Kafka started: try again")
                raise BrokerError(f"Kafka ended at its start; its last words: {words or '(none)'}")
            if all(self._sees_all(node, cluster_id) for node in self._nodes):
                return
            time.sleep(0.1)
        raise BrokerError(
            f"Kafka did not answer within {self._start_timeout_s:g} s; its last words: {self.last_words() or '(none)'}"
        )

    def _sees_all(self, node: Node, cluster_id: str) -> bool:
        """Whether this broker's metadata have every broker. Asked at the inner listener, which wants no login."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        silent = logging.getLogger(f"{__name__}.probe")
        silent.disabled = True
        try:
            server = f"{LOCALHOST}:{node.broker_port}"
            metadata = AdminClient({"bootstrap.servers": server}, logger=silent).list_topics(timeout=1)
        except KafkaException:
            return False
        return str(metadata.cluster_id) == cluster_id and len(metadata.brokers) == self._size


def _say(line: str) -> None:
    print(line, flush=True)  # a pipe would otherwise hold it back


def run_broker(kind: str, port: int, size: int = 1, *, say: Callable[[str], None] = _say) -> int:
    """Run a broker of this kind until SIGINT or SIGTERM and return 0; in the main thread only. Port 0 is a free one."""
    if kind == "embedded":
        if size != 1:
            raise BrokerError(f"the embedded broker is always one, not {size}: add --kind kafka")
        return run_embedded(port, say=say)
    with stop_requested() as stop:
        with KafkaBroker(port or None, size=size) as broker:
            say(f"Kafka listens on {broker.bootstrap_servers}; its records lie in a temporary folder and end with it")
            while not stop.wait(0.2):
                if not broker.is_alive():
                    raise BrokerError(f"Kafka ended by itself; its last words: {broker.last_words()}")
        say("Kafka stopped")
    return 0
