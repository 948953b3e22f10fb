"""The live view: who is behind, of what it reads."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from consumers.running.progress import Progress
from tools import live
from tools.live import Snapshot, as_json, consumer_rows


def report(seen: int, done: int, sum_s: float) -> dict[str, Any]:
    made = Progress("standard", "user_action", 2, seen=seen, retries=1)
    made.latency.counts[0], made.latency.sum_s = done, sum_s
    return json.loads(made.as_json(final=False))  # type: ignore[no-any-return]


METRICS = """\
# TYPE api_events_accepted_total counter
api_events_accepted_total{contract="user_action",version="2"} 90.0
api_events_accepted_total{contract="user_action",version="1"} 10.0
api_events_accepted_total{contract="order",version="1"} 5000.0
"""


def test_events_of_another_contract_are_no_lag() -> None:
    counts: dict[str, Counter[str]] = {"api_events_accepted_total": Counter(), live._ACCEPTED_OF: Counter()}
    live._add_counts(counts, METRICS)
    now = Snapshot(
        at_s=1.0,
        accepted=sum(counts["api_events_accepted_total"].values()),
        accepted_of=counts[live._ACCEPTED_OF],
        seen={"standard": 97},
        contract_of={"standard": "user_action"},
        reports={"standard": report(97, 0, 0.0)},
    )
    assert (as_json(None, now)["accepted"], as_json(None, now)["lag"]) == (5100, {"standard": 3})


def test_a_consumer_s_rate_and_latency_are_those_since_the_look_before() -> None:
    def look(at_s: float, seen: int, done: int, sum_s: float) -> Snapshot:
        return Snapshot(
            at_s=at_s,
            accepted_of={"user_action": 150},
            seen={"standard": seen},
            contract_of={"standard": "user_action"},
            reports={"standard": report(seen, done, sum_s)},
        )

    before, now = look(10.0, 100, 100, 50.0), look(12.0, 140, 140, 54.0)
    assert consumer_rows(before, now) == {
        "standard": {
            "seen": 140,
            "records_per_s": 20.0,
            "lag": 10,
            "latency_s": 0.1,
            "dead_lettered": 0,
            "retries": 1,
            "reads_version": 2,
        }
    }
    assert consumer_rows(None, now)["standard"]["records_per_s"] == 0.0
    assert consumer_rows(now, now)["standard"]["latency_s"] is None
