"""A handler for drills: `pipeline consume run tests.faults.handled:take`."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Final

from codegen.runtime import AvroModel
from consumers.record import Record
from tests.faults.ledger import Place

FILE: Final = "DRILL_HANDLED"


def take(event: AvroModel, record: Record) -> None:
    """Append the event's id and its record's place to the file that the variable names."""
    with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
        # Every version of the drills' contract has an event_id.
        file.write(f"{event.event_id} {record.partition} {record.offset}\n")  # type: ignore[attr-defined]


def read_handled(file: Path) -> dict[str, list[Place]]:
    """Event id → the places of its records that were handled, one for each time."""
    handled: dict[str, list[Place]] = defaultdict(list)
    for line in file.read_text("utf-8").splitlines():
        event_id, partition, offset = line.split()
        handled[event_id].append(Place(int(partition), int(offset)))
    return handled
