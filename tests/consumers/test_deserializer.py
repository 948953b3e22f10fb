from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema
from hypothesis import given
from hypothesis import strategies as st

from consumers.decoding.deserializer import Deserializer
from consumers.decoding.frame import VALUE_SCHEMA_HEADER
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import RegistryUnavailable, Stage, Undecodable
from consumers.options import others_on
from consumers.running.progress import Progress
from consumers.running.tally import Tally
from tests.consumers.fakes import CONTRACT, V2_ID, FakeRegistry, framed, record, user_action


def deserializer(version: int, registry: FakeRegistry | None = None, patience_s: float = 0.0) -> Deserializer:
    writers = WriterSchemas(registry or FakeRegistry(), CONTRACT, patience_s=patience_s)  # type: ignore[arg-type] - a fake
    return Deserializer(CONTRACT, version, writers)


def test_both_versions_are_read_into_the_pinned_one() -> None:
    reader = deserializer(2)
    old, new = reader.read(record(framed(1, "search"))), reader.read(record(framed(2, "share")))
    assert old.value == user_action(2, "search")
    assert new.value == user_action(2, "share")
    assert old.writer is not None
    assert new.writer is not None
    assert (old.writer.version, new.writer.version) == (1, 2)


def test_the_schema_of_the_header_is_used_and_the_value_is_avro_alone() -> None:
    headers = ((VALUE_SCHEMA_HEADER, b"\x00" + V2_ID.to_bytes(4, "big")),)
    assert deserializer(2).read(record(framed(2)[5:], headers=headers)).value == user_action(2)


def test_a_null_value_is_a_tombstone_and_asks_no_registry(registry: FakeRegistry) -> None:
    reader = deserializer(2, registry)
    decoded = reader.read(record(None))
    assert (decoded.value, decoded.writer, registry.asked) == (None, None, [])
    assert not reader.needs_registry(record(None))


def test_it_says_when_the_registry_must_answer_first() -> None:
    reader = deserializer(2)
    assert reader.needs_registry(record(framed(1)))
    reader.read(record(framed(1)))
    assert not reader.needs_registry(record(framed(1)))
    assert not reader.needs_registry(record(b"junk"))


def test_a_writer_that_the_reader_cannot_resolve_is_poison_of_the_resolve_stage() -> None:
    with pytest.raises(Undecodable) as found:
        deserializer(1).read(record(framed(2)))  # v1 has no alias for page_url
    assert (found.value.stage, found.value.schema_ref) == (Stage.RESOLVE, V2_ID)
    assert found.value.error_class == "AvroResolutionError"
    incompatibility = found.value.incompatibility
    assert incompatibility is not None
    assert (incompatibility.type, incompatibility.reader_path) == ("READER_FIELD_MISSING_DEFAULT_VALUE", "page")


def test_a_schema_is_checked_once_however_many_records_it_spoils(caplog: pytest.LogCaptureFixture) -> None:
    reader = deserializer(1)
    reasons = set()
    for offset in range(3):
        with pytest.raises(Undecodable) as found:
            reader.read(record(framed(2), offset=offset))
        reasons.add((found.value.reason, found.value.incompatibility))
    assert len(reasons) == 1
    assert caplog.text.count("version 1 cannot read all of schema 12") == 1


def registered(registry: FakeRegistry, schema_id: int, **changed: Any) -> None:
    """Version 2 as a writer elsewhere has it: these fields otherwise."""
    schema = json.loads(CONTRACT.avsc(2))
    for field in schema["fields"]:
        field.update(changed.get(field["name"], {}))
    registry.schemas[schema_id] = Schema(json.dumps(schema), "AVRO")


def test_of_a_schema_that_is_read_in_part_the_part_is_read(registry: FakeRegistry) -> None:
    registered(registry, 70, page_url={"type": ["string", "null"]})
    whole = user_action(2).serialize()
    before, page = whole.split(b"\x0c/start")
    reader = deserializer(2, registry)
    assert reader.read(record(b"\0\0\0\0\x46" + before + b"\0\x0c/start" + page)).value == user_action(2)
    with pytest.raises(Undecodable) as found:
        reader.read(record(b"\0\0\0\0\x46" + before + b"\x02" + page))
    assert found.value.stage is Stage.RESOLVE
    assert found.value.incompatibility is not None
    assert found.value.incompatibility.type == "TYPE_MISMATCH"


