"""The language of --where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from consumers.faults import ConsumerError
from consumers.on_call.expression import Fields, parse_where

FIELDS = Fields(("action", "at", "device", "n", "user"), ("user", "device.id"))
VALUES: dict[str, Any] = {
    "action": "click",
    "at": datetime(2026, 1, 2, tzinfo=UTC),
    "device": {"os": "ios", "id": "x"},
    "n": 5,
    "$version": 2,
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('action == "click"', True),
        ("action != 'click'", False),
        ('action ~ "lic" and n >= 5', True),
        ('not (n < 5 or action == "x")', True),
        ('device.os == "ios"', True),
        ("device.none == null", True),
        ("device.none < 3", False),
        ("$version == 2", True),
        ('at > "2026-01-01T00:00:00Z"', True),
        ('at > "2026-01-03"', False),
        ('action == "x" or n == 5 and n == 6', False),
    ],
)
def test_what_passes(text: str, holds: bool) -> None:
    assert parse_where(text, FIELDS)(VALUES) is holds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "at its end: expected the name of a field"),
        ("action = 1", "at character 8"),
        ("action ==", "at its end: expected a text in quotes"),
        ("action == click", r"at character 11 \(click\)"),
        ('action == "a" n', "expected `and`, `or` or the end"),
        ("(n == 1", r"expected `\)`"),
        ("nothing == 1", "there is no field nothing; there are action, at"),
        ('user == "u"', "tagged as personal"),
        ('device.id ~ "u"', "tagged as personal"),
        ("action ~ 1", "put it in quotes"),
        ("(" * 100 + "n == 1", "too deep"),
        ("__import__('os')", "there is no field __import__"),
    ],
)
def test_what_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConsumerError, match=sentence):
        parse_where(text, FIELDS)


def test_a_literal_of_another_kind_is_a_sentence() -> None:
    with pytest.raises(ConsumerError, match="at is a moment"):
        parse_where('at == "soon"', FIELDS)(VALUES)
    with pytest.raises(ConsumerError, match="action is no number"):
        parse_where("action < 3", FIELDS)(VALUES)
