from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryError

from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import RegistryUnavailable, Stage, Undecodable
from tests.consumers.fakes import CONTRACT, V1_ID, V2_ID, Clock, FakeRegistry

GUID = UUID("01234567-89ab-cdef-0123-456789abcdef")


@pytest.fixture
def writers(registry: FakeRegistry, clock: Clock) -> WriterSchemas:
    return WriterSchemas(registry, CONTRACT, patience_s=5, forget_after_s=60, clock=clock)


def test_an_id_is_named_by_its_version_and_asked_once(writers: WriterSchemas, registry: FakeRegistry) -> None:
    assert writers.cached(V1_ID) is None
    assert [writers.get(number).version for number in (V1_ID, V2_ID, V1_ID, V1_ID)] == [1, 2, 1, 1]
    assert registry.asked == [V1_ID, V2_ID]
    assert writers.cached(V1_ID) is not None


def test_a_schema_that_the_contract_does_not_hold_is_named_by_its_id(
    writers: WriterSchemas, registry: FakeRegistry
) -> None:
    changed = {**json.loads(CONTRACT.avsc(2)), "doc": "Someone else's wording."}
    registry.schemas[40] = Schema(json.dumps(changed), "AVRO")
    assert writers.get(40).label == "id:40"
    assert writers.get(V2_ID).label == "2"


def test_a_guid_is_asked_by_its_text(writers: WriterSchemas, registry: FakeRegistry) -> None:
    registry.schemas[str(GUID)] = Schema(CONTRACT.avsc(1), "AVRO")
    assert writers.get(GUID).version == 1


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("refused"),
        SchemaRegistryError(503, 50003, "no leader"),
        SchemaRegistryError(401, 401, "who are you"),
        SchemaRegistryError(404, -1, "a web server, but no registry"),
    ],
)
def test_a_registry_that_does_not_answer_is_never_the_records_fault(
    writers: WriterSchemas, registry: FakeRegistry, clock: Clock, error: Exception
) -> None:
    registry.away = error
    for _ in range(3):
        with pytest.raises(RegistryUnavailable):
            writers.get(V1_ID)
        clock.advance(6)
    registry.away = None
    assert writers.get(V1_ID).version == 1


def test_an_unknown_id_is_waited_for_and_then_undecodable(
    writers: WriterSchemas, registry: FakeRegistry, clock: Clock
) -> None:
    with pytest.raises(RegistryUnavailable, match="99 yet"):
        writers.get(99)
    clock.advance(5)
    with pytest.raises(Undecodable, match="does not know schema id 99") as found:
        writers.get(99)
    assert found.value.stage is Stage.SCHEMA
    clock.advance(1)
    with pytest.raises(Undecodable):
        writers.get(99)
    assert len(registry.asked) == 2, "the verdict is remembered"


def test_an_id_that_arrives_late_is_read(writers: WriterSchemas, registry: FakeRegistry, clock: Clock) -> None:
    with pytest.raises(RegistryUnavailable):
        writers.get(99)
    clock.advance(2)
    registry.schemas[99] = Schema(CONTRACT.avsc(2), "AVRO")
    assert writers.get(99).version == 2


def test_the_verdict_on_an_unknown_id_is_forgotten(
    writers: WriterSchemas, registry: FakeRegistry, clock: Clock
) -> None:
    with pytest.raises(RegistryUnavailable):
        writers.get(99)
    clock.advance(61)
    registry.schemas[99] = Schema(CONTRACT.avsc(2), "AVRO")
    assert writers.get(99).version == 2


def test_a_registry_without_guids_makes_them_unknown(
    writers: WriterSchemas, registry: FakeRegistry, clock: Clock
) -> None:
    registry.away = SchemaRegistryError(404, -1, "no such route")
    with pytest.raises(RegistryUnavailable):
        writers.get(GUID)
    clock.advance(6)
    with pytest.raises(Undecodable, match="GUID"):
        writers.get(GUID)


