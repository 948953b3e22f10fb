"""Turns of an event loop that are played by hand."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from producer_api.pace import DrainRate, Pace, StandingQueue

Api = Any
MAX_WAIT_S = 0.5


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


class Work:
    """Requests of one size, each of which takes `each_s`; which of them began and which came too late, in order."""

    def __init__(self, each_s: float = 0.001, size: int = 10_000) -> None:
        self.turns = Turns()
        self.pace = Pace(MAX_WAIT_S, lambda: self.turns.now, self.turns.call_soon, 0.02)
        self.each_s = each_s
        self.size = size
        self.begun: list[int] = []
        self.late: list[int] = []
        self.tasks: list[asyncio.Task[None]] = []

    def come(self, *numbers: int) -> None:
        """Requests whose bodies are complete, in this turn."""
        for number in numbers:
            if self.pace.may_begin(self.size):
                self._work(number)
            else:
                self.tasks.append(asyncio.create_task(self._wait(number)))

    async def turn(self) -> None:
        await asyncio.sleep(0)  # who has just come takes a place in the queue
        self.turns.begin()
        for _ in range(3):
            await asyncio.sleep(0)

    async def _wait(self, number: int) -> None:
        if await self.pace.wait_turn(self.size):
            self._work(number)
        else:
            self.late.append(number)

    def _work(self, number: int) -> None:
        self.begun.append(number)
        self.turns.now += self.each_s


async def test_work_begins_at_once_until_the_turn_has_done_its_part() -> None:
    work = Work()
    work.come(*range(100))
    assert 20 <= len(work.begun) <= 22
    assert len(work.turns.next) == 1, "one callback a turn"


async def test_the_others_have_their_turns_in_order() -> None:
    work = Work()
    work.come(*range(100))
    for _ in range(8):
        before = len(work.begun)
        await work.turn()
        assert len(work.begun) - before <= 22, "a turn does not grow"
    assert work.begun == list(range(100))
    await work.turn()
    assert not work.turns.next, "without a queue no turn is asked for"


async def test_who_comes_later_does_not_overtake() -> None:
    work = Work()
    work.come(*range(30))
    await work.turn()
    work.come(*range(30, 40))
    for _ in range(4):
        await work.turn()
    assert work.begun == list(range(40))


async def test_what_a_few_turns_can_do_is_never_refused() -> None:
    work = Work()
    for _ in range(20):
        work.come(*range(20))
        assert work.pace.has_room()
        work.turns.now += 5.0  # the loop waits for something to do
        await work.turn()
    assert len(work.begun) == 400


async def test_the_wait_is_known_from_what_was_done_of_late() -> None:
    work = Work(each_s=0.01)
    work.come(*range(100))
    for _ in range(4):
        await work.turn()
    waiting = 100 - len(work.begun)
    assert waiting > 20
    assert work.pace.wait_s() == pytest.approx(waiting * 0.01, rel=0.5)
    assert work.pace.has_room() is (work.pace.wait_s() <= MAX_WAIT_S)
    work.come(*range(100, 200))
    await work.turn()
    assert not work.pace.has_room()
    for task in work.tasks:
        task.cancel()


async def test_what_has_waited_too_long_is_refused_when_its_turn_comes() -> None:
    work = Work()
    work.come(*range(60))
    await work.turn()
    begun = len(work.begun)
    assert 30 <= begun < 50
    work.turns.now += MAX_WAIT_S + 0.1
    await work.turn()
    assert (len(work.begun), work.late) == (begun, list(range(begun, 60)))
    assert work.pace.wait_s() == 0


async def test_what_has_begun_comes_before_what_has_not() -> None:
    work = Work()
    order: list[str] = []

    async def large() -> None:
        assert work.pace.may_begin(3_000_000)
        for part in ("first", "second", "third"):
            work.turns.now += 0.03
            order.append(part)
            await work.pace.go_on(2_900_000)

    async def small() -> None:
        await work.pace.wait_turn(1000)
        order.append("small")

    tasks = [asyncio.create_task(large()), asyncio.create_task(small())]
    await asyncio.sleep(0)
    for _ in range(6):
        await work.turn()
    await asyncio.gather(*tasks)
    assert order == ["first", "second", "third", "small"]
    assert work.pace.wait_s() == 0


async def test_a_large_request_goes_on_at_once_while_its_turn_lasts() -> None:
    work = Work()
    assert work.pace.may_begin(3000)
    work.turns.now += 0.01
    await asyncio.wait_for(work.pace.go_on(1000), 1)


async def test_whoever_leaves_the_queue_is_not_waited_for() -> None:
    work = Work()
    work.come(*range(25))
    await asyncio.sleep(0)
    assert work.pace.wait_s() > 0
    for task in work.tasks:
        task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert work.pace.wait_s() == 0
    await work.turn()
    assert work.pace.may_begin(1)


async def test_a_clock_that_goes_back_refuses_nothing() -> None:
    work = Work()
    work.come(*range(30))
    work.turns.now -= 3600
    for _ in range(3):
        await work.turn()
    assert work.begun == list(range(30))


async def test_turns_of_a_real_loop() -> None:
    now = 0.0
    pace = Pace(60.0, lambda: now, slice_s=0.02)
    begun = []

    async def work(number: int) -> None:
        nonlocal now
        if not pace.may_begin(100):
            assert await pace.wait_turn(100)
        begun.append(number)
        now += 0.015

    await asyncio.gather(*map(work, range(50)))
    assert begun == list(range(50))


def test_how_long_the_brokers_will_take() -> None:
    turns = Turns()
    rate = DrainRate(lambda: turns.now)
    assert rate.wait_s(1000) == 0, "it is too early to tell"
    for _ in range(30):
        turns.now += 0.1
        rate.note(50)
    assert rate.wait_s(1000) == pytest.approx(2.0, rel=0.1)
    turns.now += 10.0
    assert rate.wait_s(1000) > 5.0, "they have become slow"
    turns.now += 10.0
    assert rate.wait_s(1000) == math.inf
    assert rate.wait_s(0) == 0, "nothing is under way"
    rate.begin()
    turns.now += 0.1
    rate.note(100)
    assert rate.wait_s(1000) == pytest.approx(1.0), "what was before an idle time does not count"


@pytest.mark.parametrize(
    ("processor_s", "brokers_s", "told"), [(0.0, 0.0, 1), (1.2, 0.3, 2), (0.2, 3.01, 4), (0.0, math.inf, 10)]
)
async def test_retry_after_is_when_both_queues_will_be_done(
    api: Api, event: dict[str, Any], processor_s: float, brokers_s: float, told: int
) -> None:
    gate = api.service._gate
    gate.pace = type("Full", (), {"has_room": lambda _: False, "wait_s": lambda _: processor_s})()
    gate.brokers_wait_s = lambda: brokers_s
    response = await api.post(json.dumps(event))
    assert (response.status_code, response.headers["retry-after"]) == (503, str(told))


async def test_what_would_wait_too_long_is_refused_before_its_body_is_read(api: Api, event: dict[str, Any]) -> None:
    pace = Pace(-1.0)
    api.service._gate.pace = pace
    pace._waiting_bytes = 1
    scope = {"headers": [(b"content-type", b"application/json")]}

    async def receive() -> Any:
        raise AssertionError("the body was asked for")

    answer = await api.service.endpoints["/events"].answer(scope, receive)
    assert (answer.status, json.loads(answer.body)["type"]) == (503, "/problems/overloaded")
    assert dict(answer.headers)["retry-after"] == "1"
    assert api.totals()["requests_refused"] == {"busy": 1}
    assert api.totals()["received"] == 0
    api.service._gate.pace = Pace()
    assert (await api.post(json.dumps(event))).status_code == 202


async def test_a_body_that_comes_later_is_measured_when_it_is_complete(api: Api, event: dict[str, Any]) -> None:
    class Filling:
        """Has room when a request begins, and none when its body is there."""

        asked = 0

        def has_room(self) -> bool:
            self.asked += 1
            return self.asked == 1

        def may_begin(self, size: int) -> bool:
            return False

        def wait_s(self) -> float:
            return 0.6

    api.service._gate.pace = Filling()
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
