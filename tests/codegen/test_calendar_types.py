"""Dates, times and local moments from Python: only what their type says, and what they are floored to."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from codegen.binary import encode_long
from codegen.runtime import AvroEncodeError
from tests.codegen.sample_contracts import model_of_field, module_text, record

DATE = {"type": "int", "logicalType": "date"}
TIME_MILLIS = {"type": "int", "logicalType": "time-millis"}
TIME_MICROS = {"type": "long", "logicalType": "time-micros"}
LOCAL_MILLIS = {"type": "long", "logicalType": "local-timestamp-millis"}
LOCAL_MICROS = {"type": "long", "logicalType": "local-timestamp-micros"}
NAIVE = datetime(2026, 1, 31, 8, 15, 30, 125999)  # noqa: DTZ001 - a moment without a zone is what is meant
AWARE = NAIVE.replace(tzinfo=UTC)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("avro_type", "value"),
    [
        (DATE, NAIVE),
        (DATE, AWARE),
        (DATE, "2026-01-31"),
        (DATE, 20484),
        (TIME_MILLIS, time(8, 15, tzinfo=UTC)),
        (TIME_MICROS, time(8, 15, tzinfo=timezone(timedelta(hours=1)))),
        (TIME_MICROS, "08:15:30"),
        (TIME_MICROS, 0),
        (TIME_MICROS, NAIVE),
        (LOCAL_MILLIS, AWARE),
        (LOCAL_MICROS, AWARE),
        (LOCAL_MICROS, NAIVE.date()),
        (LOCAL_MICROS, "2026-01-31T08:15:30"),
        (LOCAL_MICROS, 0),
        ({"type": "long", "logicalType": "timestamp-millis"}, NAIVE),
    ],
)
def test_another_type_is_refused_from_python(avro_type: Any, value: Any, strict: bool) -> None:
    with pytest.raises(ValidationError):
        model_of_field(avro_type).model_validate({"value": value}, strict=strict)


@pytest.mark.parametrize(
    ("avro_type", "value", "held", "number"),
    [
        (DATE, date(1970, 1, 1), date(1970, 1, 1), 0),
        (DATE, date(1, 1, 1), date(1, 1, 1), -719162),
        (DATE, date.max, date.max, 2932896),
        (TIME_MILLIS, NAIVE.time(), time(8, 15, 30, 125000), 29730125),
        (TIME_MICROS, NAIVE.time(), NAIVE.time(), 29730125999),
        (TIME_MILLIS, time.max, time(23, 59, 59, 999000), 86_399_999),
        (LOCAL_MILLIS, NAIVE, NAIVE.replace(microsecond=125000), 1769847330125),
        (LOCAL_MICROS, NAIVE, NAIVE, 1769847330125999),
        (LOCAL_MICROS, datetime.min, datetime.min, -62135596800000000),  # noqa: DTZ901 - without a zone
        (LOCAL_MICROS, datetime.max, datetime.max, 253402300799999999),  # noqa: DTZ901 - without a zone
    ],
)
def test_a_value_is_floored_and_written_as_its_number(avro_type: Any, value: Any, held: Any, number: int) -> None:
    model = model_of_field(avro_type)
    one = model.model_validate({"value": value})
    assert one.model_dump() == {"value": held}
    assert one.serialize() == encode_long(number)
    assert model.deserialize(encode_long(number)) == one


@pytest.mark.parametrize("avro_type", [DATE, TIME_MILLIS, LOCAL_MICROS])
def test_a_value_without_validation_is_refused_when_it_is_written(avro_type: Any) -> None:
    for value in (None, "x", 5):
        with pytest.raises(AvroEncodeError):
            model_of_field(avro_type).model_construct(value=value).serialize()


@pytest.mark.parametrize(
    ("avro_type", "number", "expression", "value"),
    [
        (DATE, -1, 'parse_date("1969-12-31")', date(1969, 12, 31)),
        (TIME_MILLIS, 5, 'parse_time("00:00:00.005")', time(0, 0, 0, 5000)),
        (TIME_MICROS, 5, 'parse_time("00:00:00.000005")', time(0, 0, 0, 5)),
        (LOCAL_MILLIS, -1, 'parse_local("1969-12-31T23:59:59.999")', datetime(1969, 12, 31, 23, 59, 59, 999000)),  # noqa: DTZ001
    ],
)
def test_a_default_is_written_as_its_json(avro_type: Any, number: int, expression: str, value: Any) -> None:
    field = {"name": "date", "type": avro_type, "default": number}
    text = module_text(record(field, {**field, "name": "time"}))
    assert text.count(f"Field(default={expression})") == 2
    assert model_of_field(avro_type, default=number).model_validate({}).model_dump() == {"value": value}
