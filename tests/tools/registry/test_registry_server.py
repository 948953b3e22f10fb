"""The registry as a process: its start, its end, many clients at once, and a power cut."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.registry.asking import ask
from tools.errors import UserError
from tools.registry.server import EmbeddedRegistry

pytestmark = pytest.mark.integration

_COMMAND = [sys.executable, "-m", "tools.registry", "--port", "0", "--json"]


def test_it_runs_and_stops(embedded: EmbeddedRegistry) -> None:
    assert ask(f"{embedded.url}/subjects") == (200, [])
    assert embedded.poll() is None
    assert embedded.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_where_it_starts_with_the_signal_ignored(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)  # as a shell does for a background job
    try:
        child = subprocess.Popen(_COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    finally:
        signal.signal(number, before)
    with child:
        assert child.stdout is not None
        url = json.loads(child.stdout.readline())["url"]
        assert ask(f"{url}/subjects") == (200, [])
        child.send_signal(number)
        _, errors = child.communicate(timeout=30)
    assert (child.returncode, errors) == (0, b"")


def test_it_ends_with_its_parent() -> None:
    command = [*_COMMAND, "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        child.stdin.close()
        assert child.wait(30) == 0


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"cannot listen on 127\.0\.0\.1:{port} \(Address already in use\); stop"):
            EmbeddedRegistry(port=port).start()


def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be opened"):
        EmbeddedRegistry(tmp_path / "missing" / "registry.db").start()


def test_the_process_is_small(embedded: EmbeddedRegistry) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, tools.registry.server, tools.registry.app; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    heavy = {"confluent_kafka", "dataclasses_avroschema", "fastapi", "fastavro", "faust", "pydantic", "codegen.models"}
    assert not heavy & set(loaded)
    status = Path(f"/proc/{embedded.pid}/status")
    if status.exists():
        resident = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        assert int(resident) < 80 * 1024
