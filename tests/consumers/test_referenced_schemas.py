"""Writer schemas that take types from other subjects, as Java's and other producers register them."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from consumers.decoding.deserializer import Deserializer
from consumers.decoding.frame import frame
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import RegistryUnavailable, Stage, Undecodable
from tests.consumers.fakes import CONTRACT, Clock, FakeRegistry, record, user_action
from tools.registry.server import EmbeddedRegistry

REF = 70


def split(version: int) -> tuple[Any, dict[str, Any]]:
    """A contract's version as a producer splits it: its root refers by name to types that are apart."""
    schema = json.loads(CONTRACT.avsc(version))
    apart: dict[str, Any] = {}

    def take_out(node: Any) -> Any:
        match node:
            case {"type": "enum" | "record", "name": name} if node is not schema:
                full_name = name if "." in name else f"{node.get('namespace', schema['namespace'])}.{name}"
                apart[full_name] = {**node, "namespace": full_name.rpartition(".")[0]}
                return full_name
            case dict():
                return {key: take_out(value) for key, value in node.items()}
            case list():
                return [take_out(item) for item in node]
        return node

    return take_out(schema), apart


@pytest.fixture
def writers(registry: FakeRegistry, clock: Clock) -> WriterSchemas:
    return WriterSchemas(registry, CONTRACT, patience_s=5, forget_after_s=60, clock=clock)


@pytest.fixture
def references(registry: FakeRegistry) -> list[SchemaReference]:
    """Version 2 in parts: schema REF refers to each of the others."""
    root, apart = split(2)
    assert len(apart) == 2
    for name, schema in apart.items():
        registry.others[name.rpartition(".")[2].lower()] = {3: Schema(json.dumps(schema), "AVRO")}
    found = [SchemaReference(name, name.rpartition(".")[2].lower(), 3) for name in apart]
    registry.schemas[REF] = Schema(json.dumps(root), "AVRO", found)
    return found


@pytest.mark.usefixtures("references")
def test_a_record_of_a_schema_in_parts_is_read(writers: WriterSchemas, registry: FakeRegistry) -> None:
    value = user_action(2)
    decoded = Deserializer(CONTRACT, 2, writers).read(record(frame(REF, value.serialize())))
    assert decoded.value == value
    assert registry.asked == [REF, ("action", 3), ("device", 3)]
    Deserializer(CONTRACT, 2, writers).read(record(frame(REF, value.serialize())))
    assert len(registry.asked) == 3, "it is remembered"


@pytest.mark.usefixtures("references")
def test_it_is_self_contained_and_reads_as_fastavro_reads(writers: WriterSchemas) -> None:
    writer = writers.get(REF)
    assert writer.record == json.loads(CONTRACT.avsc(2))["namespace"] + "." + json.loads(CONTRACT.avsc(2))["name"]
    data = user_action(2).serialize()
    plain = fastavro.schemaless_reader(io.BytesIO(data), json.loads(CONTRACT.avsc(2)), None)
    assert fastavro.schemaless_reader(io.BytesIO(data), writer.schema, None) == plain


def test_references_have_references_of_their_own_and_may_meet(writers: WriterSchemas, registry: FakeRegistry) -> None:
    def wrap(name: str, *inner: str) -> str:
        fields = [{"name": f"f{number}", "type": each} for number, each in enumerate(inner)]
        return json.dumps({"type": "record", "name": name, "namespace": "a", "fields": fields})

    def refer(name: str) -> SchemaReference:
        return SchemaReference(f"a.{name}", name, -1 if name == "Left" else 1)

    registry.others = {
        "Left": {1: Schema('"int"', "AVRO"), 2: Schema(wrap("Left", "a.Base"), "AVRO", [refer("Base")])},
        "Right": {1: Schema(wrap("Right", "a.Base"), "AVRO", [refer("Base")])},
        "Base": {1: Schema(wrap("Base", "int"), "AVRO")},
    }
    registry.schemas[REF] = Schema(wrap("Top", "a.Left", "a.Right"), "AVRO", [refer("Left"), refer("Right")])
    writer = writers.get(REF)
    assert writer.record == "a.Top"
    assert registry.asked == [REF, ("Left", "latest"), ("Base", 1), ("Right", 1)]
    value = {"f0": {"f0": {"f0": 1}}, "f1": {"f0": {"f0": 2}}}
    out = io.BytesIO()
    fastavro.schemaless_writer(out, writer.schema, value)
    assert out.getvalue() == b"\x02\x04"


def test_a_circle_of_references_ends(writers: WriterSchemas, registry: FakeRegistry) -> None:
    registry.others = {"a": {1: Schema('"a.B"', "AVRO", [SchemaReference("a.A", "a", 1)])}}
    registry.schemas[REF] = Schema('"a.A"', "AVRO", [SchemaReference("a.A", "a", 1)])
    with pytest.raises(Undecodable, match=r"'a.A', which is version 1 of a, is no Avro schema"):
        writers.get(REF)


def test_a_missing_reference_is_waited_for_as_an_id_is(
    writers: WriterSchemas, registry: FakeRegistry, references: list[SchemaReference], clock: Clock
) -> None:
    kept = registry.others.pop("device")
    with pytest.raises(
        RegistryUnavailable, match="refers to version 3 of device, which the registry does not know yet"
    ):
        writers.get(REF)
    registry.others["device"] = kept
    assert writers.get(REF).record == "com.example.activity.UserAction"
    registry.schemas[71] = registry.schemas[REF]
    registry.others["device"] = {}
    with pytest.raises(RegistryUnavailable):
        writers.get(71)
    clock.advance(6)
    with pytest.raises(Undecodable, match=r"refers to version 3 of device, which the registry does not know$") as found:
        writers.get(71)
    assert (found.value.stage, found.value.schema_ref) == (Stage.SCHEMA, 71)


@pytest.mark.usefixtures("references")
def test_a_registry_away_between_the_two_questions_is_never_the_records_fault(
    writers: WriterSchemas, registry: FakeRegistry
) -> None:
    give = registry.get_schema

    def give_and_go(schema_id: int) -> Any:
        given = give(schema_id)
        registry.away = ConnectionError("refused")
        return given

    registry.get_schema = give_and_go  # type: ignore[method-assign]
    with pytest.raises(RegistryUnavailable, match=r"version 3 of \w+, which schema 70 refers to, \(ConnectionError"):
        writers.get(REF)


@pytest.mark.integration
def test_a_producer_with_references_is_read_through_a_real_registry() -> None:
    root, apart = split(2)
    with EmbeddedRegistry() as running, SchemaRegistryClient({"url": running.url}) as registry:
        references = []
        for name, schema in apart.items():
            registry.register_schema(name, Schema(json.dumps(schema), "AVRO"))
            references.append(SchemaReference(name, name, 1))
        schema = Schema(json.dumps(root), "AVRO", references)
        value = user_action(2)
        plain = fastavro.schemaless_reader(io.BytesIO(value.serialize()), json.loads(CONTRACT.avsc(2)), None)
        framed = AvroSerializer(registry, schema)(plain, SerializationContext("parts", MessageField.VALUE))
        # What refers to them goes first; records are still to be read.
        for subject in ("parts-value", *apart):
            registry.delete_subject(subject)
        registry.clear_caches()
        deserializer = Deserializer(CONTRACT, 2, WriterSchemas(registry, CONTRACT, patience_s=0))
        assert deserializer.read(record(framed)).value == value
