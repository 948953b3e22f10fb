"""What the folders of tests/breaking do not show: identity of pairs, size, depth and the address of a finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codegen.canonical import fingerprint
from codegen.incompatibility import Incompatibility, IncompatibilityType, describe, fragment
from codegen.nodes import Node
from codegen.resolution import Resolver, resolve
from codegen.schema import parse_schema

FIXED: dict[str, Any] = {"type": "fixed", "name": "H", "size": 3}
ENUM: dict[str, Any] = {"type": "enum", "name": "H", "symbols": ["B"]}


def node(schema: Any) -> Node:
    return parse_schema(schema).root


def record(name: str, *fields: tuple[Any, ...], **rest: Any) -> dict[str, Any]:
    """A record; each field is (name, type) or (name, type, default)."""
    listed = [
        {"name": field[0], "type": field[1], **({"default": field[2]} if len(field) > 2 else {})} for field in fields
    ]
    return {"type": "record", "name": name, **rest, "fields": listed}


def find(reader: Any, writer: Any) -> list[Incompatibility]:
    return resolve(node(reader), node(writer))


def test_equal_fingerprints_are_not_equal_verdicts() -> None:
    """One resolver for both: what it remembers of the first must not answer for the second."""
    writer = node(record("R", ("x", "int")))
    with_default = node(record("R", ("x", "int"), ("y", "int", 0)))
    without = node(record("R", ("x", "int"), ("y", "int")))
    assert fingerprint(with_default) == fingerprint(without)
    resolver = Resolver()
    assert resolver.findings(with_default, writer) == []
    assert len(resolver.findings(without, writer)) == 1


def test_a_resolver_answers_the_same_again() -> None:
    reader, writer = node(record("R", ("x", "int"))), node(record("R", ("x", "string")))
    resolver = Resolver()
    assert resolver.findings(reader, writer) == resolver.findings(reader, writer) != []


def test_an_address_points_into_both_documents() -> None:
    inner = record("Inner", ("a", "int"), ("b", "string"))
    reader = record("R", ("first", "int", 0), ("list", {"type": "array", "items": inner}))
    writer = record("R", ("list", {"type": "array", "items": record("Inner", ("b", "long"), ("a", "int"))}))
    (found,) = find(reader, writer)
    assert found.pointer == "/fields/1/type/items/fields/1/type"
    assert found.reader_pointer == "/fields/1/type/items/fields/1/type"
    assert found.writer_pointer == "/fields/0/type/items/fields/0/type"
    assert (found.reader_path, found.writer_path) == ("list[].b", "list[].b")
    assert (found.reader_fragment, found.writer_fragment) == ("string", "long")


def test_paths_use_the_names_of_their_own_side() -> None:
    reader = record("R")
    reader["fields"] = [{"name": "new", "aliases": ["old"], "type": {"type": "map", "values": "int"}}]
    (found,) = find(reader, record("R", ("old", {"type": "map", "values": "string"})))
    assert (found.reader_path, found.writer_path) == ("new{}", "old{}")


def test_a_reference_is_followed_in_the_pointer_and_resolved_in_the_documents() -> None:
    point = record("Point", ("x", "int"))
    reader = record("R", ("skipped", point, {"x": 0}), ("at", "Point"))
    (found,) = find(reader, record("R", ("at", record("Point", ("x", "string")))))
    assert found.pointer == "/fields/1/type/fields/0/type"
    assert found.reader_pointer == "/fields/0/type/fields/0/type"


def test_findings_come_in_the_order_of_the_reader() -> None:
    reader = record("R", ("a", "int"), ("b", "int"), ("c", record("C", ("d", "int"))), ("e", "int"))
    writer = record("W", ("c", record("C", ("d", "string"))), ("a", "string"))
    assert [found.pointer for found in find(reader, writer)] == [
        "/name",
        "/fields/0/type",
        "/fields/1",
        "/fields/2/type/fields/0/type",
        "/fields/3",
    ]


def test_findings_are_values() -> None:
    one, other = (find("int", ["null", "string"]) for _ in range(2))
    assert one == other
    assert len({*one, *other}) == 2


def test_only_a_few_unread_fields_are_guessed_to_be_renamed() -> None:
    writer = record("R", ("old", "string"), ("other", "int"))
    (found,) = find(record("R", ("new", "string")), writer)
    assert '"aliases": ["old"]' in found.hint
    (found,) = find(record("R", ("new", "string")), record("R", ("old", "string"), ("older", "string")))
    assert "aliases" not in found.hint


def chain(length: int, leaf: str, link: Callable[[str], Any]) -> Node:
    """The last of `length` records that each have the one before them in two fields."""
    fields: list[tuple[Any, ...]] = [("f0", record("R0", ("x", leaf)))]
    for index in range(1, length):
        inner = link(f"R{index - 1}")
        fields.append((f"f{index}", record(f"R{index}", ("one", inner), ("two", inner))))
    defined = parse_schema(record("Root", *fields)).types
    return parse_schema(f"R{length - 1}", defined).root


LINKS: dict[str, Callable[[str], Any]] = {
    "plain": lambda name: name,
    "optional": lambda name: ["null", name],
    "array": lambda name: {"type": "array", "items": name},
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
@pytest.mark.parametrize("length", [1000, 3000])
def test_thousands_of_records_deep_are_no_depth(link: Callable[[str], Any], length: int) -> None:
    good, bad = chain(length, "int", link), chain(length, "string", link)
    assert resolve(good, good) == []
    found = resolve(good, bad)
    assert found
    assert repr(found)


def test_mutual_recursion_over_many_records() -> None:
    def ring(leaf: str) -> dict[str, Any]:
        fields: list[tuple[Any, ...]] = []
        for index in range(300):
            before = [("before", ["null", f"R{index - 1}"])] if index else []
            inner = record(f"R{index}", ("root", ["null", "Root"]), ("x", leaf if index == 0 else "int"), *before)
            fields.append((f"f{index}", inner))
        return record("Root", *fields)

    assert find(ring("int"), ring("int")) == []
    assert IncompatibilityType.TYPE_MISMATCH in {found.type for found in find(ring("int"), ring("string"))}


def test_every_pair_of_two_rings_is_met_and_the_answer_stays_short() -> None:
    """All records match all others by their unqualified name: 930 pairs on one path."""

    def ring(length: int, space: str) -> dict[str, Any]:
        records = [
            record("R", ("f", f"{space}top.R" if i == 0 else f"{space}{i - 1}.R"), namespace=f"{space}{i}")
            for i in range(length)
        ]
        return record("R", ("all", records), ("f", f"{space}{length - 1}.R"), namespace=f"{space}top")

    found = find(ring(30, "a"), ring(31, "b"))
    assert found
    assert len(found) < 100


def test_a_union_of_thousands_is_searched_by_name() -> None:
    def wide(leaf: str) -> list[Any]:
        return [record(f"R{index}", ("x", leaf)) for index in range(3000)]

    assert find(wide("int"), wide("int")) == []
    found = find(wide("int"), wide("string"))
    assert [finding.pointer for finding in found] == [f"/{index}" for index in range(3000)]
    assert found[0].causes[0].type is IncompatibilityType.TYPE_MISMATCH
    assert len(found[0].reader_fragment) == 101  # type: ignore[arg-type]  # the first hundred, and the mark of more


def test_causes_of_causes_end() -> None:
    """Each record is in the next one twice, behind a union: told naively, that is 2^40 causes."""
    good, bad = (chain(40, leaf, LINKS["optional"]) for leaf in ("int", "string"))

    def size(findings: tuple[Incompatibility, ...]) -> int:
        return sum(1 + size(found.causes) for found in findings)

    assert all(size((found,)) < 60 for found in resolve(good, bad))


@pytest.mark.parametrize(
    ("schema", "words", "json"),
    [
        ("int", "int", "int"),
        ({"type": "long", "logicalType": "date"}, "long", "long"),
        ({"type": "int", "logicalType": "date"}, "int", {"type": "int", "logicalType": "date"}),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
            "bytes",
            {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        ),
        ({"type": "array", "items": "int"}, "array", {"type": "array", "items": "int"}),
        (["null", record("a.B")], "union [null, a.B]", ["null", "a.B"]),
        (record("a.B", ("x", "int", 1)), "record a.B", record("a.B", ("x", "int", 1))),
        (
            {"type": "enum", "name": "E", "symbols": ["A"], "default": "A"},
            "enum E",
            {"type": "enum", "name": "E", "symbols": ["A"], "default": "A"},
        ),
        ({"type": "fixed", "name": "F", "size": 3}, "fixed F", {"type": "fixed", "name": "F", "size": 3}),
    ],
)
def test_a_node_in_words_and_as_json(schema: Any, words: str, json: Any) -> None:
    assert describe(node(schema)) == words
    assert fragment(node(schema)) == json


def test_many_symbols_and_many_fields_are_shortened() -> None:
    symbols = [f"S{index}" for index in range(15)]
    writer = {"type": "enum", "name": "E", "symbols": symbols}
    (found,) = find({"type": "enum", "name": "E", "symbols": ["X"]}, writer)
    assert found.message.endswith("S8, S9 and 5 more")
    assert found.writer_fragment == symbols
    wide = record("R", ("old", "string"), *((f"f{index}", "int") for index in range(30)))
    (found,) = find(record("R", ("new", "string")), wide)
    assert found.hint == "give the field 'new' a default"


@pytest.mark.parametrize(
    ("reader", "writer", "nearest"),
    [
        (["null", "boolean", "long"], "string", "boolean"),
        (["null", {"type": "array", "items": "int"}, "long"], "string", "long"),
        (["null", {"type": "array", "items": "int"}], "string", "array"),
        (["long", {"type": "map", "values": "int"}], {"type": "array", "items": "int"}, "map"),
        ([FIXED | {"name": "F", "size": 2}, FIXED | {"name": "G"}], FIXED, "G"),
        ([ENUM | {"name": "F", "symbols": ["A"]}, ENUM | {"name": "G", "symbols": ["B", "C"]}], ENUM, "G"),
    ],
)  # fmt: skip
def test_the_causes_are_those_of_the_nearest_branch(reader: Any, writer: Any, nearest: str) -> None:
    (found,) = find(reader, writer)
    assert found.type is IncompatibilityType.MISSING_UNION_BRANCH
    assert found.causes
    assert nearest in found.causes[0].message


@pytest.mark.parametrize("faults", [1, 2])
def test_the_branch_of_the_same_full_name_is_the_nearest(faults: int) -> None:
    """Another of the same simple name comes first, and has no more against it."""
    fields = [(f"x{number}", "string") for number in range(faults)]
    namesake = {**record("B", *((name, "int") for name, _ in fields)), "namespace": "a"}
    (found,) = find(
        [{**record("B", ("x0", "long")), "namespace": "b"}, namesake], [{**record("B", *fields), "namespace": "a"}]
    )
    assert "nearest is a.B" in found.message
    assert [cause.message for cause in found.causes] == ["the reader's int cannot read the writer's string"] * faults


@pytest.mark.parametrize("reader", [[], ["null"]])
def test_a_union_with_nothing_near_has_no_causes(reader: Any) -> None:
    (found,) = find(reader, "string")
    assert found.causes == ()
    assert found.hint == "add string to the reader's union"


def test_an_empty_union_is_written_by_nobody() -> None:
    assert find("int", []) == []
    assert find([], []) == []


def test_the_number_of_causes_is_bounded_for_the_whole_report() -> None:
    """Five unions of a hundred records that all match by name: the first are explained, all are told."""

    def wide(leaf: str) -> dict[str, Any]:
        inner = [record("R", ("x", leaf), namespace=f"n{index}") for index in range(100)]
        first: tuple[str, Any] = ("f0", inner)
        names = [f"n{index}.R" for index in range(100)]
        return record("Root", first, *((f"f{index}", names) for index in range(1, 5)))

    found = find(wide("int"), wide("string"))
    assert len(found) == 500
    assert found[0].causes
    assert not found[-1].causes
