"""`pipeline demo`: the main job once, bounded, from the contract to three consumers, with its books at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tools.fake_client import SendOptions, SendReport
from tools.load import Load
from tools.parts import EMBEDDED, Parts
from tools.run import close_books, seen_by, show_books, wait_drained, work_folder
from tools.signals import stop_requested
from tools.stack import CONSUMERS, Stack, StackOptions

INVALID_RATIO: Final = 0.02
CONCURRENCY: Final = 64
# The users' clocks: the events of one run spread over a few minutes, as windows want them.
PACE: Final = 100.0
_PLAIN_INTERVAL_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    root: Path
    events: int = 20_000
    seed: int = 1
    parts: Parts = EMBEDDED


def run_demo(options: DemoOptions, out: TextIO) -> int:
    """Run it; 0 only if every accepted event was seen by every consumer and the totals agree."""
    console = Console(file=out, highlight=False)
    started = time.monotonic()
    with stop_requested() as stop, work_folder(options.root, "demo") as work:
        parts = StackOptions(options.root, work.folder, parts=options.parts)
        with Stack(parts, console.print) as stack:
            stack.start_base()
            stack.start_api()
            stack.start_consumers()
            report = _send(stack, options, stop, console)
            stack.stop()
        code = show_books(console, stack, close_books(stack, report), work)
    console.print(f"{time.monotonic() - started:.0f} s")
    return code


def _send(stack: Stack, options: DemoOptions, stop: threading.Event, console: Console) -> SendReport:
    """Post the events, and wait until every consumer has seen what was accepted."""
    load = Load(
        SendOptions(
            url=stack.api_url,
            count=options.events,
            concurrency=CONCURRENCY,
            invalid_ratio=INVALID_RATIO,
            seed=options.seed,
            pace=PACE,
        )
    )
    with _Meter(console, options.events) as meter:
        load.start()
        while load.running:
            stack.check()
            if stop.wait(0.1):
                load.stop()
            meter.show(_answered(load.progress), seen_by(stack))
        report = load.result()
        meter.expect(report.accepted)
        wait_drained(stack, report.accepted, threading.Event(), lambda seen: meter.show(_answered(report), seen))
    return report


def _answered(report: SendReport | None) -> int:
    return 0 if report is None else report.sent - report.in_flight


class _Meter:
    """Progress bars on a terminal, a plain line every few seconds elsewhere."""

    def __init__(self, console: Console, events: int) -> None:
        self._console = console
        self._events = events
        columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=console, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._due = 0.0
        self._last = self._line = ""

    def __enter__(self) -> Self:
        self._bars.start()
        for name in ("answered", *CONSUMERS):
            self._tasks[name] = self._bars.add_task(name, total=self._events)
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
        self._print()

    def expect(self, accepted: int) -> None:
        """From now on it is known how many events the consumers will see."""
        for name in CONSUMERS:
            self._bars.update(self._tasks[name], total=accepted)

    def show(self, answered: int, seen: Mapping[str, int]) -> None:
        """Take in the newest counts."""
        counts = {"answered": answered, **{name: seen.get(name, 0) for name in CONSUMERS}}
        for name, count in counts.items():
            self._bars.update(self._tasks[name], completed=count)
        self._line = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        if time.monotonic() >= self._due:
            self._print()

    def _print(self) -> None:
        self._due = time.monotonic() + _PLAIN_INTERVAL_S
        if not self._console.is_terminal and self._line != self._last:
            self._last = self._line
            self._console.print(self._line)
