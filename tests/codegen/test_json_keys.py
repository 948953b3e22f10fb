"""A repeated key is always refused and a distinct one never, by an exact oracle."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from codegen.json_keys import refuse_repeated_keys

PIECES = st.text(st.sampled_from('ab":\\\n\t é\u2028{}[],'), max_size=4)


def repeated_somewhere(text: str) -> bool:
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({key for key, _ in pairs}) < len(pairs)

    json.loads(text, object_pairs_hook=look)
    return found


def refused(text: str | bytes) -> bool:
    try:
        refuse_repeated_keys(text, "Sample")
    except ValidationError:
        return True
    return False


@st.composite
def spelled(draw: st.DrawFn, text: str) -> str:
    """A JSON string for `text`, any character of it escaped or not."""
    escaped = [
        f"\\u{ord(character):04x}" if draw(st.integers(0, 5)) == 0 else json.dumps(character, ensure_ascii=False)[1:-1]
        for character in text
    ]
    return f'"{"".join(escaped)}"'


@st.composite
def texts(draw: st.DrawFn, depth: int = 0) -> str:
    """JSON with few different keys, written with any white space."""
    space = st.sampled_from(["", "", "", " ", "\n", "\t", "\r"])
    kind = draw(
        st.sampled_from(["object", "object", "array", "string", "number"] if depth < 3 else ["string", "number"])
    )
    if kind == "object" or depth == 0:
        members = [
            f"{draw(spelled(draw(PIECES)))}{draw(space)}:{draw(space)}{draw(texts(depth + 1))}"
            for _ in range(draw(st.integers(0, 4)))
        ]
        return "{" + draw(space) + f"{draw(space)},{draw(space)}".join(members) + draw(space) + "}"
    if kind == "array":
        return "[" + ",".join(draw(texts(depth + 1)) for _ in range(draw(st.integers(0, 3)))) + "]"
    return draw(spelled(draw(PIECES))) if kind == "string" else draw(st.sampled_from(["0", "1.5", "null", "1" * 500]))


@given(texts())
def test_exactly_the_repeated_keys_are_refused(text: str) -> None:
    expected = repeated_somewhere(text)
    assert refused(text) == expected
    assert refused(text.encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a" : 1, "a" : 2}',
        '{"a"\n:1,"a":2}',
        '{"a":1,"\\u0061":2}',
        '{"":1,"":2}',
        '{":":1,":":2}',
        '{":a":":","b":1,":a":2}',
        '{"x":{"a":1,"a":2}}',
        '{"x":[{"a":1},{"a":1,"a":2}]}',
        '{"é":1,"é":2}',
        '{"a":"\\"","a":"\\""}',
        '{"d":1.' + "1" * 500 + ',"a":1,"a":2}',
        '{"d":' + "1" * 5000 + ',"a":1,"a":2}',
        '{"d":' + "[" * 250 + "]" * 250 + ',"a":1,"a":2}',
    ],
)
def test_a_repeated_key_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="the key stands twice in one object"):
        refuse_repeated_keys(text, "Sample")


@pytest.mark.parametrize(
    "text",
    [
        '{"a":{"a":{"a":1}}}',
        '{"x":[{"a":1},{"a":1}]}',
        '{"a":":","b":":","c":":"}',
        '{"a":"\\":","b":"\\":"}',
        '{"a":"","":""}',
        "no JSON at all",
        '{"a":1,"a"',
        "[" * 100_000,
    ],
)
def test_anything_else_is_left_to_the_parser(text: str) -> None:
    refuse_repeated_keys(text, "Sample")
    refuse_repeated_keys(text.encode(), "Sample")


def test_bytes_that_are_no_utf8_are_left_to_the_parser() -> None:
    refuse_repeated_keys(b'{"\xff":1,"\xff":1}', "Sample")
    refuse_repeated_keys('{"\ud800":1,"\ud800":1}', "Sample")


def test_the_message_names_the_key_alone() -> None:
    with pytest.raises(ValidationError) as caught:
        refuse_repeated_keys('{"a":"secret","a":"secret"}', "Sample")
    assert caught.value.errors(include_url=False) == [
        {"type": "repeated_key", "loc": ("a",), "msg": "the key stands twice in one object", "input": None}
    ]
    assert "secret" not in str(caught.value)
