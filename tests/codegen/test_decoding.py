"""Bytes into models: what is no datum is refused, and a writer's schema is resolved into the model's."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.leaves import EPOCH
from codegen.runtime import AvroDecodeError, AvroEncodeError, AvroModel, AvroResolutionError
from tests.codegen.sample_contracts import Schema, model_of, model_of_field, record

EVERYTHING = record(
    {"name": "text", "type": "string"},
    {"name": "raw", "type": "bytes"},
    {"name": "count", "type": "long"},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["a", "b"]}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}},
    {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "tags", "type": {"type": "array", "items": "string"}},
    {"name": "sizes", "type": {"type": "map", "values": "int"}},
    {"name": "note", "type": ["null", "string"]},
)
ANYTHING = model_of(EVERYTHING)


def written(schema: Schema, datum: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema, named_schemas={}), datum)
    return out.getvalue()


@pytest.mark.parametrize(
    ("avro_type", "data"),
    [
        pytest.param("string", b"", id="empty"),
        pytest.param("string", b"\x04a", id="truncated"),
        pytest.param("long", b"\x80", id="truncated number"),
        pytest.param("string", b"\x02a\x00", id="trailing"),
        pytest.param("null", b"\x00", id="trailing behind nothing"),
        pytest.param("bytes", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", id="huge length"),
        pytest.param("string", b"\x01", id="negative length"),
        pytest.param("string", b"\x02\xff", id="no UTF-8"),
        pytest.param({"type": "array", "items": "long"}, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", id="huge array"),
        pytest.param({"type": "map", "values": "long"}, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", id="huge map"),
        pytest.param({"type": "enum", "name": "Kind", "symbols": ["a"]}, b"\x02", id="enum index"),
        pytest.param({"type": "enum", "name": "Kind", "symbols": ["a", "b"]}, b"\x01", id="negative enum index"),
        pytest.param(["null", "string"], b"\x04", id="union index"),
        pytest.param(["null", "string"], b"\x01\x02a", id="negative union index"),
        pytest.param("boolean", b"\x02", id="boolean"),
        pytest.param("long", b"\xff" * 9 + b"\x02", id="more than 64 bits"),
        pytest.param("long", b"\x80" * 10 + b"\x00", id="more than ten bytes"),
        pytest.param("double", b"\x00" * 7, id="half a double"),
        pytest.param({"type": "fixed", "name": "Raw", "size": 3}, b"ab", id="short fixed"),
        *[
            pytest.param({"type": "bytes", "logicalType": "big-decimal"}, data, id=f"big decimal {data.hex()}")
            for data in (b"\x00", b"\x02\x02", b"\x04\x02\x01", b"\x08\x02\x01\x00\x00", b"\x0a\x02\x01\xff\xff\x7f")
        ],
        pytest.param({"type": "fixed", "name": "Raw", "size": 3}, b"abcd", id="long fixed"),
        pytest.param(
            {"type": "fixed", "name": "Raw", "size": 4, "logicalType": "decimal", "precision": 2},
            b"\x7f\xff\xff\xff",
            id="too many digits in a fixed",
        ),
        pytest.param({"type": "array", "items": "null"}, b"\xfe\xff\xff\xff\x0f\x00", id="endless nothing"),
        pytest.param("int", b"\x80\x80\x80\x80\x10", id="int beyond 32 bits"),
        pytest.param(
            {"type": "long", "logicalType": "timestamp-millis"}, b"\xff\xff\xff\xff\xff\xff\xff\x7f", id="moment"
        ),
        pytest.param(
            {"type": "long", "logicalType": "timestamp-micros"},
            b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            id="micros",
        ),
        pytest.param(
            {"type": "long", "logicalType": "local-timestamp-millis"}, b"\xff\xff\xff\xff\xff\xff\xff\x7f", id="local"
        ),
        pytest.param({"type": "int", "logicalType": "date"}, b"\xfe\xff\xff\xff\x0f", id="late day"),
        pytest.param({"type": "int", "logicalType": "date"}, b"\xff\xff\xff\xff\x0f", id="early day"),
        pytest.param({"type": "int", "logicalType": "time-millis"}, b"\x01", id="negative time"),
        pytest.param({"type": "int", "logicalType": "time-millis"}, b"\x80\xf0\xb2R", id="24:00:00.000"),
        pytest.param({"type": "long", "logicalType": "time-micros"}, b"\x80\x80\xbb\xdd\x83\x05", id="24:00:00.000000"),
        pytest.param({"type": "string", "logicalType": "uuid"}, b"\x02x", id="no uuid"),
        pytest.param(
            {"type": "bytes", "logicalType": "decimal", "precision": 2}, b"\x04\x7f\xff", id="too many digits"
        ),
    ],
)
def test_bytes_that_are_no_datum_are_refused(avro_type: Any, data: bytes) -> None:
    with pytest.raises(AvroDecodeError) as caught:
        model_of_field(avro_type).deserialize(data)
    assert not isinstance(caught.value, AvroResolutionError)


@given(st.binary(max_size=40))
def test_any_bytes_give_a_model_or_a_decode_error(data: bytes) -> None:
    try:
        model = ANYTHING.deserialize(data)
    except AvroDecodeError:
        return
    assert ANYTHING.deserialize(model.serialize()) == model


def test_the_message_does_not_repeat_a_value() -> None:
    data = model_of_field("int").model_construct(value=2**40)
    out = model_of_field("long")(value=data.value).serialize()  # type: ignore[call-arg]
    with pytest.raises(AvroDecodeError) as caught:
        model_of_field("int").deserialize(out)
    assert str(2**40) not in str(caught.value)
    assert str(caught.value) == ("the bytes are no datum of the writer schema: an int of more than 32 bits, at value")


V1 = record(
    {"name": "page", "type": "string"},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["old", "view"]}},
    {"name": "count", "type": "int"},
    name="Visit",
    namespace="org.x",
)
V2 = record(
    {"name": "page_url", "type": "string", "aliases": ["page"]},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["unknown", "view"], "default": "unknown"}},
    {"name": "count", "type": "double"},
    {"name": "raw", "type": "bytes", "default": "\u00ff\u0000"},
    {
        "name": "price",
        "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        "default": "\u0001",
    },
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "default": 1500},
    {"name": "id", "type": {"type": "string", "logicalType": "uuid"}, "default": str(UUID(int=7))},
    {"name": "ratio", "type": {"type": "double"}, "default": 1},
    {"name": "note", "type": ["null", "string"], "default": None},
    {"name": "tags", "type": {"type": "array", "items": "bytes"}, "default": ["\u0001"]},
    {
        "name": "device",
        "type": record(
            {"name": "os", "type": "string"},
            {"name": "seen", "type": {"type": "long", "logicalType": "timestamp-micros"}, "default": 0},
            name="Device",
        ),
        "default": {"os": "none"},
    },
    {"name": "last", "type": ["null", "Device"], "default": None},
    name="Visit",
    namespace="org.x",
)


def test_old_bytes_read_with_alias_promotion_enum_default_and_defaults() -> None:
    data = written(V1, {"page": "/", "kind": "old", "count": 3})
    model = model_of(V2)
    visit = model.deserialize(data, writer_schema=V1)
    assert visit.model_dump() == {
        "page_url": "/",
        "kind": "unknown",
        "count": 3.0,
        "raw": b"\xff\x00",
        "price": Decimal("0.01"),
        "at": datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=UTC),
        "id": UUID(int=7),
        "ratio": 1.0,
        "note": None,
        "tags": [b"\x01"],
        "device": {"os": "none", "seen": EPOCH},
        "last": None,
    }
    assert model.deserialize(visit.serialize()) == visit


def test_no_two_models_share_what_a_default_holds() -> None:
    data = written(V1, {"page": "/", "kind": "view", "count": 3})
    model = model_of(V2)
    one, two = (model.deserialize(data, writer_schema=V1) for _ in range(2))
    one.tags.append(b"\x02")  # type: ignore[attr-defined]
    assert two.tags == [b"\x01"]  # type: ignore[attr-defined]
    assert model.deserialize(data, writer_schema=V1) == two


def test_a_parsed_writer_schema_and_a_model_are_taken_too() -> None:
    old, new = model_of(V1), model_of(V2)
    data = written(V1, {"page": "/", "kind": "view", "count": 3})
    expected = new.deserialize(data, writer_schema=V1)
    assert new.deserialize(data, writer_schema=fastavro.parse_schema(V1, named_schemas={})) == expected
    assert new.deserialize(data, writer_schema=old) == expected


def test_a_writer_schema_with_an_odd_default_is_read() -> None:
    writer = record({"name": "size", "type": {"type": "double"}, "default": 0})
    model = model_of(writer)
    assert model.deserialize(written(record({"name": "size", "type": "double"}), {"size": 1.5}), writer_schema=writer)


def test_fields_that_the_reader_lacks_are_passed_over() -> None:
    writer = record({"name": "value", "type": "int"}, {"name": "more", "type": {"type": "array", "items": "string"}})
    data = written(writer, {"value": 5, "more": ["x"]})
    assert model_of_field("int").deserialize(data, writer_schema=writer).model_dump() == {"value": 5}


@pytest.mark.parametrize(
    "writer",
    [
        record({"name": "value", "type": "long"}),
        record({"name": "other", "type": "string"}),
        record({"name": "value", "type": "string"}, name="Stranger"),
        {"type": "nothing"},
        {"type": "record", "name": "Sample"},
    ],
)
def test_a_writer_schema_that_does_not_resolve_is_refused(writer: Schema) -> None:
    with pytest.raises(AvroResolutionError):
        model_of_field("string").deserialize(b"\x00", writer_schema=writer)


def test_values_without_validation_are_refused_when_they_are_written() -> None:
    for avro_type, value in [("int", "x"), ("string", "\ud800"), ("long", 2**63), ("float", 1e39), ("string", None)]:
        with pytest.raises(AvroEncodeError):
            model_of_field(avro_type).model_construct(value=value).serialize()


def test_a_python_float_beyond_32_bits_is_refused_and_infinity_is_not() -> None:
    model = model_of_field("float")
    with pytest.raises(ValueError, match="fits into 32 bits"):
        model.model_validate({"value": 1e39})
    for value in (float("inf"), float("-inf"), float("nan")):
        made = model.model_validate({"value": value})
        assert model.deserialize(made.serialize()).serialize() == made.serialize()


def test_avro_json_and_plain_dicts_go_through_the_library() -> None:
    model = model_of_field("int")
    one = model.model_validate({"value": 5})
    assert json.loads(one.serialize("avro-json")) == {"value": 5}
    assert model.deserialize(b'{"value": 5}', "avro-json") == one
    assert model.deserialize(one.serialize(), create_instance=False) == {"value": 5}


def test_the_schema_of_a_model_is_the_contract() -> None:
    assert model_of(V2).avro_schema_to_python() == V2
    assert json.loads(model_of(V2).AVSC) == V2
    assert (model_of(V2).FULL_NAME, model_of(V2).VERSION) == ("org.x.Visit", 1)


def test_fake_takes_attributes_and_aliases() -> None:
    model: type[AvroModel] = model_of(V2)
    for values in ({"page_url": "/x"}, {"page": "/x"}):
        made = model.fake(**values)
        assert made.model_dump()["page_url"] == "/x"
        assert model.deserialize(made.serialize()) == made


def test_a_fault_is_told_with_the_fields_that_lead_to_it() -> None:
    inner = record({"name": "size", "type": "long"}, name="Inner")
    model = model_of_field({"type": "array", "items": inner})
    with pytest.raises(AvroDecodeError, match=r"the bytes end too early, at value\.size$"):
        model.deserialize(b"\x04\x02\x80")


def test_blocks_with_their_size_are_read() -> None:
    model = model_of_field({"type": "array", "items": "int"})
    # Two items in a block that says its size (a negative count), one in a block that does not, and the end.
    assert model.deserialize(b"\x03\x04\x02\x04\x02\x06\x00").model_dump() == {"value": [1, 2, 3]}


SKIPPED = record(
    {"name": "number", "type": "int"},
    {"name": "moment", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "raw", "type": {"type": "fixed", "name": "Hash", "size": 3}},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["a", "b"]}},
    {"name": "many", "type": {"type": "array", "items": ["null", "string", "double"]}},
    {"name": "named", "type": {"type": "map", "values": "boolean"}},
    {"name": "inner", "type": record({"name": "next", "type": ["null", "Inner"]}, name="Inner")},
    {"name": "value", "type": "string"},
)


def test_fields_that_the_reader_does_not_have_are_passed_over() -> None:
    datum = {
        "number": 7,
        "moment": 2**62,  # no moment of Python's, and nobody asks for it
        "raw": b"abc",
        "kind": "b",
        "many": [None, "x", 0.5],
        "named": {"k": True},
        "inner": {"next": {"next": None}},
        "value": "kept",
    }
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(SKIPPED, named_schemas={}), datum)
    read = model_of_field("string").deserialize(out.getvalue(), writer_schema=SKIPPED)
    assert read.model_dump() == {"value": "kept"}
    with pytest.raises(AvroDecodeError):
        model_of_field("string").deserialize(out.getvalue()[:-2], writer_schema=SKIPPED)


def test_a_datum_resolves_although_its_schema_as_a_whole_does_not() -> None:
    model = model_of_field(["null", "string"])
    writer = record({"name": "value", "type": ["null", "string", "long"]})
    assert model.deserialize(b"\x02\x02a", writer_schema=writer).model_dump() == {"value": "a"}
    with pytest.raises(AvroResolutionError, match="no branch of the reader's union takes long"):
        model.deserialize(b"\x04\x02", writer_schema=writer)


def test_a_writer_that_cannot_resolve_at_all_is_refused_before_any_byte_is_read() -> None:
    with pytest.raises(AvroResolutionError, match="the reader has string where the writer has long"):
        model_of_field("string").decoder(record({"name": "value", "type": "long"}))


def test_records_without_end_are_refused() -> None:
    writer = record({"name": "next", "type": "Sample"}, {"name": "value", "type": "string"})
    with pytest.raises(AvroDecodeError, match="without end"):
        model_of_field("string").deserialize(b"", writer_schema=writer)


@pytest.mark.parametrize(
    ("written_as", "read_as", "value", "expected"),
    [
        ("int", "long", 7, 7),
        ("int", "float", 7, 7.0),
        ("long", "float", 2**40 + 1, float(2**40)),
        ("long", "double", 2**40 + 1, float(2**40 + 1)),
        ("float", "double", 0.5, 0.5),
        ("string", "bytes", "é", "é".encode()),
        ("bytes", "string", "é".encode(), "é"),
    ],
)
def test_promotions(written_as: str, read_as: str, value: Any, expected: Any) -> None:
    writer = record({"name": "value", "type": written_as})
    read = model_of_field(read_as).deserialize(written(writer, {"value": value}), writer_schema=writer)
    assert read.model_dump() == {"value": expected}
