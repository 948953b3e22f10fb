"""What an answer of the API says about each event of its request, entered in a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.faults.ledger import Ledger, Place


def enter_answer(ledger: Ledger, event_ids: Sequence[str], status: int, document: dict[str, Any]) -> list[int]:
    """Enter the outcome of every event. Gives back which of them may be sent again, by index."""
    results = {entry["index"]: entry for entry in document.get("results", document.get("errors", ()))}
    again = []
    for index, event_id in enumerate(event_ids):
        result = document if status == 202 and len(event_ids) == 1 and not results else results.get(index, {})
        if result.get("status") == "accepted":
            ledger.acknowledge(event_id, Place(result["partition"], result["offset"]))
            continue
        stage = result.get("stage")
        kind = str(document.get("type", status)).removeprefix("/problems/")
        if stage == "deliver" or (status >= 500 and status != 503):
            ledger.doubt(event_id, f"{status} {kind}")
        else:
            ledger.refuse(event_id, f"{stage or status} {kind}")
        if result.get("retryable", status in (429, 503)):
            again.append(index)
    return again
