"""`pipeline send`: sends, shows how far it is, stops on a signal, and prints the report."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from tools.errors import UserError
from tools.fake_client.options import SendOptions
from tools.fake_client.report import SendReport, format_report
from tools.fake_client.sender import Progress, send

_LINE_EVERY_S = 2.0
_JSON_EVERY_S = 1.0


def run_send(options: SendOptions, out: TextIO, *, as_json: bool = False) -> int:
    """Send and report to `out`; with `as_json` one line a second instead, the last of them with `"final": true`.

    0 if every event got the final answer that it deserved, 1 if not, 2 if it could not begin (one sentence on
    stderr). SIGINT and SIGTERM end the sending and wait for what is under way; a second one does not wait.
    """
    try:
        with _display(options, out, as_json) as show, asyncio.Runner(loop_factory=_new_loop) as runner:
            report = runner.run(_send_until_signal(options, show))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps({**report.to_json(), "final": True}) if as_json else format_report(report), file=out, flush=True)
    return 0 if report.is_good else 1


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed (uvicorn brings it): twice as many requests a second."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _send_until_signal(options: SendOptions, show: Progress) -> SendReport:
    stop = asyncio.Event()
    latest = SendReport()

    def keep(report: SendReport) -> None:
        nonlocal latest
        latest = report
        show(report)

    sending = asyncio.ensure_future(send(options, keep, stop))

    def end() -> None:
        if stop.is_set():
            sending.cancel()
        stop.set()

    loop = asyncio.get_running_loop()
    # By hand: a job in the background starts with SIGINT ignored, and asyncio would leave it so.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        return await sending
    except asyncio.CancelledError:
        return latest
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _display(options: SendOptions, out: TextIO, as_json: bool) -> Iterator[Progress]:
    """How far it is: JSON lines, a bar on a terminal, plain lines elsewhere."""
    if as_json:
        yield _every(_JSON_EVERY_S, lambda report: print(json.dumps(report.to_json()), file=out, flush=True))
    elif out.isatty() and os.environ.get("TERM") != "dumb":
        with _bar(options, out) as show:
            yield show
    else:
        yield _every(_LINE_EVERY_S, lambda report: print(_line(options, report), file=out, flush=True))


def _every(seconds: float, show: Progress, clock: Callable[[], float] = time.monotonic) -> Progress:
    due = clock() + seconds

    def show_if_due(report: SendReport) -> None:
        nonlocal due
        now = clock()
        if now >= due:
            due = now + seconds
            show(report)

    return show_if_due


def _line(options: SendOptions, report: SendReport) -> str:
    of = "" if options.count is None else f" of {options.count:,}"
    refused = report.refused.total()
    return (
        f"sent {report.sent:,}{of}, accepted {report.accepted:,}, refused {refused:,}, "
        f"sent again {report.retried:,}, {report.rate:,.0f} a second"
    )


@contextlib.contextmanager
def _bar(options: SendOptions, out: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    # The length of a run is known by its count, else by its duration; the bar of an endless one pulses.
    total = options.count if options.count is not None else options.duration_s
    with Bar(*columns, console=Console(file=out), transient=True) as bar:
        task = bar.add_task("sending", total=total, told="")

        def show(report: SendReport) -> None:
            done = report.sent - report.in_flight if options.count is not None else report.duration_s
            told = f"{report.accepted:,} accepted, {report.refused.total():,} refused, {report.rate:,.0f}/s"
            bar.update(task, completed=done, told=told)

        yield show
