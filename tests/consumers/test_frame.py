from __future__ import annotations

from uuid import UUID

import pytest
from confluent_kafka.schema_registry import header_schema_id_serializer, prefix_schema_id_serializer
from confluent_kafka.schema_registry.serde import SchemaId
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import given
from hypothesis import strategies as st

from consumers.decoding.frame import VALUE_SCHEMA_HEADER, frame, parse_frame
from consumers.faults import Stage, Undecodable

GUID = UUID("01234567-89ab-cdef-0123-456789abcdef")


@given(st.integers(1, 2**31 - 1), st.binary())
def test_a_framed_value_gives_back_its_parts(schema_id: int, body: bytes) -> None:
    assert parse_frame(frame(schema_id, body)) == (schema_id, body)


def test_the_prefix_is_the_one_that_confluent_writes() -> None:
    schema_id = SchemaId("AVRO", schema_id=258)
    assert frame(258, b"body") == prefix_schema_id_serializer(b"body", None, schema_id)


def test_a_guid_in_the_header_as_confluent_writes_it_wins_over_the_value() -> None:
    headers: list[tuple[str, bytes | None]] = [("other", b"x")]
    context = SerializationContext("events", MessageField.VALUE, headers)
    body = header_schema_id_serializer(b"\x00\x00\x00\x00\x07rest", context, SchemaId("AVRO", guid=str(GUID)))
    assert parse_frame(body, headers) == (GUID, b"\x00\x00\x00\x00\x07rest")


def test_an_id_in_the_header_is_understood() -> None:
    assert parse_frame(b"body", [(VALUE_SCHEMA_HEADER, b"\x00\x00\x00\x01\x02")]) == (258, b"body")


def test_a_header_without_a_value_is_no_header() -> None:
    assert parse_frame(frame(7, b"x"), [(VALUE_SCHEMA_HEADER, None)]) == (7, b"x")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "zero bytes"),
        (b"\x01" + GUID.bytes + b"body", "0x01"),
        (b'{"json": 1}', "0x7b"),
        (b"\x00\x00\x00\x01", "after 4 of the frame's 5"),
        (b"\x00\x00\x00\x00\x00body", "0 is no schema id"),
        (b"\x00\xff\xff\xff\xffbody", "4294967295 is no schema id"),
    ],
)
def test_what_is_no_frame_is_poison_of_the_frame_stage(value: bytes, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason) as found:
        parse_frame(value)
    assert found.value.stage is Stage.FRAME


@pytest.mark.parametrize("content", [b"", b"\x01short", b"\x02" + GUID.bytes, b"\x00\x00\x00\x00\x00"])
def test_a_header_that_names_no_schema_is_poison(content: bytes) -> None:
    with pytest.raises(Undecodable):
        parse_frame(b"body", [(VALUE_SCHEMA_HEADER, content)])
