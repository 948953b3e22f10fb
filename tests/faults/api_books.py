"""The API's own counters, held against each other and against what clients were told."""

from __future__ import annotations

import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from tests.faults.ledger import Balance

_PREFIX = "api_"


class Counts(NamedTuple):
    """Of a process: events, and whole requests that were refused before their events were looked at, by reason."""

    received: int
    accepted: int
    refused: Counter[str]
    requests: Counter[str]

    def since(self, before: Counts) -> Counts:
        return Counts(
            self.received - before.received,
            self.accepted - before.accepted,
            self.refused - before.refused,
            self.requests - before.requests,
        )

    @property
    def are_settled(self) -> bool:
        """Whether every event that was received was acknowledged, or refused at a stage."""
        return self.received == self.accepted + self.refused.total()


def read_counts(api_url: str) -> Counts:
    """What /metrics says now, over all contracts and versions."""
    with urllib.request.urlopen(f"{api_url}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    found: dict[str, Counter[str]] = {}
    for line in lines:
        if line.startswith(_PREFIX):
            series, _, value = line.rpartition(" ")
            name, _, labels = series.partition("{")
            label = labels.rstrip("}").rpartition(",")[2].partition("=")[2].strip('"')
            found.setdefault(name, Counter())[label] += int(float(value))
    counted = {name: found.get(f"api_{name}_total", Counter[str]()) for name in ("events_received", "events_accepted")}
    return Counts(
        counted["events_received"].total(),
        counted["events_accepted"].total(),
        +found.get("api_events_refused_total", Counter()),
        +found.get("api_requests_refused_total", Counter()),
    )


def check_counts(counts: Counts, balance: Balance, say: Callable[[str], None]) -> None:
    """Every event was acknowledged, refused with a reason, or counted in a refused request; clients know no more."""
    say(
        f"    the API's books: received {counts.received:,} = accepted {counts.accepted:,} + refused "
        f"{dict(counts.refused)}; requests refused {dict(counts.requests)}"
    )
    assert counts.are_settled, counts
    # What the API counts as accepted, the client was told, unless it got no answer.
    assert balance.acknowledged <= counts.accepted <= balance.acknowledged + balance.in_doubt.total(), counts
