"""Hypothesis strategies: JSON texts that are nearly what a contract asks for."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

ACTION = {
    "event_id": "6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e",
    "user_id": "u1",
    "action": "click",
    "page_url": "/",
    "occurred_at": "2026-01-31T08:15:30.125Z",
    "session_id": "s",
    "device": {"os": "ios", "model": None, "app_version": "1", "advertising_id": None},
    "properties": {"a": "1", "é": "漢"},
}


def spellings(value: Any, draw: st.DataObject) -> bytes:
    """The same JSON, with other white space and escapes."""
    is_ascii = draw.draw(st.booleans(), label="ensure_ascii")
    separators = draw.draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :\n")]), label="separators")
    return json.dumps(value, ensure_ascii=is_ascii, separators=separators).encode()


NUMBERS = (0, -1, 1.0, 1e300, 2**31, 2**63, -(2**63), -0.0)
TEXTS = ("", "a", '"', "\\", "é", "😀", "\0", "1", "NaN", "AP8=", "12.50", "2026-01-31T08:15:30.125Z")
TIMES = ("2026-01-31T24:00:00.000Z", "2026-01-31T08:15:30.1_0Z", "2026-01-31T08:15:30.+01Z", "0000-01-31T08:15:30.125Z")
ODD = st.sampled_from([None, True, False, [], {}, [1], {"a": 1}, *NUMBERS, *TEXTS, *TIMES])


@st.composite
def near_valid(draw: st.DrawFn, value: Any) -> Any:
    """The same JSON with one place changed."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        match draw(st.sampled_from(["inside", "gone", "renamed"])):
            case "gone":
                return {name: item for name, item in value.items() if name != key}
            case "renamed":
                return {f"{name}x" if name == key else name: item for name, item in value.items()}
        return {**value, key: draw(near_valid(value[key]))}
    if isinstance(value, list) and value and draw(st.booleans()):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], draw(near_valid(value[index])), *value[index + 1 :]]
    return draw(ODD)


@st.composite
def changed_bytes(draw: st.DrawFn, text: bytes) -> bytes:
    place = draw(st.integers(0, max(len(text) - 1, 0)))
    other = draw(st.sampled_from([b"", b'"', b"\\", b",", b"\xff", b" ", b"0", b"-", b"\xc3\xa9", b"\\u0041"]))
    if draw(st.booleans()):  # a piece of the text twice, such as a key
        end = draw(st.integers(place, min(len(text), place + 40)))
        return text[:end] + text[place:end] + text[end:]
    return text[:place] + other + text[place + draw(st.integers(0, 1)) :]
