"""`pipeline schema diff`: every kind of change is told once, in words and as JSON."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from codegen.schema import parse_schema
from tests.tools.compatibility.kinds_of_change import CHANGES, enum, field, fixed, inner, logical, record
from tests.tools.compatibility.projects import Project, user
from tools.compatibility.changes import ChangeKind
from tools.compatibility.diff import run_diff
from tools.compatibility.differences import find_changes


def told(before: Any, after: Any) -> list[tuple[str, str, str]]:
    changes = find_changes(parse_schema(before).root, parse_schema(after).root)
    return [(change.kind.value, change.path, change.message) for change in changes]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            record(field("int")),
            record(field("int"), field(["null", "int"], "y", default=None)),
            ("field added", "y", "union [null, int], default null"),
        ),
        (record(field("int"), field("int", "y")), record(field("int")), ("field removed", "y", "was int, no default")),
        (record(field("int")), record(field("long")), ("type changed", "x", "int → long")),
        (
            record(field("long")),
            record(field(logical("long", "timestamp-millis"))),
            ("logical type changed", "x", "none → timestamp-millis"),
        ),
        (
            record(field(logical("bytes", "decimal", precision=9, scale=2))),
            record(field(logical("bytes", "decimal", precision=9, scale=4))),
            ("logical type changed", "x", "decimal(9, 2) → decimal(9, 4)"),
        ),
        (record(field("int")), record(field("int", default=0)), ("default changed", "x", "no default → default 0")),
        (record(field("int", default=0)), record(field("int")), ("default changed", "x", "default 0 → no default")),
        (record(field("int")), record(field("int", doc="A “doc”.")), ("doc changed", "x", 'none → "A “doc”."')),
        (record(field("int")), record(field("int", order="ignore")), ("sort order changed", "x", "ascending → ignore")),
        (record(field("int")), record(field("int", aliases=["w"])), ("aliases changed", "x", "none → w")),
        (
            record(field("int", **{"confluent:tags": ["PII"]})),
            record(field("int")),
            ("property changed", "x", 'confluent:tags: ["PII"] → nothing'),
        ),
        (record(field(enum("A"))), record(field(enum("A", "B"))), ("symbol added", "x", "B")),
        (record(field(enum("A", "B"))), record(field(enum("A"))), ("symbol removed", "x", "B")),
        (record(field(enum("A", "B"))), record(field(enum("B", "A"))), ("symbols reordered", "x", "A, B → B, A")),
        (
            record(field(enum("A"))),
            record(field(enum("A", default="A"))),
            ("default changed", "x", "of the enum: none → A"),
        ),
        (record(field(enum("A"))), record(field(enum("A", name="Sort"))), ("name changed", "x", "a.Kind → a.Sort")),
        (record(field(fixed(2))), record(field(fixed(4))), ("size changed", "x", "2 → 4")),
        (record(field(["null", "int"])), record(field(["null", "int", "string"])), ("branch added", "x", "string")),
        (record(field(["null", "int"])), record(field(["null"])), ("branch removed", "x", "int")),
        (
            record(field(["null", "int"])),
            record(field(["int", "null"])),
            ("branches reordered", "x", "null, int → int, null"),
        ),
        (
            record(field({"type": "array", "items": "int"})),
            record(field({"type": "array", "items": "long"})),
            ("type changed", "x[]", "int → long"),
        ),
        (
            record(field({"type": "map", "values": inner(field("int", "a"))})),
            record(field({"type": "map", "values": inner(field("string", "a"))})),
            ("type changed", "x{}.a", "int → string"),
        ),
        (
            record(field("int"), field("int", "y")),
            record(field("int", "y"), field("int")),
            ("field moved", "", "the order was x, y and is y, x"),
        ),
        (record(field("int")), record(field("int"), name="Other"), ("name changed", "", "a.Thing → a.Other")),
    ],
)
def test_one_change_is_one_line(before: Any, after: Any, expected: tuple[str, str, str]) -> None:
    assert told(before, after) == [expected]


def test_a_rename_is_known_by_an_alias_on_either_side() -> None:
    before, after = record(field("int")), record(field("int", "z", aliases=["x"]))
    assert ("field renamed", "z", "x → z") in told(before, after)
    assert ("field renamed", "x", "z → x") in told(after, before)
    assert [kind for kind, _, _ in told(before, record(field("int", "z")))] == ["field added", "field removed"]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_page_is_seen(change: str) -> None:
    before, after, _ = CHANGES[change]
    assert told(before, after)


def test_every_kind_is_tested() -> None:
    seen = {
        kind for before, after, _ in CHANGES.values() for kind, _, _ in (*told(before, after), *told(after, before))
    }
    assert seen == {kind.value for kind in ChangeKind}


def test_layout_and_the_spelling_of_names_are_no_change() -> None:
    one = {"type": "record", "name": "a.Thing", "fields": [{"type": {"type": "int"}, "name": "x"}]}
    assert told(one, record(field("int"))) == []


def test_recursion_ends_and_a_definition_is_told_once() -> None:
    def tree(kind: str) -> Any:
        own = {"type": "array", "items": "Node"}
        node = inner(field(kind, "value"), field(own, "children"), field(["null", "Node"], "parent"), name="Node")
        return record(field(node), field("Node", "y"))

    assert told(tree("int"), tree("long")) == [("type changed", "x.value", "int → long")]


def test_long_chains_of_definitions_end_too() -> None:
    """Each record is defined in the one before it, through names, so that only the graph is deep."""

    def chain(kind: str) -> Any:
        links = [inner(field(kind, "value"), name="L0")]
        links += [inner(field(f"L{index - 1}", "next"), name=f"L{index}") for index in range(1, 3000)]
        return record(*(field(link, f"f{index}") for index, link in enumerate(links)))

    assert len(told(chain("int"), chain("long"))) == 1


def run(project: Project, *versions: int, format_: str = "text") -> str:
    out = io.StringIO()
    assert run_diff(project.root, "users", *versions, format_, out) == 0
    return out.getvalue()


def test_the_command(project: Project) -> None:
    project.write(1, user())
    project.write(2, user({"name": "age", "type": "int", "default": 0}))
    assert run(project, 1, 2) == "users v1 → v2: 1 change\n  field added          age: int, default 0\n"
    assert run(project, 1, 1) == "users v1 → v1: no changes\n"
    assert json.loads(run(project, 2, 1, format_="json")) == {
        "contract": "users",
        "before": 2,
        "after": 1,
        "changes": [
            {"kind": "field removed", "path": "age", "message": "was int, default 0", "before": "int"},
        ],
    }
