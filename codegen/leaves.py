"""Leaf parsers: how a JSON scalar becomes the value of an Avro type (the rows of docs/json.md), and back.

Each parser takes the decoded JSON value and raises ValueError with a sentence that never repeats the value, because
the value may be personal data.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import MAX_PREC, Context, Decimal
from typing import Final
from uuid import UUID

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LOCAL_EPOCH: Final = EPOCH.replace(tzinfo=None)
MILLISECOND: Final = timedelta(milliseconds=1)
MICROSECOND: Final = timedelta(microseconds=1)
MAX_BIG_DIGITS: Final = 2048

_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_FULL_DATE: Final = r"(\d{4}-\d\d-\d\d)"
_PARTIAL_TIME: Final = r"((?:[01]\d|2[0-3]):\d\d:\d\d)(?:\.(\d+))?"
_DATE: Final = re.compile(_FULL_DATE, re.ASCII)
_TIME: Final = re.compile(_PARTIAL_TIME, re.ASCII)
_LOCAL: Final = re.compile(f"{_FULL_DATE}[Tt]{_PARTIAL_TIME}", re.ASCII)
_INSTANT: Final = re.compile(rf"{_FULL_DATE}[Tt]{_PARTIAL_TIME}(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII)
_EXACT: Final = Context(prec=MAX_PREC)
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)


def parse_uuid(value: object) -> UUID:
    """A UUID in its 36 characters (RFC 9562, section 4); upper case is accepted."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("a uuid in its 36 characters is expected, such as 6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e")
    return UUID(value)


def parse_instant(value: object) -> datetime:
    """An RFC 3339 date-time with an offset, in UTC; digits beyond the microsecond are cut off, which floors."""
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("an RFC 3339 date-time with an offset is expected, such as 2026-01-31T08:15:30.125Z")
    date, time, fraction, _, sign, hours, minutes = match.groups()
    if sign is not None and (int(hours) > 23 or int(minutes) > 59):
        raise ValueError("the offset of a date-time is at most 23:59 (RFC 3339, section 5.6)")
    try:
        civil = datetime.fromisoformat(f"{date}T{time}.{(fraction or '')[:6]:0<6}+00:00")
        if sign is None:
            return civil
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return civil - offset if sign == "+" else civil + offset
    except (ValueError, OverflowError):
        raise ValueError("no such moment: year 0001 to 9999, a real day, seconds up to 59") from None


def parse_date(value: object) -> date:
    """An RFC 3339 full-date."""
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("an RFC 3339 full-date is expected, such as 2026-01-31")
    try:
        return date.fromisoformat(match.group())
    except ValueError:
        raise ValueError("no such day: year 0001 to 9999, a real day") from None


