"""The rows of the table, by name; a row's module is loaded when it is run."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from typing import Final

from tools.bench.case import Case, Row, Scale

_TITLES: Final = {
    "json": "JSON → validated → Avro bytes, one core",
    "encode": "encode: typed model → Avro bytes",
    "decode": "decode: Avro bytes → typed model",
    "consumer": "standard consumer's decoding: record → typed model",
    "gate": "gate: cold command, processor time",
    "registry": "registry: answers, one after the other",
    "single": "POST /events, one event a request",
    "batch": "NDJSON, 500 events a request",
    "consume": "consumers, from the broker",
    "memory": "memory of the API",
}


def _open(name: str) -> Row:
    def open_cases(scale: Scale) -> Generator[Case]:
        yield from import_module(f"tools.bench.rows.{name}_row").open_cases(scale)

    return Row(name, _TITLES[name], open_cases)


ROWS: Final = {name: _open(name) for name in _TITLES}
