"""Who polls: the thread while few records are under way, the event loop while they are many."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from producer_api.polling import Polling, Served
from tests.producer_api.conftest import until


class Work:
    """Reports that become due, and who took and told them."""

    def __init__(self) -> None:
        self.due = 0
        self.taken_by: list[int] = []
        self.told_by: list[int] = []
        self.mended_by: list[int] = []
        self.is_broken = False

    def poll(self, timeout_s: float) -> None:
        if not self.due and timeout_s:
            time.sleep(0.001)
        if self.due:
            self.due = 0
            self.taken_by.append(threading.get_ident())

    def tell(self) -> None:
        if len(self.told_by) < len(self.taken_by):
            self.told_by.append(threading.get_ident())

    def mend(self) -> None:
        self.mended_by.append(threading.get_ident())
        self.is_broken = False

    async def until_told(self, count: int) -> None:
        await until(lambda: len(self.told_by) == count)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
async def polling(work: Work) -> AsyncIterator[Polling]:
    served = Served(
        work.poll,
        has_news=lambda: len(work.told_by) < len(work.taken_by),
        tell=work.tell,
        is_broken=lambda: work.is_broken,
        mend=work.mend,
    )
    made = Polling(asyncio.get_running_loop(), served)
    yield made
    await asyncio.to_thread(made.stop)


async def test_the_thread_takes_and_the_loop_is_told(work: Work, polling: Polling) -> None:
    work.due = 1
    await until(lambda: work.told_by)
    assert work.told_by == [threading.get_ident()]
    assert work.taken_by != work.told_by


async def test_the_loop_takes_while_many_are_under_way_and_the_thread_when_they_are_gone(
    work: Work, polling: Polling
) -> None:
    here = threading.get_ident()
    polling.busy()
    await asyncio.sleep(0.02)  # the thread's poll has come to its end
    for count in (1, 2, 3):
        polling.busy()
        work.due = 1
        await work.until_told(count)
    assert set(work.taken_by) == set(work.told_by) == {here}
    await until(polling._by_thread.is_set)  # nobody says that they are many
    work.due = 1
    await work.until_told(4)
    assert work.taken_by[-1] != here


async def test_what_is_broken_is_mended_in_the_thread(work: Work, polling: Polling) -> None:
    for is_busy in (False, True):
        if is_busy:
            polling.busy()
        work.is_broken = True
        polling.busy()  # does not take it away from the thread
        await until(lambda: not work.is_broken)
    assert len(work.mended_by) == 2
    assert threading.get_ident() not in work.mended_by


@pytest.mark.parametrize("is_busy", [False, True])
async def test_after_the_stop_nothing_is_taken(work: Work, polling: Polling, is_busy: bool) -> None:
    if is_busy:
        polling.busy()
    await asyncio.to_thread(polling.stop)
    work.due = 1
    await asyncio.sleep(0.02)
    assert work.due == 1
