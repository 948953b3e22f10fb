"""What each part of the pipeline counted, side by side, and whether it adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table


@dataclass(slots=True)
class Counted:
    """What one consumer counted, over all its processes; `totals` is by action."""

    seen: int = 0
    decoded: int = 0
    dead_lettered: int = 0
    tombstones: int = 0
    totals: Counter[str] = field(default_factory=Counter)
    by_schema_version: Counter[str] = field(default_factory=Counter)

    def add(self, report: Mapping[str, Any]) -> None:
        """Take in the report of one more process."""
        self.seen += report["seen"]
        self.decoded += report["decoded"]
        self.dead_lettered += report["dead_lettered"]
        self.tombstones += report["tombstones"]
        self.totals.update(report["totals"])
        self.by_schema_version.update(report["by_schema_version"])


@dataclass(slots=True)
class Reconciliation:
    """The books of one run.

    `sent` … `reasons` are the fake client's, None where it did not run; `received` … `produced` are the API's, which
    knows the stage at which it refused; the client knows the field as well.
    """

    sent: int | None = None
    acknowledged: int | None = None
    unanswered: int = 0
    surprises: int = 0
    totals: Counter[str] | None = None
    reasons: Counter[str] | None = None
    received: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    produced: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    consumers: dict[str, Counted] = field(default_factory=dict)

    def add_consumer(self, report: Mapping[str, Any]) -> None:
        """Take in the last report of a consumer's process."""
        self.consumers.setdefault(report["consumer"], Counted()).add(report)

    def problems(self) -> list[str]:
        """Every sum that does not hold, as a sentence; empty means that nothing was lost or made up."""
        found: list[str] = []
        refused = sum(self.refused.values())
        if self.received != self.accepted + refused:
            found.append(f"the API received {self.received} but accepted {self.accepted} and refused {refused}")
        if self.produced != self.accepted:
            found.append(f"the API accepted {self.accepted} but the broker acknowledged {self.produced}")
        if self.acknowledged is not None and self.acknowledged != self.accepted:
            found.append(f"the client was acknowledged {self.acknowledged} events, the API accepted {self.accepted}")
        if self.reasons is not None and self.reasons.total() != refused:
            found.append(f"the client was refused {self.reasons.total()} events, the API refused {refused}")
        if self.unanswered:
            found.append(f"{self.unanswered} events got no final answer")
        if self.surprises:
            found.append(f"{self.surprises} events were answered otherwise than they deserved")
        for name, counted in self.consumers.items():
            found += self._consumer_problems(name, counted)
        return found

    def _consumer_problems(self, name: str, counted: Counted) -> list[str]:
        found: list[str] = []
        if counted.decoded != self.accepted:
            found.append(f"{self.accepted} events were accepted, but {name} read {counted.decoded}")
        if counted.dead_lettered:
            found.append(f"{name} dead-lettered {counted.dead_lettered} records")
        expected = self.totals if self.totals is not None else next(iter(self.consumers.values())).totals
        if +counted.totals != +expected:
            found.append(f"the totals per action of {name} differ: {dict(counted.totals)} instead of {dict(expected)}")
        return found


def _rows(books: Reconciliation) -> Iterable[tuple[str, str]]:
    if books.sent is not None:
        yield "sent by the fake client", f"{books.sent:,}"
        yield "acknowledged to it", f"{books.acknowledged or 0:,}"
    yield "received by the API", f"{books.received:,}"
    yield "accepted", f"{books.accepted:,}"
    for version, count in sorted(books.shapes.items()):
        yield f"  in the shape of v{version}", f"{count:,}"
    yield "refused", f"{sum(books.refused.values()):,}"
    for reason, count in (books.refused if books.reasons is None else books.reasons).most_common():
        yield f"  {reason}", f"{count:,}"
    yield "produced (acknowledged by the broker)", f"{books.produced:,}"
    for name, counted in books.consumers.items():
        yield f"seen by {name}", f"{counted.seen:,}"
        for version, count in sorted(counted.by_schema_version.items()):
            yield f"  written with v{version}" if version.isdigit() else f"  {version}", f"{count:,}"
    yield "dead-lettered", f"{sum(counted.dead_lettered for counted in books.consumers.values()):,}"


def flow_table(books: Reconciliation) -> Table:
    """Events along their way, from the client to each consumer."""
    table = Table(title="Reconciliation", title_justify="left")
    table.add_column("events")
    table.add_column("count", justify="right")
    for label, value in _rows(books):
        table.add_row(label, value)
    return table


def totals_table(books: Reconciliation) -> Table | None:
    """Totals per action: what the client had acknowledged, and what each consumer counted."""
    columns: dict[str, Counter[str]] = {} if books.totals is None else {"acknowledged": books.totals}
    columns |= {name: counted.totals for name, counted in books.consumers.items()}
    if not columns:
        return None
    table = Table(title="Totals per action", title_justify="left")
    table.add_column("action")
    for name in columns:
        table.add_column(name, justify="right")
    for action in sorted(set().union(*columns.values())):
        table.add_row(action, *(f"{totals[action]:,}" for totals in columns.values()))
    table.add_row("all", *(f"{totals.total():,}" for totals in columns.values()), style="bold")
    return table
