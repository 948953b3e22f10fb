"""Decoding over the schema versions that a consumer sees: as many writers, one record of each after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from consumers.decoding.deserializer import Deserializer
from consumers.decoding.frame import frame
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.record import Record
from tools.bench.case import Case, Scale
from tools.bench.cpu import rate, rate_case
from tools.bench.events import COUNT, Events, activity, versions
from tools.bench.rows.consumer_row import CONFLUENT, PRODUCT, confluent


def open_cases(scale: Scale) -> Generator[Case]:
    events = activity(versions()[-1])
    for number in (1, 10, 100, 1_000) if scale.full else (1, 1_000):
        # A field that the reader has not, null in every record: one byte more.
        values = [frame(1 + place % number, data + b"\0") for place, data in enumerate(events.avro)]
        with _ManySchemas(events.schema) as registry:
            contenders = (
                rate(PRODUCT, product(events, values, registry), COUNT, scale.seconds),
                rate(
                    CONFLUENT,
                    confluent(events.contract, events.contract.avsc(), values, registry),
                    COUNT,
                    scale.seconds,
                ),
            )
            yield rate_case(f"{number} version{'s' if number > 1 else ''}", contenders, x=number)


class _ManySchemas(SchemaRegistryClient):
    """A registry's client that makes the writer schema of any id, and asks nobody."""

    def __init__(self, schema: dict[str, Any]) -> None:
        super().__init__({"url": "http://127.0.0.1:9"})
        self._schema = schema

    def get_schema(self, schema_id: int, *_arguments: object, **_options: object) -> Schema:
        added = {"name": f"added_{schema_id}", "type": ["null", "string"], "default": None}
        return Schema(json.dumps({**self._schema, "fields": [*self._schema["fields"], added]}), "AVRO")


def product(events: Events, values: list[bytes], registry: SchemaRegistryClient) -> Callable[[], None]:
    deserializer = Deserializer(events.contract, events.version, WriterSchemas(registry, events.contract))
    records = [Record(events.contract.topic, 0, offset, None, None, value) for offset, value in enumerate(values)]

    def work() -> None:
        for record in records:
            deserializer.read(record)

    return work
