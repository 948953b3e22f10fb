"""Avro-exact field types of the generated models: what each accepts from JSON and from Python, and how it is shown.

From JSON the rules of docs/json.md hold (codegen.leaves); from Python the value must have the annotated type already.
The library reads the same annotations to derive its schema, so its own markers (Int32 …) are carried along.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, TypeAlias
from uuid import UUID

from annotated_types import Ge, Le
from dataclasses_avroschema.types import (
    DateTimeMicro,
    DecimalFieldInfo,
    Float32,
    Int32,
    LocalDateTime,
    LocalDateTimeMicro,
    TimeMicro,
)
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, core_schema

from codegen import leaves
from codegen.leaf_schema import JsonSchema, Text, leaf
from codegen.nanos import LocalNanoTimestamp, NanoTimestamp
from codegen.reading.defaults import FLOAT_MAX, INT_RANGE, LONG_RANGE

_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
_LOCAL: Final = f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]{_CLOCK}$"


@dataclass(frozen=True, slots=True)
class UuidText(Text):
    """`uuid` on string or on fixed (Avro specification, "UUID"); `avro_name` is what Avro calls its type."""

    avro_name: str = "string"

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return leaf(leaves.parse_uuid, core_schema.is_instance_schema(UUID), str)

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "format": "uuid"}


@dataclass(frozen=True, slots=True)
class Instant(Text):
    """`timestamp-millis` or `timestamp-micros`: a moment in UTC, floored to `unit_us` microseconds."""

    unit_us: int
    avro_name: ClassVar[str] = "long"

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        unit_us = self.unit_us

        def from_json(value: object) -> datetime:
            moment = leaves.parse_instant(value)
            return moment.replace(microsecond=moment.microsecond // unit_us * unit_us)

        from_python = core_schema.no_info_after_validator_function(
            lambda value: leaves.floor_instant(value, unit_us), core_schema.is_instance_schema(datetime)
        )
        return leaf(from_json, from_python, lambda value: leaves.format_instant(value, unit_us))

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class FullDate(Text):
    """`date`: a day of the calendar."""

    avro_name: ClassVar[str] = "int"

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        from_python = core_schema.no_info_after_validator_function(
            leaves.check_date, core_schema.is_instance_schema(date)
        )
        return leaf(leaves.parse_date, from_python, date.isoformat)

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "format": "date"}


@dataclass(frozen=True, slots=True)
class PartialTime(Text):
    """`time-millis` or `time-micros`: a time of day without a zone, floored to `unit_us` microseconds."""

    unit_us: int

    @property
    def avro_name(self) -> str:
        return "int" if self.unit_us == 1000 else "long"

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        unit_us = self.unit_us
        from_python = core_schema.no_info_after_validator_function(
            lambda value: leaves.floor_time(value, unit_us), core_schema.is_instance_schema(time)
        )
        return leaf(
            lambda value: leaves.floor_time(leaves.parse_time(value), unit_us),
            from_python,
            lambda value: leaves.format_local(value, unit_us),
        )

    def json_schema(self) -> JsonSchema:
        # The format "time" would ask for an offset.
        return {"type": "string", "pattern": f"^{_CLOCK}$"}


@dataclass(frozen=True, slots=True)
class LocalMoment(Text):
    """`local-timestamp-millis` or `-micros`: a date and time without a zone, floored to `unit_us` microseconds."""

    unit_us: int
    avro_name: ClassVar[str] = "long"

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        unit_us = self.unit_us
        from_python = core_schema.no_info_after_validator_function(
            lambda value: leaves.floor_local(value, unit_us), core_schema.is_instance_schema(datetime)
        )
        return leaf(
            lambda value: leaves.floor_local(leaves.parse_local(value), unit_us),
            from_python,
            lambda value: leaves.format_local(value, unit_us),
        )

    def json_schema(self) -> JsonSchema:
        # The format "date-time" would ask for an offset.
        return {"type": "string", "pattern": _LOCAL}


@dataclass(frozen=True, slots=True)
class Base64(Text):
    """`bytes`, in JSON as base64."""

    avro_name: ClassVar[str] = "bytes"

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return leaf(leaves.parse_bytes, core_schema.bytes_schema(strict=True), leaves.format_bytes)

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "contentEncoding": "base64"}


@dataclass(frozen=True, slots=True)
class Nanos(Text):
    """`timestamp-nanos` or `local-timestamp-nanos`; where validation is lax, from Python its number is taken too."""

    kind: type[NanoTimestamp | LocalNanoTimestamp]
    avro_name: ClassVar[str] = "long"

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        strict = core_schema.is_instance_schema(self.kind)
        number = core_schema.no_info_after_validator_function(self.kind, core_schema.int_schema(strict=True))
        from_python = core_schema.lax_or_strict_schema(core_schema.union_schema([strict, number]), strict)
        return leaf(self.kind.parse, from_python, str)

    def json_schema(self) -> JsonSchema:
        is_local = self.kind is LocalNanoTimestamp
        return {"type": "string", "pattern": _LOCAL} if is_local else {"type": "string", "format": "date-time"}


class AvroDecimal(DecimalFieldInfo):
    """`decimal` on bytes or fixed: `max_digits` is the precision, `decimal_places` the scale, both in digits.

    `avro_name` is what Avro calls its type: `bytes`, or the full name of the fixed.
    """

    def __init__(self, max_digits: int, decimal_places: int, avro_name: str = "bytes") -> None:
        super().__init__(max_digits, decimal_places)
        self.avro_name = avro_name

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        precision, scale = self.max_digits, self.decimal_places
        from_python = core_schema.no_info_after_validator_function(
            lambda value: leaves.check_decimal(value, precision, scale), core_schema.is_instance_schema(Decimal)
        )
        return leaf(lambda value: leaves.parse_decimal(value, precision, scale), from_python, leaves.format_decimal)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchema:
        places = f"(\\.[0-9]{{1,{self.decimal_places}}})?" if self.decimal_places else ""
        return {"type": "string", "pattern": f"^-?(0|[1-9][0-9]*){places}$"}


class AvroBigDecimal(DecimalFieldInfo):
    """`big-decimal` on bytes: a decimal that brings its own scale. The library knows it as a decimal."""

    avro_name: Final = "bytes"

    def __init__(self) -> None:
        super().__init__(max_digits=20, decimal_places=6)

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        from_python = core_schema.no_info_after_validator_function(
            leaves.check_big_decimal, core_schema.is_instance_schema(Decimal)
        )
        return leaf(leaves.parse_big_decimal, from_python, leaves.format_decimal)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchema:
        return {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"}


def _not_finite(value: float) -> float:
    if math.isfinite(value):
        raise ValueError("a number that fits into 32 bits is expected")
    return value


@dataclass(frozen=True, slots=True)
class Finite:
    """A number whose magnitude is at most `limit`; from Python NaN and the infinities are Avro values too."""

    limit: float | None = None

    @property
    def avro_name(self) -> str:
        return "double" if self.limit is None else "float"

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        limit = self.limit
        lower = None if limit is None else -limit
        from_json = core_schema.float_schema(strict=True, allow_inf_nan=False, ge=lower, le=limit)
        from_python: CoreSchema = core_schema.float_schema(strict=True, allow_inf_nan=True)
        if limit is not None:
            special = core_schema.no_info_after_validator_function(_not_finite, from_python)
            from_python = core_schema.union_schema(
                [from_json, special],
                mode="left_to_right",
                custom_error_type="float_range",
                custom_error_message="Input should be a number that fits into 32 bits",
            )
        return core_schema.json_or_python_schema(from_json, from_python)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchema:
        return {"type": "number"}


# What the values are, and what the library can know of them: it has no nanoseconds.
if TYPE_CHECKING:
    _Utc = NanoTimestamp
    _Local = LocalNanoTimestamp
else:
    _Utc = _Local = int

Int: TypeAlias = Annotated[Int32, Strict(), Ge(INT_RANGE[0]), Le(INT_RANGE[1])]
Long: TypeAlias = Annotated[int, Strict(), Ge(LONG_RANGE[0]), Le(LONG_RANGE[1])]
Float: TypeAlias = Annotated[Float32, Finite(FLOAT_MAX)]
Double: TypeAlias = Annotated[float, Finite()]
Bytes: TypeAlias = Annotated[bytes, Base64()]
Uuid: TypeAlias = Annotated[UUID, UuidText()]
TimestampMillis: TypeAlias = Annotated[datetime, Instant(1000)]
TimestampMicros: TypeAlias = Annotated[DateTimeMicro, Instant(1)]
Date: TypeAlias = Annotated[date, FullDate()]
TimeMillis: TypeAlias = Annotated[time, PartialTime(1000)]
TimeMicros: TypeAlias = Annotated[TimeMicro, PartialTime(1)]
LocalTimestampMillis: TypeAlias = Annotated[LocalDateTime, LocalMoment(1000)]
LocalTimestampMicros: TypeAlias = Annotated[LocalDateTimeMicro, LocalMoment(1)]
TimestampNanos: TypeAlias = Annotated[_Utc, Nanos(NanoTimestamp)]
LocalTimestampNanos: TypeAlias = Annotated[_Local, Nanos(LocalNanoTimestamp)]
BigDecimal: TypeAlias = Annotated[Decimal, AvroBigDecimal()]
