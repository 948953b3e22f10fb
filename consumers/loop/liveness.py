"""Whether a consumer makes progress: stuck is not alive; idle, paused and rebalancing are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Liveness:
    """Told by the loop, asked by a probe from another thread.

    Stuck is a loop that has not come round, or a handler that has not returned, for `stuck_after_s` seconds. A loop
    comes round while it waits: for records, for a dependency that is away, for its partitions.
    """

    stuck_after_s: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _came_round: float | None = None
    _oldest_start: float | None = None

    def come_round(self, oldest_start: float | None) -> None:
        """The loop is at its beginning; `oldest_start` is when the longest of its running handlers began."""
        self._came_round = self.clock()
        self._oldest_start = oldest_start

    @property
    def complaint(self) -> str | None:
        """What is stuck, or None."""
        now = self.clock()
        for since, what in (
            (self._oldest_start, "a handler has been at work on one record"),
            (self._came_round, "the loop has not come round"),
        ):
            if since is not None and now - since > self.stuck_after_s:
                return f"{what} for {now - since:.0f} s (limit {self.stuck_after_s:g} s)"
        return None
