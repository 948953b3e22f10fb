"""Events made from a contract and then spoiled in one or two places, as JSON text: most are nearly right."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import strategies as st

from codegen.runtime import AvroModel
from codegen.schema import parse_schema
from tests.codegen.data_strategies import data

# Pieces of JSON text, right or not, that stand in the place of a value.
ODD: Final = (
    "null", "true", "0", "-0", "1.0", "1e3", "1e400", "2147483648", "9223372036854775808", "9" * 5000,
    "0." + "1" * 400,
    "NaN", "Infinity", "-Infinity", "1.", "01", "+1", "'a'", '""', '"a"', '"1"', r'"\ud800"', r'"\udc00\ud800"',
    r'"\ud83d\ude00"', r'"\u0000"', '"\x00"', '"\x7f"', '"\u2028"', '"é"', '"é"', '"😀"', '"NaN"',
    '"AP8="', '"AP8"', '"click"',
    '"CLICK"', '"unknown"', '"2026-01-31T08:15:30.125Z"', '"2026-01-31T23:59:60Z"', '"0001-01-01T00:00:00+23:59"',
    '"9999-12-31T23:59:59.9999-00:00"', '"1969-12-31T23:59:59.9999Z"', '"2026-01-31t08:15:30z"',
    '"2026-02-29T00:00:00Z"',
    '"12.50"', '"1e1"', '"6F1C2C1E-6D7C-4B9B-9F4C-3D1F0A6B2C5E"',
    '"{6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e}"', "[]", "{}", "[[]]",
    '{"a":"1"}', '{"a":"1","a":"2"}', r'{"a":"1","\u0061":"2"}', '{"":""}', '{"string":"a"}', '{"os":"x"}',
    "[" * 300, "[" * 300 + "]" * 300,
    '{"a":' * 200 + "1" + "}" * 200,
)  # fmt: skip
ODD_NAMES: Final = ('"x"', '""', '"user_id"', '"page"', '"page_url"', r'"user\u005fid"', r'"\ud800"', '"a.b"', "x", "1")
ODD_BYTES: Final = (
    b"",
    b'"',
    b"\\",
    b",",
    b"\xff",
    b" ",
    b"0",
    b"-",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\0",
    b"}",
    b"[",
    b"\xef\xbb\xbf",
)


def events(model: type[AvroModel]) -> st.SearchStrategy[Any]:
    """JSON values that the model writes."""
    datums = data(parse_schema(json.loads(model.AVSC)).root)
    return datums.map(
        lambda datum: json.loads(model.model_validate(datum, strict=False).model_dump_json(by_alias=True))
    )


@st.composite
def spoiled(draw: st.DrawFn, value: Any) -> bytes:
    """`value` as JSON text; in most cases something about it is odd."""
    text = draw(_texts(value, draw(st.integers(0, 2)))).encode(errors="surrogatepass")
    if draw(st.integers(0, 3)):
        return text
    place = draw(st.integers(0, len(text)))
    if draw(st.booleans()):
        end = draw(st.integers(place, min(len(text), place + 40)))
        return text[:end] + text[place:end] + text[end:]
    return text[:place] + draw(st.sampled_from(ODD_BYTES)) + text[place + draw(st.integers(0, 1)) :]


@st.composite
def _texts(draw: st.DrawFn, value: Any, changes: int) -> str:
    """JSON text with `changes` places changed, somewhere below."""
    if changes and not (isinstance(value, dict | list) and value and draw(st.integers(0, 4))):
        return draw(st.sampled_from(ODD))
    if isinstance(value, list):
        changed = draw(st.integers(0, max(0, len(value) - 1)))
        return f"[{','.join(draw(_texts(item, changes if at == changed else 0)) for at, item in enumerate(value))}]"
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    changed = draw(st.sampled_from([*value, None])) if value else None
    members = [
        f"{json.dumps(name)}:{draw(_texts(item, changes if name == changed else 0))}" for name, item in value.items()
    ]
    if changes and changed is None:
        match draw(st.sampled_from(["gone", "twice", "more", "renamed", "mixed"])):
            case "gone" if members:
                members.pop(draw(st.integers(0, len(members) - 1)))
            case "twice" if members:
                members.append(draw(st.sampled_from(members)))
            case "renamed" if members:
                at = draw(st.integers(0, len(members) - 1))
                members[at] = f"{draw(st.sampled_from(ODD_NAMES))}:{members[at].partition(':')[2]}"
            case "mixed":
                members = draw(st.permutations(members))
            case _:
                members.append(f"{draw(st.sampled_from(ODD_NAMES))}:{draw(st.sampled_from(ODD))}")
    return "{" + ",".join(members) + "}"
