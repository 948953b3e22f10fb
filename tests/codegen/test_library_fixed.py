"""What dataclasses-avroschema makes of fixed types, and how the proof names them before it compares."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest
from dataclasses_avroschema.pydantic import AvroBaseModel
from dataclasses_avroschema.types import DecimalFieldInfo, confixed
from pydantic import ConfigDict

from codegen.library_faults import FAULTS, FIXED_LOGICAL, FIXED_NAME, Difference
from codegen.proof import derived_differences
from tests.codegen.library_derivation import compare, left_out, notes_of
from tests.codegen.sample_contracts import contract_of, names_of, record

HASH = {"type": "fixed", "name": "Hash", "namespace": "org.x", "size": 4, "aliases": ["org.x.Old"]}


def derived(model: type[AvroBaseModel]) -> Any:
    return model.avro_schema_to_python()


def faults(contract: Any, library: Any) -> list[list[str]]:
    """The names of the rules that recognise each difference."""
    differences = compare(contract, library)
    return [[fault.name for fault in FAULTS if fault.recognise(difference)] for difference in differences]


class FixedModel(AvroBaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)


class OneHash(FixedModel):
    hashes: confixed(size=4, namespace="org.x", aliases=["org.x.Old"])  # type: ignore[valid-type]


def test_fixed_name() -> None:
    (field,) = derived(OneHash)["fields"]
    assert field["type"]["name"] == "hash"
    contract = record({"name": "hashes", "type": HASH}, name="OneHash")
    assert faults(contract, derived(OneHash)) == [["fixed-name"]]


def test_fixed_logical() -> None:
    class Model(AvroBaseModel):
        id: UUID
        price: Annotated[Decimal, DecimalFieldInfo(4, 2)]

    schema = derived(Model)
    assert [field["type"]["type"] for field in schema["fields"]] == ["string", "bytes"]
    uuid = {"type": "fixed", "name": "Id", "size": 16, "logicalType": "uuid"}
    decimal = {"type": "fixed", "name": "P", "size": 4, "logicalType": "decimal", "precision": 4, "scale": 2}
    contract = record({"name": "id", "type": uuid}, {"name": "price", "type": decimal}, name="Model")
    assert faults(contract, schema) == [["fixed-logical"], ["fixed-logical"]]
    other = record({"name": "id", "type": uuid}, {"name": "price", "type": {**decimal, "scale": 1}}, name="Model")
    assert [] in faults(other, schema)


def test_fixed_doc() -> None:
    contract = record({"name": "hashes", "type": {**HASH, "doc": "What it is."}}, name="OneHash")
    assert ["fixed-doc"] in faults(contract, derived(OneHash))


@pytest.mark.parametrize("change", [{"size": 5}, {"aliases": []}, {"namespace": "org.y"}])
def test_every_other_difference_of_a_fixed_is_unexplained(change: dict[str, Any]) -> None:
    contract = record({"name": "hashes", "type": {**HASH, **change}}, name="OneHash")
    assert [] in faults(contract, derived(OneHash))


def test_a_second_definition_that_says_something_else_is_unexplained() -> None:
    contract = record({"name": "a", "type": HASH}, {"name": "b", "type": "org.x.Hash"})
    library = record(
        {"name": "a", "type": {**HASH, "name": "a"}}, {"name": "b", "type": {**HASH, "name": "b", "size": 5}}
    )
    assert [] in faults(contract, library)


def test_another_shape_is_unexplained() -> None:
    contract = record({"name": "a", "type": HASH}, {"name": "b", "type": ["null", "org.x.Hash"]})
    library = record({"name": "a", "type": "bytes"}, {"name": "b", "type": ["null", "int", "long"]})
    assert faults(contract, library) == [[], []]


def test_the_differences_say_what_was_changed() -> None:
    contract = record(
        {"name": "a", "type": HASH},
        {"name": "b", "type": {"type": "map", "values": {"type": "array", "items": ["null", "org.x.Hash"]}}},
        {"name": "c", "type": {"type": "fixed", "name": "Id", "size": 16, "logicalType": "uuid"}},
    )
    found = derived_differences(contract_of(contract).latest, names_of(contract))
    assert [difference for difference in found if difference.what in (FIXED_NAME, FIXED_LOGICAL)] == [
        Difference("a", FIXED_NAME, "Hash", "a"),
        Difference("b.values.items[org.x.Hash]", FIXED_NAME, "Hash", "b"),
        Difference("c", FIXED_LOGICAL, "fixed", "string"),
    ]


def test_a_field_of_another_attribute_is_found_by_it() -> None:
    contract = record({"name": "class", "type": HASH}, {"name": "Hash", "type": "org.x.Hash"})
    found = derived_differences(contract_of(contract).latest, names_of(contract))
    assert [difference.path for difference in found if difference.what == FIXED_NAME] == ["class", "Hash"]


def test_a_field_whose_name_would_make_an_illegal_fixed() -> None:
    """The library would call it `string`, which is a primitive type."""
    assert notes_of(record({"name": "strings", "type": HASH})) == ("strings: a fixed is named after its field.",)


@pytest.mark.parametrize(("default", "is_left_out"), [("abcd", False), ("\u00c3\u00a9ab", True)])
def test_a_default_that_utf8_would_make_longer_is_kept_from_the_library(default: str, is_left_out: bool) -> None:
    schema = record({"name": "h", "type": HASH, "default": default})
    assert left_out(schema) == (["h"] if is_left_out else [])
