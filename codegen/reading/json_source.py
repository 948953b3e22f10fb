"""JSON text read with the place of every value, so that a fault can point at its line.

Stricter than `json.loads`, as RFC 8259 section 4 and RFC 7493 (I-JSON) advise: a repeated key, NaN and the infinities
are faults.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from codegen.nodes import Json

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LITERALS: Final[dict[str, Json]] = {"true": True, "false": False, "null": None}
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_STRINGS: Final = json.JSONDecoder()
_MAX_DEPTH: Final = 200
_MAX_DIGITS: Final = 400  # more than any Avro number needs; Python itself refuses more than 4,300


class Position(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int


class JsonSyntaxError(ValueError):
    """The text is no JSON value. `position` is where it stops being one."""

    def __init__(self, reason: str, position: Position) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class RepeatedKey(JsonSyntaxError):
    """One object has the key `key` twice; `position` is that of the second."""

    def __init__(self, key: str, position: Position) -> None:
        super().__init__(f"the key {json.dumps(key, ensure_ascii=False)} stands twice in one object", position)
        self.key = key


class JsonSource:
    """A parsed text: its value and, found when they are first asked for, the places of its parts."""

    __slots__ = ("_positions", "_text", "value")

    def __init__(self, value: Json, text: str, positions: dict[str, Position] | None = None) -> None:
        self.value = value
        self._text = text
        self._positions = positions

    @property
    def positions(self) -> dict[str, Position]:
        """For each RFC 6901 pointer the position where that value (or its key) starts."""
        if self._positions is None:
            self._positions = _Reader(self._text).read().positions
        return self._positions

    def position(self, pointer: str) -> Position:
        """The position of `pointer`, or of its nearest ancestor that the text really has."""
        while pointer not in self.positions and pointer:
            pointer = pointer.rpartition("/")[0]
        return self.positions.get(pointer, Position(1, 1))


def escape_pointer(token: str) -> str:
    """One reference token, escaped by RFC 6901 section 3."""
    return token.replace("~", "~0").replace("/", "~1")


def read_json_source(text: str) -> JsonSource:
    """Parse `text`. Raises JsonSyntaxError with the position of the first fault."""
    try:
        return JsonSource(_read_plain(text), text)
    except (ValueError, RecursionError):
        return _Reader(text).read()  # it knows what is wrong, and where


def _read_plain(text: str) -> Json:
    """The value of a text without any fault, by the standard library. Raises ValueError at the slightest doubt."""
    if _SURROGATE.search(text):
        raise ValueError("perhaps a lone surrogate")
    text.encode()
    value: Json = json.loads(
        text,
        object_pairs_hook=_plain_object,
        parse_int=lambda literal: int(_plain_number(literal)),
        parse_float=lambda literal: float(_plain_number(literal)),
        parse_constant=_plain_number,
    )
    level, depth = [value], 0
    while level:
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _items(outer)]
        depth += 1
        if depth > _MAX_DEPTH:
            raise ValueError("too deep")
    return value


def _items(outer: dict[str, Json] | list[Json]) -> Iterable[Json]:
    return outer.values() if isinstance(outer, dict) else outer


def _plain_object(members: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("a repeated key")
    return value


def _plain_number(literal: str) -> str:
    if len(literal) > _MAX_DIGITS or not math.isfinite(float(literal)):
        raise ValueError("a number that is none, or too large")
    return literal


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.positions: dict[str, Position] = {}
        self.line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def read(self) -> JsonSource:
        self._skip_space()
        value = self._value("", 0)
        self._skip_space()
        if self.at != len(self.text):
            raise self._fault("text behind the end of the JSON value")
        return JsonSource(value, self.text, self.positions)

    def _position(self, at: int) -> Position:
        low, high = 0, len(self.line_starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.line_starts[middle] <= at else (low, middle)
        return Position(low + 1, at - self.line_starts[low] + 1)

    def _fault(self, reason: str, at: int | None = None) -> JsonSyntaxError:
        return JsonSyntaxError(reason, self._position(self.at if at is None else at))

    def _skip_space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _value(self, pointer: str, depth: int) -> Json:
        if depth > _MAX_DEPTH:
            raise self._fault(f"more than {_MAX_DEPTH} levels of nesting")
        self.positions.setdefault(pointer, self._position(self.at))
        match self._peek():
            case "{":
                return self._object(pointer, depth)
            case "[":
                return self._array(pointer, depth)
            case '"':
                return self._string()
            case "":
                raise self._fault("the text ends where a value is expected")
            case _:
                return self._scalar()

    def _object(self, pointer: str, depth: int) -> Json:
        members: dict[str, Json] = {}
        self.at += 1
        self._skip_space()
        if self._peek() == "}":
            self.at += 1
            return members
        while True:
            start = self.at
            if self._peek() != '"':
                raise self._fault("expected a key in double quotes")
            key = self._string()
            if key in members:
                raise RepeatedKey(key, self._position(start))
            self._skip_space()
            if self._peek() != ":":
                raise self._fault(f"expected ':' behind the key {json.dumps(key)}")
            self.at += 1
            self._skip_space()
            inner = f"{pointer}/{escape_pointer(key)}"
            self.positions[inner] = self._position(start)
            members[key] = self._value(inner, depth + 1)
            if self._ends("}"):
                return members

    def _array(self, pointer: str, depth: int) -> Json:
        items: list[Json] = []
        self.at += 1
        self._skip_space()
        if self._peek() == "]":
            self.at += 1
            return items
        while True:
            items.append(self._value(f"{pointer}/{len(items)}", depth + 1))
            if self._ends("]"):
                return items

    def _ends(self, closing: str) -> bool:
        """Step over the ',' or the `closing` bracket behind a member."""
        self._skip_space()
        mark = self._peek()
        if mark not in (",", closing) or not mark:
            raise self._fault(f"expected ',' or '{closing}'")
        self.at += 1
        self._skip_space()
        return mark == closing

    def _string(self) -> str:
        try:
            decoded, self.at = _STRINGS.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            reason = error.msg.removesuffix(" at").removesuffix(" starting")
            raise self._fault(reason[:1].lower() + reason[1:], error.pos) from None
        value = str(decoded)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self._fault("a lone surrogate is no Unicode character") from None
        return value

    def _scalar(self) -> Json:
        for name, value in _LITERALS.items():
            if self.text.startswith(name, self.at):
                self.at += len(name)
                return value
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            raise self._fault("expected a JSON value")
        literal = match.group()
        if len(literal) > _MAX_DIGITS:
            raise self._fault(f"a number of more than {_MAX_DIGITS} digits")
        value = int(literal) if literal.lstrip("-").isdigit() else float(literal)
        if isinstance(value, float) and math.isinf(value):
            raise self._fault("a number beyond the range of a double")
        self.at = match.end()
        return value
