"""The binary encoding of scalars equals fastavro's, at the edges above all."""

from __future__ import annotations

import io
import math
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen import binary
from codegen.decoding.scalars import read_big_decimal


def written(avro_type: Any, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, avro_type, value)
    return out.getvalue()


EDGES = [
    sign * (2**bits + step)
    for bits in (0, 6, 7, 10, 11, 13, 14, 20, 27, 28, 31, 32, 41, 42, 62)
    for step in (-1, 0, 1)
    for sign in (1, -1)
]


@pytest.mark.parametrize("number", [*EDGES, 2**63 - 1, -(2**63)])
def test_edges_of_longs(number: int) -> None:
    assert binary.encode_long(number) == written("long", number)


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_long(number: int) -> None:
    assert binary.encode_long(number) == written("long", number)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_beyond_64_bits_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        binary.encode_long(number)


@pytest.mark.parametrize("length", [0, 1, 63, 64, 2047, 2048, 8191, 8192])
def test_lengths_of_bytes_and_strings(length: int) -> None:
    assert binary.encode_bytes(b"x" * length) == written("bytes", b"x" * length)
    assert binary.encode_string("é" * length) == written("string", "é" * length)


@given(st.uuids())
def test_any_uuid(value: UUID) -> None:
    assert binary.encode_uuid(value) == written("string", str(value))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_string(text: str) -> None:
    assert binary.encode_string(text) == written("string", text)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        binary.encode_string("\ud800")


@given(st.floats(width=32))
def test_any_float(value: float) -> None:
    assert binary.pack_float(value) == written("float", value)


@given(st.floats())
def test_any_double(value: float) -> None:
    assert binary.pack_double(value) == written("double", value)


def test_a_float_beyond_32_bits_is_refused() -> None:
    with pytest.raises(OverflowError):
        binary.pack_float(math.ldexp(1.0, 128))


@pytest.mark.parametrize("unscaled", [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, 10**20])
@pytest.mark.parametrize("scale", [0, 3])
def test_edges_of_decimals(unscaled: int, scale: int) -> None:
    value = Decimal(unscaled).scaleb(-scale)
    assert binary.encode_decimal(value, scale) == shortest(unscaled)


@given(st.integers(-(10**40), 10**40), st.integers(0, 40))
def test_any_decimal_in_as_few_bytes_as_hold_it(unscaled: int, scale: int) -> None:
    value = Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))
    assert binary.encode_decimal(value, scale) == shortest(unscaled)


@pytest.mark.parametrize("unscaled", [-128, -32768, -(2**63)])
def test_where_fastavro_takes_a_byte_more(unscaled: int) -> None:
    """Both read back; the shortest form is what Java's BigInteger gives."""
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 20}
    ours, theirs = binary.encode_decimal(Decimal(unscaled), 0), written(decimal, Decimal(unscaled))
    assert len(theirs) == len(ours) + 1
    for data in (ours, theirs):
        assert fastavro.schemaless_reader(io.BytesIO(data), decimal, None) == unscaled


def shortest(number: int) -> bytes:
    """Two's complement found by trying, with its length before it."""
    for size in range(1, 40):
        try:
            return written("bytes", number.to_bytes(size, "big", signed=True))
        except OverflowError:
            continue
    raise AssertionError(number)


@pytest.mark.parametrize(("value", "unscaled"), [(Decimal("1E+2"), 1000), (Decimal("1.500"), 15), (Decimal("-0"), 0)])
def test_a_decimal_of_another_exponent(value: Decimal, unscaled: int) -> None:
    assert binary.encode_decimal(value, 1) == shortest(unscaled)


def test_a_decimal_that_is_no_number_is_refused() -> None:
    with pytest.raises(OverflowError):
        binary.encode_decimal(Decimal("NaN"), 1)


@given(st.integers(1, 20).flatmap(lambda size: st.tuples(st.just(size), st.binary(min_size=size, max_size=size))))
def test_any_decimal_that_a_fixed_holds_is_padded(case: tuple[int, bytes]) -> None:
    size, data = case
    value = Decimal(int.from_bytes(data, "big", signed=True))
    assert binary.encode_fixed_decimal(value, 0, size) == data


@pytest.mark.parametrize(("unscaled", "size"), [(128, 1), (-129, 1), (2**31, 4), (1, 0)])
def test_a_decimal_that_a_fixed_does_not_hold_is_refused(unscaled: int, size: int) -> None:
    with pytest.raises(OverflowError):
        binary.encode_fixed_decimal(Decimal(unscaled), 0, size)


def test_bytes_of_another_size_than_the_fixed_are_refused() -> None:
    assert binary.encode_fixed(b"abc", 3) == b"abc"
    for data in (b"ab", b"abcd"):
        with pytest.raises(ValueError, match="where the fixed has 3"):
            binary.encode_fixed(data, 3)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("12.50", b"\x08\x04\x04\xe2\x04"),
        ("-1", b"\x06\x02\xff\x00"),
        ("1E+2", b"\x06\x02\x01\x03"),
        ("0", b"\x06\x02\x00\x00"),
    ],
)
def test_a_big_decimal_is_an_unscaled_number_and_a_scale(text: str, data: bytes) -> None:
    assert binary.encode_big_decimal(Decimal(text)) == data
    assert read_big_decimal(data[1:]).as_tuple() == Decimal(text).as_tuple()


def test_a_big_decimal_that_is_no_number_is_refused() -> None:
    with pytest.raises(OverflowError):
        binary.encode_big_decimal(Decimal("Infinity"))
