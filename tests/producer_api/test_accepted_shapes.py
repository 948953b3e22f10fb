"""Every version that the pinned one can read is accepted, written as the pinned one, and counted by its shape."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from codegen.catalog import UnknownVersion
from codegen.schema import parse_schema
from producer_api.json_forms import same_json
from producer_api.shapes import AcceptedShapes, InvalidEvent
from tests.frozen_contracts import CONTRACTS

OpenApi = Callable[..., Awaitable[Any]]
MakeContract = Callable[..., Any]


def schema(*fields: dict[str, Any], name: str = "Order") -> str:
    return json.dumps({"type": "record", "name": name, "namespace": "shop", "fields": list(fields)}, indent=2)


NUMBER = {"name": "number", "type": "int"}
NOTE = {"name": "note", "type": "string", "default": ""}
TOTAL = {"name": "total", "type": "long", "default": 0}


@pytest.fixture
def shapes() -> AcceptedShapes:
    return AcceptedShapes(CONTRACTS["user_action"], 2)


def dump(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def test_the_oldest_version_that_has_all_names_counts(
    shapes: AcceptedShapes, event: dict[str, Any], old_event: dict[str, Any]
) -> None:
    assert shapes.versions == (1, 2)
    assert shapes.read(dump(event)).shape == 2
    assert shapes.read(dump(old_event)).shape == 1
    newest_without_options = {**old_event, "page_url": old_event["page"]}
    del newest_without_options["page"]
    assert shapes.read(dump(newest_without_options)).shape == 2
    assert shapes.read(dump({**old_event, "session_id": "s"})).shape == 2


def test_the_alias_in_a_value_or_spelled_with_escapes_is_told_apart(
    shapes: AcceptedShapes, event: dict[str, Any], old_event: dict[str, Any]
) -> None:
    assert shapes.read(dump({**event, "properties": {"page": "page"}})).shape == 2
    escaped = dump(old_event).replace(b'"page"', b'"p\\u0061ge"')
    assert shapes.read(escaped).shape == 1


def test_a_removed_field_is_read_by_its_own_version(make_contract: MakeContract) -> None:
    contract = make_contract("order", schema(NUMBER, NOTE), schema(NUMBER, TOTAL))
    shapes = AcceptedShapes(contract, 2)
    old = shapes.read(b'{"number": 7, "note": "hello"}')
    assert old.shape == 1
    assert old.model.model_dump() == {"number": 7, "total": 0}
    assert type(old.model) is contract.model(2)
    assert shapes.read(b'{"number": 7, "total": 9}').shape == 2
    assert shapes.read(b'{"number": 7}').shape == 1


def test_faults_are_those_of_the_version_that_came_nearest(make_contract: MakeContract) -> None:
    contract = make_contract("order", schema(NUMBER, NOTE), schema(NUMBER, {**TOTAL, "name": "sum"}))
    shapes = AcceptedShapes(contract, 2)
    with pytest.raises(InvalidEvent) as caught:
        shapes.read(b'{"number": "x", "note": "hello"}')
    assert [fault.field for fault in caught.value.faults] == ["number"]


def test_a_version_that_the_pinned_one_cannot_read_is_refused(make_contract: MakeContract) -> None:
    needed = {"name": "customer", "type": "string"}
    contract = make_contract("order", schema(NUMBER), schema(NUMBER, needed), toml='compatibility = "NONE"')
    shapes = AcceptedShapes(contract, 2)
    assert shapes.versions == (2,)
    with pytest.raises(InvalidEvent):
        shapes.read(b'{"number": 7}')


def test_a_newer_version_is_accepted_by_an_older_pin(make_contract: MakeContract) -> None:
    contract = make_contract("order", schema(NUMBER), schema(NUMBER, TOTAL))
    reading = AcceptedShapes(contract, 1).read(b'{"number": 7, "total": 9}')
    assert (reading.shape, reading.model.model_dump()) == (2, {"number": 7})


def test_an_unknown_pin_is_refused() -> None:
    with pytest.raises(UnknownVersion):
        AcceptedShapes(CONTRACTS["user_action"], 9)


async def test_the_writer_version_can_be_set_for_a_process(open_api: OpenApi, old_event: dict[str, Any]) -> None:
    api = await open_api(writer_version=1)
    answer = (await api.post(json.dumps(old_event))).json()
    assert (answer["schema_version"], answer["schema_id"]) == (1, 102)


async def test_a_contract_without_event_id_and_with_a_number_as_key(
    make_contract: MakeContract, open_api: OpenApi
) -> None:
    contract = make_contract("order", schema(NUMBER, NOTE), toml='key = "number"\npath = "/shop/orders"')
    api = await open_api({"order": contract, **CONTRACTS})
    answer = await api.post('{"number": -12}', "/shop/orders")
    assert answer.json() == {
        "status": "accepted", "topic": "order", "partition": 0, "offset": 0, "schema_id": 101, "schema_version": 1,
    }  # fmt: skip
    many = await api.post('[{"number": 1}]', "/shop/orders")
    assert many.json()["results"] == [{"index": 0, "status": "accepted", "partition": 1, "offset": 1}]
    assert [record.key for record in api.producer.produced] == [b"-12", b"1"]


async def test_keys_may_be_enums_and_uuids_or_absent(make_contract: MakeContract, open_api: OpenApi) -> None:
    colour = {"name": "colour", "type": {"type": "enum", "name": "Colour", "symbols": ["RED", "GREEN"]}}
    ident = {"name": "id", "type": {"type": "string", "logicalType": "uuid"}}
    contracts = {
        "paint": make_contract("paint", schema(colour, name="Paint"), toml='key = "colour"'),
        "thing": make_contract("thing", schema(ident, name="Thing"), toml='key = "id"'),
        "loose": make_contract("loose", schema(ident, name="Loose")),
    }
    api = await open_api(contracts)
    upper = "6F1C2C1E-6D7C-4B9B-9F4C-3D1F0A6B2C5E"
    await api.post('{"colour": "GREEN"}', "/paint")
    await api.post(json.dumps({"id": upper}), "/thing")
    await api.post(json.dumps({"id": upper}), "/loose")
    assert [record.key for record in api.producer.produced] == [b"GREEN", upper.lower().encode(), None]


def field(name: str, avro_type: Any, **rest: Any) -> dict[str, Any]:
    return {"name": name, "type": avro_type, **rest}


@pytest.mark.parametrize(
    ("before", "after", "clear", "unclear"),
    [
        ("string", "bytes", '"no base64!"', '"test"'),
        ("bytes", "string", None, '"aGk="'),
    ],
)
def test_a_text_that_two_versions_take_for_different_values_is_refused(
    make_contract: MakeContract, before: str, after: str, clear: str | None, unclear: str
) -> None:
    contract = make_contract("order", schema(field("raw", before)), schema(field("raw", after), NOTE))
    shapes = AcceptedShapes(contract, 2)
    with pytest.raises(InvalidEvent) as caught:
        shapes.read(f'{{"raw": {unclear}}}'.encode())
    assert "one thing as version 1 and another as version 2" in caught.value.faults[0].message
    if clear is not None:
        assert shapes.read(f'{{"raw": {clear}}}'.encode()).shape == 1


def test_what_only_the_newer_version_can_mean_is_taken(make_contract: MakeContract) -> None:
    contract = make_contract("order", schema(field("raw", "string")), schema(field("raw", "bytes"), NOTE))
    reading = AcceptedShapes(contract, 2).read(b'{"raw": "aGk=", "note": "x"}')
    assert reading.model.model_dump() == {"raw": b"hi", "note": "x"}


@pytest.mark.parametrize(
    ("reader", "writer", "expected"),
    [
        ("long", "int", True),
        ("double", "int", True),
        ("bytes", "string", False),
        (["null", "bytes"], "string", False),
        (["null", "string"], ["null", "string"], True),
        ({"type": "array", "items": "bytes"}, {"type": "array", "items": "string"}, False),
        ("string", {"type": "string", "logicalType": "uuid"}, False),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, "bytes", False),
    ],
)
def test_forms_of_json(reader: Any, writer: Any, expected: bool) -> None:
    assert same_json(parse_schema(reader).root, parse_schema(writer).root) is expected


def test_an_event_with_very_many_faults_is_refused_without_listing_them(shapes: AcceptedShapes, event: Any) -> None:
    with pytest.raises(InvalidEvent) as caught:
        shapes.read(dump({**event, "properties": {f"k{number}": number for number in range(2000)}}))
    assert [fault.message for fault in caught.value.faults] == ["the event has 2000 faults, too many to list"]
