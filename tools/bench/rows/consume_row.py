"""Consumers end to end, from the broker: standard against AvroDeserializer in a plain loop, and counts against it."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from itertools import count
from typing import Final

from tools.bench.case import Aim, Case, Contender, Metric, Scale
from tools.bench.consuming import FLOOR, REPORT_S
from tools.bench.events import CONTRACT
from tools.bench.produced import produce_with, registered
from tools.bench.served import Served, serving
from tools.child import Child, ChildError, stop_children

RATE = Metric("rate", "records/s")
CONFLUENT = "AvroDeserializer loop"
STANDARD = "standard"
COUNTS = "counts"
_RECORDS_A_SECOND: Final = 40_000  # enough to read for as long as a measurement takes
_PATIENCE_S: Final = 120.0


def open_cases(scale: Scale) -> Generator[Case]:
    with serving(scale.broker) as served:
        records = int(_RECORDS_A_SECOND * scale.load_seconds)
        produce_with(served, 1, registered(served, CONTRACT), records=records)
        numbers = count(1)

        def contender(label: str, name: str) -> Contender:
            seconds = scale.load_seconds
            return Contender(label, lambda: _read(served, name, f"bench-{next(numbers)}", records, seconds))

        note = f"from {served.broker}, one process, {records} records"
        standard, floor = contender(STANDARD, STANDARD), contender(CONFLUENT, FLOOR)
        yield Case("standard", (RATE,), (standard, floor), (Aim(RATE.name, CONFLUENT, 2.5),), note)
        counts = contender(COUNTS, COUNTS)
        yield Case("counts", (RATE,), (counts, standard), (Aim(RATE.name, STANDARD, 0.7),), note)


def _read(served: Served, name: str, group: str, records: int, seconds: float) -> Mapping[str, float]:
    """From the first report that has records, until all are read or the time is over. Raises ChildError."""
    child = served.start(f"consume-{group}", ["-m", "tools.bench.consuming", name, group])
    try:
        first, began = _wait_for(child, 1, _PATIENCE_S)
        last, ended = _wait_for(child, records, seconds)
    finally:
        stop_children([child])
    if not first:
        raise ChildError(f"{child.name} read nothing within {_PATIENCE_S:g} s{child.last_words()}")
    return {RATE.name: (last - first) / max(ended - began, REPORT_S)}


def _wait_for(child: Child, records: int, seconds: float) -> tuple[int, float]:
    """How many were seen, and when: as soon as it is so many, or when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        child.check()
        seen = int((child.latest or {}).get("seen", 0))
        now = time.monotonic()
        if seen >= records or now > deadline:
            return seen, now
        time.sleep(REPORT_S / 10)
