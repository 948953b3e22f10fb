"""What `demo`, `up` and `evolve` share: a folder for the logs, draining, and the books of a stack."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from tools.fake_client import SendReport
from tools.reconciliation import Reconciliation, flow_table, totals_table
from tools.stack import Stack

STALL_TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.1


@dataclass(slots=True)
class Work:
    """A folder for logs and the registry's file; `keep` leaves it behind, so that one can look."""

    folder: Path
    keep: bool = False


@contextmanager
def work_folder(root: Path, name: str) -> Iterator[Work]:
    """A new folder below the project, which goes with the run unless that fails."""
    parent = root / ".pipeline"
    parent.mkdir(exist_ok=True)
    work = Work(Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent)))
    try:
        yield work
    except BaseException:
        work.keep = any(work.folder.iterdir())
        raise
    finally:
        if not work.keep:
            shutil.rmtree(work.folder, ignore_errors=True)


def seen_by(stack: Stack) -> dict[str, int]:
    """Records that each consumer has dealt with so far, over all its processes of this run."""
    seen: Counter[str] = Counter()
    for child in (*stack.ended, *stack.consumers.values()):
        report = child.latest
        if report is not None and "consumer" in report:
            seen[report["consumer"]] += report["seen"]
    return dict(seen)


def wait_drained(
    stack: Stack, expected: int, stop: threading.Event, note: Callable[[dict[str, int]], None] = lambda _: None
) -> bool:
    """Wait until every consumer has seen `expected` records. False if nothing moves for a while, or on `stop`."""
    last: dict[str, int] = {}
    moved = time.monotonic()
    while True:
        stack.check()
        seen = seen_by(stack)
        note(seen)
        if seen and all(count >= expected for count in seen.values()):
            return True
        if seen != last:
            last, moved = seen, time.monotonic()
        if stop.is_set() or time.monotonic() - moved > STALL_TIMEOUT_S:
            return False
        time.sleep(_POLL_S)


def api_totals(stack: Stack) -> Reconciliation:
    """What the API's processes reported when they stopped."""
    books = Reconciliation()
    for child in stack.ended:
        for report in child.finals:
            if "api" in report:
                _add_api(books, report["api"])
    return books


def _add_api(books: Reconciliation, report: dict[str, Any]) -> None:
    books.received += report["received"]
    books.accepted += report["accepted"]
    books.produced += report["produced"]
    books.refused.update(report["refused"])
    books.shapes.update(report["shapes"])


def close_books(stack: Stack, *reports: SendReport) -> Reconciliation:
    """The books after the end of a run: the client's side, the API's and each consumer's."""
    books = api_totals(stack)
    if reports:
        books.sent = sum(report.sent for report in reports)
        books.acknowledged = sum(report.accepted for report in reports)
        books.unanswered = sum(report.unanswered for report in reports)
        books.surprises = sum(report.surprises for report in reports)
        books.totals = sum((report.totals for report in reports), Counter())
        books.reasons = sum((report.refused for report in reports), Counter())
    for child in stack.ended:
        for report in child.finals:
            if "consumer" in report:
                books.add_consumer(report)
    return books


def show_books(console: Console, stack: Stack, books: Reconciliation, work: Work) -> int:
    """Print both tables and what does not add up; 0 if everything does and every part stopped cleanly, else 1."""
    console.print(flow_table(books))
    totals = totals_table(books)
    if totals is not None:
        console.print(totals)
    problems = books.problems()
    problems += [f"{child.name} did not stop cleanly{child.last_words()}" for child in stack.unclean]
    for problem in problems:
        console.print(f"problem: {problem}", style="bold red", markup=False, highlight=False)
    if problems:
        work.keep = True
        console.print(f"the logs are in {work.folder}", markup=False)
    else:
        console.print("Every accepted event was seen by every consumer, and the totals agree.", style="bold green")
    return 1 if problems else 0
