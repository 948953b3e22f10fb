"""Any schema within what codegen makes: its model writes what fastavro writes, and comes back from bytes and JSON."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from codegen.generate import UnsupportedContract
from codegen.runtime import AvroModel
from codegen.schema import InvalidSchema, parse_schema
from tests.codegen.data_strategies import data
from tests.codegen.raw_data import written_by_fastavro
from tests.codegen.sample_contracts import load_model, module_text
from tests.codegen.schema_strategies import schemas

# What judges a change asks for thousands of schemas; a person's run goes on from others each time.
many = settings(max_examples=max(settings().max_examples, int(os.environ.get("GENERATED_SCHEMAS", "100"))))


def drawn_model(schema: dict[str, Any]) -> type[AvroModel]:
    """All that is drawn is made, but for a default that means another branch than the one it was drawn for."""
    try:
        return load_model(module_text(schema), "drawn_model")
    except UnsupportedContract as error:
        if any(not fault.reason.startswith("the default of") for fault in error.faults):
            raise
        reject()


@pytest.mark.timeout(0)
@many
@given(schemas(), st.data())
def test_a_model_writes_what_fastavro_writes_and_comes_back(schema: dict[str, Any], draw: st.DataObject) -> None:
    model = drawn_model(schema)
    values = data(parse_schema(schema).root)
    for _ in range(3):
        datum = draw.draw(values)
        one = model.model_validate(datum, strict=False)
        binary = one.serialize()
        assert binary == written_by_fastavro(schema, datum)
        assert model.deserialize(binary) == one
        text = one.model_dump_json(by_alias=True)
        assert model.model_validate_json(text) == one
        assert one.masked().keys() == datum.keys()
    made = model.fake()
    assert model.deserialize(made.serialize()).serialize() == made.serialize()
    assert model.model_validate_json(made.model_dump_json()).serialize() == made.serialize()
    assert model.model_json_schema()


@pytest.mark.timeout(0)
@many
@given(schemas(), st.data())
def test_a_default_is_the_same_value_in_python_in_json_and_in_resolution(
    schema: dict[str, Any], draw: st.DataObject
) -> None:
    """The fields that have a default are left out: by the writer's schema, of the JSON, and from Python."""
    model = drawn_model(schema)
    writer = {**schema, "fields": [field for field in schema["fields"] if "default" not in field]}
    try:
        required = parse_schema(writer).root
    except InvalidSchema:
        return  # a type was defined in a field that is gone
    datum = draw.draw(data(required))
    one = model.model_validate(datum, strict=False)
    assert model.deserialize(written_by_fastavro(writer, datum), writer_schema=writer) == one
    required_names = {field["name"] for field in writer["fields"]}
    text = one.model_dump_json(include={name for name, wire in model.WIRE_NAMES.items() if wire in required_names})
    assert model.model_validate_json(text) == one
    assert model.deserialize(one.serialize()) == one
