"""What the straight-line decoders (codegen.decoding.straight) call: their names are those of the text that is compiled.

Everything here raises an exception of NOT_STRAIGHT for what is not plain, and never gives what the decoder of resolved
data would not.
"""

from __future__ import annotations

import struct
from datetime import timedelta
from typing import Final
from uuid import UUID, SafeUUID

from pydantic import BaseModel

from codegen.decoding.datum import read_int, read_long, round_float
from codegen.leaves import EPOCH, LOCAL_EPOCH

__all__ = [
    "BOOLEANS",
    "EPOCH",
    "LOCAL_EPOCH",
    "MICROSECOND",
    "MILLISECOND",
    "MOMENTS",
    "NotStraight",
    "latin",
    "new",
    "read_count",
    "read_int",
    "read_long",
    "read_size",
    "round_float",
    "set_dict",
    "set_extra",
    "set_fields",
    "set_private",
    "unpack_double",
    "unpack_float",
    "uuid_of",
]

# The start, the unit, and the bytes that a moment of this century takes.
MOMENTS: Final = {
    "timestamp-millis": ("EPOCH", "MILLISECOND", 6),
    "timestamp-micros": ("EPOCH", "MICROSECOND", 8),
    "local-timestamp-millis": ("LOCAL_EPOCH", "MILLISECOND", 6),
    "local-timestamp-micros": ("LOCAL_EPOCH", "MICROSECOND", 8),
}
MILLISECOND: Final = timedelta(milliseconds=1)
MICROSECOND: Final = timedelta(microseconds=1)
BOOLEANS: Final = (False, True)

latin: Final = bytes.decode
unpack_float: Final = struct.Struct("<f").unpack_from
unpack_double: Final = struct.Struct("<d").unpack_from

# The four slots of a pydantic model, without the detour through its own __setattr__, which refuses.
new: Final = object.__new__
set_dict: Final = BaseModel.__dict__["__dict__"].__set__
set_fields: Final = BaseModel.__dict__["__pydantic_fields_set__"].__set__
set_extra: Final = BaseModel.__dict__["__pydantic_extra__"].__set__
set_private: Final = BaseModel.__dict__["__pydantic_private__"].__set__

_set_int: Final = UUID.__dict__["int"].__set__
_set_safety: Final = UUID.__dict__["is_safe"].__set__
_UNKNOWN: Final = SafeUUID.unknown


class NotStraight(ValueError):
    """The resolved datum and its model have the word."""


def read_size(data: bytes, at: int) -> tuple[int, int]:
    """Twice a length, and the place behind it."""
    length, at = read_long(data, at)
    if length < 0:
        raise NotStraight
    return 2 * length, at


def read_count(data: bytes, at: int) -> tuple[int, int]:
    """Twice the number of items of a block, and the place of the first."""
    items, at = read_long(data, at)
    if items < 0:
        items = -items
        _, at = read_long(data, at)  # the size of the block, for those who skip it
    return 2 * items, at


def uuid_of(text: str) -> UUID:
    """As `UUID(text)` for its 36 characters, at a third of the time."""
    digits = text.replace("-", "")
    value = bytes.fromhex(digits)  # it takes white space, of which 32 characters with 16 bytes have none
    if len(value) != 16 or len(digits) != 32 or len(text) != 36 or text[8:24:5] != "----":
        raise NotStraight
    one = new(UUID)
    _set_int(one, int.from_bytes(value, "big"))
    _set_safety(one, _UNKNOWN)
    return one
