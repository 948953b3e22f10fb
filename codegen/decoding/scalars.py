"""What a reader's primitive, fixed or logical type makes of the writer's bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from codegen.decoding import datum
from codegen.decoding.datum import MalformedDatum, Read
from codegen.duration import Duration
from codegen.leaves import EPOCH, LOCAL_EPOCH, check_big_decimal, check_decimal, parse_uuid
from codegen.nanos import LocalNanoTimestamp, NanoTimestamp
from codegen.nodes import LogicalType

PRIMITIVES: Final[dict[str, Read]] = {
    "null": datum.read_null,
    "boolean": datum.read_boolean,
    "int": datum.read_int,
    "long": datum.read_long,
    "float": datum.read_float,
    "double": datum.read_double,
    "bytes": datum.read_bytes,
    "string": datum.read_string,
}
# The start and the unit of each count.
_MOMENTS: Final = {
    "timestamp-millis": (EPOCH, timedelta(milliseconds=1)),
    "timestamp-micros": (EPOCH, timedelta(microseconds=1)),
    "local-timestamp-millis": (LOCAL_EPOCH, timedelta(milliseconds=1)),
    "local-timestamp-micros": (LOCAL_EPOCH, timedelta(microseconds=1)),
}
# Of these, every value of the base type is one.
_WHOLE: Final[dict[str, Callable[[Any], Any]]] = {
    "timestamp-nanos": NanoTimestamp,
    "local-timestamp-nanos": LocalNanoTimestamp,
    "duration": Duration.unpack,
}
_TIME_UNITS_US: Final = {"time-millis": 1000, "time-micros": 1}
_DAY_US: Final = 86_400_000_000
_EPOCH_DAY: Final = EPOCH.toordinal()
# Python turns no integer of more than 4,300 digits into text; no contract needs as many.
_MAX_DECIMAL_BYTES: Final = 1024


def promoted_reader(reader: str, writer: str) -> Read:
    """The reader of a primitive, promoted to the reader's type."""
    if reader == writer or {reader, writer} == {"float", "double"}:
        return PRIMITIVES[writer]
    if {reader, writer} == {"string", "bytes"}:
        return PRIMITIVES[reader]  # both are a length and bytes
    read = PRIMITIVES[writer]
    if reader == "long":
        return read
    convert: Callable[[int], float] = datum.round_float if reader == "float" else float

    def read_promoted(data: bytes, at: int) -> tuple[float, int]:
        number, at = read(data, at)
        return convert(number), at

    return read_promoted


def fixed_reader(size: int) -> Read:
    """The reader of a fixed of `size` bytes."""

    def read_fixed(data: bytes, at: int) -> tuple[bytes, int]:
        end = at + size
        if end > len(data):
            raise MalformedDatum("the bytes end too early")
        return data[at:end], end

    return read_fixed


def with_logical(read: Read, logical: LogicalType | None) -> Read:
    """`read`, and what the reader's logical type makes of its value."""
    convert = _conversion(logical)
    if convert is None:
        return read

    def read_logical(data: bytes, at: int) -> tuple[Any, int]:
        value, at = read(data, at)
        return convert(value), at

    return read_logical


def checked_conversion(logical: LogicalType | None) -> Callable[[Any], Any] | None:
    """What a logical type makes of its base, as a model takes it. What it raises is a ValueError or ArithmeticError."""
    convert = _conversion(logical)
    if convert is None or logical is None:
        return None
    if logical.name == "decimal":
        precision, scale = logical.precision or 0, logical.scale or 0
        return lambda data: check_decimal(convert(data), precision, scale)
    if logical.name == "big-decimal":
        return lambda data: check_big_decimal(convert(data))
    return convert


def _conversion(logical: LogicalType | None) -> Callable[[Any], Any] | None:
    if logical is None:
        return None
    if logical.name == "uuid":
        return _uuid
    if logical.name == "decimal":
        scale = logical.scale or 0
        return lambda data: _decimal(data, scale)
    if logical.name == "big-decimal":
        return read_big_decimal
    if logical.name == "date":
        return _date
    if logical.name in _TIME_UNITS_US:
        unit_us = _TIME_UNITS_US[logical.name]
        return lambda number: _time(number * unit_us)
    if logical.name in _MOMENTS:
        start, unit = _MOMENTS[logical.name]
        return lambda number: _moment(start, number, unit)
    return _WHOLE.get(logical.name)


def _uuid(value: str | bytes) -> UUID:
    """On string its text, on fixed its 16 bytes."""
    try:
        return UUID(bytes=value) if isinstance(value, bytes) else parse_uuid(value)
    except ValueError:
        raise MalformedDatum("a uuid that is not one") from None


def _decimal(data: bytes, scale: int) -> Decimal:
    """Made of its digits: arithmetic would round to the precision of the context."""
    unscaled = int.from_bytes(data, "big", signed=True)
    if unscaled.bit_length() > 8 * _MAX_DECIMAL_BYTES:  # a fixed may be longer than what it holds
        raise MalformedDatum(f"a decimal of more than {_MAX_DECIMAL_BYTES} bytes")
    return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))


def read_big_decimal(data: bytes) -> Decimal:
    """An Avro bytes, the unscaled number, and an int, the scale (the specification names no layout; Java has this)."""
    try:
        unscaled, at = datum.read_bytes(data, 0)
        scale, end = datum.read_int(data, at)
    except IndexError:
        raise MalformedDatum("a big decimal that ends too early") from None
    if end != len(data):
        raise MalformedDatum("bytes behind a big decimal")
    return _decimal(unscaled, scale)


def _date(days: int) -> date:
    try:
        return date.fromordinal(_EPOCH_DAY + days)
    except (ValueError, OverflowError):
        raise MalformedDatum("a day before the year 0001 or after 9999") from None


def _time(microseconds: int) -> time:
    if not 0 <= microseconds < _DAY_US:
        raise MalformedDatum("a time of day outside one day")
    return (LOCAL_EPOCH + timedelta(microseconds=microseconds)).time()


def _moment(start: datetime, number: int, unit: timedelta) -> datetime:
    try:
        return start + number * unit
    except OverflowError:
        raise MalformedDatum("a moment before the year 0001 or after 9999") from None