def parse_time(value: object) -> time:
    """An RFC 3339 partial-time, which has no offset; digits beyond the microsecond are cut off, which floors."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("an RFC 3339 partial-time without an offset is expected, such as 08:15:30.125")
    clock, fraction = match.groups()
    try:
        return time.fromisoformat(f"{clock}.{(fraction or '')[:6]:0<6}")
    except ValueError:
        raise ValueError("no such time: minutes and seconds up to 59") from None


def parse_local(value: object) -> datetime:
    """An RFC 3339 date-time without its offset, as a datetime without a zone; excess digits are cut off."""
    match = _LOCAL.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("an RFC 3339 date-time without an offset is expected, such as 2026-01-31T08:15:30.125")
    day, clock, fraction = match.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '')[:6]:0<6}")
    except ValueError:
        raise ValueError("no such moment: year 0001 to 9999, a real day, seconds up to 59") from None


def parse_bytes(value: object) -> bytes:
    """Base64 with padding and the standard alphabet (RFC 4648, section 4)."""
    if not isinstance(value, str):
        raise ValueError("bytes are expected as a base64 string (RFC 4648, section 4)")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("bytes are expected as base64 with padding (RFC 4648, section 4)") from None


def parse_fixed(value: object, size: int) -> bytes:
    """As `parse_bytes`, and exactly `size` bytes."""
    data = parse_bytes(value)
    if len(data) != size:
        raise ValueError(f"exactly {size} bytes are expected")
    return data


def parse_decimal(value: object, precision: int, scale: int) -> Decimal:
    """A decimal as a string of digits, without exponent, with `scale` digits behind the point at most."""
    match = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('a decimal is expected as a string of digits, such as "12.50"')
    if len(match.group(1) or "") > scale:
        raise ValueError(f"the decimal has more than {scale} digits behind the point")
    return check_decimal(Decimal(match.group()), precision, scale)


def check_decimal(value: Decimal, precision: int, scale: int) -> Decimal:
    """`value` with `scale` digits behind the point, if it is exact there and has at most `precision` digits in all."""
    if not value.is_finite():
        raise ValueError("a decimal is a finite number")
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or (exponent < -scale and any(digits[exponent + scale :])):
        raise ValueError(f"the decimal has more than {scale} digits behind the point")
    if value and value.adjusted() + 1 + scale > precision:
        raise ValueError(f"the decimal has more than {precision} digits")
    return value if exponent == -scale else value.quantize(Decimal((0, (1,), -scale)), context=_EXACT)


def floor_instant(value: datetime, unit_us: int) -> datetime:
    """`value` in UTC, floored to a whole number of units of `unit_us` microseconds. It must have an offset."""
    if value.tzinfo is None or value.utcoffset() is None:
        raise ValueError("a datetime with an offset is expected, such as datetime.now(UTC)")
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("no such moment: year 0001 to 9999") from None
    return moment.replace(microsecond=moment.microsecond // unit_us * unit_us)


def parse_big_decimal(value: object) -> Decimal:
    """A decimal as a string of digits, without exponent; its scale is the number of digits behind the point."""
    match = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('a decimal is expected as a string of digits, such as "12.50"')
    return check_big_decimal(Decimal(match.group()))


def check_big_decimal(value: Decimal) -> Decimal:
    """`value`, if it is finite and no longer than anybody could want: Avro's own bounds fill the memory as text."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("a decimal is a finite number")
    if len(digits) > MAX_BIG_DIGITS or abs(exponent) > MAX_BIG_DIGITS:
        raise ValueError(f"the decimal has more than {MAX_BIG_DIGITS} digits, or a scale beyond as many")
    return value


def check_date(value: date) -> date:
    """`value`, if it is a date alone: a datetime is one too for Python, and would lose its time."""
    if isinstance(value, datetime):
        raise ValueError("a date is expected, not a datetime")
    return value


def floor_time(value: time, unit_us: int) -> time:
    """`value` floored to a whole number of units of `unit_us` microseconds. It must have no time zone."""
    if value.tzinfo is not None:
        raise ValueError("a time without a time zone is expected, such as time(8, 15)")
    return value.replace(microsecond=value.microsecond // unit_us * unit_us)


def floor_local(value: datetime, unit_us: int) -> datetime:
    """`value` floored to a whole number of units of `unit_us` microseconds. It must have no time zone."""
    if value.tzinfo is not None:
        raise ValueError("a datetime without a time zone is expected, such as datetime(2026, 1, 31, 8, 15)")
    return value.replace(microsecond=value.microsecond // unit_us * unit_us)


def format_local(value: datetime | time, unit_us: int) -> str:
    """RFC 3339 without an offset, with as many digits as the unit has."""
    return value.isoformat(timespec="milliseconds" if unit_us == 1000 else "microseconds")


def format_instant(value: datetime, unit_us: int) -> str:
    """RFC 3339 in UTC with as many digits as the unit has."""
    text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    digits = f"{value.microsecond:06d}"[: 3 if unit_us == 1000 else 6]
    return f"{text}.{digits}Z"


def format_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def format_decimal(value: Decimal) -> str:
    """Without an exponent, as `parse_decimal` takes it."""
    return f"{value:f}"
