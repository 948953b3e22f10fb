"""Avro's binary encoding of scalars, as the generated encoders call it (Avro specification, "Binary Encoding")."""

from __future__ import annotations

import struct
from datetime import date, time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # Whoever has one of these has loaded it; a cold check renders without.
    from decimal import Decimal
    from uuid import UUID

pack_float: Final = struct.Struct("<f").pack
pack_double: Final = struct.Struct("<d").pack
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


# Variable-length numbers go by two bytes a step, seven bits in each. All but a number's last have the high bit set.
_MORE: Final = tuple(bytes((number | 0x80,)) for number in range(0x80))
_TWO_MORE: Final = tuple(low + high for high in _MORE for low in _MORE)
_LAST: Final = tuple(bytes((number,)) for number in range(0x80))
_LAST_TWO: Final = _LAST + tuple(low + high for high in _LAST[1:] for low in _MORE)


def _zigzag(number: int) -> bytes:
    rest = (number << 1) ^ (number >> 63)
    out = b""
    while rest > 0x3FFF:
        out += _TWO_MORE[rest & 0x3FFF]
        rest >>= 14
    return out + _LAST_TWO[rest]


# Lengths and small numbers are looked up: most strings and counts are shorter than this.
_SMALL: Final = tuple(map(_zigzag, range(2048)))


def encode_long(number: int) -> bytes:
    """An int or long: variable-length zig-zag. Raises OverflowError beyond 64 bits."""
    if 0 <= number < 2048:
        return _SMALL[number]
    if 2**27 <= number < 2**41:  # six bytes: a moment in milliseconds, from 1970-01-02 to 2039
        rest = number << 1
        return _TWO_MORE[rest & 0x3FFF] + _TWO_MORE[rest >> 14 & 0x3FFF] + _LAST_TWO[rest >> 28]
    if not -(2**63) <= number < 2**63:
        raise OverflowError("the number does not fit into 64 bits")
    return _zigzag(number)


def encode_bytes(data: bytes) -> bytes:
    """A length and the bytes."""
    return encode_long(len(data)) + data


def encode_string(text: str) -> bytes:
    """A length in bytes and UTF-8. Raises UnicodeEncodeError for a lone surrogate."""
    data = text.encode()
    size = len(data)
    return (_SMALL[size] if size < 2048 else encode_long(size)) + data


def encode_uuid(value: UUID) -> bytes:
    """A uuid as a string: a length, and 36 characters in lower case (RFC 9562, section 4)."""
    # In eight groups, of which the first two and the last three belong together.
    pairs = value.int.to_bytes(16, "big").hex("-", 2)
    return f"\x48{pairs[:4]}{pairs[5:29]}{pairs[30:34]}{pairs[35:]}".encode()


def encode_decimal(value: Decimal, scale: int) -> bytes:
    """The unscaled number as big-endian two's complement, in as few bytes as hold it."""
    return encode_unscaled(_unscaled(value, scale))


def encode_unscaled(number: int) -> bytes:
    """The unscaled number of a decimal, as `encode_decimal` writes it."""
    size = (number.bit_length() if number >= 0 else (number + 1).bit_length()) // 8 + 1
    return encode_bytes(number.to_bytes(size, "big", signed=True))


def encode_fixed(data: bytes, size: int) -> bytes:
    """The bytes alone. Raises ValueError if they are not exactly `size`."""
    if len(data) != size:
        raise ValueError(f"{len(data)} bytes where the fixed has {size}")
    return data


def encode_fixed_decimal(value: Decimal, scale: int, size: int) -> bytes:
    """The unscaled number as big-endian two's complement of `size` bytes. Raises OverflowError if it does not fit."""
    return _unscaled(value, scale).to_bytes(size, "big", signed=True)


def encode_big_decimal(value: Decimal) -> bytes:
    """Bytes that hold an Avro bytes, the unscaled number in two's complement, and an int, the scale."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise OverflowError("a decimal is a finite number")
    return encode_bytes(encode_decimal(value, -exponent) + encode_long(-exponent))


def _unscaled(value: Decimal, scale: int) -> int:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise OverflowError("a decimal is a finite number")
    shift = exponent + scale
    number = int("".join(map(str, digits)) or "0")
    number = number * int(10**shift) if shift >= 0 else number // int(10**-shift)
    return -number if sign else number


def encode_date(value: date) -> bytes:
    """The number of days since 1970-01-01."""
    return encode_long(value.toordinal() - _EPOCH_DAY)


def encode_time(value: time, unit_us: int) -> bytes:
    """The number of units of `unit_us` microseconds since midnight."""
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return encode_long((seconds * 1_000_000 + value.microsecond) // unit_us)
