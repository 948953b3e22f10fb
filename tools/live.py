"""What a running stack does now: the API's metrics, the consumers' reports, and rates between two looks."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Group
from rich.table import Table
from rich.text import Text

from tools.stack import Stack

_ACCEPTED_OF: Final = "accepted by contract"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Totals at one moment (`at_s` is monotonic time), of all contracts but for `accepted_of`, which is by contract.

    `lag` is accepted events that a consumer has not seen yet, of the contract that it reads (`contract_of`): by what
    the producer was told, as the embedded broker tells no right end. `reports` are the consumers' latest progress.
    """

    at_s: float
    received: int = 0
    accepted: int = 0
    accepted_of: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
    shapes: Mapping[str, int] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    contract_of: Mapping[str, str] = field(default_factory=dict)
    dead_lettered: int = 0
    actions: Mapping[str, int] = field(default_factory=dict)
    schema_versions: Mapping[str, int] = field(default_factory=dict)
    reports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def lag(self) -> dict[str, int]:
        return {
            name: max(0, self.accepted_of.get(self.contract_of[name], 0) - seen) for name, seen in self.seen.items()
        }


def take_snapshot(stack: Stack) -> Snapshot:
    """Look at every part; a part that does not answer now counts as it is, without its newest numbers."""
    counts = _api_counts(stack)
    reports = [report for child in stack.consumers.values() if (report := child.latest) is not None]
    # Every consumer counts every event, so one of them speaks for actions and versions.
    spokesman: Mapping[str, Any] = max(reports, key=lambda report: report["seen"], default={})
    return Snapshot(
        at_s=time.monotonic(),
        received=sum(counts["api_events_received_total"].values()),
        accepted=sum(counts["api_events_accepted_total"].values()),
        accepted_of=dict(counts[_ACCEPTED_OF]),
        refused=sum(counts["api_events_refused_total"].values()),
        shapes=dict(counts["api_event_shapes_total"]),
        seen={report["consumer"]: report["seen"] for report in reports},
        contract_of={report["consumer"]: report["contract"] for report in reports},
        dead_lettered=sum(report["dead_lettered"] for report in reports),
        actions=spokesman.get("totals", {}),
        schema_versions=spokesman.get("by_schema_version", {}),
        reports={report["consumer"]: report for report in reports},
    )


def _api_counts(stack: Stack) -> dict[str, Counter[str]]:
    """The API's counters by name, each by its version or stage; accepted events by their contract, too."""
    found: dict[str, Counter[str]] = {
        f"api_{name}_total": Counter()
        for name in ("events_received", "events_accepted", "events_refused", "event_shapes")
    }
    found[_ACCEPTED_OF] = Counter()
    try:
        with urllib.request.urlopen(f"{stack.api_url}/metrics", timeout=2) as answer:  # noqa: S310 - of this machine
            text = answer.read().decode()
    except (urllib.error.URLError, OSError):
        return found
    _add_counts(found, text)
    return found


def _add_counts(found: dict[str, Counter[str]], text: str) -> None:
    """Take in Prometheus' text format."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in found:
                label = sample.labels.get("version") or sample.labels.get("stage") or ""
                found[sample.name][label] += int(sample.value)
            if sample.name == "api_events_accepted_total":
                found[_ACCEPTED_OF][sample.labels["contract"]] += int(sample.value)


def rate(before: Snapshot | None, now: Snapshot) -> float:
    """Accepted events per second between two looks."""
    return _per_second(before, now, before.accepted if before is not None else 0, now.accepted)


def _per_second(before: Snapshot | None, now: Snapshot, count_before: int, count: int) -> float:
    if before is None or now.at_s <= before.at_s:
        return 0.0
    return max(0, count - count_before) / (now.at_s - before.at_s)


def consumer_rows(before: Snapshot | None, now: Snapshot) -> dict[str, dict[str, Any]]:
    """Of each consumer: where it is, how fast it goes, and how old its records were (s, mean) since the look before."""
    return {name: _consumer_row(before, now, name) for name in now.seen}


def _consumer_row(before: Snapshot | None, now: Snapshot, name: str) -> dict[str, Any]:
    report, earlier = now.reports[name], before.reports.get(name, {}) if before is not None else {}
    old, new = earlier.get("latency", {"count": 0, "sum_s": 0.0}), report["latency"]
    done = new["count"] - old["count"]
    return {
        "seen": report["seen"],
        "records_per_s": round(_per_second(before, now, earlier.get("seen", report["seen"]), report["seen"]), 1),
        "lag": now.lag[name],
        "latency_s": round((new["sum_s"] - old["sum_s"]) / done, 3) if done > 0 else None,
        "dead_lettered": report["dead_lettered"],
        "retries": report["retries"],
        "reads_version": report["reader_version"],
    }


def as_json(before: Snapshot | None, now: Snapshot) -> dict[str, Any]:
    """One machine-readable line."""
    return {
        "events_per_s": round(rate(before, now), 1),
        "received": now.received,
        "accepted": now.accepted,
        "refused": now.refused,
        "dead_lettered": now.dead_lettered,
        "seen": dict(now.seen),
        "lag": now.lag,
        "consumers": consumer_rows(before, now),
        "by_action": dict(now.actions),
        "by_schema_version": dict(now.schema_versions),
        "by_shape": dict(now.shapes),
    }


def render(stack: Stack, before: Snapshot | None, now: Snapshot) -> Group:
    """The live view: where things are, how fast they go, who is behind."""
    places = Text(f"API {stack.api_url}  registry {stack.registry_url}  broker {stack.broker.bootstrap_servers}")
    flow = Table()
    for name in ("events/s", "accepted", "refused", "dead-lettered"):
        flow.add_column(name, justify="right")
    flow.add_row(f"{rate(before, now):,.0f}", f"{now.accepted:,}", f"{now.refused:,}", f"{now.dead_lettered:,}")
    consumers = Table(title="Consumers", title_justify="left")
    for name in ("consumer", "reads", "seen", "records/s", "lag", "latency", "dead-lettered", "retries"):
        consumers.add_column(name, justify="left" if name == "consumer" else "right")
    for name, row in consumer_rows(before, now).items():
        consumers.add_row(
            name,
            f"v{row['reads_version']}",
            f"{row['seen']:,}",
            f"{row['records_per_s']:,.0f}",
            f"{row['lag']:,}",
            "-" if row["latency_s"] is None else f"{row['latency_s']:,.3f} s",
            f"{row['dead_lettered']:,}",
            f"{row['retries']:,}",
        )
    kinds = Table(title="Events", title_justify="left")
    kinds.add_column("by action, schema version and accepted shape")
    kinds.add_column("count", justify="right")
    for action, count in sorted(now.actions.items(), key=lambda entry: -entry[1]):
        kinds.add_row(action, f"{count:,}")
    for label, counts in (("written with", now.schema_versions), ("in the shape of", now.shapes)):
        for version, count in sorted(counts.items()):
            kinds.add_row(f"{label} v{version}" if version.isdigit() else f"{label} {version}", f"{count:,}")
    return Group(places, flow, consumers, kinds)
