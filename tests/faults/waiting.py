"""Waiting for what a drill expects, with an end to it, and what goes on meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def wait_until(
    holds: Callable[[], object], what: str, within_s: float = 60.0, moved: Callable[[], object] = bool
) -> float:
    """How long it took, in seconds. Raises AssertionError after `within_s` in which `moved` gave the same."""
    started = still_since = time.monotonic()
    place = moved()
    while not holds():
        if (now := moved()) != place:
            still_since, place = time.monotonic(), now
        if time.monotonic() - still_since > within_s:
            raise AssertionError(f"waited {within_s:g} s in vain: {what}")
        time.sleep(0.05)
    return time.monotonic() - started


@contextmanager
def meanwhile(act: Callable[[], object], every_s: float) -> Iterator[None]:
    """`act` after each `every_s` seconds, all the time of the block, in a thread of its own."""
    done = threading.Event()

    def act_again() -> None:
        while not done.wait(every_s):
            act()

    thread = threading.Thread(target=act_again)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
