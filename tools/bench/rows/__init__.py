"""The rows of the table, by name; a row's module is loaded when it is run."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from typing import Final

from tools.bench.case import Case, Row, Scale

# What each row compares, and for the rows that grow: by what.
_ROWS: Final = {
    "json": ("JSON → validated → Avro bytes, one core", ""),
    "encode": ("encode: typed model → Avro bytes", ""),
    "decode": ("decode: Avro bytes → typed model", ""),
    "consumer": ("standard consumer's decoding: record → typed model", ""),
    "gate": ("gate: cold command, processor time", ""),
    "registry": ("registry: answers, one after the other", ""),
    "single": ("POST /events, one event a request", ""),
    "batch": ("NDJSON, 500 events a request", ""),
    "consume": ("consumers, from the broker", ""),
    "memory": ("memory of the API", ""),
    "grow-workers": ("growth: NDJSON over workers", "workers"),
    "grow-connections": ("growth: single events over connections", "connections"),
    "grow-linger": ("growth: single events over the producer's linger", "ms"),
    "grow-body": ("growth: single events over the size of a body", "bytes of JSON"),
    "grow-fields": ("growth: JSON → Avro bytes over the fields of a record", "fields"),
    "grow-versions": ("growth: decoding over the schema versions that a consumer sees", "versions"),
}


def _open(name: str) -> Row:
    module = f"tools.bench.rows.{name.replace('-', '_')}_row"

    def open_cases(scale: Scale) -> Generator[Case]:
        yield from import_module(module).open_cases(scale)

    return Row(name, *_ROWS[name], open_cases)


ROWS: Final = {name: _open(name) for name in _ROWS}
GROWTH: Final = tuple(name for name, row in ROWS.items() if row.x_name)
