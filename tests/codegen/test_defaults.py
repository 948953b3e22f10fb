"""Which JSON may be the default of which type."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.nodes import Union
from codegen.reading.defaults import default_faults, matching_branch
from codegen.schema import parse_schema

POINT = {
    "type": "record",
    "name": "Point",
    "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "int", "default": 0}],
}
COLOR: Any = {"type": "enum", "name": "Color", "symbols": ["RED", "GREEN"]}
HASH = {"type": "fixed", "name": "Hash", "size": 2}


def reasons(schema: Any, value: Any) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.reason) for fault in default_faults(parse_schema(schema).root, value, "/default")]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("null", None),
        ("boolean", False),
        ("int", 2**31 - 1),
        ("int", -(2**31)),
        ("long", 2**63 - 1),
        ("long", -(2**63)),
        ("float", 1),
        ("float", 3.4028234663852886e38),
        ("double", -1.5e308),
        ("bytes", "\u0000\u00ff"),
        ("string", "漢"),
        (HASH, "\u00ff\u0001"),
        (COLOR, "GREEN"),
        ({"type": "array", "items": "int"}, [1, 2]),
        ({"type": "map", "values": "int"}, {"": 1}),
        (POINT, {"x": 1}),
        (POINT, {"y": 2, "x": 1}),
        (["null", "int"], None),
        (["null", "int"], 5),
        (["int", "null"], None),
    ],
)
def test_it_fits(schema: Any, value: Any) -> None:
    assert reasons(schema, value) == []


@pytest.mark.parametrize(
    ("schema", "value", "pointer", "reason"),
    [
        ("null", 0, "", "the default 0 is not null"),
        ("boolean", 0, "", "the default 0 is no boolean"),
        ("int", True, "", "the default true is no integer"),
        ("int", 1.0, "", "the default 1.0 is no integer"),
        ("int", 2**31, "", "the default 2147483648 is out of range for an int (32 bits)"),
        ("long", 2**63, "", "the default 9223372036854775808 is out of range for a long (64 bits)"),
        ("float", "1", "", 'the default "1" is no number'),
        ("float", True, "", "the default true is no number"),
        ("float", 3.5e38, "", "the default 3.5e+38 is out of range for a float"),
        ("bytes", "Ā", "", 'the default "Ā" has a character above U+00FF'),
        ("bytes", 1, "", "the default 1 is no string, as bytes need (each character U+0000 to U+00FF is one byte)"),
        ("string", None, "", "the default null is no string"),
        (HASH, "abc", "", 'the default "abc" has 3 bytes where Hash has 2'),
        (COLOR, "BLUE", "", 'the default "BLUE" is no symbol of Color'),
        ({"type": "array", "items": "int"}, {}, "", "the default {} is no array"),
        ({"type": "array", "items": "int"}, [1, "2"], "/1", 'the default "2" is no integer'),
        ({"type": "map", "values": "int"}, [], "", "the default [] is no object, as a map needs"),
        ({"type": "map", "values": "int"}, {"a/b": None}, "/a~1b", "the default null is no integer"),
        (POINT, 1, "", "the default 1 is no object, as the record Point needs"),
        (POINT, {"y": 1}, "", "the default {\"y\": 1} lacks the field 'x', which has no default of its own"),
        (POINT, {"x": "1"}, "/x", 'the default "1" is no integer'),
        (POINT, {"x": 1, "z": 2}, "/z", "the default 2 stands for no field of Point"),
        (["null", POINT], 1, "", "the default 1 fits no branch of the union [null, Point]"),
    ],
)
def test_it_does_not_fit(schema: Any, value: Any, pointer: str, reason: str) -> None:
    assert reasons(schema, value) == [(f"/default{pointer}", reason)]


def test_a_number_too_large_for_any_float() -> None:
    (fault,) = reasons("double", 10**400)
    assert fault[1].endswith("is out of range for a double")


def test_a_long_default_is_shortened() -> None:
    (fault,) = reasons("int", "x" * 100)
    assert "…" in fault[1]
    assert len(fault[1]) < 100


def test_the_first_branch_that_fits_is_meant() -> None:
    union = parse_schema(["null", "string", COLOR]).root
    assert isinstance(union, Union)
    assert matching_branch(union, "RED") == 1
    assert matching_branch(union, None) == 0
    assert matching_branch(union, 5) is None


def test_unions_in_unions_cost_no_exponential_search() -> None:
    """Two branches at each of sixty levels, and the fault at the bottom: 2^60 ways to try it."""
    schema = {
        "type": "record",
        "name": "A",
        "fields": [
            {
                "name": "x",
                "type": ["null", "A", {"type": "record", "name": "B", "fields": [{"name": "x", "type": ["A", "B"]}]}],
            }
        ],
    }
    value: Any = 5
    for _ in range(60):
        value = {"x": value}
    assert len(reasons(schema, value)) == 1
