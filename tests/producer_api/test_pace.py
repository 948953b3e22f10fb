"""Turns of an event loop that are played by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from producer_api.pace import Pace, StandingQueue

Api = Any


class Turns:
    """A clock and the callbacks of the next turn."""

    def __init__(self) -> None:
        self.now = 50.0
        self.next: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.next.append(callback)

    def begin(self) -> None:
        due, self.next = self.next, []
        for callback in due:
            callback()


def paced() -> tuple[Pace, Turns]:
    turns = Turns()
    return Pace(0.25, lambda: turns.now, turns.call_soon), turns


def served(pace: Pace, turns: Turns, requests: int, each_s: float) -> int:
    """How many of a turn's requests are taken; each of those takes its time."""
    taken = 0
    for _ in range(requests):
        if not pace.is_spent():
            turns.now += each_s
            taken += 1
    return taken


def test_a_turn_takes_what_fits_and_refuses_the_rest() -> None:
    pace, turns = paced()
    assert served(pace, turns, 1000, 0.01) == 26
    assert len(turns.next) == 1, "one callback a turn"
    turns.begin()
    assert served(pace, turns, 1000, 0.01) == 26


def test_what_one_turn_can_do_is_never_refused() -> None:
    pace, turns = paced()
    for _ in range(20):
        assert served(pace, turns, 20, 0.01) == 20
        turns.now += 5.0  # the loop waits for something to do
        turns.begin()


def test_a_clock_that_goes_back_refuses_nothing() -> None:
    pace, turns = paced()
    assert not pace.is_spent()
    turns.now -= 3600
    assert not pace.is_spent()


async def test_the_next_turn_of_a_real_loop_begins_anew() -> None:
    now = 0.0
    pace = Pace(0.25, lambda: now)
    assert not pace.is_spent()
    now = 1.0
    assert pace.is_spent()
    await asyncio.sleep(0)
    assert not pace.is_spent()


async def test_what_is_left_of_a_busy_turn_is_refused_before_it_is_looked_at(api: Api, event: dict[str, Any]) -> None:
    api.service._gate.pace = Pace(-1.0)
    response = await api.post(json.dumps(event))
    assert (response.status_code, response.json()["type"]) == (503, "/problems/overloaded")
    assert response.headers["retry-after"] == "1"
    assert api.totals()["requests_refused"] == {"busy": 1}
    assert api.totals()["received"] == 0
    api.service._gate.pace = Pace()
    assert (await api.post(json.dumps(event))).status_code == 202


async def test_a_body_that_comes_later_is_measured_by_the_turn_in_which_it_is_complete(
    api: Api, event: dict[str, Any]
) -> None:
    class Spent:
        """Has room when a request begins, and none when its body is there."""

        asked = 0

        def is_spent(self) -> bool:
            self.asked += 1
            return self.asked > 1

    api.service._gate.pace = Spent()
    assert (await api.post(json.dumps(event))).status_code == 503


def test_a_queue_stands_when_even_the_shortest_wait_is_long() -> None:
    turns = Turns()
    queue = StandingQueue(1.0, lambda: turns.now)
    assert not queue.is_standing(), "nothing is known yet"
    for wait_s, stands in ((0.01, False), (3.0, False), (3.0, False), (3.0, False), (2.0, True), (0.5, False)):
        queue.note(wait_s)
        assert queue.is_standing() is stands, wait_s
        turns.now += 0.2
    queue.note(4.0)
    turns.now += 0.6
    assert not queue.is_standing(), "it is empty: nobody was acknowledged of late"


def test_one_leader_that_stands_still_makes_no_standing_queue() -> None:
    turns = Turns()
    queue = StandingQueue(1.0, lambda: turns.now)
    for _ in range(50):
        queue.note(9.0)
        queue.note(0.004)
        turns.now += 0.05
        assert not queue.is_standing()


async def test_what_the_brokers_cannot_take_is_refused(api: Api, event: dict[str, Any]) -> None:
    turns = Turns()
    api.service._gate.queue = queue = StandingQueue(1.0, lambda: turns.now)
    queue.note(60.0)
    turns.now += 0.3
    queue.note(60.0)
    response = await api.post(json.dumps(event))
    assert (response.status_code, response.json()["type"]) == (503, "/problems/overloaded")
