"""Run the registry: here, until a signal comes (`run`), or as a child process (`EmbeddedRegistry`)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self
from urllib.error import HTTPError, URLError

import uvicorn

from tools.errors import UserError
from tools.registry.guard import Guard
from tools.registry.store import MEMORY
from tools.signals import on_stop_signals

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8081
START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 10.0

_POLL_S: Final = 0.01


class _Server(uvicorn.Server):
    """Without uvicorn's own signal handling, which ends the process by the signal instead of with exit code 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def ask_to_stop(self) -> None:
        """Finish what is under way, then return from `run`."""
        self.should_exit = True


def _announce(url: str) -> None:
    print(f"schema registry: {url}", flush=True)


def run(
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    db: str | Path = MEMORY,
    *,
    on_ready: Callable[[str], None] = _announce,
    until_stdin_closes: bool = False,
    guard: Guard | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM, then finish what is under way and give back 0, the exit code.

    Port 0 takes a free one; `on_ready` is called with the URL as soon as connections are taken, by default it prints
    it. With `until_stdin_closes` the end of standard input stops the server as well, so that it cannot outlive its
    parent.
    Raises UserError where the address, the file or what `guard` names cannot be used.
    """
    guard = guard or Guard()
    users = guard.read_users()
    from tools.registry.app import create_app  # after the port is known to be free, nothing slow stands before an error

    listener = _listen(host, port)
    with listener:
        if warning := guard.warning(listener.getsockname()[0]):
            print(f"warning: {warning}", file=sys.stderr, flush=True)
        config = uvicorn.Config(
            create_app(db, users=users),
            log_level="warning",
            access_log=False,
            lifespan="on",
            ws="none",
            ssl_certfile=guard.tls_cert,
            ssl_keyfile=guard.tls_key,
        )
        server = _Server(config)

        with on_stop_signals(server.ask_to_stop):
            if until_stdin_closes:
                threading.Thread(target=_stop_at_end_of_stdin, args=(server,), daemon=True).start()
            on_ready(_url(guard.scheme, *listener.getsockname()[:2]))
            server.run(sockets=[listener])
    return 0


def _stop_at_end_of_stdin(server: _Server) -> None:
    # Not through `sys.stdin`: its lock, held by a thread that waits, would abort the interpreter's shutdown.
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    server.ask_to_stop()


def _listen(host: str, port: int) -> socket.socket:
    """A socket that already takes connections: a client may come before the server has finished its start."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(
            f"the registry cannot listen on {host}:{port} ({reason}); stop what runs there, or choose another --port"
        ) from error
    listener.set_inheritable(True)
    return listener


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class EmbeddedRegistry:
    """The registry in a child process, as a context manager.

    `port` 0 takes a free one; `db` is the SQLite file, by default none (memory only). `url` is set while it runs. The
    child also ends when this process dies. Raises UserError where it does not come up.
    """

    def __init__(
        self, db: str | Path = MEMORY, *, host: str = DEFAULT_HOST, port: int = 0, guard: Guard | None = None
    ) -> None:
        self._arguments = ["--host", host, "--port", str(port), "--db", str(db), *(guard or Guard()).arguments()]
        self._child: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self.url = ""

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def poll(self) -> int | None:
        """The child's exit code once it has ended, else None."""
        return self._child.poll() if self._child else None

    def start(self, timeout_s: float = START_TIMEOUT_S) -> Self:
        """Start the child and wait until it answers."""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child; `_forget` closes it
        command = [sys.executable, "-m", "tools.registry", "--until-stdin-closes", "--json", *self._arguments]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, cwd=_project_root()
        )
        try:
            self.url = self._read_url()
            self._wait_until_it_answers(time.monotonic() + timeout_s)
        except BaseException:
            self.kill()
            raise
        return self

    def _read_url(self) -> str:
        """The child's first line; a child that fails ends before it writes one."""
        child = self._running()
        line = child.stdout.readline() if child.stdout else b""
        if not line:
            child.wait()
            raise UserError(self._failure())
        url: str = json.loads(line)["url"]
        return url

    def _wait_until_it_answers(self, deadline: float) -> None:
        while True:
            try:
                # The certificate's name and issuer matter to clients, not to the question whether it answers.
                with urllib.request.urlopen(self.url, timeout=1, context=_unverified()):  # noqa: S310 - our own URL
                    return
            except HTTPError:
                return  # it answers, though not to everybody
            except (URLError, OSError) as error:
                if self.poll() is not None:
                    raise UserError(self._failure()) from error
                if time.monotonic() > deadline:
                    raise UserError(
                        f"the registry at {self.url} does not answer; look at what the machine does"
                    ) from error
                time.sleep(_POLL_S)

    def _failure(self) -> str:
        text = ""
        if self._errors is not None:
            self._errors.seek(0)
            text = self._errors.read().decode(errors="replace").strip()
        last = text.splitlines()[-1] if text else f"it ended with exit code {self.poll()}"
        return last.removeprefix("error: ")

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """End the child gracefully; its exit code, 0 where all went well, is the answer."""
        child = self._running()
        child.terminate()
        try:
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            code = child.wait()
        self._forget()
        return code

    def kill(self) -> None:
        """End the child at once, as a power cut would."""
        child = self._running()
        child.kill()
        child.wait()
        self._forget()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise RuntimeError("the registry has not been started")
        return self._child

    def _forget(self) -> None:
        child = self._running()
        for stream in (child.stdin, child.stdout, self._errors):
            if stream is not None:
                stream.close()
        self._child = self._errors = None
        self.url = ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self.stop()


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _project_root() -> Path:
    """Where `tools` can be imported from, also when the project is not installed."""
    return Path(__file__).resolve().parents[2]
