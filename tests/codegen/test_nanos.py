"""Nanoseconds and durations as Python values: nothing is lost, and nothing else is taken for one."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from codegen.binary import encode_long
from codegen.duration import Duration, make_duration
from codegen.nanos import LocalNanoTimestamp, NanoTimestamp
from codegen.runtime import AvroEncodeError
from tests.codegen.sample_contracts import model_of_field

NANOS = {"type": "long", "logicalType": "timestamp-nanos"}
LOCAL = {"type": "long", "logicalType": "local-timestamp-nanos"}
DURATION = {"type": "fixed", "name": "Span", "size": 12, "logicalType": "duration"}
MODELS = {name: model_of_field(avro_type) for name, avro_type in (("utc", NANOS), ("local", LOCAL), ("span", DURATION))}
LONGS = st.integers(-(2**63), 2**63 - 1)


@given(LONGS, st.sampled_from(["utc", "local"]))
def test_every_long_comes_back_from_bytes_and_from_json(number: int, name: str) -> None:
    model = MODELS[name]
    one = model.deserialize(encode_long(number))
    assert one.serialize() == encode_long(number)
    assert model.model_validate_json(one.model_dump_json()).serialize() == encode_long(number)


@given(LONGS, st.sampled_from([NanoTimestamp, LocalNanoTimestamp]))
def test_a_value_is_its_datetime_and_three_digits(number: int, kind: type[NanoTimestamp | LocalNanoTimestamp]) -> None:
    value = kind(number)
    assert kind.of(value.moment, value.nanosecond) == value
    assert kind.parse(str(value)) == value
    assert len(str(value)) == (30 if kind is NanoTimestamp else 29)


@given(LONGS, LONGS)
def test_values_are_ordered_as_their_numbers(one: int, two: int) -> None:
    assert (NanoTimestamp(one) < NanoTimestamp(two)) == (one < two)
    assert (LocalNanoTimestamp(one) == LocalNanoTimestamp(two)) == (one == two)
    assert len({NanoTimestamp(one), NanoTimestamp(one)}) == 1


def test_utc_and_local_are_not_compared() -> None:
    assert NanoTimestamp(5) != LocalNanoTimestamp(5)
    with pytest.raises(TypeError):
        assert NanoTimestamp(5) < LocalNanoTimestamp(6)  # type: ignore[operator]


@pytest.mark.parametrize("value", [NanoTimestamp(5), LocalNanoTimestamp(-5), Duration(1, 2, 3)])
def test_a_value_can_be_copied_and_hashed_and_not_changed(value: Any) -> None:
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value  # noqa: S301 - our own bytes
    assert {value, copy.copy(value)} == {value}
    assert eval(repr(value)) == value  # noqa: S307 - our own text
    with pytest.raises(AttributeError):
        setattr(value, "nanoseconds" if hasattr(value, "nanoseconds") else "days", 7)


def test_an_offset_is_taken_into_account_and_a_zone_refused() -> None:
    moment = datetime(2026, 1, 31, 8, tzinfo=timezone(timedelta(hours=2)))
    assert NanoTimestamp.of(moment, 7) == NanoTimestamp.parse("2026-01-31T06:00:00.000000007Z")
    assert NanoTimestamp.of(moment).moment == moment
    with pytest.raises(ValueError, match="with an offset"):
        NanoTimestamp.of(moment.replace(tzinfo=None))
    with pytest.raises(ValueError, match="without a time zone"):
        LocalNanoTimestamp.of(moment)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 5.0, True, "5", None])
def test_what_is_no_long_is_refused(number: Any) -> None:
    for kind in (NanoTimestamp, LocalNanoTimestamp):
        with pytest.raises(ValueError, match="from 1677-09-21 to 2262-04-11"):
            kind(number)


@pytest.mark.parametrize("nanosecond", [-1, 1000])
def test_only_three_digits_are_left_behind_a_microsecond(nanosecond: int) -> None:
    with pytest.raises(ValueError, match="0 to 999"):
        NanoTimestamp.of(datetime(2026, 1, 31, tzinfo=UTC), nanosecond)


@pytest.mark.parametrize("count", [-1, 2**32, 1.0, True, "1", None])
def test_a_count_of_a_duration_has_32_bits(count: Any) -> None:
    for name in ("months", "days", "millis"):
        with pytest.raises(ValueError, match="integers from 0 to 4294967295"):
            Duration(**{name: count})


@given(st.binary(min_size=12, max_size=12))
def test_any_twelve_bytes_are_a_duration(data: bytes) -> None:
    model = MODELS["span"]
    one = model.deserialize(data)
    assert one.serialize() == data
    assert model.model_validate_json(one.model_dump_json()) == one
    assert Duration.unpack(data).pack() == data


def test_a_duration_is_three_little_endian_numbers() -> None:
    assert make_duration(months=1, days=2, millis=3).pack() == b"\1\0\0\0\2\0\0\0\3\0\0\0"
    with pytest.raises(ValueError, match="twelve bytes"):
        Duration.unpack(b"abc")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("utc", LocalNanoTimestamp(5)),
        ("utc", datetime(2026, 1, 31, tzinfo=UTC)),
        ("utc", 5),
        ("utc", "2026-01-31T06:00:00Z"),
        ("local", NanoTimestamp(5)),
        ("local", 5),
        ("span", b"abcdefghijkl"),
        ("span", (1, 2, 3)),
        ("span", {"months": 1, "days": 2, "millis": 3}),
        ("span", timedelta(days=1)),
    ],
)
def test_another_type_is_refused_from_python(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        MODELS[name].model_validate({"value": value})


@pytest.mark.parametrize("name", MODELS)
def test_a_value_without_validation_is_refused_when_it_is_written(name: str) -> None:
    for value in (None, "x", 5, timedelta(1)):
        with pytest.raises(AvroEncodeError):
            MODELS[name].model_construct(value=value).serialize()


def test_the_json_schema_says_what_json_is_taken() -> None:
    shown = {name: model.model_json_schema()["properties"]["value"] for name, model in MODELS.items()}
    assert shown["utc"]["format"] == "date-time"
    assert shown["local"]["pattern"].startswith("^[0-9]{4}-")
    assert shown["span"]["required"] == ["months", "days", "millis"]
    assert shown["span"]["properties"]["days"] == {"type": "integer", "minimum": 0, "maximum": 4294967295}
