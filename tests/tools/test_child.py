"""A process of the stack: started, watched, stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.child import Child, ChildError, stop_children

WAIT_S = 20.0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    children: list[Child] = []

    def start_python(source: str) -> Child:
        name = f"child-{len(children)}"
        child = Child(
            name,
            [sys.executable, "-u", "-c", textwrap.dedent(source)],
            environment=dict(os.environ),
            folder=tmp_path,
            log=tmp_path / f"{name}.log",
        )
        children.append(child)
        return child

    yield start_python
    for child in children:
        child.kill()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


GRACEFUL = """
    import json, signal, sys, time
    def end(*_):
        print(json.dumps({"seen": 3, "final": True}))
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    print(json.dumps({"seen": 1}))
    print("a line for a person")
    while True: time.sleep(0.01)
"""


def test_reports_are_read_and_the_last_word_is_kept(start: Callable[[str], Child]) -> None:
    child = start(GRACEFUL)
    wait_for(lambda: child.latest)
    assert child.latest == {"seen": 1}
    child.check()
    assert stop_children([child]) == []
    assert child.finals == [{"seen": 3, "final": True}]
    assert "a line for a person" in child.log.read_text(encoding="utf-8")


def test_a_child_ended_by_our_own_signal_counts_as_clean(start: Callable[[str], Child]) -> None:
    child = start("import time\nprint('{}')\nwhile True: time.sleep(0.01)")
    wait_for(lambda: child.latest is not None)
    assert stop_children([child]) == []


def test_a_child_that_dies_by_itself_is_one_sentence_with_its_last_words(start: Callable[[str], Child]) -> None:
    child = start("import sys\nprint('no such broker', file=sys.stderr)\nsys.exit(3)")
    child._process.wait(WAIT_S)
    with pytest.raises(ChildError, match=r"(?s)child-0 ended by itself \(exit code 3\):.*no such broker"):
        child.check()


def test_a_child_killed_from_outside_says_by_which_signal(start: Callable[[str], Child]) -> None:
    child = start("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    child._process.wait(WAIT_S)
    with pytest.raises(ChildError, match="SIGKILL"):
        child.check()


def test_a_child_that_does_not_listen_is_killed_and_named(start: Callable[[str], Child]) -> None:
    child = start("import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('{}')\nwhile True: time.sleep(0.01)")
    wait_for(lambda: child.latest is not None)
    assert stop_children([child], timeout_s=0.3) == [child]
    assert child._process.poll() is not None


def test_an_exit_code_after_our_signal_is_not_clean(start: Callable[[str], Child]) -> None:
    child = start(GRACEFUL.replace("sys.exit(0)", "sys.exit(5)"))
    wait_for(lambda: child.latest)
    assert stop_children([child]) == [child]


def test_nothing_of_its_session_is_left(start: Callable[[str], Child]) -> None:
    child = start(
        """
        import json, subprocess, sys, time
        inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(json.dumps({"pid": inner.pid}))
        time.sleep(600)
        """
    )
    wait_for(lambda: child.latest)
    assert child.latest is not None
    inner = child.latest["pid"]
    child.kill()
    wait_for(lambda: not is_running(inner))


def is_running(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its parent to ask does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")
