"""When the process has more to do than it can: told by how long a turn of the event loop takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

DEFAULT_MAX_BUSY_S: Final = 0.5


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
