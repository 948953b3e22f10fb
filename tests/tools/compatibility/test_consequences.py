"""One sentence for each type of incompatibility and each direction: what a consumer and a client would meet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.compatibility.kinds_of_change import enum, fixed
from tests.tools.compatibility.projects import Project, user
from tools.compatibility import IncompatibilityType


def x(kind: Any, **rest: Any) -> dict[str, Any]:
    return user({"name": "x", "type": kind, **rest})


RENAMED = user({"name": "z", "type": "int"})
AMBIGUOUS = user({"name": "z", "type": "int", "aliases": ["x", "y"]})
BOTH = user({"name": "x", "type": "int"}, {"name": "y", "type": "int"})

CASES = [
    (
        "READER_FIELD_MISSING_DEFAULT_VALUE",
        x("int"),
        RENAMED,
        "every v1 record",
        "get 422 while the API writes v2: z is required",
    ),
    ("TYPE_MISMATCH", x("string"), x("int"), "every v1 record", "wherever x does not happen to fit int"),
    ("TYPE_MISMATCH", x(["null", "int"]), x("int"), "every v1 record that has such a value in x", "fit int"),
    (
        "MISSING_ENUM_SYMBOLS",
        x(enum("A", "B", "C")),
        x(enum("A")),
        "every v1 record with B, C in x",
        "for events with B, C in x",
    ),
    (
        "MISSING_UNION_BRANCH",
        x(["null", "int"]),
        x(["null", "boolean"]),
        "every v1 record with a value of type int in x",
        "for events with a value of type int in x",
    ),
    ("FIXED_SIZE_MISMATCH", x(fixed(2)), x(fixed(4)), "every v1 record", "x has another number of bytes"),
    ("NAME_MISMATCH", x(enum("A")), x(enum("A", name="Sort")), "every v1 record", "notice nothing while"),
    ("AMBIGUOUS_ALIAS", BOTH, AMBIGUOUS, "every v1 record", "a field and its alias in one event are refused (z)"),
]


@pytest.mark.parametrize(("kind", "one", "two", "records", "clients"), CASES)
def test_the_newer_reads(project: Project, kind: str, one: Any, two: Any, records: str, clients: str) -> None:
    project.write(1, one)
    project.write(2, two)
    found = [f for f in project.report()["findings"] if f["incompatibility"]["type"] == kind]
    consumers, http = found[0]["consequences"]
    assert consumers == f"consumers that read v2 will dead-letter {records}"
    assert http.startswith("clients that post v1 ")
    assert clients in http


@pytest.mark.parametrize(("kind", "two", "one", "records", "clients"), CASES)
def test_the_older_reads(project: Project, kind: str, one: Any, two: Any, records: str, clients: str) -> None:
    """The same pair the other way: the old reader meets what the new version writes."""
    project.write(1, one)
    project.write(2, two)
    project.settings('compatibility = "FORWARD"')
    found = [f for f in project.report()["findings"] if f["incompatibility"]["type"] == kind]
    if kind == "AMBIGUOUS_ALIAS":  # v1 has the aliases itself then
        assert found
        return
    consumers, http = found[0]["consequences"]
    assert consumers == f"consumers that read v1 will dead-letter {records.replace('v1', 'v2')}"
    assert http.startswith("clients that post v2 ")
    assert clients.replace("v2", "v1") in http


def test_every_type_is_told() -> None:
    assert {kind for kind, *_ in CASES} == set(IncompatibilityType)


def test_where_clients_cannot_post_they_are_not_named(project: Project) -> None:
    project.write(1, x("string"))
    project.write(2, x("int"))
    project.settings("ingest = false")
    (finding,) = project.report()["findings"]
    assert finding["consequences"] == ["consumers that read v2 will dead-letter every v1 record"]


def test_a_version_that_cannot_read_itself_names_no_client(project: Project) -> None:
    project.write(1, user({"name": "a", "type": "int"}, {"name": "b", "type": "int", "aliases": ["a"]}))
    (finding,) = project.report()["findings"]
    assert finding["consequences"] == ["consumers that read v1 will dead-letter every v1 record"]


def test_many_symbols_are_counted(project: Project) -> None:
    project.write(1, x(enum("A", "B", "C", "D", "E", "F")))
    project.write(2, x(enum("A")))
    (finding,) = project.report()["findings"]
    assert "with B, C, D or one of 2 more in x" in finding["consequences"][0]
