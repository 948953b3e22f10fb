"""Members that come, leave and die: `python -m tests.faults.members --rounds 40`. Exit 1 if a count is off.

Two groups on one Kafka broker, while records come in: `counts`, and a handler with one output for each event. In each
round one deed that is drawn is done to a member of each; in the end every count is exact, and every event has its
output (once, under exactly-once).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import tests.consumers.echo
from tests.consumers.running import SHORT_SESSIONS, Process, World, wait_until, world_on
from tests.faults.exactly_once import check
from tests.faults.waiting import meanwhile
from tools.kafka_broker import KafkaBroker

APPS = ("counts", "echo")
_PARTITIONS = 4
_LONGEST_PAUSE_S = 3.0


def coming_in(here: World) -> AbstractContextManager[None]:
    """Records, all the time of the block."""
    return meanwhile(lambda: here.produce_actions(20), every_s=0.2)


class Members:
    """Those of both groups, by instance; a name stands for one of each. They end with `stack`."""

    def __init__(self, here: World, stack: ExitStack, guarantee: str = "exactly-once") -> None:
        self._here, self._stack, self._guarantee = here, stack, guarantee
        self.alive: dict[str, list[Process]] = {}
        shutil.copy(tests.consumers.echo.__file__, here.folder)

    def start(self, name: str) -> None:
        options = {"guarantee": self._guarantee, "instance": name, "commit_interval_s": 0.1}
        if self._guarantee != "exactly-once":
            options["concurrency"] = 4
        self.alive[name] = [
            self._stack.enter_context(self._here.running(app, group=f"once-{app}", **options)) for app in APPS
        ]

    def stop(self, name: str) -> None:
        for one in self.alive.pop(name):
            wait_until(one.lines, f"{name} was to start: before that no signal stops it cleanly")
            one.stop()

    def kill(self, name: str) -> None:
        for one in self.alive.pop(name):
            one.kill()

    def wait_shares(self, *shares: int) -> None:
        """Until each group's partitions are spread so."""
        for each in zip(*self.alive.values(), strict=True):
            wait_until(
                lambda each=each: sorted(len(one.latest().get("assigned", ())) for one in each) == sorted(shares),  # type: ignore[misc] # its default is the loop's
                f"the shares were to be {shares}",
            )

    def end(self) -> None:
        """Let all be taken, stop, and check what is committed. Raises AssertionError."""
        for app in APPS:
            wait_until(lambda app=app: self._here.lag(f"once-{app}") == 0, f"{app} was to come to its end", 120)  # type: ignore[misc] # its default is the loop's
        for name in list(self.alive):
            self.stop(name)
        check(self._here, echoes_repeat=self._guarantee != "exactly-once")


def run_rounds(here: World, rounds: int, seed: int, guarantee: str) -> Counter[str]:
    """Do something to a member in each round, then check. Returns what was done."""
    draw, done = random.Random(seed), Counter[str]()
    with ExitStack() as stack:
        members = Members(here, stack, guarantee)
        with coming_in(here):
            members.start("a")
            members.start("b")
            for _ in range(rounds):
                time.sleep(draw.uniform(0, _LONGEST_PAUSE_S))
                name, deed = draw.choice("abc"), draw.choice(["stop", "kill"])
                if name not in members.alive:
                    deed = "start"
                getattr(members, deed)(name)
                done[deed] += 1
            for name in set("ab") - members.alive.keys():
                members.start(name)
        members.end()
    return done


def main() -> int:
    """Exit 0 if all was exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--protocol", choices=["classic", "consumer"], default="classic")
    parser.add_argument("--guarantee", choices=["at-least-once", "exactly-once"], default="exactly-once")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2)))
    given = parser.parse_args()
    print(
        f"{given.rounds} rounds, --protocol {given.protocol} --guarantee {given.guarantee} --seed {given.seed}",
        flush=True,
    )
    with (
        tempfile.TemporaryDirectory(prefix="members-") as folder,
        KafkaBroker(security=SHORT_SESSIONS) as broker,
        world_on(broker, Path(folder), _PARTITIONS) as here,
    ):
        if given.protocol == "consumer":
            here.kafka = {"KAFKA_GROUP_PROTOCOL": "consumer"}
        try:
            done = run_rounds(here, given.rounds, given.seed, given.guarantee)
        except AssertionError:
            traceback.print_exc()
            return 1
        print(f"{here.sent} events, none lacks; {dict(done)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
