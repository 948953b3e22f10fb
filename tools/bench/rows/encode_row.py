"""Typed model → Avro bytes, against fastavro's C writer on dicts with logical types."""

from __future__ import annotations

from collections.abc import Callable, Generator
from io import BytesIO

import fastavro

from tools.bench.case import Aim, Case, Scale
from tools.bench.cpu import RATE, rate, rate_case
from tools.bench.events import Events, activity, versions

PRODUCT = "product"
FASTAVRO = "fastavro, dicts"


def open_cases(scale: Scale) -> Generator[Case]:
    for version in versions():
        events = activity(version)
        yield rate_case(
            f"v{version}",
            (
                rate(PRODUCT, product(events), len(events.avro), scale.seconds),
                rate(FASTAVRO, fastavro_writer(events), len(events.avro), scale.seconds),
            ),
            (Aim(RATE.name, FASTAVRO, 1.5),),
        )


def product(events: Events) -> Callable[[], None]:
    model = events.contract.model(events.version)
    records = [model.deserialize(data) for data in events.avro]

    def work() -> None:
        for record in records:
            record.serialize()

    return work


def fastavro_writer(events: Events) -> Callable[[], None]:
    schema = fastavro.parse_schema(events.schema)
    dicts = [fastavro.schemaless_reader(BytesIO(data), schema, None) for data in events.avro]

    def work() -> None:
        for datum in dicts:
            out = BytesIO()
            fastavro.schemaless_writer(out, schema, datum)
            out.getvalue()

    return work
