"""Reads Avro's binary encoding of scalars (Avro specification 1.12, "Binary Encoding").

Every reader takes the bytes and a place in them, and gives the value and the place behind it. What no writer can have
written is refused: numbers that are too long, negative lengths, bytes that end too early.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, TypeAlias

Read: TypeAlias = Callable[[bytes, int], tuple[Any, int]]

_FLOAT: Final = struct.Struct("<f")
_DOUBLE: Final = struct.Struct("<d")
STRUCT_ERROR: Final = struct.error
_MAX_LONG: Final = 2**64
_MAX_INT: Final = 2**32
# An item without bytes of its own costs a writer nothing, so that a few bytes could ask for any number of them.
MAX_EMPTY_ITEMS: Final = 100_000


class MalformedDatum(ValueError):
    """The bytes are no datum of the writer schema. The text never repeats a value.

    `fields` leads to the place, innermost first; each record that the fault passes through adds its own.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fields: list[str] = []

    def __str__(self) -> str:
        return f"{self.reason}, at {'.'.join(reversed(self.fields))}" if self.fields else self.reason


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """A long: zig-zag, at most ten bytes."""
    byte = data[at]
    at += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at
    raw, shift = byte & 0x7F, 7
    while byte > 0x7F:
        byte = data[at]
        at += 1
        raw |= (byte & 0x7F) << shift
        shift += 7
        if shift > 70:
            raise MalformedDatum("a number of more than ten bytes")
    if raw >= _MAX_LONG:
        raise MalformedDatum("a number of more than 64 bits")
    return (raw >> 1) ^ -(raw & 1), at


def read_int(data: bytes, at: int) -> tuple[int, int]:
    """An int: a long that fits into 32 bits."""
    number, at = read_long(data, at)
    if not -_MAX_INT // 2 <= number < _MAX_INT // 2:
        raise MalformedDatum("an int of more than 32 bits")
    return number, at


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """A length and as many bytes."""
    length, at = read_long(data, at)
    end = at + length
    if length < 0:
        raise MalformedDatum("a negative length")
    if end > len(data):
        raise MalformedDatum("the bytes end too early")
    return data[at:end], end


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """UTF-8 with its length in bytes."""
    text, at = read_bytes(data, at)
    try:
        return text.decode(), at
    except UnicodeDecodeError:
        raise MalformedDatum("a string that is no UTF-8") from None


def read_boolean(data: bytes, at: int) -> tuple[bool, int]:
    """One byte, 0 or 1."""
    byte = data[at]
    if byte > 1:
        raise MalformedDatum("a boolean that is neither 0 nor 1")
    return byte == 1, at + 1


def read_null(_data: bytes, at: int) -> tuple[None, int]:
    """No byte at all."""
    return None, at


def read_float(data: bytes, at: int) -> tuple[float, int]:
    """Four bytes, little-endian."""
    return _FLOAT.unpack_from(data, at)[0], at + 4


def read_double(data: bytes, at: int) -> tuple[float, int]:
    """Eight bytes, little-endian."""
    return _DOUBLE.unpack_from(data, at)[0], at + 8


def round_float(value: float) -> float:
    """`value` as 32 bits hold it."""
    return float(_FLOAT.unpack(_FLOAT.pack(value))[0])


def read_blocks(data: bytes, at: int, read: Read, take: Callable[[Any], None]) -> int:
    """The blocks of an array or map (Avro specification, "Arrays"); each item goes to `take`."""
    while True:
        count, at = read_long(data, at)
        if count == 0:
            return at
        if count < 0:
            count = -count
            _, at = read_long(data, at)  # the size of the block, for those who skip it
        start = at
        for number in range(count):
            item, at = read(data, at)
            take(item)
            if number == MAX_EMPTY_ITEMS and at == start:
                raise MalformedDatum(f"more than {MAX_EMPTY_ITEMS} items without a byte of their own")
