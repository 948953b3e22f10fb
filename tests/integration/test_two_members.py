"""Two and three members of a group on Apache Kafka: what each answers, and what stays exact while they come and go."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

import tests.consumers.echo
from tests.consumers.running import Process, World, wait_until
from tests.faults.exactly_once import check
from tools.ports import free_port

pytestmark = [pytest.mark.timeout(300)]


def ask(url: str, minute: str, action: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/counts?window=2026-01-02T{minute}Z&key={action}", timeout=10) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def whole_count(url: str, minute: str, action: str) -> int:
    """As anybody gets it: asked at one member, and at those that it names."""
    told = ask(url, minute, action)
    found = dict(told["partitions"])
    for number, member in told["elsewhere"].items():
        found |= {number: ask(member["url"], minute, action)["partitions"][number]}
    assert sorted(found) == ["0", "1"]
    return sum(found.values())


def whole(here: World, url: str) -> dict[tuple[str, str], int]:
    return {place: whole_count(url, *place) for place in here.expected_counts()}


def test_a_member_answers_for_its_own_and_names_the_one_that_holds_the_rest(here: World) -> None:
    here.produce_actions(300)
    ports = [free_port(), free_port()]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    with (
        here.running("counts", group="asked", http_port=ports[0]) as first,
        here.running("counts", group="asked", http_port=ports[1]) as second,
    ):
        for each in (first, second):
            each.wait_for(lambda line: len(line.get("assigned", [])) == 1, "each was to have a partition")
        wait_until(lambda: here.lag("asked") == 0, "all was to be counted")
        for url, other in zip(urls, reversed(urls), strict=True):
            wait_until(lambda url=url: not ask(url, "03:00", "click")["restoring"], "it was to have its counts")
            told = ask(url, "03:00", "click")
            (mine,), (its,) = told["partitions"], told["elsewhere"]
            assert {mine, its} == {"0", "1"}
            assert (told["complete"], told["elsewhere"][its]["url"]) == (False, other)
        assert whole(here, urls[0]) == here.expected_counts()
        assert whole_count(urls[1], "03:00", "click") == here.expected_counts()["03:00", "click"]
        second.kill()
        wait_until(lambda: ask(urls[0], "03:00", "click")["complete"], "the dead one's partition was to come over")
        assert whole(here, urls[0]) == here.expected_counts()
        first.stop()


@contextmanager
def coming_in(here: World) -> Iterator[None]:
    """Records, all the time of the block."""
    done = threading.Event()

    def produce() -> None:
        while not done.wait(0.2):
            here.produce_actions(20)

    thread = threading.Thread(target=produce)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("partitions", [4])
def test_members_under_exactly_once_that_stop_die_and_join_double_nothing(here: World) -> None:
    shutil.copy(tests.consumers.echo.__file__, here.folder)
    here.kafka["KAFKA_SESSION_TIMEOUT_MS"] = "6000"  # who is started anew is back before it ends
    apps = ("counts", "echo")
    with ExitStack() as stack:

        def start(instance: str) -> list[Process]:
            """The member of each group."""
            options = {"guarantee": "exactly-once", "instance": instance, "commit_interval_s": 0.1}
            return [stack.enter_context(here.running(app, group=f"once-{app}", **options)) for app in apps]

        def wait_shares(members: list[list[Process]], shares: tuple[int, ...]) -> None:
            for each in zip(*members, strict=True):
                wait_until(
                    lambda each=each: sorted(len(one.latest().get("assigned", ())) for one in each) == sorted(shares),
                    f"the shares were to be {shares}",
                )

        with coming_in(here):
            a, b = start("a"), start("b")
            wait_shares([a, b], (2, 2))
            for one in a:
                one.stop()
            for one in b:
                one.kill()
            a, b = start("a"), start("b")
            wait_shares([a, b], (2, 2))
            c = start("c")
            wait_shares([a, b, c], (2, 1, 1))
            for one in (*a, *b, *c):
                one.wait_seen(1)
        for app in apps:
            wait_until(lambda app=app: here.lag(f"once-{app}") == 0, f"{app} was to come to its end")
        for one in (*a, *b, *c):
            one.stop()
    check(here)
