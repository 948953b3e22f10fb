"""SIGINT and SIGTERM as an event: a background job of a shell starts with SIGINT ignored, so both are set."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def on_stop_signals(ask: Callable[[], object]) -> Iterator[None]:
    """Call `ask` on each of the two signals; the earlier handlers come back at the end. Main thread only."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        ask()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def stop_requested() -> Iterator[threading.Event]:
    """An event that the first signal sets. Main thread only."""
    stop = threading.Event()
    with on_stop_signals(stop.set):
        yield stop
