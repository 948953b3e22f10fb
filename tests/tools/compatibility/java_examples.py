"""The smallest example of each known difference from Avro Java."""

from __future__ import annotations

from typing import Any


def record(name: str, *fields: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **attributes}


def field(name: str, kind: Any, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **attributes}


E = {"type": "enum", "name": "E", "symbols": ["P"]}
ARRAY_OF_ENUM = {"type": "array", "items": E}
WIDER_ENUM = {**E, "symbols": ["P", "Q"]}


def _in_itself(kind: str) -> dict[str, Any]:
    """x.C is compared while x.R is in progress and taken for compatible; then x.R fails for its field `bad`."""
    return record("x.R", field("c", record("x.C", field("r", "x.R"))), field("bad", kind))


# Reader and writer, by the name of the difference.
VERDICT_EXAMPLES: dict[str, tuple[Any, Any]] = {
    "alias_of_its_own_name": (record("R", field("x", "int", aliases=["x"])), record("R", field("x", "int"))),
    "alias_in_a_branch_not_meant": (
        [record("Other", field("x", "int", aliases=["y"])), record("R")],
        record("R", field("x", "int"), field("y", "int")),
    ),
    "several_sources": (
        record("R", field("x", "int", aliases=["y"])),
        record("R", field("x", "int"), field("y", "int")),
    ),
    "claimed_twice": (
        record("R", field("x", "int"), field("y", "int", aliases=["x"])),
        record("R", field("x", "int")),
    ),
    "missing_field_of_an_enum": (record("R", field("x", {**E, "default": "P"})), record("R")),
    "place_counts_from_a_union": (
        record("R", field("x", ["null", ARRAY_OF_ENUM]), field("y", "E")),
        record("R", field("x", {**ARRAY_OF_ENUM, "items": WIDER_ENUM}), field("y", "E")),
    ),
    "trusts_a_failed_assumption": (
        record("Root", field("a", [_in_itself("int"), record("y.R")]), field("b", "x.C")),
        record("Root", field("a", _in_itself("string")), field("b", "x.C")),
    ),
    "default_inside_its_record": (
        record("R", field("x", ["R", {"type": "map", "values": "int"}], default={})),
        record("R", field("x", {"type": "map", "values": "int"})),
    ),
}

_ITSELF = record("R", field("r", "R"))

# Reader, writer and data, by the name of the difference.
READING_EXAMPLES: dict[str, tuple[Any, Any, bytes]] = {
    "default_inside_its_record": (*VERDICT_EXAMPLES["default_inside_its_record"], b"\x00"),
    "older_reader": (["int", _ITSELF], ["int", _ITSELF], b"\x00\x02"),
    "alias_of_no_use": (
        record("R", field("x", E), field("y", record("S", aliases=["E"]))),
        record("R", field("x", E), field("y", record("S")), field("z", "int")),
        b"\x00\x00",
    ),
    "size_of_the_readers_items": (
        {"type": "array", "items": record("R", field("x", "int"), field("y", "double", default=0.5))},
        {"type": "array", "items": record("R", field("x", "int"))},
        b"\x02\x02\x00",
    ),
    "branch_that_cannot_read": (
        [record("a.R", field("x", "int")), record("b.R")],
        record("a.R", field("x", "string")),
        b"\x02s",
    ),
    "branch_of_another_namespace": (["null", {**E, "namespace": "a"}], {**E, "namespace": "b"}, b"\x00"),
    "two_branches_become_one": (
        [{**E, "aliases": ["F"]}, "null"],
        [E, {**E, "name": "F"}],
        b"\x00\x00",
    ),
    "field_alias_in_another_namespace": (
        record("a.R", field("x", "int", aliases=["y"])),
        record("b.R", field("y", "int")),
        b"\x02",
    ),
}
