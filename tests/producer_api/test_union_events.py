"""Events with unions of several types: their JSON forms, their faults, and what an older client's form means."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from codegen.branches import IntBranch, LongBranch
from codegen.schema import parse_schema
from producer_api.examples import make_example
from producer_api.json_forms import same_json
from producer_api.shapes import AcceptedShapes, InvalidEvent

MakeContract = Callable[..., Any]
CARD = {"type": "record", "name": "Card", "fields": [{"name": "number", "type": "int"}]}
CASH = {"type": "record", "name": "Cash", "fields": [{"name": "notes", "type": {"type": "array", "items": "int"}}]}
BARE = {"name": "note", "type": ["null", "string", "long", CARD]}
TAGGED = {"name": "paid", "type": ["Card", CASH, "int", "long"]}


def schema(*fields: Any) -> str:
    return json.dumps({"type": "record", "name": "Order", "namespace": "shop", "fields": list(fields)}, indent=2)


@pytest.fixture
def shapes(make_contract: MakeContract) -> AcceptedShapes:
    return AcceptedShapes(make_contract("order", schema(BARE, TAGGED)), 1)


def faults(shapes: AcceptedShapes, event: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidEvent) as caught:
        shapes.read(json.dumps(event).encode())
    return [(fault.field, fault.message) for fault in caught.value.faults]


def test_a_bare_value_and_a_tagged_one_are_read(shapes: AcceptedShapes) -> None:
    event = {"note": {"number": 5}, "paid": {"shop.Cash": {"notes": [10]}}}
    model: Any = shapes.read(json.dumps(event).encode()).model
    assert model.note.number == 5
    assert model.paid.notes == [10]
    assert json.loads(model.model_dump_json()) == event


@pytest.mark.parametrize(
    ("event", "field", "message"),
    [
        ({"note": True, "paid": {"long": 1}}, "note", "a JSON value of one of these types is expected: "),
        ({"note": {"number": "x"}, "paid": {"long": 1}}, "note.number", "input should be a valid integer"),
        ({"note": None, "paid": 5}, "paid", "an object with the name of one branch is expected: int, long"),
        ({"note": None, "paid": {"int": 2**31}}, "paid.int", "input should be less than or equal to 2147483647"),
        ({"note": None, "paid": {"shop.Cash": {"notes": [1, "x"]}}}, "paid.shop.Cash.notes.1", "input should be"),
        ({"note": None, "paid": {"shop.Cash": {}}}, "paid.shop.Cash.notes", "the field is required"),
        ({"note": None, "paid": {"shop.Card": {"number": 1, "x": 2}}}, "paid.shop.Card.x", "unknown field"),
    ],
)  # fmt: skip
def test_a_fault_leads_to_its_place(shapes: AcceptedShapes, event: Any, field: str, message: str) -> None:
    ((where, told),) = faults(shapes, event)
    assert where == field
    assert told.startswith(message)


def test_the_example_is_one_that_the_model_takes(shapes: AcceptedShapes) -> None:
    example = make_example(parse_schema(json.loads(shapes.model.AVSC)).root)
    assert example == {"note": "note-1", "paid": {"shop.Card": {"number": 1}}}
    assert shapes.model.model_validate_json(json.dumps(example))


def test_an_older_bare_form_is_read_where_the_newer_one_is_tagged(make_contract: MakeContract) -> None:
    """The union grows a branch that looks like another one in JSON: clients of version 1 go on as they are."""
    one = schema({"name": "size", "type": ["int", "string"]})
    two = schema({"name": "size", "type": ["int", "string", "long"]})
    shapes = AcceptedShapes(make_contract("order", one, two), 2)
    sizes: list[Any] = [
        shapes.read(text).model.size  # type: ignore[attr-defined]  # of the contract made here
        for text in (b'{"size": 5}', b'{"size": "x"}', b'{"size": {"long": 5}}', b'{"size": {"int": 5}}')
    ]
    assert sizes == [IntBranch(5), "x", LongBranch(5), IntBranch(5)]


@pytest.mark.parametrize(
    ("reader", "writer", "same"),
    [
        (["int", "string", "long"], ["int", "string"], True),
        (["int", "string", "long"], ["string", "int", "long"], True),
        (["int", "long"], {"type": "map", "values": "int"}, False),
        (["null", "string", "long"], "string", True),
        (["null", "bytes", "long"], "string", False),
        (["int", "bytes", "string"], ["int", "string", "bytes"], True),
    ],
)
def test_one_text_means_the_same_to_two_unions(reader: Any, writer: Any, same: bool) -> None:
    assert same_json(parse_schema(reader).root, parse_schema(writer).root) == same
