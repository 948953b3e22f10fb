"""The little language of `--where`: which records to show. Nothing of it is ever run as code.

    expression  a comparison, or expressions joined by `and`, `or`, `not` and parentheses
    comparison  field operator literal, as in  action == "click"
    field       a wire name, dotted into records and maps (device.os), or one of the record's own:
                $version, $partition, $offset
    operator    == != < <= > >=, and ~ for "contains this text"
    literal     "text" or 'text', a number, true, false, null; a moment is text in ISO 8601

A field that carries a tag (such as PII) cannot be asked for: whoever may ask may find its value by trying.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Final, NamedTuple

from consumers.faults import ConsumerError

# From the record's fields by wire name, `$…` among them, to yes or no.
Test = Callable[[Mapping[str, Any]], bool]

OWN_FIELDS: Final = ("$version", "$partition", "$offset")
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))"""
    r"""|(?P<operator>==|!=|<=|>=|<|>|~|\(|\))|(?P<word>\$?[A-Za-z_][\w.-]*))"""
)
_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "~": lambda value, text: text in str(value),
}
_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None}
_DEEPEST: Final = 50


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class Fields(NamedTuple):
    """What may be asked for: wire names of the record, and the dotted ways to what is tagged."""

    names: Collection[str]
    tagged: Collection[str] = ()


def parse_where(text: str, fields: Fields) -> Test:
    """The test that `text` describes. Raises ConsumerError, which says where it is wrong."""
    return _Parser(text, fields).whole()


class _Parser:
    def __init__(self, text: str, fields: Fields) -> None:
        self._text = text
        self._fields = fields
        self._tokens = list(self._split())
        self._next = 0
        self._depth = 0

    def whole(self) -> Test:
        test = self._either()
        if self._peek() is not None:
            raise self._wrong("expected `and`, `or` or the end")
        return test

    def _split(self) -> Any:
        at = 0
        while self._text[at:].strip():
            found = _TOKEN.match(self._text, at)
            if found is None or found.lastgroup is None:
                at += len(self._text[at:]) - len(self._text[at:].lstrip())
                raise ConsumerError(f"--where cannot be read at character {at + 1}: {self._text[at:]!r}")
            yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
            at = found.end()

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _wrong(self, expected: str) -> ConsumerError:
        token = self._peek()
        where = "at its end" if token is None else f"at character {token.at + 1} ({token.text})"
        return ConsumerError(f'--where cannot be read {where}: {expected}, as in  action == "click"')

    def _accept(self, *texts: str) -> bool:
        token = self._peek()
        if token is None or token.kind == "text" or token.text not in texts:
            return False
        self._next += 1
        return True

    def _either(self) -> Test:
        tests = [self._all()]
        while self._accept("or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda values: any(test(values) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._accept("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda values: all(test(values) for test in tests)

    def _one(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong("too deep")
        try:
            if self._accept("not"):
                test = self._one()
                return lambda values: not test(values)
            if self._accept("("):
                inner = self._either()
                if not self._accept(")"):
                    raise self._wrong("expected `)`")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Test:
        name = self._field()
        token = self._peek()
        if token is None or token.kind != "operator" or token.text not in _COMPARISONS:
            raise self._wrong(f"expected one of {' '.join(_COMPARISONS)}")
        self._next += 1
        literal = self._literal()
        if token.text == "~" and not isinstance(literal, str):
            raise ConsumerError(f"--where: ~ asks whether {name} contains a text: put it in quotes")
        compare, path, symbol = _COMPARISONS[token.text], name.split("."), token.text
        return lambda values: _holds(_value(values, path), compare, symbol, literal, name)

    def _field(self) -> str:
        token = self._peek()
        if token is None or token.kind != "word" or token.text in ("and", "or", "not", *_WORDS):
            raise self._wrong("expected the name of a field")
        name, first = token.text, token.text.partition(".")[0]
        if name not in OWN_FIELDS and first not in self._fields.names:
            known = ", ".join((*sorted(self._fields.names), *OWN_FIELDS))
            raise ConsumerError(f"--where: there is no field {first}; there are {known}")
        if any(name == tagged or name.startswith(f"{tagged}.") for tagged in self._fields.tagged):
            raise ConsumerError(f"--where: the field {name} is tagged as personal and cannot be asked for")
        self._next += 1
        return name

    def _literal(self) -> Any:
        token = self._peek()
        if token is None or (token.kind == "word" and token.text not in _WORDS) or token.kind == "operator":
            raise self._wrong("expected a text in quotes, a number, true, false or null")
        self._next += 1
        match token.kind:
            case "text":
                return re.sub(r"\\(.)", r"\1", token.text[1:-1])
            case "number":
                return float(token.text) if "." in token.text else int(token.text)
            case _:
                return _WORDS[token.text]


def _value(values: Mapping[str, Any], path: list[str]) -> Any:
    """The value at the end of the path; None where a part of the way is not there."""
    value: Any = values
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _holds(value: Any, compare: Callable[[Any, Any], Any], symbol: str, literal: Any, name: str) -> bool:
    """Null is equal to null alone, and neither less nor more than anything."""
    if value is None or literal is None:
        return (value is literal) == (symbol == "==") if symbol in ("==", "!=") else False
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, datetime | date | time) and symbol != "~":
        literal = _moment(value, literal, name)
    elif isinstance(literal, str):
        value = str(value)
    try:
        return bool(compare(value, literal))
    except TypeError:
        raise ConsumerError(f"--where: {name} is no {_kind(literal)}: put a text in quotes, and a number not") from None


def _moment(value: datetime | date | time, literal: Any, name: str) -> Any:
    try:
        moment = type(value).fromisoformat(str(literal))
        if isinstance(moment, datetime) and isinstance(value, datetime) and moment.tzinfo is None:
            return moment.replace(tzinfo=value.tzinfo)
    except ValueError:
        raise ConsumerError(f'--where: {name} is a moment: write it as "2026-01-31T08:15:00Z"') from None
    return moment


def _kind(literal: Any) -> str:
    return "number" if isinstance(literal, int | float) else "text"
