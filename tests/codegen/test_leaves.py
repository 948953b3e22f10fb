"""Leaf parsers at their edges (RFC 3339, RFC 4648, RFC 9562); the common cases are rows of docs/json.md."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen import leaves


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T08:15:30Z", datetime(2026, 1, 31, 8, 15, 30, tzinfo=UTC)),
        ("2026-01-31t08:15:30z", datetime(2026, 1, 31, 8, 15, 30, tzinfo=UTC)),
        ("2026-01-31T08:15:30.1Z", datetime(2026, 1, 31, 8, 15, 30, 100000, tzinfo=UTC)),
        ("2026-01-31T08:15:30.123456999999999Z", datetime(2026, 1, 31, 8, 15, 30, 123456, tzinfo=UTC)),
        ("1969-12-31T23:59:59.9999999Z", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-01-01T00:00:00+23:59", datetime(2025, 12, 31, 0, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00-23:59", datetime(2026, 1, 1, 23, 59, tzinfo=UTC)),
        ("2026-01-01T00:00:00-00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00-00:01", datetime(1, 1, 1, 0, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999+00:01", datetime(9999, 12, 31, 23, 58, 59, 999999, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_utc(text: str, moment: datetime) -> None:
    read = leaves.parse_instant(text)
    assert read == moment
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2016-12-31T23:59:60Z", "seconds up to 59"),
        ("0001-01-01T00:00:00+00:01", "year 0001 to 9999"),
        ("9999-12-31T23:59:59-00:01", "year 0001 to 9999"),
        ("0000-01-01T00:00:00Z", "year 0001 to 9999"),
        ("2026-02-29T00:00:00Z", "a real day"),
        ("2026-13-01T00:00:00Z", "a real day"),
        ("2026-01-01T00:00:00+24:00", "at most 23:59"),
        ("2026-01-01T00:00:00+00:60", "at most 23:59"),
        ("2026-01-31T24:00:00Z", "RFC 3339 date-time with an offset"),
        ("2026-01-31T08:15:31", "RFC 3339 date-time with an offset"),
        ("2026-01-31T08:15:30+01", "RFC 3339 date-time with an offset"),
        ("2026-01-31T08:15:30,5Z", "RFC 3339 date-time with an offset"),
        ("20260131T081530Z", "RFC 3339 date-time with an offset"),
        ("2026-W05-6T08:15:30Z", "RFC 3339 date-time with an offset"),
        ("2026-01-31T08:15:30Z\n", "RFC 3339 date-time with an offset"),
        ("٢٠٢٦-01-31T08:15:30Z", "RFC 3339 date-time with an offset"),
        (1769847330, "RFC 3339 date-time with an offset"),
        (None, "RFC 3339 date-time with an offset"),
    ],
)
def test_what_is_no_instant_is_refused_without_repeating_it(text: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        leaves.parse_instant(text)
    assert str(text) not in str(caught.value)


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)), st.sampled_from([1, 1000]))
def test_a_written_instant_is_the_floored_one(moment: datetime, unit_us: int) -> None:
    try:
        floored = leaves.floor_instant(moment, unit_us)
    except ValueError as error:
        assert "year 0001 to 9999" in str(error)  # noqa: PT017 - most moments raise nothing
        return
    assert timedelta(0) <= moment - floored < timedelta(microseconds=unit_us)
    assert floored.microsecond % unit_us == 0
    text = leaves.format_instant(floored, unit_us)
    assert len(text) == (24 if unit_us == 1000 else 27)
    assert leaves.parse_instant(text) == floored


def test_a_moment_without_offset_is_refused_from_python() -> None:
    class Unknown(tzinfo):
        def utcoffset(self, moment: datetime | None) -> None:
            return None

    for zone in (None, Unknown()):
        with pytest.raises(ValueError, match="with an offset"):
            leaves.floor_instant(datetime(2026, 1, 31, tzinfo=zone), 1)


def test_a_moment_before_the_first_year_is_refused_from_python() -> None:
    with pytest.raises(ValueError, match="no such moment"):
        leaves.floor_instant(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 1)


@given(st.binary())
def test_base64_comes_back(data: bytes) -> None:
    assert leaves.parse_bytes(leaves.format_bytes(data)) == data


@given(st.integers(1, 60).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, p))), st.data())
def test_a_decimal_comes_back_exactly(shape: tuple[int, int], draw: st.DataObject) -> None:
    precision, scale = shape
    unscaled = draw.draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    value = Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))
    text = leaves.format_decimal(value)
    assert leaves.parse_decimal(text, precision, scale) == value
    assert leaves.parse_decimal(text, precision, scale).as_tuple().exponent == -scale
    with pytest.raises(ValueError, match="more than"):
        leaves.parse_decimal(f"1{'0' * (precision - scale)}", precision, scale)
    with pytest.raises(ValueError, match="behind the point"):
        leaves.parse_decimal(f"0.{'0' * scale}1", precision, scale)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1.5"), "1.50"),
        (Decimal("1.5000"), "1.50"),
        (Decimal("1E+1"), "10.00"),
        (Decimal("0E+1000000"), "0.00"),
        (Decimal("0E-1000000"), "0.00"),
        (Decimal("-0"), "-0.00"),
    ],
)
def test_a_decimal_from_python_takes_the_scale(value: Decimal, expected: str) -> None:
    assert str(leaves.check_decimal(value, 4, 2)) == expected


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (Decimal("NaN"), "finite"),
        (Decimal("sNaN"), "finite"),
        (Decimal("-Infinity"), "finite"),
        (Decimal("1.501"), "2 digits behind"),
        (Decimal("1E-1000000"), "2 digits behind"),
        (Decimal(100), "more than 4 digits"),
        (Decimal("1E+1000000"), "more than 4 digits"),
    ],
)
def test_a_decimal_that_does_not_fit_is_refused(value: Decimal, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        leaves.check_decimal(value, 4, 2)


@given(st.uuids())
def test_a_uuid_comes_back_in_either_case(value: object) -> None:
    assert leaves.parse_uuid(str(value)) == leaves.parse_uuid(str(value).upper()) == value
