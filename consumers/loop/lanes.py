"""Where handlers run: on the loop's own thread, or each lane on a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from consumers.effects import Produce
from consumers.loop.assignment import Item

Work = Callable[[], tuple[Produce, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler gave for `item`: effects, or what it raised."""

    item: Item
    effects: tuple[Produce, ...] = ()
    error: BaseException | None = None


class Lanes(Protocol):
    """`count` records at once, each in its lane. `own_thread`: they run on the loop's, and the loop waits for them."""

    count: int
    own_thread: bool

    def start(self, item: Item, work: Work) -> None:
        """Begin `work`, in the item's lane, which must be free."""

    def finished(self, timeout_s: float = 0.0) -> list[Outcome]:
        """What came to its end since; if nothing did, wait for it that long."""

    def close(self) -> None:
        """Take no more work, and wait for none."""


class OwnThread:
    """Runs the work where it is started: for handlers that are fast, or that keep state of their own."""

    count = 1
    own_thread = True

    def __init__(self) -> None:
        self._outcomes: deque[Outcome] = deque()

    def start(self, item: Item, work: Work) -> None:
        self._outcomes.append(outcome_of(item, work))

    def finished(self, timeout_s: float = 0.0) -> list[Outcome]:
        del timeout_s
        outcomes, self._outcomes = list(self._outcomes), deque()
        return outcomes

    def close(self) -> None:
        """Nothing runs."""


def outcome_of(item: Item, work: Work) -> Outcome:
    """Do the work; an exception is an outcome, what ends a process is not."""
    try:
        return Outcome(item, work())
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is judged by the loop
        return Outcome(item, error=error)


class Threads:
    """A thread for each lane, so that polling goes on while handlers take their time.

    Daemons: a handler that never returns must not hold a process back that was told to stop.
    """

    own_thread = False

    def __init__(self, count: int) -> None:
        self.count = count
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._inboxes: list[queue.SimpleQueue[tuple[Item, Work] | None]] = [queue.SimpleQueue() for _ in range(count)]
        for number, inbox in enumerate(self._inboxes):
            threading.Thread(target=self._serve, args=(inbox,), name=f"handler-{number}", daemon=True).start()

    def start(self, item: Item, work: Work) -> None:
        self._inboxes[item.lane].put((item, work))

    def finished(self, timeout_s: float = 0.0) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            outcomes.append(self._outcomes.get(timeout=timeout_s) if timeout_s > 0 else self._outcomes.get_nowait())
            while True:
                outcomes.append(self._outcomes.get_nowait())
        except queue.Empty:
            return outcomes

    def close(self) -> None:
        for inbox in self._inboxes:
            inbox.put(None)

    def _serve(self, inbox: queue.SimpleQueue[tuple[Item, Work] | None]) -> None:
        while (task := inbox.get()) is not None:
            item, work = task
            try:
                outcome = Outcome(item, work())
            except BaseException as error:  # noqa: BLE001 - told to the loop, which goes on or raises it
                outcome = Outcome(item, error=error)
            self._outcomes.put(outcome)
