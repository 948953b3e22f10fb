"""When more comes than can be done: who waits for the processor, and whether the brokers keep up."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final, NamedTuple

DEFAULT_MAX_BUSY_S: Final = 0.5
DEFAULT_MAX_WAIT_S: Final = 1.0
_SLICE_S: Final = 0.05
_INTERVAL_S: Final = 0.25
_MEMORY_S: Final = 1.0
# A guess for the first moments; what is measured soon outweighs it.
_FIRST_BYTES_PER_S: Final = 10e6
_FIRST_MEASURED_S: Final = 0.02


class _Waiting(NamedTuple):
    turn: asyncio.Future[bool]
    size: int
    since: float


class Pace:
    """Gives requests their turn in the order in which their bodies were complete. For one thread: the event loop's.

    In each turn of the loop it lets work be done for a slice of time; then sockets and acknowledgements have theirs, so
    that nothing but this queue grows. How long it is in seconds is known from how fast it was worked off of late, and
    what would wait for more than `max_wait_s` is refused when it comes: before its body is read, if that is so when its
    head is there. What has waited longer all the same is refused when its turn comes.
    """

    __slots__ = (
        "_began", "_call_soon", "_clock", "_done", "_done_of_late", "_max_wait_s", "_queue", "_slice_s",
        "_time_of_late", "_waiting_bytes", "turn",
    )  # fmt: skip

    def __init__(
        self,
        max_wait_s: float = DEFAULT_MAX_BUSY_S,
        clock: Callable[[], float] = monotonic,
        call_soon: Callable[[Callable[[], None]], object] | None = None,
        slice_s: float = _SLICE_S,
    ) -> None:
        """`slice_s` is how long a turn works; `call_soon` calls back in the loop's next one."""
        self._max_wait_s = max_wait_s
        self._slice_s = slice_s
        self._clock = clock
        self._call_soon = call_soon
        self._began: float | None = None  # when this turn did; None where nothing has asked in it
        self._done = 0
        self._time_of_late = _FIRST_MEASURED_S
        self._done_of_late = _FIRST_BYTES_PER_S * _FIRST_MEASURED_S
        self._queue: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self.turn = 0  # counts those in which work began

    def wait_s(self) -> float:
        """How long a request would wait that came now."""
        return self._waiting_bytes * self._time_of_late / self._done_of_late

    def has_room(self) -> bool:
        """Whether that is short enough."""
        return not self._waiting_bytes or self.wait_s() <= self._max_wait_s

    def may_begin(self, size: int) -> bool:
        """Whether work on `size` bytes may begin at once; otherwise `wait_turn`."""
        if self._queue or self._is_spent():
            return False
        self._done += size
        return True

    async def wait_turn(self, size: int) -> bool:
        """Wait for the turn of `size` bytes; False if it came too late."""
        waiting = _Waiting(asyncio.get_running_loop().create_future(), size, self._clock())
        self._queue.append(waiting)
        return await self._wait(waiting)

    async def go_on(self, rest: int) -> None:
        """In the midst of a large request, `rest` bytes of which are left: let others have their turn if it is time.

        What has begun comes before what has not.
        """
        if not self._is_spent():
            return
        self._done -= rest
        waiting = _Waiting(asyncio.get_running_loop().create_future(), rest, math.inf)
        self._queue.appendleft(waiting)
        await self._wait(waiting)

    async def _wait(self, waiting: _Waiting) -> bool:
        self._waiting_bytes += waiting.size
        try:
            return await waiting.turn
        except asyncio.CancelledError:  # still in the queue, or the turn was given and is not used
            if waiting in self._queue:
                self._queue.remove(waiting)
                self._waiting_bytes -= waiting.size
            raise

    def _is_spent(self) -> bool:
        """Whether this turn has done its work."""
        now = self._clock()
        if self._began is None:
            self._began = now
            self._schedule_next()
        return now - self._began > self._slice_s

    def _schedule_next(self) -> None:
        (self._call_soon or asyncio.get_running_loop().call_soon)(self._begin_turn)

    def _begin_turn(self) -> None:
        now = self._clock()
        self.turn += 1
        if self._began is not None and now > self._began:
            self._learn(now - self._began)
        self._done = 0
        if not self._queue:
            self._began = None
            return
        self._began = now
        most = self._slice_s * self._done_of_late / self._time_of_late
        while self._queue and self._done < most:
            waiting = self._queue.popleft()
            self._waiting_bytes -= waiting.size
            in_time = now - waiting.since <= self._max_wait_s
            if in_time:
                self._done += waiting.size
            if not waiting.turn.done():
                waiting.turn.set_result(in_time)
        self._schedule_next()

    def _learn(self, took_s: float) -> None:
        """A turn took so long for what was done in it: all of it counts, refusals and acknowledgements too."""
        kept = max(0.0, 1.0 - took_s / _MEMORY_S)
        self._time_of_late = self._time_of_late * kept + took_s
        self._done_of_late = max(1.0, self._done_of_late * kept + self._done)


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


class DrainRate:
    """How fast the brokers acknowledge, and so how long what is under way will take. Idle time does not count."""

    __slots__ = ("_began", "_clock", "_done", "_earlier", "_earlier_s")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Something is under way, for the first time since nothing was."""
        self._began = self._clock()
        self._done = self._earlier = 0
        self._earlier_s = 0.0

    def note(self, size: int) -> None:
        """`size` bytes are no longer under way."""
        self._roll()
        self._done += size

    def wait_s(self, size: int) -> float:
        """When `size` bytes are done; infinite if nothing has been done for a while, 0 if it is too early to tell."""
        if not size:
            return 0.0
        self._roll()
        took_s = self._clock() - self._began + self._earlier_s
        done = self._done + self._earlier
        if done:
            return size * max(0.0, took_s) / done
        return math.inf if took_s > _MEMORY_S else 0.0

    def _roll(self) -> None:
        elapsed = self._clock() - self._began
        if elapsed >= _MEMORY_S:
            self._earlier, self._earlier_s = self._done, elapsed
            self._began = self._clock()
            self._done = 0
