"""Each known fault of dataclasses-avroschema, shown with the smallest model: a test fails when a release mends it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum, nonmember
from pathlib import Path
from typing import Annotated, Any, Generic, Optional, TypeVar, Union

import pytest
from dataclasses_avroschema.pydantic import AvroBaseModel
from dataclasses_avroschema.types import DateTimeMicro, DecimalFieldInfo
from pydantic import ConfigDict, Field

from codegen.library_faults import FAULTS, LEFT_OUT, LEFT_OUT_TYPE, Difference, explain
from codegen.nanos import NanoTimestamp
from codegen.nodes import LogicalType
from codegen.proof import derived_differences
from tests.codegen import test_library_fixed
from tests.codegen.library_derivation import compare, left_out, notes_of
from tests.codegen.sample_contracts import Project, contract_of, module_text, names_of, record

Value = TypeVar("Value")
DECIMAL = LogicalType("decimal", 20, 6)


def field_of(model: type[AvroBaseModel]) -> dict[str, Any]:
    """The one field of the schema that the library derives."""
    return dict(model.avro_schema_to_python()["fields"][0])


def explained(name: str, difference: Difference) -> bool:
    """Whether the rule `name`, and no other, recognises the difference."""
    return [fault.name for fault in FAULTS if fault.recognise(difference)] == [name]


def test_container_name() -> None:
    class Model(AvroBaseModel):
        tags: list[str]

    derived = field_of(Model)["type"]
    assert derived == {"type": "array", "items": "string", "name": "tag"}
    assert explained("container-name", Difference("tags", "properties", {}, {"name": derived["name"]}))


def test_field_name() -> None:
    class Model(AvroBaseModel):
        class_: int = Field(alias="class")

    derived = field_of(Model)
    assert (derived["name"], derived["aliases"]) == ("class_", ["class"])
    assert explained("field-name", Difference("class", "name", "class", derived["name"]))


def test_null_order() -> None:
    class Model(AvroBaseModel):
        note: str | None

    derived = field_of(Model)["type"]
    assert derived == ["string", "null"]
    assert explained("null-order", Difference("note", "branches", ["null", "string"], derived))


def test_timestamp_rounding() -> None:
    class Model(AvroBaseModel):
        at: DateTimeMicro = datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC)

    exact = 253402214399999999
    derived = field_of(Model)["default"]
    assert derived != exact
    assert explained("timestamp-rounding", Difference("at", "default", exact, derived))


def test_timestamp_rounding_explains_no_other_number() -> None:
    assert explain(Difference("at", "default", 1000, 1001)) is None


def test_bytes_default() -> None:
    class Model(AvroBaseModel):
        raw: bytes = b"\xc3\xa9"

    derived = field_of(Model)["default"]
    assert derived == "é"
    assert explained("bytes-default", Difference("raw", "default", "\u00c3\u00a9", derived))


def test_decimal_default() -> None:
    class Model(AvroBaseModel):
        price: Annotated[Decimal, DecimalFieldInfo(4, 2)] = Decimal("12.34")

    derived = field_of(Model)["default"]
    assert derived == r"\u04d2"
    assert explained("decimal-default", Difference("price", "default", "\u0004\u00d2", derived))
    assert explain(Difference("price", "default", "\u0004\u00d3", derived)) is None


def test_raising_default_of_bytes() -> None:
    class Model(AvroBaseModel):
        raw: bytes = b"\xff"

    with pytest.raises(UnicodeDecodeError):
        Model.avro_schema_to_python()


def test_raising_default_of_bytes_that_are_other_characters_in_utf8() -> None:
    class Model(AvroBaseModel):
        raw: bytes = b"\xc4\x80"

    assert field_of(Model)["default"] == "\u0100"
    assert left_out(record({"name": "raw", "type": "bytes", "default": "\u00c4\u0080"})) == ["raw"]


def test_raising_default_with_null_inside() -> None:
    class Colour(StrEnum):
        RED = "red"

    class Inner(AvroBaseModel):
        colour: Colour | None

    class Model(AvroBaseModel):
        inner: Inner = Field(default_factory=lambda: Inner(colour=None))

    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'value'"):
        Model.avro_schema_to_python()
    assert explained("raising-default", Difference("inner", LEFT_OUT, {"colour": None}, "none"))


def test_raising_default_with_a_value_inside_an_optional() -> None:
    class Inner(AvroBaseModel):
        at: datetime | None = None

    class Model(AvroBaseModel):
        inner: Inner = Field(default_factory=lambda: Inner(at=datetime(2026, 1, 31, tzinfo=UTC)))

    with pytest.raises(TypeError, match="datetime is not JSON serializable"):
        Model.avro_schema_to_python()


AT = {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]}


@pytest.mark.parametrize(
    ("inner", "default", "is_left_out"),
    [
        (AT, {"at": None}, True),
        (AT, {"at": 5}, False),
        (AT | {"default": None}, {"at": None}, False),
        (AT | {"default": None}, {}, False),
        (AT | {"default": None}, {"at": 5}, True),
        ({"name": "at", "type": ["null", "string"]}, {"at": None}, False),
    ],
)
def test_only_a_default_that_raises_is_kept_from_the_library(inner: Any, default: Any, is_left_out: bool) -> None:
    schema = record({"name": "r", "type": record(inner, name="R"), "default": default})
    assert left_out(schema) == (["r"] if is_left_out else [])


def test_empty_doc() -> None:
    class Model(AvroBaseModel):
        size: int = Field(description="")

    assert "doc" not in field_of(Model)
    assert explained("empty-doc", Difference("size", "doc", "", None))


def test_stripped_doc() -> None:
    class Model(AvroBaseModel):
        """\x20padded\x20"""

        size: int

    derived = Model.avro_schema_to_python()["doc"]
    assert derived == "padded"
    assert explained("stripped-doc", Difference("", "doc", " padded ", derived))
    assert explained("stripped-doc", Difference("", "doc", " ", None))
    assert explain(Difference("", "doc", "padded", None)) is None


def test_type_properties() -> None:
    class Model(AvroBaseModel):
        tags: list[Annotated[str, Field(json_schema_extra={"metadata": {"since": "v1"}})]]

    assert field_of(Model)["type"]["items"] == "string"
    assert explained("type-properties", Difference("tags.items", "properties", {"since": "v1"}, {}))


def test_unknown_logical() -> None:
    """An int stands for nanoseconds, a fixed for a duration: there is no other annotation to give."""

    class Model(AvroBaseModel):
        at: int

    assert field_of(Model)["type"] == "long"
    for name in ("timestamp-nanos", "local-timestamp-nanos", "duration"):
        assert explained("unknown-logical", Difference("at", "logical", LogicalType(name), None))
    assert explained("unknown-logical", Difference("at", "logical", LogicalType("big-decimal"), DECIMAL))
    assert explain(Difference("at", "logical", LogicalType("big-decimal"), None)) is None
    assert explain(Difference("at", "logical", LogicalType("date"), None)) is None
    assert explain(Difference("at", "logical", LogicalType("timestamp-nanos"), LogicalType("timestamp-micros"))) is None


def test_raising_default_of_nanoseconds() -> None:
    class Model(AvroBaseModel):
        at: int = Field(default_factory=lambda: NanoTimestamp(5))  # type: ignore[arg-type,return-value]

    with pytest.raises(AssertionError, match="Invalid default type"):
        Model.avro_schema_to_python()


def test_a_default_on_an_optional_int_would_bring_a_third_branch() -> None:
    """Why the generated models give such defaults through a factory."""

    class Model(AvroBaseModel):
        size: Annotated[int, "Int32"] | None = 1

    assert len(field_of(Model)["type"]) == 2
    contract = record({"name": "size", "type": ["int", "null"], "default": 1})
    assert "default_factory=lambda: 1" in module_text(contract)


def test_alike_branches() -> None:
    class IntBranch(Generic[Value]):
        pass

    class Model(AvroBaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)

        size: IntBranch[int] | str

    with pytest.raises(ValueError, match="Invalid Type"):
        Model.avro_schema_to_python()
    assert explained("alike-branches", Difference("size", LEFT_OUT_TYPE, "a union", "none"))
    assert notes_of(record({"name": "size", "type": ["int", "long"]})) == (
        "size: a union of types that are one in Python raises.",
    )


def test_null_namespace() -> None:
    class Colour(StrEnum):
        RED = "red"

        @nonmember
        class Meta:
            namespace = ""

    class Model(AvroBaseModel):
        colour: Colour

        class Meta:
            namespace = "org.x"

    derived = Model.avro_schema_to_python()
    assert "namespace" not in derived["fields"][0]["type"]
    colour = {"type": "enum", "name": "Colour", "namespace": "", "symbols": ["red"]}
    contract = record({"name": "colour", "type": colour}, name="Model", namespace="org.x")
    (difference,) = compare(contract, derived)
    assert explained("null-namespace", difference)
    assert notes_of(contract) == ("colour: the null namespace of an enum is lost.",)


def test_own_name() -> None:
    class Model(AvroBaseModel):
        inner: Optional["Model"] = None  # noqa: UP037, UP045 - as a model with another name would be defined

        class Meta:
            schema_name = "Other"

    derived = Model.avro_schema_to_python()
    assert (derived["name"], derived["fields"][0]["type"]) == ("Other", ["null", "Model"])
    contract = record({"name": "inner", "type": ["null", "print"], "default": None}, name="print")
    assert "inner[print]: a record inside itself is called by its class." in notes_of(contract)


def test_lone_branch() -> None:
    class Model(AvroBaseModel):
        size: Union[int]  # noqa: UP007 - that is how one is written

    assert field_of(Model)["type"] == "long"
    (difference,) = compare(record({"name": "size", "type": ["long"]}, name="Model"), Model.avro_schema_to_python())
    assert explained("lone-branch", difference)


def test_error_type() -> None:
    class Model(AvroBaseModel):
        why: str

    derived = Model.avro_schema_to_python()
    (difference,) = compare({**record({"name": "why", "type": "string"}, name="Model"), "type": "error"}, derived)
    assert explained("error-type", difference)


def test_every_fault_has_a_test() -> None:
    names = {fault.name.replace("-", "_") for fault in FAULTS}
    tests = {*globals(), *vars(test_library_fixed)}
    assert {name for name in names if not any(test.startswith(f"test_{name}") for test in tests)} == set()


@pytest.mark.parametrize(
    ("field", "note"),
    [
        ({"name": "a", "type": {"type": "array", "items": "int"}}, "a: arrays and maps are given a name"),
        ({"name": "a", "type": ["null", "int"]}, "a: the order of null"),
        ({"name": "a", "type": "bytes", "default": "\u00ff"}, "a: a default with a union, bytes"),
        ({"name": "class", "type": "int", "aliases": ["klass"]}, "class: the field is called by its attribute."),
        ({"name": "a", "type": "int", "doc": ""}, "a: an empty doc is lost."),
    ],
)
def test_a_known_fault_is_a_note(field: dict[str, Any], note: str) -> None:
    assert any(found.startswith(note) for found in notes_of(record(field)))


def test_a_model_without_faults_has_no_notes() -> None:
    assert notes_of(record({"name": "a", "type": "int"})) == ()


PARCEL = record(
    {"name": "size", "type": "int", "default": 1, "doc": "in cm", "aliases": ["width"], "order": "ignore"},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["a", "b"], "default": "a"}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "inner", "type": record({"name": "x", "type": "string", "confluent:tags": ["PII"]}, name="Inner")},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}},
    doc="A parcel.",
    namespace="org.x",
)


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """PARCEL with one place changed."""
    import copy

    schema = copy.deepcopy(PARCEL)
    place: Any = schema
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return schema


@pytest.mark.parametrize(
    ("other", "path", "what"),
    [
        (changed("doc", to="Another."), "", "doc"),
        (changed("name", to="Other"), "", "full_name"),
        (changed("namespace", to="org.y"), "", "full_name"),
        (changed("fields", 0, "name", to="length"), "", "fields"),
        (changed("fields", 0, "type", to="long"), "size", "type"),
        (changed("fields", 0, "default", to=2), "size", "default"),
        (changed("fields", 0, "doc", to="in mm"), "size", "doc"),
        (changed("fields", 0, "aliases", to=["breadth"]), "size", "aliases"),
        (changed("fields", 0, "order", to="ascending"), "size", "order"),
        (changed("fields", 1, "type", "symbols", to=["a", "c"]), "kind", "symbols"),
        (changed("fields", 1, "type", "default", to="b"), "kind", "default"),
        (changed("fields", 2, "type", to="long"), "at", "logical"),
        (changed("fields", 2, "type", "logicalType", to="timestamp-micros"), "at", "logical"),
        (changed("fields", 4, "type", "scale", to=1), "price", "logical"),
    ],
)
def test_every_other_difference_is_found_and_unexplained(other: dict[str, Any], path: str, what: str) -> None:
    differences = compare(PARCEL, other)
    assert (path, what) in [(difference.path, difference.what) for difference in differences]
    assert any(explain(difference) is None for difference in differences)


def test_the_same_schema_has_no_difference() -> None:
    assert compare(PARCEL, PARCEL) == []


def test_a_record_inside_is_compared_on_its_own() -> None:
    other = changed("fields", 3, "type", "fields", 0, "type", to="bytes")
    found = derived_differences(contract_of(other).latest, names_of(PARCEL))
    assert ("Inner.x", "type") in [(difference.path, difference.what) for difference in found]
    assert any(explain(difference) is None for difference in found)


@pytest.mark.parametrize("library", [{"type": "record", "name": "Parcel"}, {"type": "enum", "fields": 5}])
def test_a_schema_of_another_shape_is_a_difference(library: Any) -> None:
    assert any(explain(difference) is None for difference in compare(PARCEL, library))


def test_an_unexplained_difference_stops_with_the_path_of_the_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rule taken away, what it explained stops codegen."""
    project = Project(tmp_path)
    project.add("parcel", record({"name": "tags", "type": {"type": "array", "items": "int"}}))
    monkeypatch.setattr("codegen.library_faults.FAULTS", FAULTS[1:])
    assert project.run() == 2
    assert "tags: properties is {} in the contract, {'name': 'tag'} for the library" in project.err
    assert not project.models.exists()


def test_defaults_are_compared_by_meaning() -> None:
    one = record(
        {"name": "d", "type": "double", "default": 0},
        {"name": "f", "type": "float", "default": 0.1},
        {"name": "n", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4}, "default": "\u0000\u0005"},
        {
            "name": "u",
            "type": {"type": "string", "logicalType": "uuid"},
            "default": "6F1C2C1E-6D7C-4B9B-9F4C-3D1F0A6B2C5E",
        },
        {"name": "r", "type": record({"name": "x", "type": "int", "default": 3}, name="R"), "default": {}},
    )
    assert notes_of(one) == ("n: a default of a decimal is spelled in hexadecimal digits.",)
