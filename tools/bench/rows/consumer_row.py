"""What the standard consumer does to make a record a typed model, against confluent-kafka's AvroDeserializer."""

from __future__ import annotations

from collections.abc import Callable, Generator

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from codegen.catalog import GeneratedContract
from consumers.decoding.deserializer import Deserializer
from consumers.decoding.frame import frame
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.record import Record
from tools.bench.case import Aim, Case, Scale
from tools.bench.cpu import RATE, rate, rate_case
from tools.bench.events import Events, activity, versions

PRODUCT = "product"
CONFLUENT = "AvroDeserializer, dicts"
_ID = 1


def open_cases(scale: Scale) -> Generator[Case]:
    """Records of each version, read into the latest."""
    latest = versions()[-1]
    for version in versions():
        events = activity(version)
        reader = None if version == latest else events.contract.avsc(latest)
        values = [frame(_ID, data) for data in events.avro]
        with _KnownSchemas(events) as registry:
            contenders = (
                rate(PRODUCT, product(events, latest, values, registry), len(values), scale.seconds),
                rate(CONFLUENT, confluent(events.contract, reader, values, registry), len(values), scale.seconds),
            )
            yield rate_case(f"v{version} into v{latest}", contenders, (Aim(RATE.name, CONFLUENT, 2.5),))


class _KnownSchemas(SchemaRegistryClient):
    """A registry's client that has the writer's schema already and asks nobody."""

    def __init__(self, events: Events) -> None:
        super().__init__({"url": "http://127.0.0.1:9"})
        self._schema = Schema(events.contract.avsc(events.version), "AVRO")

    def get_schema(self, *_arguments: object, **_options: object) -> Schema:
        return self._schema


def product(events: Events, reader: int, values: list[bytes], registry: SchemaRegistryClient) -> Callable[[], None]:
    deserializer = Deserializer(events.contract, reader, WriterSchemas(registry, events.contract))
    records = [Record(events.contract.topic, 0, offset, None, None, value) for offset, value in enumerate(values)]

    def work() -> None:
        for record in records:
            deserializer.read(record)

    return work


def confluent(
    contract: GeneratedContract, reader: str | None, values: list[bytes], registry: SchemaRegistryClient
) -> Callable[[], None]:
    """With a reader schema it resolves into that, without one it gives the writer's fields."""
    # The strategy by default would ask a registry for associations.
    deserialize = AvroDeserializer(registry, reader, conf={"subject.name.strategy": topic_subject_name_strategy})
    context = SerializationContext(contract.topic, MessageField.VALUE)

    def work() -> None:
        for value in values:
            deserialize(value, context)

    return work
