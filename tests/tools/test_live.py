"""The live view: who is behind, of what it reads."""

from __future__ import annotations

from collections import Counter

from tools import live
from tools.live import Snapshot, as_json

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
    )
    assert (as_json(None, now)["accepted"], as_json(None, now)["lag"]) == (5100, {"standard": 3})
