"""Around the Faust app: what it may log, how long it may take to end, and its messages as our records."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import Any

from consumers.record import Record, headers_from


def let_faust_say(level: int) -> None:
    """Let Faust and its client log from `level` up."""
    for chatty in ("faust", "mode", "aiokafka"):
        logging.getLogger(chatty).setLevel(level)


def report_thread(failure: threading.ExceptHookArgs) -> None:
    """Faust's fetching thread ends by cancellation when there is no broker to say goodbye to: that is no failure."""
    if not issubclass(failure.exc_type, asyncio.CancelledError):
        threading.__excepthook__(failure)


async def ended_in_time(work: Coroutine[Any, Any, object], within_s: float) -> bool:
    """Whether `work` came to its end within `within_s` seconds; what it raised is raised. It may go on after that."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=within_s)
    if done and not task.cancelled():
        task.result()
    return bool(done)


def record_from_faust(message: Any) -> Record:
    """The record of a Faust message, whose timestamp counts in seconds."""
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=round(message.timestamp * 1000) if message.timestamp is not None else None,
        key=message.key,
        value=message.value,
        headers=headers_from(message.headers),
    )
