"""Kills in the middle of transactions: `python -m tests.faults.exactly_once --kills 200`. Exit 1 if a count is off.

Two consumers under exactly-once on one Kafka broker: `counts`, and a handler that produces one record for each event.
In turn they are killed at a step that is drawn; one is taken for dead while it lives, and comes back. In the end, what
is committed must be exact: each minute's count, and one record for each event.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codegen.models import CONTRACTS
from tests.consumers.running import World, wait_until, world
from tests.faults.mortal import STEPS
from tools.kafka_broker import KafkaBroker

ROOT = Path(__file__).resolve().parents[2]
APPS = ("counts", "echo")
_A_ROUND = 200  # events
# Every which kill is a zombie: a process that goes on after another took its place.
_ZOMBIE_EVERY = 10


@dataclass
class Mortal:
    """A consumer process; it dies by itself at `step`, passed for the `count`-th time."""

    world: World
    app: str
    step: str = "polled"
    count: int = 0
    out: Path = field(init=False)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.out = self.world.folder / f"{self.app}-{time.monotonic_ns()}.jsonl"
        command = [sys.executable, "-m", "tests.faults.mortal", self.app, self.step, str(self.count)]
        environment = {**self.world.environment(), "PYTHONPATH": str(ROOT)}
        with self.out.open("wb") as out, self.out.with_suffix(".log").open("wb") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, cwd=self.world.folder, env=environment)

    @property
    def log(self) -> str:
        return self.out.with_suffix(".log").read_text()

    def seen(self) -> int:
        """Records of this process; -1 before its partitions are there."""
        lines = [line for line in self.out.read_text().splitlines(keepends=True) if line.endswith("\n")]
        last: dict[str, Any] = json.loads(lines[-1]) if lines else {}
        return int(last["seen"]) if last.get("assigned") else -1

    def wait_dead(self, within_s: float) -> bool:
        """Whether it died of its own step."""
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        if self.process.returncode != -signal.SIGKILL:
            raise AssertionError(f"{self.app} ended with {self.process.returncode} by itself: {self.log}")
        return True

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            raise AssertionError(f"{self.app} did not stop cleanly: {self.log}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def run_kills(on: World, kills: int, seed: int) -> Counter[str]:
    """Kill, then let both come to their end, and check what is committed. Returns what was done."""
    draw, done = random.Random(seed), Counter[str]()
    for number in range(kills):
        app = APPS[number % len(APPS)]
        on.produce_actions(_A_ROUND)
        if number % _ZOMBIE_EVERY == _ZOMBIE_EVERY - 1:
            _zombie(on, app)
            done["zombie"] += 1
            continue
        step = draw.choice(list(STEPS))
        died = Mortal(on, app, step, draw.randint(1, 4)).wait_dead(30)
        done[step if died else "by time"] += 1
    for app in APPS:
        _let_catch_up(on, app)
    check(on)
    return done


def _zombie(on: World, app: str) -> None:
    """A process stands still in its work, another one takes its place, and the first one wakes up."""
    first = Mortal(on, app)
    try:
        wait_until(lambda: first.seen() >= 0, f"{app} was to start: {first.log}")
        first.process.send_signal(signal.SIGSTOP)
        second = Mortal(on, app)
        try:
            wait_until(lambda: second.seen() >= 0, f"the second {app} was to start: {second.log}")
            on.produce_actions(_A_ROUND)
            first.process.send_signal(signal.SIGCONT)
            if first.process.wait(60) != 2:
                raise AssertionError(f"the zombie ended with {first.process.returncode}: {first.log}")
        finally:
            second.kill()
    finally:
        first.kill()


def _let_catch_up(on: World, app: str) -> None:
    survivor = Mortal(on, app)
    try:
        wait_until(lambda: survivor.seen() >= 0 and on.lag(f"user_action-{app}") == 0, f"{app} was to end", 120)
        survivor.stop()
    finally:
        survivor.kill()


def check(on: World, *, echoes_repeat: bool = False) -> None:
    """What a reader of committed records sees is exact; at least once, echoes may repeat. Raises AssertionError."""
    values = committed(on)
    echoed = Counter(value.bucket for value in values if value.source_topic == "echo")
    twice = {bucket: count for bucket, count in echoed.items() if count != 1 and not echoes_repeat}
    if twice or len(echoed) != on.sent:
        raise AssertionError(f"{on.sent} events were echoed as {len(echoed)}, these more than once: {twice}")
    latest: dict[str, Any] = {}
    for value in (each for each in values if each.source_topic == "events"):
        before = latest.get(value.bucket)
        # Each count that is committed holds more records than the one before it: none was written twice.
        if before is not None and not (before.next_offset < value.next_offset and before.count < value.count):
            raise AssertionError(f"{before} was followed by {value}")
        latest[value.bucket] = value
    sums: Counter[tuple[str, str]] = Counter()
    for value in latest.values():
        sums[f"{value.window_start:%H:%M}", value.action] += value.count
    if sums != on.expected_counts():
        raise AssertionError(f"counted {sums}, sent {on.expected_counts()}")


def committed(on: World) -> list[Any]:
    """The values of the topic of counts, in each partition's order."""
    model = CONTRACTS["activity_count"].model(1)
    return [model.deserialize(message.value()[5:]) for message in on.read_all("activity_count")]


def main() -> int:
    """Exit 0 if all was exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2)))
    given = parser.parse_args()
    started = time.monotonic()
    print(f"{given.kills} kills, --seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="exactly-once-") as folder, world(Path(folder), KafkaBroker()) as on:
        on.kafka = {}
        try:
            done = run_kills(on, given.kills, given.seed)
        except AssertionError as error:
            print(f"BROKEN: {error}", flush=True)
            return 1
        print(f"exact: {on.sent} events, {dict(done)}, {time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
