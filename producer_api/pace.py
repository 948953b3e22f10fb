"""When more comes than can be done: told by how long the event loop's turns and the brokers' acknowledgements take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

DEFAULT_MAX_BUSY_S: Final = 0.5
DEFAULT_MAX_WAIT_S: Final = 1.0
_INTERVAL_S: Final = 0.25


class Pace:
    """Says when the requests of one turn of the event loop take too long. For one thread: the event loop's.

    In each turn the loop works off everything that has come in since the last one, so with more requests than it can
    do its turns grow longer and longer, and every client waits for all of them. Refusing what is left of a turn after
    `max_busy_s` bounds the wait of what is taken at a few turns.
    """

    __slots__ = ("_call_soon", "_clock", "_max_busy_s", "_turn_began")

    def __init__(
        self,
        max_busy_s: float = DEFAULT_MAX_BUSY_S,
        clock: Callable[[], float] = monotonic,
        call_soon: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        """`call_soon` calls back in the loop's next turn."""
        self._max_busy_s = max_busy_s
        self._clock = clock
        self._call_soon = call_soon
        self._turn_began: float | None = None

    def is_spent(self) -> bool:
        """Whether this turn has taken too long for one more request."""
        now = self._clock()
        if self._turn_began is None:
            self._turn_began = now
            (self._call_soon or asyncio.get_running_loop().call_soon)(self._end_turn)
        return now - self._turn_began > self._max_busy_s

    def _end_turn(self) -> None:
        self._turn_began = None


class StandingQueue:
    """Says when the records that wait for the brokers have become a queue that no longer empties itself.

    As CoDel does it (RFC 8289, section 3.2): not the longest wait tells, but the shortest of an interval. A burst, or
    one leader that stands still, leaves others that are acknowledged at once; in a standing queue everybody waits.
    Without acknowledgements nothing is known, and nothing refused: that is the brokers' watch's part.
    """

    __slots__ = ("_began", "_clock", "_lowest_s", "_max_wait_s", "_previous_s")

    def __init__(self, max_wait_s: float = DEFAULT_MAX_WAIT_S, clock: Callable[[], float] = monotonic) -> None:
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._began = clock()
        self._lowest_s: float | None = None
        self._previous_s: float | None = None

    def note(self, wait_s: float) -> None:
        """A record was acknowledged after `wait_s`."""
        self._roll()
        self._lowest_s = wait_s if self._lowest_s is None else min(wait_s, self._lowest_s)

    def is_standing(self) -> bool:
        """Whether even the shortest wait of a whole interval, and of the one that runs, was too long."""
        self._roll()
        if self._previous_s is None:
            return False
        lowest_s = self._previous_s if self._lowest_s is None else min(self._previous_s, self._lowest_s)
        return lowest_s > self._max_wait_s

    def _roll(self) -> None:
        elapsed = self._clock() - self._began
        if 0 <= elapsed < _INTERVAL_S:
            return
        self._previous_s = self._lowest_s if 0 <= elapsed < 2 * _INTERVAL_S else None
        self._lowest_s = None
        self._began = self._clock()
