"""Refuses a repeated key in JSON, which pydantic's parser would pass over in silence (RFC 7493, section 2.3)."""

from __future__ import annotations

import json
import re
from typing import Final

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

# Every string of the text in order, so that keys and values are never mistaken for each other; the second group is
# set for a key.
_STRINGS: Final = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"([ \t\r\n]*+:)?', re.DOTALL)


class _RepeatedKey(Exception):
    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


def refuse_repeated_keys(text: str | bytes | bytearray, title: str) -> None:
    """Raises ValidationError if one object of `text` has a key twice; any other fault is left to the parser."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    keys = _plain_keys(data)
    if keys is None:
        keys = [key for key, colon in _STRINGS.findall(data) if colon]
    # Distinct spellings without an escape are distinct keys; anything else is looked at exactly.
    if len(set(keys)) == len(keys) and b"\\" not in b"".join(keys):
        return
    try:
        _DECODER.decode(data.decode())
    except _RepeatedKey as error:
        message = PydanticCustomError("repeated_key", "the key stands twice in one object")
        details = InitErrorDetails(type=message, loc=(error.key,), input=None)
        raise ValidationError.from_exception_data(title, [details], "json", hide_input=True) from None
    except (ValueError, RecursionError):
        return  # no JSON, no UTF-8 or nested too deep, all of which the parser refuses


def _refuse_repeated(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _RepeatedKey(key)
        seen.add(key)


# Numbers stay text: how long or large one may be is the parser's to say.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_refuse_repeated, parse_int=str, parse_float=str, parse_constant=str, strict=False
)


def _plain_keys(data: bytes) -> list[bytes] | None:
    """The text before every `":`, which has every key of a compact text without escapes; None for any other text."""
    if b"\\" in data or b'" ' in data or b'"\n' in data or b'"\r' in data or b'"\t' in data:
        return None
    return [piece.rpartition(b'"')[2] for piece in data.split(b'":')[:-1]]
