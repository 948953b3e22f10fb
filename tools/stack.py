"""Everything up in one process tree: broker, registry, topics, contract, API, consumers; and down again in order."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from producer_api.serving import SERVER_OPTIONS
from tools.apicurio import apicurio_command, apicurio_url, set_first_level
from tools.broker import Broker, EmbeddedBroker, child_environment
from tools.child import Child, ChildError, stop_children
from tools.errors import UserError
from tools.kafka_broker import KafkaBroker
from tools.parts import EMBEDDED, Parts
from tools.ports import LOCALHOST, check_port_free, free_port
from tools.project import project_environment

CONSUMERS: Final = ("standard", "counts", "faust")
_POLL_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What to start, from which project, on which ports (0 takes a free one). `work` holds logs and the database."""

    root: Path
    work: Path
    workers: int = 1
    partitions: int = 4
    api_port: int = 0
    broker_port: int = 0
    registry_port: int = 0
    parts: Parts = EMBEDDED
    start_timeout_s: float = 90.0


class Stack:
    """The parts of a running pipeline; a context manager that leaves no process behind.

    Raises UserError (a port in use, a part that does not come up or dies) with one clear sentence.
    """

    def __init__(self, options: StackOptions, say: Callable[[str], None]) -> None:
        self.options = options
        self.say = say
        wanted = [port for port in (options.api_port, options.broker_port, options.registry_port) if port]
        if len(set(wanted)) < len(wanted):
            raise UserError("--api-port, --broker-port and --registry-port must differ")
        self.api_port = self._port(options.api_port, "the API", "--api-port")
        self.broker_port = self._port(options.broker_port, f"the {options.parts.broker} broker", "--broker-port")
        self.registry_port = self._port(options.registry_port, "the registry", "--registry-port")
        # What suits the embedded broker, real ones refuse: their shortest session is longer.
        tuning: dict[str, int] | None = None if options.parts.broker == "embedded" else {}
        self.environment = {
            **project_environment(options.root, child_environment(self.broker_port, self.registry_port, tuning)),
            "SCHEMA_REGISTRY_URL": self.registry_url,
            "API_REPORT": "1",
        }
        self.broker = self._make_broker()
        self.registry: Child | None = None
        self.api: Child | None = None
        self.consumers: dict[str, Child] = {}
        self.ended: list[Child] = []
        self.unclean: list[Child] = []

    @staticmethod
    def _port(port: int, what: str, option: str) -> int:
        if port == 0:
            return free_port()
        check_port_free(port, what, option)
        return port

    def _make_broker(self) -> Broker:
        log = self.options.work / "broker.log"
        if self.options.parts.broker == "kafka":
            return KafkaBroker(self.broker_port, size=self.options.parts.brokers, log_path=log)
        if self.options.parts.brokers != 1:
            raise UserError(f"the embedded broker is always one, not {self.options.parts.brokers}: add --broker kafka")
        return EmbeddedBroker(self.broker_port, log_path=log)

    @property
    def api_url(self) -> str:
        return f"http://{LOCALHOST}:{self.api_port}"

    @property
    def registry_url(self) -> str:
        if self.options.parts.registry == "apicurio":
            return apicurio_url(self.registry_port)
        return f"http://{LOCALHOST}:{self.registry_port}"

    @property
    def children(self) -> list[Child]:
        """Every running child, in the order in which they were started."""
        return [child for child in (self.registry, self.api, *self.consumers.values()) if child is not None]

    # ------------------------------------------------------------ up

    def start_base(self) -> None:
        """Broker and registry up, topics created, contracts registered."""
        self.options.work.mkdir(parents=True, exist_ok=True)
        if self.options.workers > 1:
            # Each worker counts for itself; prometheus_client adds them up through files in this folder.
            metrics = self.options.work / "metrics"
            metrics.mkdir()
            self.environment["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
        self.broker.start()
        self.environment["KAFKA_BOOTSTRAP_SERVERS"] = self.broker.bootstrap_servers
        self.say(f"broker    {self.broker.bootstrap_servers} ({self.options.parts.broker}: records end with it)")
        self.start_registry()
        self.say(f"registry  {self.registry_url} ({self.options.parts.registry})")
        self.run_command("topics", "create", "--partitions", str(self.options.partitions))
        self.say("topics    created")
        self.register()

    def start_registry(self) -> None:
        """The registry, answering; one of another make with the level of a new Confluent one."""
        if self.options.parts.registry == "apicurio":
            child = self._child("registry", apicurio_command(self.registry_port, self.options.work))
        else:
            database = str(self.options.work / "registry.db")
            arguments = ["-m", "tools.registry", "--json", "--port", str(self.registry_port), "--db", database]
            child = self._python("registry", arguments)
        self.registry = child
        self._wait(lambda: _answers(f"{self.registry_url}/subjects"), "the registry", [child])
        if self.options.parts.registry == "apicurio":
            set_first_level(self.registry_url)

    def register(self) -> None:
        """Register what the registry lacks; the gate runs first."""
        self.run_command("schema", "register")
        self.say("contracts registered")

    def start_api(self, writer_version: int | None = None) -> None:
        """The API, ready: it has the schema id and reaches the broker."""
        arguments = api_arguments(self.api_port, self.options.workers)
        version = {} if writer_version is None else {"WRITER_VERSION": str(writer_version)}
        self.api = self._python("api", arguments, version)
        self._wait(lambda: _answers(f"{self.api_url}/health/ready"), "the API", [self.api])
        self.say(f"API       {self.api_url} (docs at {self.api_url}/docs)")

    def start_consumers(self, names: Iterable[str] = CONSUMERS, reader_version: int | None = None) -> None:
        """Consumers, each with its partitions assigned."""
        started = []
        for name in names:
            version = {} if reader_version is None else {"READER_VERSION": str(reader_version)}
            started.append(self._command(f"consumer {name}", ["consume", name, "--json"], version))
            self.consumers[name] = started[-1]
        self._wait(
            lambda: all(_is_ready(child) for child in started),
            "the consumers",
            started,
            lambda: [restored(child) for child in started],
        )
        for name in names:
            self.say(f"consumer  {name}")

    def _command(self, name: str, arguments: Sequence[str], environment: dict[str, str]) -> Child:
        return self._python(name, ["-m", "tools.cli", "--root", str(self.options.root), *arguments], environment)

    def _python(self, name: str, arguments: Sequence[str], environment: dict[str, str] | None = None) -> Child:
        # -P keeps the current folder from hiding the project's own packages.
        return self._child(name, [sys.executable, "-P", *arguments], environment)

    def _child(self, name: str, command: Sequence[str], environment: dict[str, str] | None = None) -> Child:
        return Child(
            name,
            command,
            environment={**self.environment, **(environment or {})},
            folder=self.options.root,
            log=self.options.work / f"{name.replace(' ', '-')}.log",
        )

    def run_command(self, *arguments: str) -> str:
        """Run one `pipeline` command to its end; gives back its output. Raises ChildError if it fails."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tools.cli", "--root", str(self.options.root), *arguments],
            cwd=self.options.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            words = (done.stderr or done.stdout).strip()
            raise ChildError(f"`pipeline {' '.join(arguments)}` failed: {words}")
        return done.stdout

    def _wait(
        self, ready: Callable[[], bool], what: str, watched: Sequence[Child], moved: Callable[[], object] = bool
    ) -> None:
        """Wait until it is ready; the time-out begins anew whenever what `moved` gives is another than before."""
        timeout_s = self.options.start_timeout_s
        deadline, place = time.monotonic() + timeout_s, moved()
        while not ready():
            self.check()
            if (now := moved()) != place:
                deadline, place = time.monotonic() + timeout_s, now
            if time.monotonic() > deadline:
                raise ChildError(f"{what} did not come up within {timeout_s:.0f} s{watched[-1].last_words()}")
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Raise ChildError if any part has died."""
        if self.broker.pid is not None and not self.broker.is_alive():
            raise ChildError(f"the broker died (its log: {self.broker.log_path})")
        for child in self.children:
            child.check()

    # ------------------------------------------------------------ down

    def stop_api(self) -> None:
        """Stop taking requests, flush, and wait for the API's last word."""
        if self.api is not None:
            self._stop([self.api])
            self.api = None

    def stop_consumers(self, names: Iterable[str] = CONSUMERS) -> None:
        """Consumers finish what they hold, commit and leave."""
        stopping = [self.consumers.pop(name) for name in list(names) if name in self.consumers]
        self._stop(stopping)

    def stop(self) -> None:
        """Everything that still runs, in the order in which records flow."""
        self.stop_api()
        self.stop_consumers()
        if self.registry is not None:
            self._stop([self.registry])
            self.registry = None
        self.broker.stop()

    def _stop(self, children: list[Child]) -> None:
        self.unclean += stop_children(children)
        self.ended += children

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.stop()
            return
        for child in self.children:
            child.kill()
        self.broker.stop()


def api_arguments(port: int, workers: int = 1) -> list[str]:
    """How the stack serves the API."""
    return ["-m", "producer_api", *_server_arguments(port, workers)]


def uvicorn_arguments(app: str, port: int, workers: int) -> list[str]:
    """The same for another ASGI application: the benchmark serves its floor so."""
    return ["-m", "uvicorn", app, *SERVER_OPTIONS, *_server_arguments(port, workers)]


def _server_arguments(port: int, workers: int) -> list[str]:
    return ["--host", LOCALHOST, "--port", str(port), "--workers", str(workers), "--log-level", "warning"]


def _answers(url: str) -> bool:
    """Whether a GET is answered 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - an http URL of this machine
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError):
        return False


def restored(child: Child) -> int:
    """How far a consumer that is starting has read its own state back."""
    return int((child.latest or {}).get("restored", 0))


def _is_ready(child: Child) -> bool:
    return child.latest is not None and child.latest.get("state") in ("ready", "paused")
