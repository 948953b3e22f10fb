"""Holding the partitions back while polling goes on: a dependency is away, or too much is in hand."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consumers.faults import Unavailable
from consumers.loop.backoff import Backoff

if TYPE_CHECKING:
    from confluent_kafka import Consumer

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Brake:
    """Both causes at once hold as one does: partitions run again when neither is left."""

    consumer: Consumer
    most_in_hand: int = 500
    backoff: Backoff = field(default_factory=Backoff)
    clock: Callable[[], float] = time.monotonic
    _retry_at: float | None = None
    _full: bool = False

    @property
    def held(self) -> bool:
        return self._full or self.paused

    @property
    def paused(self) -> bool:
        """A dependency is away, or was at the last look."""
        return self._retry_at is not None

    @property
    def waiting(self) -> bool:
        """It is too early for another look at the dependency."""
        return self._retry_at is not None and self.clock() < self._retry_at

    def pause(self, reason: Unavailable) -> None:
        """A dependency is away: look again after a wait that grows."""
        wait_s = self.backoff.next_s()
        if not self.held:
            self.hold()
        if not self.paused:
            log.warning("paused: %s", reason)
        self._retry_at = self.clock() + wait_s

    def resume(self) -> bool:
        """The dependency is there; whether it was away."""
        if not self.paused:
            return False
        self._retry_at = None
        self.backoff.reset()
        if not self._full:
            self._let_go()
        log.info("resumed")
        return True

    def limit(self, in_hand: int) -> None:
        """Fetch no more than the handlers can take; the rest waits at the broker."""
        if not self._full and in_hand >= self.most_in_hand:
            if not self.held:
                self.hold()
            self._full = True
        elif self._full and in_hand <= self.most_in_hand // 2:
            self._full = False
            if not self.held:
                self._let_go()

    def hold(self) -> None:
        """Fetch nothing of what is assigned now; what comes later needs another call."""
        self.consumer.pause(self.consumer.assignment())

    def _let_go(self) -> None:
        self.consumer.resume(self.consumer.assignment())
