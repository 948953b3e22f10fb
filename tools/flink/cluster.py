"""A standalone Flink cluster on this machine: one JobManager, and one TaskManager that can be killed and come back."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final, Self

from tools.errors import UserError
from tools.flink.home import flink_home
from tools.ports import LOCALHOST, free_port

_START_S: Final = 120.0
_STOP_S: Final = 15.0
_ASK_S: Final = 10.0
# Smaller than Flink's defaults by far: a drill shares the machine. The heartbeats tell a dead TaskManager in seconds.
_SETTINGS: Final = {
    "jobmanager.memory.process.size": "768m",
    "taskmanager.memory.process.size": "1024m",
    "taskmanager.memory.managed.size": "64m",
    "taskmanager.memory.network.min": "32m",
    "taskmanager.memory.network.max": "32m",
    "taskmanager.memory.jvm-metaspace.size": "256m",
    "jobmanager.memory.jvm-metaspace.size": "256m",
    "parallelism.default": "2",
    "taskmanager.numberOfTaskSlots": "2",
    "heartbeat.interval": "1000",
    "heartbeat.timeout": "10000",
}


class FlinkError(UserError):
    """The cluster did not come up, or does not answer."""


class FlinkCluster:
    """The cluster is up while the `with` block runs. Logs go to `folder`; processes run in sessions of their own.

    Raises FlinkMissing, JavaMissing, MavenFailed, and FlinkError with the end of the log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rest_port = free_port()
        self._rpc_port = free_port()
        self._home: Path | None = None
        self._job_manager: subprocess.Popen[bytes] | None = None
        self._task_manager: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """host:port of the REST interface."""
        return f"{LOCALHOST}:{self._rest_port}"

    @property
    def task_manager_pid(self) -> int | None:
        return None if self._task_manager is None else self._task_manager.pid

    def __enter__(self) -> Self:
        self._home = flink_home()
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._job_manager = self._launch("jobmanager")
            self._wait(lambda: self.ask("/overview") is not None, "the JobManager to answer")
            self.start_task_manager()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._task_manager, self._job_manager):
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._task_manager = self._job_manager = None

    def start_task_manager(self) -> None:
        """Start the TaskManager, and return when the JobManager has its slots."""
        self._task_manager = self._launch("taskmanager")
        self._wait(lambda: self._slots() > 0, "the TaskManager to offer its slots")

    def kill_task_manager(self) -> None:
        """kill -9, and return when the process is gone."""
        if self._task_manager is not None:
            os.kill(self._task_manager.pid, signal.SIGKILL)
            self._task_manager.wait()

    def ask(self, path: str) -> Any:
        """The answer of the REST interface as JSON; None while it gives none."""
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=_ASK_S) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def cancel(self, job: str) -> None:
        """Ask the JobManager to end a job."""
        request = urllib.request.Request(f"http://{self.address}/jobs/{job}", method="PATCH")
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(request, timeout=_ASK_S):  # noqa: S310 - ours
            pass

    def last_words(self, lines: int = 8) -> str:
        text = ""
        for name in ("jobmanager", "taskmanager"):
            with contextlib.suppress(OSError):
                text += self._log(name).read_text("utf-8", errors="replace")
        found = [line.strip() for line in text.splitlines() if line.strip()]
        bad = [line for line in found if " ERROR " in line or "Exception" in line]
        return " | ".join((bad or found)[-lines:])

    def _slots(self) -> int:
        """All of them: a job that waits takes a free one at once."""
        overview = self.ask("/overview") or {}
        return int(overview.get("slots-total", 0))

    def _wait(self, holds: Any, what: str) -> None:
        deadline = time.monotonic() + _START_S
        while not holds():
            processes = [each for each in (self._job_manager, self._task_manager) if each is not None]
            if any(each.poll() is not None for each in processes) or time.monotonic() > deadline:
                raise FlinkError(f"waited in vain for {what}: {self.last_words()}")
            time.sleep(0.2)

    def _launch(self, role: str) -> subprocess.Popen[bytes]:
        if self._home is None:
            raise FlinkError("the cluster is not started")
        settings = {
            **_SETTINGS,
            "jobmanager.rpc.address": LOCALHOST,
            "jobmanager.rpc.port": str(self._rpc_port),
            "rest.address": LOCALHOST,
            "rest.bind-address": LOCALHOST,
            "rest.bind-port": str(self._rest_port),
            "rest.port": str(self._rest_port),
            "taskmanager.host": LOCALHOST,
            "io.tmp.dirs": str(self.folder),
            "blob.server.port": "0",
        }
        options = [word for key, value in settings.items() for word in ("-D", f"{key}={value}")]
        environment = {**os.environ, "FLINK_HOME": str(self._home), "FLINK_LOG_DIR": str(self.folder)}
        with self._log(role).open("ab") as log:
            return subprocess.Popen(
                [str(self._home / "bin" / f"{role}.sh"), "start-foreground", *options],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _log(self, role: str) -> Path:
        return self.folder / f"{role}.log"
