"""Attributes of fields whose names Python, pydantic or the model itself has taken."""

from __future__ import annotations

import pytest

from codegen.nodes import Field, Primitive, Record
from codegen.rendering.attributes import RESERVED, attribute_names
from codegen.runtime import AvroModel
from tests.codegen.sample_contracts import model_of, record


def attributes_of(*names: str) -> list[str]:
    return list(attribute_names(Record("R", tuple(Field(name, Primitive("int")) for name in names))).values())


@pytest.mark.parametrize(
    ("names", "attributes"),
    [
        (["user_id", "userId", "X"], ["user_id", "userId", "X"]),
        (["class", "None", "match"], ["class_", "None_", "match"]),
        (["copy", "serialize", "model_config", "AVSC"], ["copy_", "serialize_", "model_config_", "AVSC_"]),
        (["_id", "__", "_1"], ["id", "field", "field_1"]),
        (["_id", "id"], ["id_", "id"]),
        (["class", "class_", "class__"], ["class___", "class_", "class__"]),
        (["_class", "__class"], ["class_", "class__"]),
        (["str", "list", "datetime", "Field"], ["str_", "list_", "datetime_", "Field_"]),
    ],
)
def test_a_field_keeps_its_name_or_gets_the_nearest(names: list[str], attributes: list[str]) -> None:
    assert attributes_of(*names) == attributes


def test_everything_that_the_base_class_has_is_reserved() -> None:
    own = {name for name in dir(AvroModel) if not name.startswith("_")} | AvroModel.__annotations__.keys()
    assert own - RESERVED == set()


def test_a_renamed_field_goes_by_its_wire_name_everywhere_but_in_python() -> None:
    model = model_of(
        record(
            {"name": "class", "type": "int", "aliases": ["klass"], "default": 1},
            {"name": "_id", "type": "string", "confluent:tags": ["PII"]},
            {"name": "copy", "type": "boolean", "default": False},
        )
    )
    one = model.model_validate_json('{"klass": 7, "_id": "x", "copy": true}')
    assert (one.class_, one.id, one.copy_) == (7, "x", True)  # type: ignore[attr-defined]
    assert one.model_dump_json() == '{"class":7,"_id":"x","copy":true}'
    assert one.masked() == {"class": 7, "_id": "***", "copy": True}
    assert "x" not in repr(one).replace("Sample", "")
    assert model.deserialize(one.serialize()) == one
    assert model(**{"class": 7, "_id": "x", "copy": True}) == one
    with pytest.raises(ValueError, match="extra_forbidden"):
        model.model_validate_json('{"class_": 7, "_id": "x"}')
    assert model.WIRE_NAMES == {"class_": "class", "id": "_id", "copy_": "copy"}
    assert model.fake(_id="me").id == "me"  # type: ignore[attr-defined]


def test_a_record_inside_another_is_read_by_the_contracts_names() -> None:
    inner = record({"name": "class", "type": "int"}, {"name": "ratio", "type": "float"}, name="Inner")
    one = model_of(record({"name": "it", "type": inner})).fake()
    nested = one.it  # type: ignore[attr-defined]
    assert type(nested).deserialize(nested.serialize()) == nested
    assert type(one).deserialize(one.serialize()) == one
