"""JSON → Avro in one pass: what the generated transcoders are made of.

The models are the authority on what JSON means (docs/json.md). A transcoder takes an ordinary event to the very same
bytes without making a model on the way; of any other it says so, by an exception of NOT_PLAIN, and the model has the
word. So it may give up whenever it likes, and must never be wrong.

- msgspec reads the JSON by the types of the schema. It takes the last of a repeated key, which is refused here: the
  text has more quotation marks then than what was read accounts for.
- The Avro form is put together as text with one character for each byte (Latin-1), because nothing in Python joins
  faster than an f-string. For that, a text beyond ASCII is first spelled with one character for each of its bytes.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, Generic, Self, TypeVar

import msgspec

from codegen import binary, leaves
from codegen.nanos import LocalNanoTimestamp, NanoTimestamp
from codegen.plain import MakeReader, NotPlain, Plain, Reader, one_by_one
from codegen.reading.defaults import FLOAT_MAX, INT_RANGE, LONG_RANGE

Event = TypeVar("Event")

Int = Annotated[int, msgspec.Meta(ge=INT_RANGE[0], le=INT_RANGE[1])]
Long = Annotated[int, msgspec.Meta(ge=LONG_RANGE[0], le=LONG_RANGE[1])]
Float = Annotated[float, msgspec.Meta(ge=-FLOAT_MAX, le=FLOAT_MAX)]


class Transcoder(Generic[Event]):
    """Transcodes the events of one version. `names` are its optional keys, one for each bit of `Plain`."""

    def __init__(
        self,
        kind: type[Event],
        write: Callable[[Event], tuple[str, int, int]],
        required: Sequence[str],
        names: Sequence[str],
    ) -> None:
        """`write` gives the Avro form, the number of quotation marks, and the bits of the optional keys."""
        self._decode: Callable[[bytes], Event] = msgspec.json.Decoder(kind).decode
        self._write = write
        self._required = frozenset(required)
        self._names = tuple(names)
        self._make_reader: MakeReader = self._reader

    def twin(self, make_reader: MakeReader, names: Sequence[str]) -> Self:
        """The same with another way to read, whose bits are those of `names`."""
        other = copy.copy(self)
        other._make_reader, other._names = make_reader, tuple(names)  # noqa: SLF001 - of the same class
        return other

    def reader(self, key: str | None = None, event_id: str | None = None) -> Reader:
        """What reads the events, and tells the texts of two fields by the way.

        `key` and `event_id` are attributes of strings, uuids on string or enums. An event is not plain without them.
        """
        return self._make_reader(key, event_id)

    def _reader(self, key: str | None, event_id: str | None) -> Reader:
        def read(data: bytes, prefix: bytes) -> Plain:
            # One byte is found at once, and two only where there is the first.
            is_ascii = data.isascii() and (b"\\" not in data or b"\\u" not in data)
            event = decode(data if is_ascii else _spelled_bytewise(data))
            avro, quotes, names = write(event)
            if data.count(b'"') != quotes:
                raise NotPlain
            # A text of the event is in Latin-1, one character for each byte of its UTF-8.
            key_bytes = None if key is None else _text(event, key).encode("latin-1")
            identity = None if event_id is None else _text(event, event_id)
            if identity is not None and not identity.isascii():
                identity = identity.encode("latin-1").decode()
            return prefix + avro.encode("latin-1"), key_bytes, identity, names

        decode, write = self._decode, self._write
        return Reader(read, one_by_one(read))

    def names_of(self, bits: int) -> frozenset[str]:
        """The keys at the top of an event."""
        return self._required.union(name for index, name in enumerate(self._names) if bits >> index & 1)


def _text(event: object, attribute: str) -> str:
    """Raises NotPlain where the default stands in its place."""
    text = getattr(event, attribute)
    if type(text) is not str:
        raise NotPlain
    return text


def _spelled_bytewise(data: bytes) -> bytes:
    """The same JSON with each byte of its UTF-8 as one character. Raises ValueError."""
    if b"\\u" in data:
        data = msgspec.json.encode(msgspec.json.decode(data))
    data.decode()
    return data.decode("latin-1").encode()


# ---------------------------------------------------------------- numbers

_ENDS: Final = tuple(chr(n) if n < 128 else chr(n & 127 | 128) + chr(n >> 7) for n in range(1 << 14))
_GROUPS: Final = tuple(chr(n & 127 | 128) + chr(n >> 7 | 128) for n in range(1 << 14))


def _unsigned(number: int) -> str:
    """Seven bits a character, the lowest first (Avro specification, "Binary Encoding")."""
    if number < 1 << 14:
        return _ENDS[number]
    if number < 1 << 28:
        return _GROUPS[number & 16383] + _ENDS[number >> 14]
    return _GROUPS[number & 16383] + _unsigned(number >> 14)


# Of strings, arrays and maps; longer ones are not plain.
LENGTHS: Final = tuple(_unsigned(2 * length) for length in range(1 << 15))
BOOLEANS: Final = ("\0", "\1")


def number(value: int) -> str:
    """An int or long: zig-zag."""
    return _unsigned((value << 1) ^ (value >> 63))


def single(value: float) -> str:
    """A float."""
    return binary.pack_float(value).decode("latin-1")


def double(value: float) -> str:
    """A double."""
    return binary.pack_double(value).decode("latin-1")


# ---------------------------------------------------------------- texts of another type

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_SECOND: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII).fullmatch
_THREE_DIGITS: Final = {f"{value:03}": value for value in range(1000)}


def uuid(text: str) -> str:
    """A uuid on string. Its upper-case spelling is not plain."""
    if _UUID(text) is None:
        raise NotPlain
    return f"H{text}"  # H is the length of 36 characters


def uuid_bytes(text: str) -> str:
    """A uuid on fixed(16)."""
    return leaves.parse_uuid(text).bytes.decode("latin-1")


@lru_cache(maxsize=4096)
def _seconds(text: str) -> int:
    """Events come in at about the time when they happen, so that most share their second with others."""
    if _SECOND(text) is None:
        raise NotPlain
    return int((leaves.parse_instant(f"{text}Z") - leaves.EPOCH).total_seconds())


def millis(text: str) -> str:
    """A timestamp-millis."""
    if len(text) == 24 and text[19] == "." and text[23] == "Z":
        value = _seconds(text[:19]) * 1000 + _THREE_DIGITS[text[20:23]]
        if 1 << 27 <= value < 1 << 41:  # twice of it is three groups, as `number` has them: from 1970-01-02 to 2039
            return f"{_GROUPS[value << 1 & 16383]}{_GROUPS[value >> 13 & 16383]}{_ENDS[value >> 27]}"
        return number(value)
    return number((leaves.parse_instant(text) - leaves.EPOCH) // leaves.MILLISECOND)


def micros(text: str) -> str:
    """A timestamp-micros."""
    if len(text) == 27 and text[19] == "." and text[26] == "Z":
        fraction = _THREE_DIGITS[text[20:23]] * 1000 + _THREE_DIGITS[text[23:26]]
        return number(_seconds(text[:19]) * 1_000_000 + fraction)
    return number((leaves.parse_instant(text) - leaves.EPOCH) // leaves.MICROSECOND)


def nanos(text: str) -> str:
    """A timestamp-nanos."""
    return number(NanoTimestamp.parse(text).nanoseconds)


def local_millis(text: str) -> str:
    """A local-timestamp-millis."""
    return number((leaves.parse_local(text) - leaves.LOCAL_EPOCH) // leaves.MILLISECOND)


def local_micros(text: str) -> str:
    """A local-timestamp-micros."""
    return number((leaves.parse_local(text) - leaves.LOCAL_EPOCH) // leaves.MICROSECOND)


def local_nanos(text: str) -> str:
    """A local-timestamp-nanos."""
    return number(LocalNanoTimestamp.parse(text).nanoseconds)


@lru_cache(maxsize=4096)
def date(text: str) -> str:
    """A date."""
    return binary.encode_date(leaves.parse_date(text)).decode("latin-1")


def time_millis(text: str) -> str:
    """A time-millis."""
    return binary.encode_time(leaves.parse_time(text), 1000).decode("latin-1")


def time_micros(text: str) -> str:
    """A time-micros."""
    return binary.encode_time(leaves.parse_time(text), 1).decode("latin-1")


def base64(text: str) -> str:
    """Bytes."""
    return binary.encode_bytes(leaves.parse_bytes(text)).decode("latin-1")


def fixed(text: str, size: int) -> str:
    """A fixed."""
    return leaves.parse_fixed(text, size).decode("latin-1")


def decimal(text: str, precision: int, scale: int) -> str:
    """A decimal on bytes."""
    return binary.encode_decimal(leaves.parse_decimal(text, precision, scale), scale).decode("latin-1")


def fixed_decimal(text: str, precision: int, scale: int, size: int) -> str:
    """A decimal on fixed."""
    return binary.encode_fixed_decimal(leaves.parse_decimal(text, precision, scale), scale, size).decode("latin-1")


def big_decimal(text: str) -> str:
    """A big-decimal."""
    return binary.encode_big_decimal(leaves.parse_big_decimal(text)).decode("latin-1")


AnyTranscoder = Transcoder[Any]