@pytest.mark.parametrize(
    "schema",
    [
        Schema("syntax = 'proto3';", "PROTOBUF"),
        Schema('{"type": "array", "items": "a.B"}', "AVRO", [SchemaReference("a.B", "illegal", 1)]),
        Schema('{"type": "array", "items": "a.B"}', "AVRO", [SchemaReference("a.B", "proto", 1)]),
        Schema('{"type": "array", "items": "a.B"}', "AVRO", [SchemaReference("a.C", "c", 1)]),
        Schema("no json", "AVRO"),
        Schema('{"type": "unheard-of"}', "AVRO"),
    ],
)
def test_a_schema_that_cannot_be_used_is_poison_of_the_schema_stage(
    writers: WriterSchemas, registry: FakeRegistry, schema: Schema
) -> None:
    registry.schemas[50] = schema
    registry.others = {
        "illegal": {1: Schema('{"type": "fixed", "name": "a.B"}', "AVRO")},
        "proto": {1: Schema("message B {}", "PROTOBUF")},
        "c": {1: Schema('{"type": "fixed", "name": "a.C", "size": 1}', "AVRO")},
    }
    with pytest.raises(Undecodable) as found:
        writers.get(50)
    assert (found.value.stage, found.value.schema_ref) == (Stage.SCHEMA, 50)


@pytest.mark.parametrize("text", [None, "", 7, ["int"]])
def test_an_answer_without_a_schema_is_none_of_the_records_fault(
    writers: WriterSchemas, registry: FakeRegistry, text: Any
) -> None:
    registry.schemas[50] = Schema(text, "AVRO")
    with pytest.raises(RegistryUnavailable, match="no text for schema 50"):
        writers.get(50)
    assert registry.cleared, "the client would answer the same for ever"
    registry.schemas[50] = Schema(CONTRACT.avsc(1), "AVRO")
    assert writers.get(50).version == 1


@pytest.mark.parametrize("leap_s", [6, 59, 61, 86_400])
def test_a_clock_that_leaps_takes_no_chance_from_an_id(
    writers: WriterSchemas, registry: FakeRegistry, clock: Clock, leap_s: float
) -> None:
    with pytest.raises(RegistryUnavailable):
        writers.get(99)
    clock.advance(leap_s)  # the process stood still meanwhile
    registry.schemas[99] = Schema(CONTRACT.avsc(2), "AVRO")
    assert writers.get(99).version == 2


def test_a_clock_that_goes_back_waits_longer_and_ends(
    writers: WriterSchemas, registry: FakeRegistry, clock: Clock
) -> None:
    with pytest.raises(RegistryUnavailable):
        writers.get(99)
    clock.advance(-3)
    assert given_up(writers, clock, 99) == 8


def given_up(writers: WriterSchemas, clock: Clock, ref: int, step_s: float = 1) -> float:
    """How long an unknown id is waited for before it is the record's fault."""
    start = clock()
    while True:
        try:
            writers.get(ref)
        except RegistryUnavailable:
            clock.advance(step_s)
        except Undecodable:
            return clock() - start


def test_many_foreign_ids_do_not_hold_the_topic_up(registry: FakeRegistry, clock: Clock) -> None:
    writers = WriterSchemas(registry, CONTRACT, patience_s=5, forget_after_s=60, most_in_vain=3, clock=clock)
    assert [given_up(writers, clock, ref) for ref in range(900, 906)] == [5, 5, 5, 0, 0, 0]
    clock.advance(60)
    assert [given_up(writers, clock, ref, 4) for ref in range(910, 915)] == [8, 8, 8, 0, 0], "attempts miss the moment"
    clock.advance(60)
    assert given_up(writers, clock, 907) == 5


def test_an_id_that_turns_up_late_makes_waiting_worth_while_again(registry: FakeRegistry, clock: Clock) -> None:
    writers = WriterSchemas(registry, CONTRACT, patience_s=5, forget_after_s=60, most_in_vain=2, clock=clock)
    assert given_up(writers, clock, 900) == 5
    with pytest.raises(RegistryUnavailable):
        writers.get(50)
    registry.schemas[50] = Schema(CONTRACT.avsc(1), "AVRO")
    assert writers.get(50).version == 1
    assert [given_up(writers, clock, ref) for ref in (901, 902, 903)] == [5, 5, 0]
