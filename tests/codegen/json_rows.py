"""The rows of docs/json.md as data: one shared test of every decoder of JSON.

A row's texts stand for the field `value` of a record, or, where the row has `fields`, for the whole document.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from tests.codegen.json_logical_rows import LOGICAL_ROWS
from tests.codegen.json_row import Accept, Refuse, Row, logical, same
from tests.codegen.json_union_rows import UNION_ROWS

INT_MAX, LONG_MAX = 2**31 - 1, 2**63 - 1
FLOAT_MAX = (2 - 2**-23) * 2.0**127
SMALLEST = math.ulp(0.0)
_ID = "6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e"


def _moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]  # the parts are counted where they are written


_NO_JSON = ()
_NO_TIMES = tuple(
    Refuse(text)
    for text in (
        '"2026-01-31T08:15:30"', '"2026-01-31 08:15:30Z"', '"2026-01-31T08:15Z"', '"2026-01-31"', "1769847330000",
        '"1769847330000"', '"2026-02-29T00:00:00Z"', '"2016-12-31T23:59:60Z"', '"2026-01-31T24:00:00Z"',
        '"2026-01-31T08:15:30.Z"', '"2026-01-31T08:15:30+24:00"', '"2026-01-31T08:15:30+0100"',
        '"0001-01-01T00:00:00+00:01"', '"9999-12-31T23:59:59-00:01"', '"0000-01-01T00:00:00Z"',
        '"２026-01-31T08:15:30Z"', "null", '""',
    )
)  # fmt: skip

ROWS = (
    Row("null", "null", (same("null", None),), (Refuse("0"), Refuse('"null"'), Refuse("false"), Refuse("{}"))),
    Row(
        "boolean",
        "boolean",
        (same("true", True), same("false", False)),
        (Refuse("1"), Refuse("0"), Refuse('"true"'), Refuse("null"), Refuse("True", _NO_JSON)),
    ),
    Row(
        "int",
        "int",
        (
            same("0", 0),
            Accept("-0", 0, "0"),
            same("2147483647", INT_MAX),
            same("-2147483648", -INT_MAX - 1),
        ),
        (
            Refuse("2147483648"), Refuse("-2147483649"), Refuse("1.0"), Refuse("1e3"), Refuse('"1"'), Refuse("true"),
            Refuse("null"), Refuse("01", _NO_JSON), Refuse("+1", _NO_JSON), Refuse("0x10", _NO_JSON),
        ),
    ),
    Row(
        "long",
        "long",
        (same("9223372036854775807", LONG_MAX), same("-9223372036854775808", -LONG_MAX - 1)),
        (
            Refuse("9223372036854775808"), Refuse("-9223372036854775809"), Refuse("1.0"), Refuse("1e3"),
            Refuse('"1"'), Refuse("true"), Refuse("123456789012345678901234567890"),
        ),
    ),
    Row(
        "float",
        "float",
        (
            same("0.5", 0.5),
            Accept("1", 1.0, "1.0"),
            Accept("1e3", 1000.0, "1000.0"),
            Accept("3.4028234663852886e38", FLOAT_MAX, "3.4028234663852886e+38"),
        ),
        (
            Refuse("3.5e38"), Refuse("-3.5e38"), Refuse("1e400"), Refuse("NaN"), Refuse("Infinity"),
            Refuse("-Infinity"), Refuse('"NaN"'), Refuse('"1"'), Refuse("true"), Refuse("null"),
        ),
    ),
    Row(
        "double",
        "double",
        (
            same("0.1", 0.1),
            Accept("1", 1.0, "1.0"),
            Accept("-0.0", -0.0, "-0.0"),
            Accept("5e-324", SMALLEST, "5e-324"),
            Accept("9007199254740993", 9007199254740992.0, "9007199254740992.0"),
        ),
        (
            Refuse("1e400"), Refuse("-1e400"), Refuse("NaN"), Refuse("Infinity"), Refuse("-Infinity"),
            Refuse('"NaN"'), Refuse('"1"'), Refuse("true"), Refuse(".5", _NO_JSON), Refuse("1.", _NO_JSON),
        ),
    ),
    Row(
        "bytes",
        "bytes",
        (same('"AP8="', b"\x00\xff"), same('""', b""), same('"+/+/"', b"\xfb\xff\xbf")),
        (
            Refuse('"AP8"'), Refuse('"-_-_"'), Refuse('"AP8=\\n"'), Refuse('"A P8="'), Refuse('"===="'),
            Refuse('"AP8=AP8="'), Refuse('"é"'), Refuse("[0, 255]"), Refuse("0"), Refuse("null"),
        ),
    ),
    Row(
        "string",
        "string",
        (
            same('"漢😀"', "漢😀"),
            Accept('"\\ud83d\\ude00"', "😀", '"😀"'),
            same('"\\u0000"', "\x00"),
            same('""', ""),
        ),
        (
            Refuse('"\\ud800"', _NO_JSON), Refuse('"\\udc00"', _NO_JSON), Refuse(b'"\xff"', _NO_JSON),
            Refuse(b'"\xed\xa0\x80"', _NO_JSON), Refuse('"\t"', _NO_JSON), Refuse("'a'", _NO_JSON),
            Refuse("0"), Refuse("null"), Refuse("true"),
        ),
    ),
    Row(
        "enum",
        {"type": "enum", "name": "Suit", "symbols": ["hearts", "Spades"], "default": "hearts"},
        (same('"hearts"', "hearts"), same('"Spades"', "Spades")),
        (Refuse('"HEARTS"'), Refuse('"clubs"'), Refuse("0"), Refuse("null"), Refuse('""')),
    ),
    Row(
        "array",
        {"type": "array", "items": "int"},
        (same("[]", []), Accept("[1, 2]", [1, 2], "[1,2]")),
        (Refuse("[1, null]", ("value", 1)), Refuse("{}"), Refuse('"1"'), Refuse("null"), Refuse("[1,]", _NO_JSON)),
    ),
    Row(
        "map",
        {"type": "map", "values": "int"},
        (same("{}", {}), same('{"a":1,"":2}', {"a": 1, "": 2})),
        (
            Refuse('{"a":"1"}', ("value", "a")), Refuse("[]"), Refuse("null"), Refuse('{"a":1,"a":1}', ("a",)),
            Refuse('{"a":1,"\\u0061":1}', ("a",)), Refuse("{1:1}", _NO_JSON), Refuse('{"\\ud800":1}', _NO_JSON),
        ),
    ),
    Row(
        "record",
        None,
        (
            Accept('{"name":"a","size":1}', {"name": "a", "size": 1}, '{"name":"a","size":1}'),
            Accept('{"size":1,"name":"a"}', {"name": "a", "size": 1}, '{"name":"a","size":1}'),
        ),
        (
            Refuse('{"name":"a","size":1,"colour":"red"}', ("colour",)), Refuse('{"name":"a"}', ("size",)),
            Refuse('{"name":"a","size":null}', ("size",)), Refuse('{"Name":"a","size":1}', ("name",)),
            Refuse('{"name":"a","name":"a","size":1}', ("name",)), Refuse("[]", ()), Refuse("null", ()),
            Refuse("", ()), Refuse('{"name":"a","size":1} {}', ()), Refuse(b'\xef\xbb\xbf{"name":"a","size":1}', ()),
        ),
        ({"name": "name", "type": "string"}, {"name": "size", "type": "int"}),
    ),
    Row(
        "alias",
        None,
        (
            same('{"page_url":"/"}', {"page_url": "/"}),
            Accept('{"page":"/"}', {"page_url": "/"}, '{"page_url":"/"}'),
            Accept('{"url":"/"}', {"page_url": "/"}, '{"page_url":"/"}'),
        ),
        (
            Refuse('{"page_url":"/","page":"/"}', ("page",)), Refuse('{"page":"/","url":"/"}', ("url",)),
            Refuse('{"page":"/","page":"/"}', ("page",)), Refuse('{"pageUrl":"/"}', ("page_url",)),
            Refuse("{}", ("page_url",)),
        ),
        ({"name": "page_url", "type": "string", "aliases": ["page", "url"]},),
    ),
    Row(
        "default",
        None,
        (
            Accept("{}", {"size": 7, "tags": ["a"], "note": None}, '{"size":7,"tags":["a"],"note":null}'),
            Accept('{"size":8}', {"size": 8, "tags": ["a"], "note": None}, '{"size":8,"tags":["a"],"note":null}'),
        ),
        (Refuse('{"size":null}', ("size",)), Refuse('{"tags":null}', ("tags",))),
        (
            {"name": "size", "type": "int", "default": 7},
            {"name": "tags", "type": {"type": "array", "items": "string"}, "default": ["a"]},
            {"name": "note", "type": ["null", "string"], "default": None},
        ),
    ),
    Row(
        "optional",
        ["null", "int"],
        (same("null", None), same("1", 1)),
        (Refuse('{"int":1}'), Refuse('"1"'), Refuse('"null"'), Refuse("2147483648")),
    ),
    *UNION_ROWS,
    Row(
        "uuid",
        logical("uuid", "string"),
        (same(f'"{_ID}"', UUID(_ID)), Accept(f'"{_ID.upper()}"', UUID(_ID), f'"{_ID}"')),
        (
            Refuse(f'"{_ID.replace("-", "")}"'), Refuse(f'"{{{_ID}}}"'), Refuse(f'"urn:uuid:{_ID}"'),
            Refuse(f'"{_ID} "'), Refuse('"6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5g"'), Refuse('""'), Refuse("0"),
        ),
    ),
    Row(
        "decimal",
        logical("decimal", "bytes", precision=4, scale=2),
        (
            same('"12.50"', Decimal("12.50")),
            Accept('"12.5"', Decimal("12.50"), '"12.50"'),
            Accept('"-3"', Decimal("-3.00"), '"-3.00"'),
            same('"99.99"', Decimal("99.99")),
        ),
        (
            Refuse("12.5"), Refuse("12"), Refuse('"12.500"'), Refuse('"100.00"'), Refuse('"1e1"'), Refuse('"+1"'),
            Refuse('".5"'), Refuse('"5."'), Refuse('"012.50"'), Refuse('"1,5"'), Refuse('"NaN"'), Refuse('""'),
        ),
    ),
    Row(
        "timestamp-millis",
        logical("timestamp-millis", "long"),
        (
            same('"2026-01-31T08:15:30.125Z"', _moment(2026, 1, 31, 8, 15, 30, 125000)),
            Accept('"2026-01-31t08:15:30z"', _moment(2026, 1, 31, 8, 15, 30), '"2026-01-31T08:15:30.000Z"'),
            Accept(
                '"2026-01-31T08:15:30.1259Z"', _moment(2026, 1, 31, 8, 15, 30, 125000), '"2026-01-31T08:15:30.125Z"'
            ),
            Accept('"2026-01-31T00:15:30+02:00"', _moment(2026, 1, 30, 22, 15, 30), '"2026-01-30T22:15:30.000Z"'),
            Accept(
                '"1969-12-31T23:59:59.9999Z"', _moment(1969, 12, 31, 23, 59, 59, 999000), '"1969-12-31T23:59:59.999Z"'
            ),
            Accept('"0001-01-01T00:00:00-00:00"', _moment(1, 1, 1), '"0001-01-01T00:00:00.000Z"'),
        ),
        _NO_TIMES,
    ),
    Row(
        "timestamp-micros",
        logical("timestamp-micros", "long"),
        (
            same('"2026-01-31T08:15:30.125250Z"', _moment(2026, 1, 31, 8, 15, 30, 125250)),
            Accept('"2026-01-31T08:15:30Z"', _moment(2026, 1, 31, 8, 15, 30), '"2026-01-31T08:15:30.000000Z"'),
            Accept(
                '"1969-12-31T23:59:59.99999999Z"',
                _moment(1969, 12, 31, 23, 59, 59, 999999),
                '"1969-12-31T23:59:59.999999Z"',
            ),
            same('"9999-12-31T23:59:59.999999Z"', _moment(9999, 12, 31, 23, 59, 59, 999999)),
        ),
        _NO_TIMES,
    ),
    *LOGICAL_ROWS,
)  # fmt: skip
