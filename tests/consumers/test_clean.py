"""The cleaned topic: what can be read, its bytes unchanged, and in the frame that every reader knows."""

from __future__ import annotations

from uuid import UUID

import pytest

from codegen.schema import parse_schema
from consumers.clean import CleanHandler, copy_of
from consumers.decoding.deserializer import Decoded
from consumers.decoding.frame import VALUE_SCHEMA_HEADER, SchemaRef
from consumers.decoding.writer_schemas import WriterSchema
from consumers.outbox import Outbox
from consumers.record import Header, Record
from tests.consumers.fakes import FakeProducer
from tests.frozen_contracts import CONTRACTS

MODEL = CONTRACTS["user_action"].model(2)


def decoded(value: bytes | None, headers: tuple[Header, ...] = (), ref: SchemaRef = 7) -> Decoded:
    writer = WriterSchema(ref, 2, "null", parse_schema("null").root, "X")
    record = Record("events", 3, 5, 1_000, b"key", value, headers)
    return Decoded(record, None if value is None else MODEL.fake(), writer)


def test_a_record_is_copied_as_it_is() -> None:
    headers = (("traceparent", b"1"), ("empty", None))
    copy = copy_of(decoded(b"\0\0\0\0\7body", headers))
    assert (copy.topic, copy.key, copy.value, copy.headers) == ("events.clean", b"key", b"\0\0\0\0\7body", headers)


def test_a_schema_id_in_a_header_moves_into_the_frame() -> None:
    copy = copy_of(decoded(b"body", (("a", b"1"), (VALUE_SCHEMA_HEADER, b"\0\0\0\0\7"))))
    assert (copy.value, copy.headers) == (b"\0\0\0\0\7body", (("a", b"1"),))


def test_a_guid_is_told_to_the_dead_letter_topic() -> None:
    with pytest.raises(ValueError, match="let its producer frame values with the id"):
        copy_of(decoded(b"body", ((VALUE_SCHEMA_HEADER, b"\1" + bytes(16)),), UUID(int=0)))


def test_the_copy_is_safe_before_the_offset_moves_and_tombstones_are_left_out() -> None:
    producer = FakeProducer()
    handler = CleanHandler(Outbox(producer))
    handler.handle(decoded(None))
    handler.handle(decoded(b"\0\0\0\0\7body"))
    assert producer.delivered == []
    handler.flush(1.0)
    assert [(each["topic"], each["value"]) for each in producer.delivered] == [("events.clean", b"\0\0\0\0\7body")]
