"""JSON → Avro bytes over the fields of a record, from contracts that are made and generated for it."""

from __future__ import annotations

from collections.abc import Generator

from tools.bench.case import Case, Scale
from tools.bench.rows.json_row import compare
from tools.bench.wide import wide_events


def open_cases(scale: Scale) -> Generator[Case]:
    for fields in (1, 10, 50, 200, 500) if scale.full else (1, 500):
        events = wide_events(fields, max(20, 2_000 // fields))
        case = compare(f"{fields} fields", events, events.version, scale)
        yield case._replace(aims=(), x=fields)
