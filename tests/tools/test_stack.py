"""The stack as a person meets it: `pipeline up` in a process of its own, and what happens when something goes wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.project import this_code

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
WAIT_S = 90.0
FREE_PORTS = ("--api-port", "0", "--broker-port", "0", "--registry-port", "0")


class Up:
    """One `pipeline up`; its stdout and stderr go to files."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.out, self.err = folder / "out", folder / "err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tools.cli", "up", *arguments],
                cwd=this_code(),
                stdout=out,
                stderr=err,
                # As a shell's background job: SIGINT is ignored from the start.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509 - no thread yet
                start_new_session=True,
            )

    @property
    def errors(self) -> str:
        return self.err.read_text(encoding="utf-8")

    @property
    def lines(self) -> list[dict[str, Any]]:
        text = self.out.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines() if line.startswith("{")]

    def wait_for(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert self.process.poll() is None, f"it ended: {self.errors}"
            assert time.monotonic() < deadline, f"it did not happen in time: {self.errors}"
            time.sleep(0.05)

    def descendants(self) -> list[tuple[int, str]]:
        """Every process that it started, with its command line."""
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        )
        rows = [line.split(None, 2) for line in listing.stdout.splitlines()]
        found, parents = [], {self.process.pid}
        for _ in range(4):
            for pid, parent, *arguments in rows:
                if int(parent) in parents and int(pid) not in parents:
                    parents.add(int(pid))
                    found.append((int(pid), " ".join(arguments)))
        return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(*arguments: str) -> Up:
        started.append(Up(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        leftovers = one.descendants()
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        for pid, _ in leftovers:
            with_suppressed_lookup(pid)


def running() -> set[int]:
    """Every process that runs; one that has ended and waits for its parent to ask does not."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True)
    return {int(row.split()[0]) for row in listing.stdout.splitlines() if not row.split()[1].startswith("Z")}


def assert_ended(started: list[tuple[int, str]]) -> None:
    """None of the processes runs, at the latest a moment after its signal."""
    deadline = time.monotonic() + 5
    while left := {pid for pid, _ in started} & running():
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def with_suppressed_lookup(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_prints_the_books(up: Callable[..., Up], number: signal.Signals) -> None:
    run = up(*FREE_PORTS, "--json", "--workers", "2", "--rate", "200")
    run.wait_for(lambda: run.lines and run.lines[-1]["accepted"] > 100 and all(run.lines[-1]["seen"].values()))
    last = run.lines[-1]
    assert set(last["seen"]) == set(last["lag"]) == {"standard", "counts", "faust"}
    started = run.descendants()
    assert len(started) >= 6
    run.process.send_signal(number)
    assert run.process.wait(WAIT_S) == 0, run.errors
    assert "Every accepted event was seen by every consumer, and the totals agree." in run.errors
    assert_ended(started)


def test_the_api_and_the_registry_answer_under_their_urls(up: Callable[..., Up]) -> None:
    run = up(*FREE_PORTS, "--json", "--no-load", "--no-consumers")
    run.wait_for(lambda: run.lines)
    api = re.search(r"API +(http://\S+)", run.errors)
    registry = re.search(r"registry +(http://\S+)", run.errors)
    assert api is not None
    assert registry is not None
    with urllib.request.urlopen(f"{api[1]}/health", timeout=5) as answer:
        assert json.load(answer)["status"] == "ok"
    with urllib.request.urlopen(f"{registry[1]}/subjects", timeout=5) as answer:
        assert json.load(answer) == ["activity_count-value", "events-value"]
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(WAIT_S) == 0, run.errors


@pytest.mark.parametrize(
    ("option", "what"),
    [("--api-port", "the API"), ("--broker-port", "the embedded broker"), ("--registry-port", "the registry")],
)
def test_a_port_in_use_is_one_sentence(up: Callable[..., Up], option: str, what: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = up(*FREE_PORTS, option, port)
        assert run.process.wait(WAIT_S) == 2
    assert run.errors.count("\n") == 1
    assert re.search(f"^error: .*port {port} .*{what}.*{option}", run.errors)


@pytest.mark.parametrize(
    ("victim", "name"), [("producer_api", "api"), ("tansu", "broker"), ("consume counts", "consumer")]
)
def test_a_part_that_dies_ends_everything(up: Callable[..., Up], victim: str, name: str) -> None:
    run = up(*FREE_PORTS, "--json", "--no-load")
    run.wait_for(lambda: run.lines)
    started = run.descendants()
    pid = next(pid for pid, arguments in started if victim in arguments)
    os.kill(pid, signal.SIGKILL)
    assert run.process.wait(WAIT_S) == 1
    assert re.search(rf"error: .*{name}.*(died|ended by itself)", run.errors)
    assert "Traceback" not in run.errors
    assert_ended(started)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--api-port", "38300", "--broker-port", "38300"),
            "error: --api-port, --broker-port and --registry-port must",
        ),
        (("--rate", "0"), "Error: Invalid value for '--rate'"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_before_anything_starts(
    up: Callable[..., Up], arguments: tuple[str, ...], sentence: str
) -> None:
    run = up(*arguments)
    assert run.process.wait(WAIT_S) == 2
    assert sentence in run.errors
