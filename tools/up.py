"""`pipeline up`: the stack without a bound, with a live view; a signal drains it and prints the books."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.live import Live

from tools.fake_client import SendOptions
from tools.live import Snapshot, as_json, render, take_snapshot
from tools.load import Load
from tools.parts import EMBEDDED, Parts
from tools.run import api_totals, close_books, show_books, wait_drained, work_folder
from tools.signals import stop_requested
from tools.stack import Stack, StackOptions

_INTERVAL_S: Final = 1.0
_INVALID_RATIO: Final = 0.01
_PLAIN_EVERY: Final = 5


@dataclass(frozen=True, slots=True)
class UpOptions:
    """`rate` is events per second of the fake client; a port of 0 takes a free one."""

    root: Path
    no_load: bool = False
    no_consumers: bool = False
    workers: int = 1
    rate: float = 100.0
    api_port: int = 8000
    broker_port: int = 9092
    registry_port: int = 8081
    as_json: bool = False
    parts: Parts = EMBEDDED


def run_up(options: UpOptions, out: TextIO) -> int:
    """Run until SIGINT or SIGTERM; 0 if the books add up then, 1 if they do not."""
    # Lines that a program reads go to `out`; what a person reads goes elsewhere then.
    console = Console(stderr=True, highlight=False) if options.as_json else Console(file=out, highlight=False)
    with stop_requested() as stop, work_folder(options.root, "up") as work:
        stack_options = StackOptions(
            root=options.root,
            work=work.folder,
            workers=options.workers,
            api_port=options.api_port,
            broker_port=options.broker_port,
            registry_port=options.registry_port,
            parts=options.parts,
        )
        with Stack(stack_options, console.print) as stack:
            _start(stack, options)
            load = None if options.no_load else _start_load(stack, options.rate)
            _watch(stack, options, stop, console, out)
            console.print("stopping: the client first, then the API, then the consumers drain")
            reports = []
            if load is not None:
                load.stop()
                reports.append(load.result())
            stack.stop_api()
            if not options.no_consumers:
                wait_drained(stack, api_totals(stack).accepted, threading.Event())
            stack.stop()
        return show_books(console, stack, close_books(stack, *reports), work)


def _start(stack: Stack, options: UpOptions) -> None:
    stack.start_base()
    stack.start_api()
    if not options.no_consumers:
        stack.start_consumers()


def _start_load(stack: Stack, rate: float) -> Load:
    load = Load(SendOptions(url=stack.api_url, rate=rate, concurrency=16, invalid_ratio=_INVALID_RATIO))
    load.start()
    return load


def _watch(stack: Stack, options: UpOptions, stop: threading.Event, console: Console, out: TextIO) -> None:
    """Show what happens until a signal comes. Raises ChildError if a part dies."""
    before: Snapshot | None = None
    live = None if options.as_json or not console.is_terminal else Live(console=console, refresh_per_second=4)
    if live is not None:
        live.start()
    try:
        looks = 0
        while not stop.wait(_INTERVAL_S):
            stack.check()
            now = take_snapshot(stack)
            if options.as_json:
                print(json.dumps(as_json(before, now)), file=out, flush=True)
            elif live is not None:
                live.update(render(stack, before, now))
            elif looks % _PLAIN_EVERY == 0:
                console.print(_plain(before, now))
            before = now
            looks += 1
    finally:
        if live is not None:
            live.stop()


def _plain(before: Snapshot | None, now: Snapshot) -> str:
    line = as_json(before, now)
    lag = ", ".join(f"{name} {count}" for name, count in now.lag.items())
    return (
        f"{line['events_per_s']} events/s, accepted {now.accepted}, refused {now.refused}, lag: {lag or 'no consumers'}"
    )
