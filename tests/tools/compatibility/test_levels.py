"""The seven levels: which way they look, and how far back."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.schema import parse_schema
from tools.compatibility import Direction, InvalidSchema, Level, check_level, level_failures


def user(**fields: Any) -> Any:
    """A record; a field given as a pair is (type, default)."""
    listed = [
        {"name": name, "type": kind[0], "default": kind[1]} if isinstance(kind, tuple) else {"name": name, "type": kind}
        for name, kind in fields.items()
    ]
    return {"type": "record", "name": "User", "fields": listed}


ONE = user(id="long")
TWO = user(id="long", email="string")
THREE = user(id="long", age=("int", 0))
HISTORY = [(1, ONE), (2, TWO)]


@pytest.mark.parametrize(
    ("level", "failing"),
    [
        (Level.NONE, []),
        (Level.BACKWARD, []),
        (Level.BACKWARD_TRANSITIVE, []),
        (Level.FORWARD, [2]),
        (Level.FORWARD_TRANSITIVE, [2]),
        (Level.FULL, [2]),
        (Level.FULL_TRANSITIVE, [2]),
    ],
)
def test_each_level_looks_its_own_way(level: Level, failing: list[int]) -> None:
    """Version 3 reads both; version 2 needs the email that version 3 does not write."""
    assert [version for version, _ in check_level(level, THREE, HISTORY)] == failing


@pytest.mark.parametrize(
    ("level", "failing"),
    [
        (Level.BACKWARD, []),
        (Level.BACKWARD_TRANSITIVE, [1]),
        (Level.FORWARD, []),
        (Level.FORWARD_TRANSITIVE, []),
        (Level.FULL, []),
        (Level.FULL_TRANSITIVE, [1]),
    ],
)
def test_only_a_transitive_level_looks_behind_the_latest(level: Level, failing: list[int]) -> None:
    assert [version for version, _ in check_level(level, TWO, HISTORY)] == failing


def test_all_failing_versions_are_told_the_newest_first() -> None:
    history = [(1, user(id="long")), (3, user(id="double")), (2, user(id="string"))]
    failures = check_level(Level.BACKWARD_TRANSITIVE, user(id="int"), history)
    assert [version for version, _ in failures] == [3, 2, 1]


def test_the_order_of_the_history_does_not_matter_for_the_latest() -> None:
    assert check_level(Level.BACKWARD, TWO, [(2, TWO), (1, ONE)]) == []


def test_a_failure_says_who_could_not_read_whom() -> None:
    failures = level_failures(Level.FULL, parse_schema(user(id="string")).root, [(1, parse_schema(ONE).root)])
    assert [(failure.direction, failure.incompatibility.writer_fragment) for failure in failures] == [
        (Direction.CANDIDATE_READS, "long"),
        (Direction.CANDIDATE_IS_READ, "string"),
    ]


def test_without_history_everything_goes() -> None:
    assert all(check_level(level, ONE, []) == [] for level in Level)


def test_seven_levels_are_direction_and_history() -> None:
    seen = {(level.directions, level.transitive) for level in Level}
    assert len(seen) == len(list(Level)) == 7


def test_an_illegal_schema_is_refused_before_any_comparison() -> None:
    with pytest.raises(InvalidSchema, match="not defined"):
        check_level(Level.NONE, "Nothing", [])
    with pytest.raises(InvalidSchema, match="not defined"):
        check_level(Level.BACKWARD, ONE, [(1, "Nothing")])
