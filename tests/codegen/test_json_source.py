"""JSON with the place of every value, and what is refused with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.reading.json_source import (
    JsonSyntaxError,
    Position,
    RepeatedKey,
    _Reader,
    escape_pointer,
    read_json_source,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(st.text(alphabet='{}[]":,0123456789eE+-.\\u d8', max_size=12))
def test_the_quick_way_takes_nothing_that_the_exact_way_refuses(text: str) -> None:
    """Both are ours: the first is there for speed, the second for places."""
    try:
        value = read_json_source(text).value
    except JsonSyntaxError:
        return
    assert json.dumps(value) == json.dumps(_Reader(text).read().value)


@given(VALUES, st.sampled_from([None, 2]))
def test_it_reads_what_the_standard_library_writes(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    source = read_json_source(text)
    assert json.dumps(source.value) == json.dumps(json.loads(text))


def test_a_value_stands_at_its_key_and_an_item_at_itself() -> None:
    source = read_json_source('{\n  "a": [1,\n    {"b/c~": null}]\n}')
    assert source.positions == {
        "": Position(1, 1),
        "/a": Position(2, 3),
        "/a/0": Position(2, 9),
        "/a/1": Position(3, 5),
        "/a/1/b~1c~0": Position(3, 6),
    }


def test_a_pointer_that_is_not_there_falls_back_to_what_is_around_it() -> None:
    source = read_json_source('{"a": {"b": 1}}')
    assert source.position("/a/b/c/d") == source.positions["/a/b"]
    assert source.position("/x") == Position(1, 1)


def test_a_pointer_token_is_escaped() -> None:
    assert escape_pointer("a/b~c~1") == "a~1b~0c~01"


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("", "the text ends where a value is expected", (1, 1)),
        ("{", "expected a key in double quotes", (1, 2)),
        ('{"a" 1}', "expected ':' behind the key \"a\"", (1, 6)),
        ('{"a": 1,}', "expected a key in double quotes", (1, 9)),
        ("[1 2]", "expected ',' or ']'", (1, 4)),
        ("[1,\n 2", "expected ',' or ']'", (2, 3)),
        ("[01]", "expected ',' or ']'", (1, 3)),
        ("[1.]", "expected ',' or ']'", (1, 3)),
        ("[NaN]", "expected a JSON value", (1, 2)),
        ("-Infinity", "expected a JSON value", (1, 1)),
        ("[1e999]", "a number beyond the range of a double", (1, 2)),
        ("1" * 401, "a number of more than 400 digits", (1, 1)),
        ("{} x", "text behind the end of the JSON value", (1, 4)),
        ('"open', "unterminated string", (1, 1)),
        ('"tab\tin it"', "invalid control character", (1, 5)),
        ('["\\ud800"]', "a lone surrogate is no Unicode character", (1, 10)),
        ("\ufeff1", "expected a JSON value", (1, 1)),
        ("[" * 202 + "]" * 202, "more than 200 levels of nesting", (1, 202)),
        ("[1e-9" + "9" * 400 + "]", "a number of more than 400 digits", (1, 2)),
        ("[" * 202, "more than 200 levels of nesting", (1, 202)),
    ],
)
def test_a_fault_has_its_place(text: str, reason: str, position: tuple[int, int]) -> None:
    with pytest.raises(JsonSyntaxError) as caught:
        read_json_source(text)
    assert (caught.value.reason, caught.value.position) == (reason, Position(*position))


def test_a_repeated_key_is_told_with_its_second_place() -> None:
    with pytest.raises(RepeatedKey) as caught:
        read_json_source('{"é": 1,\n "é": 2}')
    assert (caught.value.key, caught.value.position) == ("é", Position(2, 2))
    assert 'the key "é" stands twice' in caught.value.reason
