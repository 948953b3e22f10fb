"""A straight-line decoder gives what the model makes of the resolved datum, or leaves it to that: it is never wrong."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from codegen import branches
from codegen.decoding.model_decoder import ModelDecoder, make_validating, straight_line
from codegen.decoding.straight import NOT_STRAIGHT
from codegen.generate import UnsupportedContract
from codegen.models import CONTRACTS
from codegen.nodes import Node, Record, Union, all_nodes
from codegen.runtime import AvroDecodeError, AvroModel
from codegen.schema import InvalidSchema, parse_schema
from tests.codegen.data_strategies import data
from tests.codegen.json_strategies import ACTION, changed_bytes
from tests.codegen.raw_data import written_by_fastavro
from tests.codegen.sample_contracts import names_of, record
from tests.codegen.schema_strategies import schemas

Schema = dict[str, Any]


def both(model: type[AvroModel], writer: Node) -> tuple[ModelDecoder | None, ModelDecoder]:
    """The straight line where there is one, and the authority."""
    root = parse_schema(json.loads(model.AVSC)).root
    assert isinstance(root, Record)
    return straight_line(model, root, writer), make_validating(model, root, writer)


def outcome(decode: ModelDecoder, binary: bytes) -> AvroModel | None:
    try:
        return decode(binary)
    except (*NOT_STRAIGHT, AvroDecodeError):
        return None


def state(value: Any) -> Any:
    """All that an instance consists of, all the way down, in order, with the classes."""
    if isinstance(value, AvroModel):
        members = [(name, state(member)) for name, member in vars(value).items()]
        return type(value), members, value.model_fields_set, value.model_extra, value.__pydantic_private__
    if isinstance(value, list):
        return [state(item) for item in value]
    if isinstance(value, dict):
        return [(key, state(item)) for key, item in value.items()]
    if isinstance(value, branches.Branch):
        return type(value), state(value.value)
    return type(value), repr(value)


def model_for(schema: Schema) -> type[AvroModel]:
    try:
        model: type[AvroModel] = names_of(schema)["MODEL"]
    except UnsupportedContract:
        reject()
    return model


def older_writer(schema: Schema) -> Schema | None:
    """The same without the fields that have a default, where no type is lost with them; behind it one that is gone."""
    fields = [field for field in schema["fields"] if "default" not in field]
    writer = {**schema, "fields": [*fields, {"name": "gone_since", "type": ["null", "string"]}]}
    try:
        parse_schema(writer)
    except InvalidSchema:
        return None
    return writer


def is_plain(schema: Schema) -> bool:
    """Whether there has to be a straight line: only what is very deep, wide or large has none."""
    nodes = list(all_nodes(parse_schema(schema).root))
    return len(nodes) <= 6 and not any(isinstance(node, Union) and len(node.branches) > 3 for node in nodes)


@pytest.mark.timeout(0)
@given(schemas(), st.data())
def test_a_straight_line_gives_what_the_model_does(schema: Schema, draw: st.DataObject) -> None:
    model = model_for(schema)
    older = older_writer(schema)
    for writer in (schema, older) if older is not None else (schema,):
        root = parse_schema(writer).root
        straight, by_model = both(model, root)
        if straight is None:
            assert not is_plain(schema)
            continue
        for _ in range(2):
            binary = written_by_fastavro(writer, draw.draw(data(root)))
            expected = outcome(by_model, binary)
            assert expected is not None
            found = outcome(straight, binary)
            assert found is None or state(found) == state(expected)
            changed = draw.draw(changed_bytes(binary)) if binary else b"\0"
            found, expected = outcome(straight, changed), outcome(by_model, changed)
            assert found is None or (expected is not None and state(found) == state(expected))


@settings(max_examples=60)
@given(st.data())
@pytest.mark.parametrize(("writer", "reader"), [(1, 1), (2, 2), (1, 2)])
def test_user_actions_near_misses(writer: int, reader: int, draw: Any) -> None:
    contract = CONTRACTS["user_action"]
    text = dict(ACTION) if writer == 2 else {name: ACTION[name] for name in ("event_id", "user_id", "occurred_at")}
    text |= {"page": "/é"} if writer == 1 else {"page_url": "/é"}
    binary = contract.model(writer).model_validate_json(json.dumps(text)).serialize()
    straight, by_model = both(contract.model(reader), parse_schema(json.loads(contract.avsc(writer))).root)
    assert straight is not None
    assert state(straight(binary)) == state(by_model(binary))
    changed = draw.draw(changed_bytes(binary))
    found, expected = outcome(straight, changed), outcome(by_model, changed)
    assert found is None or (expected is not None and state(found) == state(expected))


INNER = record({"name": "s", "type": "string"}, name="Inner")
EVERY_TYPE: list[Any] = [
    *("null", "boolean", "int", "long", "float", "double", "bytes", "string"),
    {"type": "string", "logicalType": "uuid"},
    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
    {"type": "bytes", "logicalType": "big-decimal"},
    {"type": "int", "logicalType": "date"},
    {"type": "int", "logicalType": "time-millis"},
    *(
        {"type": "long", "logicalType": f"{local}timestamp-{unit}"}
        for local in ("", "local-")
        for unit in ("millis", "micros", "nanos")
    ),
    {"type": "long", "logicalType": "time-micros"},
    {"type": "enum", "name": "Kind", "symbols": ["a", "b"]},
    {"type": "fixed", "name": "Three", "size": 3},
    {"type": "fixed", "name": "Id", "size": 16, "logicalType": "uuid"},
    {"type": "fixed", "name": "Price", "size": 4, "logicalType": "decimal", "precision": 4, "scale": 2},
    {"type": "fixed", "name": "Span", "size": 12, "logicalType": "duration"},
    {"type": "array", "items": {"type": "map", "values": "long"}},
    ["null", INNER],
    {"type": "array", "items": ["int", "long", "Inner", "null", "Three", "bytes"]},
]
EVERYTHING = record(*({"name": f"f{index}", "type": kind} for index, kind in enumerate(EVERY_TYPE)))

MODEL: type[AvroModel] = names_of(EVERYTHING)["MODEL"]


@given(data(parse_schema(EVERYTHING).root))
def test_every_type_takes_the_straight_line(datum: Any) -> None:
    straight, by_model = both(MODEL, parse_schema(EVERYTHING).root)
    assert straight is not None
    # Behind the moments there is more, and so an early one is not left to the model.
    binary = written_by_fastavro(EVERYTHING, datum)
    assert state(straight(binary)) == state(by_model(binary))


def test_what_is_very_deep_wide_or_large_is_left_to_the_model() -> None:
    deep: Any = "int"
    for _ in range(8):
        deep = {"type": "array", "items": deep}
    symbols = {"type": "enum", "name": "Wide", "symbols": [f"s{index}" for index in range(65)]}
    for kind in (deep, symbols):
        schema = record({"name": "value", "type": kind})
        assert both(model_for(schema), parse_schema(schema).root)[0] is None
    small = record({"name": "value", "type": "int"})
    large = {**small, "fields": [*small["fields"], *({"name": f"f{index}", "type": "int"} for index in range(2000))]}
    straight, by_model = both(model_for(small), parse_schema(large).root)
    assert straight is None
    assert by_model(b"\x02" + bytes(2000)).model_dump() == {"value": 1}


def test_a_class_that_checks_more_is_asked() -> None:
    class Careful(CONTRACTS["user_action"].model(2)):  # type: ignore[misc]
        def model_post_init(self, _context: object) -> None:
            raise ValueError("never")

    binary = CONTRACTS["user_action"].model(2).fake().serialize()
    with pytest.raises(AvroDecodeError):
        Careful.deserialize(binary)


def test_a_uuid_is_whole() -> None:
    model: Any = names_of(record({"name": "value", "type": {"type": "string", "logicalType": "uuid"}}))["MODEL"]
    text = "6F1C2C1E-6D7C-4B9B-9F4C-3D1F0A6B2C5E"
    straight, _ = both(model, parse_schema(json.loads(model.AVSC)).root)
    assert straight is not None
    found = straight(b"H" + text.encode()).value  # type: ignore[attr-defined]
    assert found == UUID(text)
    assert (str(found), hash(found), found.is_safe) == (str(UUID(text)), hash(UUID(text)), UUID(text).is_safe)
    assert pickle.loads(pickle.dumps(found)) == copy.deepcopy(found) == found  # noqa: S301 - our own bytes
    for wrong in (
        "6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5 ",
        "6f1c2c1e6d7c4b9b9f4c3d1f0a6b2c5e----",
        "6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c_e",
    ):
        with pytest.raises(NOT_STRAIGHT):
            straight(b"H" + wrong.encode())


def test_what_one_model_holds_is_its_own() -> None:
    model = CONTRACTS["user_action"].model(2)
    binary = CONTRACTS["user_action"].model(1).fake().serialize()
    decode = model.decoder(json.loads(CONTRACTS["user_action"].avsc(1)))
    first, second = decode(binary), decode(binary)
    first.model_fields_set.add("device")
    first.properties["x"] = "y"  # type: ignore[attr-defined]
    assert "device" not in second.model_fields_set
    assert "x" not in second.properties  # type: ignore[attr-defined]
