"""Personal data is masked wherever a record is shown, and no error text repeats a value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from codegen.runtime import AvroDecodeError
from tests.codegen.sample_contracts import model_of, model_of_field, record

PERSON = record(
    {"name": "email", "type": "string", "confluent:tags": ["PII"]},
    {"name": "phone", "type": ["null", "string"], "default": None, "confluent:tags": ["PII"]},
    {"name": "city", "type": "string"},
    name="Person",
)
ORDER = record(
    {"name": "user_id", "type": "string", "confluent:tags": ["PII"], "aliases": ["user"]},
    {"name": "size", "type": "double"},
    {"name": "buyer", "type": PERSON},
    {"name": "payer", "type": ["null", "Person"]},
    {"name": "friends", "type": {"type": "array", "items": "Person"}},
    {"name": "family", "type": {"type": "map", "values": {"type": "array", "items": "Person"}}},
    {"name": "secrets", "type": {"type": "map", "values": "string"}, "confluent:tags": ["SECRET"]},
    name="Order",
)
ALICE = {"email": "SECRET@x", "phone": "SECRET-1", "city": "Rome"}
MASKED = {"email": "***", "phone": "***", "city": "Rome"}
VALUES = {
    "user_id": "SECRET-7",
    "size": 1.5,
    "buyer": ALICE,
    "payer": ALICE,
    "friends": [ALICE, ALICE],
    "family": {"sister": [ALICE]},
    "secrets": {"SECRET": "SECRET"},
}


@pytest.fixture(scope="module")
def order() -> Any:
    return model_of(ORDER).model_validate_json(json.dumps(VALUES))


def test_masked_is_json_in_wire_names_without_personal_data(order: Any) -> None:
    assert order.masked() == {
        "user_id": "***",
        "size": 1.5,
        "buyer": MASKED,
        "payer": MASKED,
        "friends": [MASKED, MASKED],
        "family": {"sister": [MASKED]},
        "secrets": "***",
    }
    assert json.loads(json.dumps(order.masked(), allow_nan=False)) == order.masked()


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{0!r}".format, lambda value: f"{[value]}"])
def test_no_text_of_a_record_shows_personal_data(order: Any, show: Any) -> None:
    text = show(order)
    assert "SECRET" not in text
    assert "Rome" in text
    assert text.count("***") == 12


def test_the_record_itself_keeps_its_values(order: Any) -> None:
    assert order.model_dump(mode="json", by_alias=True) == VALUES


def test_numbers_that_json_cannot_show_are_text_in_a_masked_view() -> None:
    model = model_of(record({"name": "list", "type": "double"} | {"name": "ratio"}))
    assert model.model_validate({"ratio": float("nan")}).masked() == {"ratio": "nan"}


@pytest.mark.parametrize(
    ("avro_type", "text"),
    [
        ("int", '"SECRET"'),
        ("string", "123456789"),
        ("bytes", '"SECRET!"'),
        ({"type": "string", "logicalType": "uuid"}, '"SECRET"'),
        ({"type": "long", "logicalType": "timestamp-millis"}, '"SECRET"'),
        ({"type": "bytes", "logicalType": "decimal", "precision": 2}, '"123456789"'),
        ({"type": "enum", "name": "Kind", "symbols": ["a"]}, '"SECRET"'),
        ({"type": "array", "items": "int"}, '["SECRET"]'),
        ({"type": "map", "values": "int"}, '{"a":"SECRET"}'),
        (PERSON, '{"email":"SECRET","city":123456789}'),
        ("string", '"SECRET'),
        ("string", '"SECRET" 123456789'),
    ],
)
def test_a_validation_error_does_not_repeat_the_input(avro_type: Any, text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        model_of_field(avro_type).model_validate_json(f'{{"value":{text}}}')
    for shown in (str(caught.value), repr(caught.value), caught.value.json(include_input=False)):
        assert "SECRET" not in shown
        assert "123456789" not in shown


def test_a_decode_error_does_not_repeat_the_input() -> None:
    data = model_of_field("string").model_validate({"value": "SECRET"}).serialize()
    with pytest.raises(AvroDecodeError) as caught:
        model_of_field({"type": "string", "logicalType": "uuid"}).deserialize(data)
    assert "SECRET" not in str(caught.value)
