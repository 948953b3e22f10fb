"""Legal schemas become nodes; illegal ones are refused with every fault and its place."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.nodes import Array, Enum, Fixed, LogicalType, Map, Primitive, Record, Union, named_types
from codegen.schema import InvalidSchema, parse_schema


def record(*fields: Any, **rest: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(fields), **rest}


def field(name: str, kind: Any, **rest: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **rest}


def enum(*symbols: Any, **rest: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "symbols": list(symbols), **rest}


def fixed(size: Any, **rest: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": "F", "size": size, **rest}


def faults(schema: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidSchema) as caught:
        parse_schema(schema)
    assert all(fault.hint for fault in caught.value.faults)
    assert all(fault.reason in str(caught.value) for fault in caught.value.faults)
    return [(fault.pointer, fault.reason) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("schema", "pointer", "reason"),
    [
        (None, "", "a schema is a string, an object or an array"),
        (5, "", "a schema is a string, an object or an array"),
        ("Nothing", "", "the type 'Nothing' is not defined before this place"),
        ({}, "", 'the schema has no "type"'),
        ({"type": 5}, "/type", "a schema is a string, an object or an array"),
        ({"type": "union"}, "/type", "the type 'union' is not defined before this place"),
        ({"type": "array"}, "", 'the array has no "items"'),
        ({"type": "map"}, "", 'the map has no "values"'),
        (["int", "int"], "/1", "the union already has the branch 'int'"),
        (["int", {"type": "int", "logicalType": "date"}], "/1", "the union already has the branch 'int'"),
        ([{"type": "array", "items": "int"}, {"type": "array", "items": "long"}], "/1",
         "the union already has the branch 'array'"),
        (["null", ["int"]], "/1", "a union directly inside a union"),
        ({"type": "record", "fields": []}, "", 'the record has no "name"'),
        (record(name="1x"), "/name", "'1x' is no Avro name"),
        (record(name="a.b c"), "/name", "'b c' is no Avro name"),
        (record(namespace="a..b"), "/namespace", "'' is no Avro name"),
        (record(namespace=5), "/namespace", '"namespace" is not a string'),
        (record(name="int"), "/name", "'int' is the name of a primitive type"),
        ({"type": "record", "name": "R"}, "", 'the record has no "fields"'),
        (record(5), "/fields/0", "a field is an object"),
        (record({"name": "x"}), "/fields/0", 'the field has no "type"'),
        (record({"type": "int"}), "/fields/0", "None is no Avro name for a field"),
        (record(field("a-b", "int")), "/fields/0/name", "'a-b' is no Avro name for a field"),
        (record(field("x", "int"), field("x", "long")), "/fields/1/name", "the record already has a field 'x'"),
        (record(field("x", "int", order="up")), "/fields/0/order", "unknown order 'up'"),
        (record(field("x", "int", doc=5)), "/fields/0/doc", '"doc" is not a string'),
        (record(field("x", "int", aliases="y")), "/fields/0/aliases", '"aliases" is not an array'),
        (record(field("x", "int", aliases=["a.b"])), "/fields/0/aliases/0", "'a.b' is no Avro name"),
        (record(field("x", "int", aliases=["y", "y"])), "/fields/0/aliases/1", "'y' stands twice"),
        (record(field("x", "int", default="0")), "/fields/0/default", 'the default "0" is no integer'),
        (record(field("x", record())), "/fields/0/type/name", "the type 'R' is already defined"),
        (record(aliases=["a..b"]), "/aliases/0", "'a..b' is no Avro name"),
        ({"type": "enum", "name": "E"}, "", 'the enum has no "symbols"'),
        (enum("A", "A"), "/symbols/1", "'A' stands twice"),
        (enum("A-B"), "/symbols/0", "'A-B' is no Avro name"),
        (enum("A", default="B"), "/default", "the default 'B' is none of the symbols"),
        (fixed(-1), "/size", "the size of a fixed is a number of bytes, not -1"),
        (fixed(True), "/size", "the size of a fixed is a number of bytes, not True"),
        ({"type": "fixed", "name": "F"}, "", "the size of a fixed is a number of bytes, not None"),
    ],
)  # fmt: skip
def test_an_illegal_schema_is_refused_at_its_place(schema: Any, pointer: str, reason: str) -> None:
    assert faults(schema) == [(pointer, reason)]


def test_all_faults_are_told_in_the_order_of_the_document() -> None:
    fields = [field(f"f{index}", "int") for index in range(11)]
    fields[2]["default"], fields[10]["default"] = "x", "y"
    fields[10]["order"] = "up"
    assert [pointer for pointer, _ in faults(record(*fields))] == [
        "/fields/2/default",
        "/fields/10/default",
        "/fields/10/order",
    ]


def test_what_is_wrong_inside_a_nameless_record_is_told_too() -> None:
    assert [pointer for pointer, _ in faults({"type": "record", "fields": [{"name": "x", "type": "Nothing"}]})] == [
        "",
        "/fields/0/type",
    ]


def test_a_name_is_known_only_behind_its_definition() -> None:
    assert faults(record(field("a", "E"), field("b", enum("A")))) == [
        ("/fields/0/type", "the type 'E' is not defined before this place")
    ]


def test_names_take_the_namespace_around_them() -> None:
    schema = record(
        field("a", enum("A")),
        field("b", "E"),
        field("c", {"type": "fixed", "name": "other.F", "size": 1}),
        field("d", record(field("e", "com.example.E"), name="Inner", namespace="")),
        namespace="com.example",
    )
    root = parse_schema(schema).root
    assert [named.full_name for named in named_types(root)] == ["com.example.R", "com.example.E", "other.F", "Inner"]
    assert isinstance(root, Record)
    assert root.fields[0].type is root.fields[1].type


def test_a_short_alias_lives_in_the_namespace_of_its_type() -> None:
    root = parse_schema(record(namespace="com.example", aliases=["Old", "elsewhere.Old"])).root
    assert isinstance(root, Record)
    assert root.aliases == ("com.example.Old", "elsewhere.Old")


def test_nodes_know_where_they_are_declared() -> None:
    schema = record(
        field("list", {"type": "array", "items": {"type": {"type": "long"}}}),
        field("choice", ["null", {"type": "map", "values": fixed(2)}]),
        field("self", {"type": "array", "items": "R"}),
        field("again", "F"),
    )
    root = parse_schema(schema).root
    assert isinstance(root, Record)
    array, choice, own, again = (entry.type for entry in root.fields)
    assert isinstance(array, Array)
    assert isinstance(choice, Union)
    assert isinstance(own, Array)
    assert isinstance(again, Fixed)
    mapped = choice.branches[1]
    assert isinstance(mapped, Map)
    assert own.items is root
    assert [root.pointer, array.pointer, array.items.pointer, choice.pointer] == [
        "", "/fields/0/type", "/fields/0/type/items/type", "/fields/1/type",
    ]  # fmt: skip
    assert [choice.branches[0].pointer, mapped.pointer, again.pointer] == [
        "/fields/1/type/0", "/fields/1/type/1", "/fields/1/type/1/values",
    ]  # fmt: skip


def test_presence_of_a_default_is_not_its_truth() -> None:
    root = parse_schema(record(field("a", "null", default=None), field("b", "null"))).root
    assert isinstance(root, Record)
    assert [entry.has_default for entry in root.fields] == [True, False]


def test_properties_are_kept() -> None:
    schema = record(field("a", {"type": "string", "x": 1}, tags=["PII"]), owner="team")
    root = parse_schema(schema).root
    assert isinstance(root, Record)
    assert root.properties == {"owner": "team"}
    assert root.fields[0].properties == {"tags": ["PII"]}
    assert isinstance(root.fields[0].type, Primitive)
    assert root.fields[0].type.properties == {"x": 1}


@pytest.mark.parametrize(
    ("schema", "logical"),
    [
        ({"type": "int", "logicalType": "date"}, LogicalType("date")),
        ({"type": "string", "logicalType": "uuid"}, LogicalType("uuid")),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, LogicalType("decimal", 4, 0)),
        (fixed(16, logicalType="uuid"), LogicalType("uuid")),
        (fixed(12, logicalType="duration"), LogicalType("duration")),
        (fixed(2, logicalType="decimal", precision=4, scale=4), LogicalType("decimal", 4, 4)),
        ({"type": "long", "logicalType": "unheard-of"}, None),
        ({"type": "long", "logicalType": 5}, None),
    ],
)
def test_a_logical_type_is_known_or_ignored(schema: Any, logical: LogicalType | None) -> None:
    parsed = parse_schema(schema)
    assert isinstance(parsed.root, Primitive | Fixed)
    assert parsed.root.logical == logical
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "logicalType": "date"},
        {"type": "bytes", "logicalType": "decimal"},
        {"type": "bytes", "logicalType": "decimal", "precision": 0},
        {"type": "bytes", "logicalType": "decimal", "precision": True},
        {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3},
        fixed(2, logicalType="decimal", precision=5),
        fixed(15, logicalType="uuid"),
        fixed(16, logicalType="duration"),
    ],
)
def test_a_logical_type_that_does_not_fit_is_ignored_with_a_warning(schema: Any) -> None:
    parsed = parse_schema(schema)
    assert isinstance(parsed.root, Primitive | Fixed)
    assert parsed.root.logical is None
    assert [warning.pointer for warning in parsed.warnings] == ["/logicalType"]


@pytest.mark.parametrize(
    ("kind", "endless"),
    [
        ("R", True),
        (["R"], True),
        ({"type": "record", "name": "S", "fields": [{"name": "r", "type": "R"}]}, True),
        (["null", "R"], False),
        ({"type": "array", "items": "R"}, False),
        ({"type": "map", "values": "R"}, False),
        ("int", False),
    ],
)
def test_a_record_without_finite_data_is_a_warning(kind: Any, endless: bool) -> None:
    warnings = parse_schema(record(field("x", kind))).warnings
    assert bool(warnings) == endless
    assert all("no finite datum of" in warning.reason for warning in warnings)


def nested(levels: int, wrap: Any) -> Any:
    schema: Any = "int"
    for level in range(levels):
        schema = wrap(level, schema)
    return schema


@pytest.mark.parametrize(
    ("most", "wrap"),
    [
        (200, lambda _, inner: {"type": "array", "items": inner}),
        (201, lambda _, inner: {"type": inner}),
        (66, lambda level, inner: {"type": "record", "name": f"R{level}", "fields": [field("x", inner)]}),
    ],
)
def test_two_hundred_levels_of_json_are_legal_and_not_one_more(most: int, wrap: Any) -> None:
    parse_schema(nested(most, wrap))
    assert "more than 200 levels" in faults(nested(most + 1, wrap))[0][1]
    assert "more than 200 levels" in faults(nested(5000, wrap))[0][1]


def test_a_known_type_of_another_schema_can_be_used() -> None:
    known = parse_schema(enum("A", namespace="shared")).types
    root = parse_schema(record(field("x", "shared.E")), known).root
    assert isinstance(root, Record)
    assert isinstance(root.fields[0].type, Enum)
