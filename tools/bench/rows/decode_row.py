"""Avro bytes → typed model, against fastavro's C reader into dicts with logical types."""

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
    """Each version by itself, and the oldest one's bytes into the latest."""
    for version in versions():
        yield _case(f"v{version}", activity(version), version, scale)
    yield _case(f"v1 into v{versions()[-1]}", activity(1), versions()[-1], scale)


def _case(name: str, events: Events, reader: int, scale: Scale) -> Case:
    contenders = (
        rate(PRODUCT, product(events, reader), len(events.avro), scale.seconds),
        rate(FASTAVRO, fastavro_reader(events, reader), len(events.avro), scale.seconds),
    )
    return rate_case(name, contenders, (Aim(RATE.name, FASTAVRO, 1.2),))


def product(events: Events, reader: int) -> Callable[[], None]:
    decode = events.contract.model(reader).decoder(events.schema)

    def work() -> None:
        for data in events.avro:
            decode(data)

    return work


def fastavro_reader(events: Events, reader: int) -> Callable[[], None]:
    writer_schema = fastavro.parse_schema(events.schema)
    reader_schema = None if reader == events.version else fastavro.parse_schema(activity(reader).schema)

    def work() -> None:
        for data in events.avro:
            fastavro.schemaless_reader(BytesIO(data), writer_schema, reader_schema)

    return work
