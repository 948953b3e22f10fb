"""Hypothesis strategy: legal schemas in which one thing was made illegal, with the place of the fault."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from tests.codegen.schema_strategies import schemas

# Each changes a record and says where in it the fault is, and a word of the reason.
Change = Callable[[dict[str, Any]], tuple[str, str]]


def added(field: dict[str, Any], inside: str, reason: str) -> Change:
    """One more field, with the fault `inside` it."""

    def change(record: dict[str, Any]) -> tuple[str, str]:
        record["fields"].append(copy.deepcopy(field))
        return f"/fields/{len(record['fields']) - 1}{inside}", reason

    return change


def of_type(avro_type: Any, inside: str, reason: str) -> Change:
    return added({"name": "made_illegal", "type": avro_type}, f"/type{inside}", reason)


def with_default(avro_type: Any, default: Any, reason: str) -> Change:
    return added({"name": "made_illegal", "type": avro_type, "default": default}, "/default", reason)


def doubled(record: dict[str, Any]) -> tuple[str, str]:
    record["fields"].append(copy.deepcopy({"name": "twice", "type": "int"}))
    record["fields"].append({"name": "twice", "type": "string"})
    return f"/fields/{len(record['fields']) - 1}/name", "already has a field 'twice'"


def without_fields(record: dict[str, Any]) -> tuple[str, str]:
    del record["fields"]
    return "", 'has no "fields"'


def misnamed(record: dict[str, Any]) -> tuple[str, str]:
    record["name"] = "not-a-name"
    return "/name", "is no Avro name"


CHANGES: dict[str, Change] = {
    "duplicate field": doubled,
    "no fields": without_fields,
    "hyphenated record": misnamed,
    "hyphenated field": added({"name": "a-b", "type": "int"}, "/name", "is no Avro name"),
    "no type": added({"name": "typeless"}, "", 'has no "type"'),
    "unknown order": added({"name": "made_illegal", "type": "int", "order": "up"}, "/order", "unknown order"),
    "aliases no array": added({"name": "made_illegal", "type": "int", "aliases": "x"}, "/aliases", "is not an array"),
    "doc no string": added({"name": "made_illegal", "type": "int", "doc": 5}, "/doc", "is not a string"),
    "duplicate symbol": of_type({"type": "enum", "name": "Made", "symbols": ["a", "a"]}, "/symbols/1", "stands twice"),
    "odd symbol": of_type({"type": "enum", "name": "Made", "symbols": ["a b"]}, "/symbols/0", "is no Avro name"),
    "enum default": of_type(
        {"type": "enum", "name": "Made", "symbols": ["a"], "default": "b"}, "/default", "none of the symbols"
    ),
    "negative size": of_type({"type": "fixed", "name": "Made", "size": -1}, "/size", "the size of a fixed"),
    "size no number": of_type({"type": "fixed", "name": "Made", "size": "4"}, "/size", "the size of a fixed"),
    "nameless": of_type({"type": "fixed", "size": 4}, "", 'has no "name"'),
    "primitive name": of_type({"type": "fixed", "name": "long", "size": 4}, "/name", "name of a primitive type"),
    "union in union": of_type(["null", ["int"]], "/1", "a union directly inside a union"),
    "duplicate branch": of_type(["int", "string", "int"], "/2", "already has the branch 'int'"),
    "two arrays": of_type(
        [{"type": "array", "items": "int"}, {"type": "array", "items": "long"}], "/1", "already has the branch 'array'"
    ),
    "unknown type": of_type("NoSuchType", "", "is not defined"),
    "no items": of_type({"type": "array"}, "", 'has no "items"'),
    "no schema": of_type(5, "", "a schema is a string"),
    "int out of range": with_default("int", 2**31, "out of range"),
    "long out of range": with_default("long", -(2**63) - 1, "out of range"),
    "float no number": with_default("float", "1", "is no number"),
    "bytes above": with_default("bytes", "\u0100", "has a character above U+00FF"),
    "no branch": with_default(["null", "int"], "x", "fits no branch"),
    "no symbol": with_default({"type": "enum", "name": "Made", "symbols": ["a"]}, "b", "is no symbol"),
    "fixed too short": with_default({"type": "fixed", "name": "Made", "size": 2}, "a", "has 1 bytes where"),
}


@st.composite
def illegal_schemas(draw: st.DrawFn) -> tuple[dict[str, Any], str, str]:
    """A schema, the pointer of its one fault, and a word of the reason."""
    schema = copy.deepcopy(draw(schemas()))
    pointer, record = draw(st.sampled_from(list(records(schema, ""))))
    inside, reason = CHANGES[draw(st.sampled_from(sorted(CHANGES)))](record)
    return schema, pointer + inside, reason


def records(schema: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record of a schema, with its pointer."""
    match schema:
        case list():
            for index, branch in enumerate(schema):
                yield from records(branch, f"{pointer}/{index}")
        case {"type": "record" | "error", "fields": list(fields)}:
            yield pointer, schema
            for index, field in enumerate(fields):
                yield from records(field["type"], f"{pointer}/fields/{index}/type")
        case {"type": "array", "items": items}:
            yield from records(items, f"{pointer}/items")
        case {"type": "map", "values": values}:
            yield from records(values, f"{pointer}/values")
        case _:
            return
