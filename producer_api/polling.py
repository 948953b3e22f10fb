"""Who takes the delivery reports: a thread, or the event loop itself.

confluent-kafka takes the interpreter's lock for each report and gives it back. Where few records are under way, a
thread waits for reports, and wakes the loop once for all that it found. Where many are, the loop is busy, and each
report that the thread takes would be a fight with it for that lock: then the loop asks once a millisecond, and the
thread rests.
"""

from __future__ import annotations

import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Final, NamedTuple

# Records under way. At fewer, their clients wait for the broker, and a turn of the loop more would be felt.
MANY: Final = 64
TURN_S: Final = 0.001
# How long the loop goes on to ask after the last moment at which many were under way.
_CALM_TURNS: Final = 50
_POLL_TIMEOUT_S: Final = 0.2


class Served(NamedTuple):
    """What is called by whoever polls.

    `poll` serves the reports that are due, or waits for some; in either thread. `has_news`: whether the loop has to be
    told of them. `tell` tells it, and runs in it. `mend` may take long, and is called in the thread; `is_broken` says
    whether it must be.
    """

    poll: Callable[[float], None]
    has_news: Callable[[], bool]
    tell: Callable[[], None]
    is_broken: Callable[[], bool]
    mend: Callable[[], None]


class Polling:
    """Polls until it is stopped. `busy` belongs to the event loop, `stop` to another thread."""

    def __init__(self, loop: AbstractEventLoop, served: Served) -> None:
        self._loop = loop
        self._served = served
        self._stopped = threading.Event()
        self._by_thread = threading.Event()
        self._by_thread.set()
        self._calm_turns = 0
        self._woken = False
        self._thread = threading.Thread(target=self._run, name="delivery-reports", daemon=True)
        self._thread.start()

    def busy(self) -> None:
        """Many records are under way."""
        self._calm_turns = 0
        if self._by_thread.is_set() and not self._served.is_broken():
            self._by_thread.clear()
            self._loop.call_later(TURN_S, self._turn)

    def stop(self) -> None:
        """No report is taken after this; not to be called in the event loop."""
        self._stopped.set()
        self._by_thread.set()
        self._thread.join()

    def _turn(self) -> None:
        """In the event loop."""
        if self._stopped.is_set():
            return
        self._calm_turns += 1
        if self._calm_turns > _CALM_TURNS or self._served.is_broken():
            self._by_thread.set()
            return
        self._loop.call_later(TURN_S, self._turn)
        self._served.poll(0)
        self._served.tell()

    def _run(self) -> None:
        """The thread."""
        while not self._stopped.is_set():
            if not self._by_thread.wait(_POLL_TIMEOUT_S):
                continue
            self._served.poll(_POLL_TIMEOUT_S)
            if self._served.has_news() and not self._woken:
                self._woken = True
                self._call_soon(self._told)
            if self._served.is_broken():
                self._served.mend()

    def _told(self) -> None:
        """In the event loop."""
        self._woken = False
        self._served.tell()

    def _call_soon(self, function: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)
