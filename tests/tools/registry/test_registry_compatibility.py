"""The compatibility check, in `/compatibility` and inside registration."""

from __future__ import annotations

from typing import Any

import pytest

_MISMATCH = (
    "{errorType:'TYPE_MISMATCH', description:'The type (path '/fields/0/type') of a field in the new schema does not "
    "match with the old schema', additionalInfo:'reader type: INT not compatible with writer type: STRING'}"
)
_USER = '{"type":"record","name":"User","fields":[{"name":"name","type":"string"}]}'


def _record(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(fields)}


def test_the_words_of_an_incompatibility(registry: Any, user: Any, user_int: Any) -> None:
    registry.register("a", user)
    messages = [
        _MISMATCH,
        "{oldSchemaVersion: 1}",
        f"{{oldSchema: '{_USER}'}}",
        "{validateFields: 'false', compatibility: 'BACKWARD'}",
    ]
    assert registry.test("a/versions/latest", user_int) == {"is_compatible": False}
    assert registry.test("a/versions?verbose=true", user_int) == {"is_compatible": False, "messages": messages}
    assert registry.register("a", user_int, status=409) == {
        "error_code": 40901,
        "message": 'Schema being registered is incompatible with an earlier schema for subject "a", '
        f"details: [{', '.join(messages)}]",
    }


@pytest.mark.parametrize(
    ("old", "new", "level", "expected"),
    [
        (
            _record(),
            _record({"name": "age", "type": "int"}),
            "BACKWARD",
            (
                "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'age' at path '/fields/0' in "
                "the new schema has no default value and is missing in the old schema', additionalInfo:'age'}"
            ),
        ),
        (
            _record({"name": "age", "type": "int"}),
            _record(),
            "FORWARD",
            (
                "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'age' at path '/fields/0' in "
                "the old schema has no default value and is missing in the new schema', additionalInfo:'age'}"
            ),
        ),
        (
            {"type": "enum", "name": "E", "symbols": ["A", "B", "C"]},
            {"type": "enum", "name": "E", "symbols": ["A"]},
            "BACKWARD",
            (
                "{errorType:'MISSING_ENUM_SYMBOLS', description:'The new schema is missing enum symbols '[B, C]' at "
                "path '/symbols' in the old schema', additionalInfo:'[B, C]'}"
            ),
        ),
        (
            {"type": "fixed", "name": "F", "size": 4},
            {"type": "fixed", "name": "F", "size": 8},
            "BACKWARD",
            (
                "{errorType:'FIXED_SIZE_MISMATCH', description:'The size of FIXED type field at path '/size' in the "
                "new schema does not match with the old schema', additionalInfo:'expected: 4, found: 8'}"
            ),
        ),
        (
            {"type": "record", "name": "n.A", "fields": []},
            {"type": "record", "name": "n.B", "fields": []},
            "BACKWARD",
            (
                "{errorType:'NAME_MISMATCH', description:'The name of the schema has changed (path '/name')', "
                "additionalInfo:'expected: n.A'}"
            ),
        ),
        (
            ["null", "string"],
            ["null", "int"],
            "BACKWARD",
            (
                "{errorType:'MISSING_UNION_BRANCH', description:'The new schema is missing a type inside a union field "
                "at path '/1' in the old schema', additionalInfo:'reader union lacking writer type: STRING'}"
            ),
        ),
    ],
)
def test_the_words_of_each_rule(registry: Any, old: Any, new: Any, level: str, expected: str) -> None:
    registry.register("a", old)
    registry.put("/config/a", {"compatibility": level})
    assert registry.test("a/versions/latest?verbose=true", new)["messages"][0] == expected


def test_a_full_level_tells_first_what_old_readers_miss(registry: Any, user: Any, user_int: Any) -> None:
    registry.register("a", user)
    registry.put("/config", {"compatibility": "FULL"})
    first, second, *_ = registry.test("a/versions?verbose=true", user_int)["messages"]
    assert "in the old schema does not match with the new schema" in first
    assert second == _MISMATCH


@pytest.mark.parametrize(
    ("level", "compatible"),
    [
        ("NONE", True),
        ("BACKWARD", True),
        ("BACKWARD_TRANSITIVE", False),
        ("FORWARD", True),
        ("FORWARD_TRANSITIVE", False),
        ("FULL", True),
        ("FULL_TRANSITIVE", False),
    ],
)
def test_how_far_back_a_level_looks(registry: Any, user: Any, user_int: Any, level: str, compatible: bool) -> None:
    registry.put("/config/a", {"compatibility": "NONE"})
    registry.register("a", user_int)
    registry.register("a", user)
    registry.put("/config/a", {"compatibility": level})
    candidate = user | {"doc": "another"}
    assert registry.test("a/versions", candidate)["is_compatible"] is compatible
    assert registry.test("a/versions/1", candidate)["is_compatible"] is (level == "NONE")
    answer = registry.register("a", candidate, status=200 if compatible else 409)
    assert ("id" in answer) is compatible


def test_the_newest_failing_version_is_told(registry: Any, user: Any, user_int: Any) -> None:
    registry.put("/config/a", {"compatibility": "NONE"})
    for schema in (user_int, user_int | {"doc": "2"}, user):
        registry.register("a", schema)
    registry.put("/config/a", {"compatibility": "BACKWARD_TRANSITIVE"})
    answer = registry.test("a/versions?verbose=true&findings=true", user | {"doc": "3"})
    assert "{oldSchemaVersion: 2}" in answer["messages"]
    assert [finding["version"] for finding in answer["findings"]] == [2, 1]


def test_without_versions_everything_is_compatible(registry: Any, user: Any, user_int: Any) -> None:
    assert registry.test("x/versions/latest", user) == {"is_compatible": True}
    assert registry.test("x/versions?verbose=true", user) == {"is_compatible": True, "messages": []}
    registry.refused("POST", "/compatibility/subjects/x/versions/1", 404, 40402, registry.body(user, {}))
    registry.register("a", user)
    registry.delete("/subjects/a")
    assert registry.test("a/versions/latest", user_int) == {"is_compatible": True}
    registry.refused("POST", "/compatibility/subjects/a/versions/0", 422, 42202, registry.body(user, {}))


def test_an_illegal_schema_is_an_answer_only_if_verbose(registry: Any, user: Any) -> None:
    registry.register("a", user)
    body = {"schema": '{"type":"record"}'}
    message = registry.refused("POST", "/compatibility/subjects/a/versions/latest", 422, 42201, body)
    answer = registry("POST", "/compatibility/subjects/a/versions/latest?verbose=true", body)
    assert answer == {"is_compatible": False, "messages": [message]}


def test_findings_only_when_asked_for(registry: Any, user: Any, user_int: Any) -> None:
    registry.register("a", user)
    assert registry.test("a/versions?findings=true", user)["findings"] == []
    (finding,) = registry.test("a/versions?findings=true", user_int)["findings"]
    assert (finding["type"], finding["version"], finding["reader_pointer"]) == ("TYPE_MISMATCH", 1, "/fields/0/type")
    assert registry.register("a", user_int, query="?findings=true", status=409)["findings"] == [finding]


def test_a_group_is_checked_by_itself(registry: Any, user: Any, user_int: Any) -> None:
    registry.put("/config/a", {"compatibilityGroup": "major"})
    one, two = {"properties": {"major": "1"}}, {"properties": {"major": "2"}}
    registry.register("a", user, metadata=one)
    assert registry.register("a", user_int, metadata=two)["version"] == 2
    assert registry.register("a", user_int, metadata=one, status=409)["error_code"] == 40901
