"""Two and three members of a group on Apache Kafka: what each answers, and what stays exact while they come and go."""

from __future__ import annotations

import json
import urllib.request
from contextlib import ExitStack
from itertools import chain
from typing import Any

import pytest

from tests.consumers.running import World, wait_until
from tests.faults.members import Members, coming_in
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


@pytest.mark.parametrize("partitions", [4])
def test_members_under_exactly_once_that_stop_die_and_join_double_nothing(here: World) -> None:
    here.kafka["KAFKA_SESSION_TIMEOUT_MS"] = "6000"  # who is started anew is back before it ends
    with ExitStack() as stack:
        members = Members(here, stack)
        with coming_in(here):
            members.start("a")
            members.start("b")
            members.wait_shares(2, 2)
            members.stop("a")
            members.kill("b")
            members.start("a")
            members.start("b")
            members.wait_shares(2, 2)
            members.start("c")
            members.wait_shares(2, 1, 1)
            for one in chain.from_iterable(members.alive.values()):
                one.wait_seen(1)
        members.end()
