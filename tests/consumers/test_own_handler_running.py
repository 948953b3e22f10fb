"""A user's function as a process, in both hosts: the same retries and dead letters, and nothing lost by kill -9."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.consumers.running import World, wait_until, world
from tools.project import this_code

pytestmark = pytest.mark.integration
HANDLER = Path(__file__).with_name("probe.py")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        shutil.copy(HANDLER, tmp_path)
        yield made


@pytest.mark.parametrize(("app", "concurrency"), [("run", 1), ("run", 4), ("faust-handler", 1)])
def test_every_record_is_taken_or_dead_lettered_whatever_dies(here: World, app: str, concurrency: int) -> None:
    here.produce_actions(300)
    options = {"concurrency": concurrency, "group": "own"}
    with here.running(app, **options) as process:
        process.wait_seen(20)
        process.kill()
    here.produce_actions(60)
    with here.running(app, **options) as process:
        process.wait_for(lambda line: sum(line.get("positions", {}).values()) == 360, "all was to be seen")
        last = process.stop(signal.SIGTERM)
    taken = set((here.folder / "taken.txt").read_text().split())
    dead = [dict(message.headers()) for message in here.read_all("events.dlq")]
    places = {f"events[{int(each['dlq.partition'])}]@{int(each['dlq.offset'])}" for each in dead}
    assert (len(taken), len(places), taken & places) == (240, 120, set())
    assert {(each["dlq.stage"], each["dlq.error_class"]) for each in dead} == {(b"handle", b"ValueError")}
    assert {each["dlq.attempts"] for each in dead} <= {b"1", b"2"}
    assert last["retries"] > 0


def test_a_handler_that_does_not_return_does_not_hold_the_end_up(here: World) -> None:
    begun = here.folder / "begun"
    (here.folder / "probe.py").write_text(
        "import pathlib, time\n\ndef take(event):\n    pathlib.Path('begun').touch()\n    time.sleep(600)\n"
    )
    here.produce_actions(1)
    with here.running("run", stop_within_s=0.5) as process:
        wait_until(begun.exists, "the handler was to begin")
        process.ask_to_stop()
        code, log = process.ended()
    assert code != 0
    assert here.read_all("events.dlq") == []
    assert "stopped while a handler was still at work on events[" in log.strip().splitlines()[-1]


def test_the_command_says_in_one_sentence_what_is_wrong_with_a_handler(here: World) -> None:
    def say(*arguments: str) -> str:
        command = [sys.executable, "-P", "-m", "tools.cli", "--root", str(this_code()), "consume", "run", *arguments]
        done = subprocess.run(
            command, cwd=here.folder, env=here.environment(), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        (sentence,) = done.stderr.splitlines()
        return sentence

    assert say("probe").startswith("error: 'probe' names no handler: write module:function")
    assert say("probe:nothing").startswith("error: the module probe has no nothing; its functions are: take")
    assert say("elsewhere:take").startswith("error: there is no module elsewhere on the path or in ")