def test_where_two_fields_may_be_meant_nothing_is_guessed(registry: FakeRegistry) -> None:
    schema = json.loads(CONTRACT.avsc(2))
    schema["fields"].insert(0, {"name": "page", "type": "string"})
    registry.schemas[71] = Schema(json.dumps(schema), "AVRO")  # v2 reads page_url, alias page: both are there
    with pytest.raises(Undecodable) as found:
        deserializer(2, registry).read(record(b"\0\0\0\0\x47\x02x" + user_action(2).serialize()))
    assert found.value.stage is Stage.RESOLVE
    assert found.value.incompatibility is not None
    assert found.value.incompatibility.type == "AMBIGUOUS_ALIAS"


def test_another_record_under_the_subject_is_poison(registry: FakeRegistry) -> None:
    other: dict[str, Any] = {"type": "record", "name": "Other", "fields": [{"name": "x", "type": "long"}]}
    registry.schemas[60] = Schema(json.dumps(other), "AVRO")
    with pytest.raises(Undecodable):
        deserializer(2, registry).read(record(b"\x00\x00\x00\x00\x3c\x02"))


@pytest.mark.parametrize("version", [1, 2])
def test_a_value_cut_or_continued_anywhere_is_poison(version: int) -> None:
    reader, whole = deserializer(2), framed(version)
    for bad in [whole[:length] for length in range(len(whole))] + [whole + b"\x00"]:
        with pytest.raises(Undecodable):
            reader.read(record(bad))


@given(st.binary(max_size=200), st.sampled_from([11, 12]))
def test_no_bytes_raise_anything_else(body: bytes, schema_id: int) -> None:
    reader = deserializer(2)
    with suppress(Undecodable):
        decoded = reader.read(record(b"\x00" + schema_id.to_bytes(4, "big") + body))
        assert isinstance(decoded.value, CONTRACT.model(2))


def test_an_outage_is_no_poison(registry: FakeRegistry) -> None:
    registry.away = TimeoutError("slow")
    with pytest.raises(RegistryUnavailable):
        deserializer(2, registry).read(record(framed(1)))


def test_a_record_of_another_contract_on_the_same_topic_is_passed_over(registry: FakeRegistry) -> None:
    schema = {"type": "record", "name": "Order", "namespace": "com.example.shop", "fields": []}
    registry.schemas[77] = Schema(json.dumps(schema), "AVRO")
    foreign = record(b"\x00" + (77).to_bytes(4, "big"))
    writers = WriterSchemas(registry, CONTRACT, patience_s=0)  # type: ignore[arg-type] - a fake
    decoded = Deserializer(CONTRACT, 2, writers, {"com.example.shop.Order"}).read(foreign)
    assert decoded.value is None
    assert decoded.writer is not None
    with pytest.raises(Undecodable):  # where nobody says that the topic is shared, it is poison
        Deserializer(CONTRACT, 2, writers).read(foreign)


def test_it_counts_as_foreign_and_not_as_a_tombstone(registry: FakeRegistry) -> None:
    registry.schemas[77] = Schema('{"type": "record", "name": "Order", "fields": []}', "AVRO")
    writers = WriterSchemas(registry, CONTRACT, patience_s=0)  # type: ignore[arg-type] - a fake
    reader = Deserializer(CONTRACT, 2, writers, {"Order"})
    progress = Progress("standard", "user_action", 2)
    tally = Tally(progress, None)
    for value in (b"\x00" + (77).to_bytes(4, "big"), None, framed(2)):
        tally.take(reader.read(replace(record(value), offset=progress.seen)))
    assert (progress.seen, progress.foreign, progress.tombstones, progress.decoded) == (3, 1, 1, 1)


def test_contracts_that_share_a_topic_know_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    order = replace(CONTRACT, name="order", record="com.example.shop.Order")
    elsewhere = replace(order, name="elsewhere", record="E", topic="elsewhere")
    known = {each.name: each for each in (CONTRACT, order, elsewhere)}
    monkeypatch.setattr("codegen.models.CONTRACTS", known)
    assert others_on(CONTRACT) == {"com.example.shop.Order"}
    assert others_on(order) == {CONTRACT.record}
    assert others_on(elsewhere) == frozenset()
