"""The rows of docs/json.md for dates, times, fixed types and what else lies on another type."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from codegen.duration import Duration
from codegen.nanos import LocalNanoTimestamp, NanoTimestamp
from tests.codegen.json_row import Accept, Refuse, Row, logical, same

_ID = "6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e"


def _fixed(size: int, **attributes: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": "Raw", "size": size, **attributes}


def _local(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - a moment without a zone is what is meant


_NO_CLOCK = tuple(
    Refuse(text)
    for text in (
        '"08:15"', '"24:00:00"', '"08:60:00"', '"23:59:60"', '"8:15:30"', '"08:15:30Z"', '"08:15:30+00:00"',
        '"T08:15:30"', '"08:15:30."', '"08:15:30,5"', '"081530"', '"2026-01-31T08:15:30"', "29730000", "null", '""',
        '"０8:15:30"',
    )
)  # fmt: skip
_NO_LOCAL = tuple(
    Refuse(text)
    for text in (
        '"2026-01-31T08:15:30Z"', '"2026-01-31T08:15:30+01:00"', '"2026-01-31 08:15:30"', '"2026-01-31T08:15"',
        '"2026-01-31"', "1769847330000", '"2026-02-29T00:00:00"', '"2016-12-31T23:59:60"', '"2026-01-31T24:00:00"',
        '"2026-01-31T08:15:30."', '"0000-01-01T00:00:00"', '"２026-01-31T08:15:30"', "null", '""',
    )
)  # fmt: skip

LOGICAL_ROWS = (
    Row(
        "date",
        logical("date", "int"),
        (
            same('"2026-01-31"', date(2026, 1, 31)),
            same('"0001-01-01"', date(1, 1, 1)),
            same('"9999-12-31"', date(9999, 12, 31)),
            same('"1969-12-31"', date(1969, 12, 31)),
        ),
        (
            Refuse('"2026-02-29"'), Refuse('"2026-13-01"'), Refuse('"0000-01-01"'), Refuse('"10000-01-01"'),
            Refuse('"2026-1-31"'), Refuse('"20260131"'), Refuse('"2026-W05-6"'), Refuse('"2026-01-31T00:00:00Z"'),
            Refuse("20484"), Refuse('"20484"'), Refuse('"２026-01-31"'), Refuse("null"), Refuse('""'),
        ),
    ),
    Row(
        "time-millis",
        logical("time-millis", "int"),
        (
            same('"08:15:30.125"', time(8, 15, 30, 125000)),
            Accept('"08:15:30"', time(8, 15, 30), '"08:15:30.000"'),
            Accept('"23:59:59.9999"', time(23, 59, 59, 999000), '"23:59:59.999"'),
            same('"00:00:00.000"', time(0)),
        ),
        _NO_CLOCK,
    ),
    Row(
        "time-micros",
        logical("time-micros", "long"),
        (
            same('"08:15:30.125250"', time(8, 15, 30, 125250)),
            Accept('"08:15:30"', time(8, 15, 30), '"08:15:30.000000"'),
            Accept('"23:59:59.9999999"', time(23, 59, 59, 999999), '"23:59:59.999999"'),
        ),
        _NO_CLOCK,
    ),
    Row(
        "local-timestamp-millis",
        logical("local-timestamp-millis", "long"),
        (
            same('"2026-01-31T08:15:30.125"', _local(2026, 1, 31, 8, 15, 30, 125000)),
            Accept('"2026-01-31t08:15:30"', _local(2026, 1, 31, 8, 15, 30), '"2026-01-31T08:15:30.000"'),
            Accept('"1969-12-31T23:59:59.9999"', _local(1969, 12, 31, 23, 59, 59, 999000), '"1969-12-31T23:59:59.999"'),
            same('"0001-01-01T00:00:00.000"', _local(1, 1, 1)),
        ),
        _NO_LOCAL,
    ),
    Row(
        "local-timestamp-micros",
        logical("local-timestamp-micros", "long"),
        (
            same('"2026-01-31T08:15:30.125250"', _local(2026, 1, 31, 8, 15, 30, 125250)),
            Accept('"2026-01-31T08:15:30"', _local(2026, 1, 31, 8, 15, 30), '"2026-01-31T08:15:30.000000"'),
            same('"9999-12-31T23:59:59.999999"', _local(9999, 12, 31, 23, 59, 59, 999999)),
        ),
        _NO_LOCAL,
    ),
    Row(
        "fixed",
        _fixed(3),
        (same('"AP9B"', b"\x00\xffA"), same('"+/+/"', b"\xfb\xff\xbf")),
        (
            Refuse('"AP8="'), Refuse('"AP9BQg=="'), Refuse('""'), Refuse('"-_-_"'), Refuse('"AP9B\\n"'),
            Refuse('"abc"'), Refuse("[0, 255, 65]"), Refuse("0"), Refuse("null"),
        ),
    ),
    Row(
        "fixed decimal",
        _fixed(4, logicalType="decimal", precision=4, scale=2),
        (
            same('"12.50"', Decimal("12.50")),
            Accept('"-3"', Decimal("-3.00"), '"-3.00"'),
            same('"-99.99"', Decimal("-99.99")),
        ),
        (Refuse("12.5"), Refuse('"12.500"'), Refuse('"100.00"'), Refuse('"1e1"'), Refuse('"AAAE4g=="'), Refuse("null")),
    ),
    Row(
        "fixed uuid",
        _fixed(16, logicalType="uuid"),
        (same(f'"{_ID}"', UUID(_ID)), Accept(f'"{_ID.upper()}"', UUID(_ID), f'"{_ID}"')),
        (
            Refuse(f'"{_ID.replace("-", "")}"'), Refuse(f'"{{{_ID}}}"'), Refuse('"bxwsHm18S5ufTD0fCmssXg=="'),
            Refuse("0"), Refuse("null"),
        ),
    ),
    Row(
        "timestamp-nanos",
        logical("timestamp-nanos", "long"),
        (
            same('"2026-01-31T08:15:30.125250375Z"', NanoTimestamp(1769847330125250375)),
            Accept(
                '"2026-01-31T00:15:30+02:00"', NanoTimestamp(1769811330 * 10**9), '"2026-01-30T22:15:30.000000000Z"'
            ),
            Accept('"1969-12-31T23:59:59.9999999999Z"', NanoTimestamp(-1), '"1969-12-31T23:59:59.999999999Z"'),
            same('"1677-09-21T00:12:43.145224192Z"', NanoTimestamp(-(2**63))),
            same('"2262-04-11T23:47:16.854775807Z"', NanoTimestamp(2**63 - 1)),
        ),
        (
            Refuse('"1677-09-21T00:12:43.145224191Z"'), Refuse('"2262-04-11T23:47:16.854775808Z"'),
            Refuse('"0001-01-01T00:00:00Z"'), Refuse('"2026-01-31T08:15:30.125250375"'), Refuse("1769847330125250375"),
            Refuse('"2026-02-29T00:00:00Z"'), Refuse("null"), Refuse('""'),
        ),
    ),
    Row(
        "local-timestamp-nanos",
        logical("local-timestamp-nanos", "long"),
        (
            same('"2026-01-31T08:15:30.125250375"', LocalNanoTimestamp(1769847330125250375)),
            Accept('"1969-12-31T23:59:59.9999999999"', LocalNanoTimestamp(-1), '"1969-12-31T23:59:59.999999999"'),
            Accept(
                '"2026-01-31t08:15:30.1"', LocalNanoTimestamp(17698473301 * 10**8), '"2026-01-31T08:15:30.100000000"'
            ),
            same('"1677-09-21T00:12:43.145224192"', LocalNanoTimestamp(-(2**63))),
            same('"2262-04-11T23:47:16.854775807"', LocalNanoTimestamp(2**63 - 1)),
        ),
        (
            Refuse('"1677-09-21T00:12:43.145224191"'), Refuse('"2262-04-11T23:47:16.854775808"'),
            Refuse('"2026-01-31T08:15:30Z"'), Refuse('"2026-02-29T00:00:00"'), Refuse("1769847330125250375"),
            Refuse("null"), Refuse('""'),
        ),
    ),
    Row(
        "duration",
        _fixed(12, logicalType="duration"),
        (
            same('{"months":1,"days":2,"millis":4294967295}', Duration(1, 2, 2**32 - 1)),
            Accept('{"millis":0,"days":0,"months":0}', Duration(), '{"months":0,"days":0,"millis":0}'),
        ),
        (
            Refuse('{"months":1,"days":2}', ("value", "millis")), Refuse('"P1M2D"'), Refuse('"AQAAAAIAAAADAAAA"'),
            Refuse('{"months":1,"days":2,"millis":-1}', ("value", "millis")),
            Refuse('{"months":4294967296,"days":2,"millis":3}', ("value", "months")),
            Refuse('{"months":1,"days":2.0,"millis":3}', ("value", "days")),
            Refuse('{"months":1,"days":true,"millis":3}', ("value", "days")),
            Refuse('{"months":1,"days":"2","millis":3}', ("value", "days")),
            Refuse('{"months":1,"days":2,"millis":3,"years":0}', ("value", "years")),
            Refuse('{"months":1,"days":2,"millis":3,"millis":3}', ("millis",)),
            Refuse("[1,2,3]"), Refuse("null"), Refuse("0"),
        ),
    ),
    Row(
        "big-decimal",
        logical("big-decimal", "bytes"),
        (
            same('"12.50"', Decimal("12.50")),
            same('"-3"', Decimal(-3)),
            same('"0.00000000000000000000000000000000000000000000000001"', Decimal("1E-50")),
        ),
        (
            Refuse("12.5"), Refuse('"1e1"'), Refuse('"+1"'), Refuse('".5"'), Refuse('"5."'), Refuse('"012.50"'),
            Refuse('"NaN"'), Refuse('"Infinity"'), Refuse(f'"{"9" * 2049}"'), Refuse(f'"0.{"0" * 2049}"'),
            Refuse('""'), Refuse("null"),
        ),
    ),
)  # fmt: skip
