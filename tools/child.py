"""A process of the stack: in a session of its own, watched, and ended by our signal, never by the terminal's."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tools.errors import UserError

STOP_TIMEOUT_S: Final = 20.0
_LAST_LINES: Final = 12


class ChildError(UserError):
    """A process of the stack did not start, died, or did not stop when told."""

    exit_code = 1


class Child:
    """One process. Its stderr goes to `log`; a line of stdout that is a JSON object is a report.

    `latest` is the last report; `finals` are the last words, of which an API has one for each of its workers.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        self.name = name
        self.log = log
        self.latest: dict[str, Any] | None = None
        self.finals: list[dict[str, Any]] = []
        self._stopping = False
        with log.open("ab") as errors:
            # A session of its own: Ctrl-C at the terminal reaches us alone, and we stop the parts in order.
            self._process = subprocess.Popen(
                list(arguments),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, name=f"stdout of {name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raise ChildError if the process has ended although nobody told it to."""
        code = self._process.poll()
        if code is not None and not self._stopping:
            raise ChildError(f"{self.name} ended by itself ({_ending(code)}){self.last_words()}")

    def tell_to_stop(self) -> None:
        """SIGTERM to the process, not to its group: a server with workers ends those itself."""
        self._stopping = True
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def wait_stopped(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Wait for the end after `tell_to_stop`; kill what does not end in time. True if it ended cleanly."""
        self._stopping = True
        try:
            code = self._process.wait(timeout_s)
            clean = code in (0, -signal.SIGTERM, 128 + signal.SIGTERM)  # the last is a JVM's way
        except subprocess.TimeoutExpired:
            clean = False
        self.kill()
        self._reader.join(timeout=5)
        return clean

    def kill(self) -> None:
        """SIGKILL to the whole session, so that no worker is left behind."""
        self._stopping = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def last_words(self) -> str:
        """The end of the log, to go behind a sentence."""
        with contextlib.suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
            if lines:
                return ":\n" + "\n".join(f"    {line}" for line in lines)
        return f" and said nothing (log: {self.log})"

    def _read(self) -> None:
        """Keep the reports; any other line goes to the log, where a person will look for it."""
        stream = self._process.stdout
        if stream is None:
            return
        with stream, self.log.open("ab") as log:
            for line in stream:
                report = _report(line)
                if report is None:
                    log.write(line)
                    log.flush()
                    continue
                self.latest = report
                if report.get("final") or "api" in report:
                    self.finals.append(report)


def _report(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def stop_children(children: Sequence[Child], timeout_s: float = STOP_TIMEOUT_S) -> list[Child]:
    """Tell all to stop, then wait for all under one deadline; gives back those that did not stop cleanly."""
    for child in children:
        child.tell_to_stop()
    deadline = time.monotonic() + timeout_s
    return [child for child in children if not child.wait_stopped(max(0.1, deadline - time.monotonic()))]
