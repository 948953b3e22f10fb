"""What the rows over HTTP and Kafka need running: a stack's base, and servers beside it on ports of their own.

Product and floor run at the same time, and one of them gets the load: an idle server costs next to nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tools.bench.case import BrokerChoice
from tools.child import Child, ChildError, stop_children
from tools.maven import JavaMissing, require_java
from tools.parts import EMBEDDED, Parts
from tools.ports import LOCALHOST, free_port
from tools.project import this_code
from tools.run import work_folder
from tools.stack import Stack, StackOptions, api_arguments, uvicorn_arguments

API: Final = "producer_api.app:app"
BARE: Final = "tools.bench.bare_app:app"
ACKED: Final = "tools.bench.acked_app:app"
PARTITIONS: Final = 8
_READY: Final = {API: "/health/ready", BARE: "/", ACKED: "/"}
_START_TIMEOUT_S: Final = 40.0


def choose_parts(choice: BrokerChoice) -> Parts:
    """Apache Kafka where Java and Maven are, else the embedded broker. Raises JavaMissing where Kafka was asked for."""
    if choice == "embedded":
        return EMBEDDED
    try:
        require_java("the benchmark on Apache Kafka")
    except JavaMissing:
        if choice == "kafka":
            raise
        return EMBEDDED
    return Parts(broker="kafka")


class Served:
    """A running base of broker, registry and topics, with the servers that are started on it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self._children: list[Child] = []

    @property
    def broker(self) -> str:
        """For titles: which broker it is."""
        return "Apache Kafka" if self.stack.options.parts.broker == "kafka" else "the embedded broker"

    def serve(self, app: str, workers: int = 1, environment: Mapping[str, str] | None = None) -> tuple[str, Child]:
        """Start a server as the stack starts the API; its root URL, once it is ready. Raises ChildError.

        `environment` comes on top of the stack's.
        """
        port = free_port()
        own = dict(environment or {})
        if workers > 1 and app == API:
            metrics = self.folder / f"metrics-{port}"
            metrics.mkdir()
            own["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
        arguments = api_arguments(port, workers) if app == API else uvicorn_arguments(app, port, workers)
        child = self.start(f"{app.partition('.')[0]}-{port}", arguments, own)
        url = f"http://{LOCALHOST}:{port}"
        wait_until_ready(url + _READY[app], child)
        return url, child

    def start(self, name: str, arguments: Sequence[str], environment: dict[str, str] | None = None) -> Child:
        """A Python process in the stack's environment; it is stopped with the rest."""
        child = Child(
            name,
            [sys.executable, "-P", *arguments],
            environment={**self.stack.environment, **(environment or {})},
            folder=self.stack.options.root,
            log=self.folder / f"{name}.log",
        )
        self._children.append(child)
        return child

    def run_together(self, arguments: Sequence[str], processes: int, timeout_s: float = 180.0) -> list[dict[str, Any]]:
        """Python processes that end by themselves; each one's last line, which is JSON. Raises ChildError."""
        running = [
            subprocess.Popen(
                [sys.executable, "-P", *arguments],
                env=self.stack.environment,
                cwd=self.stack.options.root,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(processes)
        ]
        try:
            said = [(process, *process.communicate(timeout=timeout_s)) for process in running]
        finally:
            for process in running:
                process.kill()
                process.wait()
        for process, _, errors in said:
            if process.returncode != 0:
                raise ChildError(f"`{' '.join(arguments)}` failed, so its figure is void: {errors.strip()[-600:]}")
        return [json.loads(out.splitlines()[-1]) for _, out, _ in said]

    def write_bodies(self, name: str, bodies: Sequence[bytes]) -> Path:
        """A file with a body on each line."""
        path = self.folder / name
        path.write_bytes(b"\n".join(bodies) + b"\n")
        return path

    def stop(self) -> None:
        stop_children(self._children)


def wait_until_ready(url: str, child: Child) -> None:
    """Raises ChildError where the server dies or does not answer in time."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _answers(url):
        child.check()
        if time.monotonic() > deadline:
            raise ChildError(f"{child.name} did not answer within {_START_TIMEOUT_S:g} s{child.last_words()}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - an http URL of this machine
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def serving(choice: BrokerChoice) -> Iterator[Served]:
    """A stack's base, up during the block, and everything that was started on it stopped behind it."""
    with work_folder(this_code(), "bench") as work:
        options = StackOptions(this_code(), work.folder, partitions=PARTITIONS, parts=choose_parts(choice))
        with Stack(options, lambda _line: None) as stack:
            stack.start_base()
            served = Served(stack, work.folder)
            try:
                yield served
            finally:
                served.stop()


def linger_ms(environment: dict[str, str]) -> float:
    """How long the API's producer waits for company, by its settings."""
    from producer_api.settings import read_settings

    return float(read_settings(environment).kafka["linger.ms"])
