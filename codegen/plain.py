"""Plain events: what a transcoder takes from JSON to Avro by itself, one or several at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec


class NotPlain(ValueError):
    """The model has to look at this event."""


# What msgspec raises, and what Python and the functions of a transcoder do on what is not plain.
NOT_PLAIN: Final = (
    msgspec.MsgspecError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    RecursionError,
)

# An event as a record needs it: its Avro form behind a prefix, the UTF-8 of its key, its event id (None where they were
# not asked for), and the bits of the names that it uses. A bare tuple, of which one is made for each event.
Plain = tuple[bytes, bytes | None, str | None, int]
# Takes one JSON text and the prefix. Raises an exception of NOT_PLAIN where the model has to look at the event.
Read = Callable[[bytes, bytes], Plain]


class PlainColumns(NamedTuple):
    """The plain ones of several events, each at the same place of every column but the last.

    `indexes` tell which they are, and `rest` those that are not plain; both are in order.
    """

    indexes: list[int]
    values: list[bytes]
    keys: list[bytes | None]
    event_ids: list[str | None]
    bits: list[int]
    rest: list[int]


# Takes JSON texts, the first of them and the one behind the last, the prefix, and how many bytes a plain text may have.
ReadMany = Callable[[list[bytes], int, int, bytes, int], PlainColumns]


class Reader(NamedTuple):
    """Reads events: one; or several, of which those that are not plain keep no other back."""

    read: Read
    read_many: ReadMany


# Takes the attributes of the key and the event id, which are told.
MakeReader = Callable[[str | None, str | None], Reader]


def one_by_one(read: Read) -> ReadMany:
    """Reads several events as `read` does."""

    def read_many(texts: list[bytes], start: int, stop: int, prefix: bytes, most: int) -> PlainColumns:
        columns = PlainColumns([], [], [], [], [], [])
        indexes, values, keys, event_ids, names, rest = columns
        # Thousands each second: what could be a call for each is written out.
        for index in range(start, min(stop, len(texts))):
            text = texts[index]
            try:
                if len(text) > most:
                    raise NotPlain
                value, key, event_id, bits = read(text, prefix)
            except NOT_PLAIN:
                rest.append(index)
                continue
            indexes.append(index)
            values.append(value)
            keys.append(key)
            event_ids.append(event_id)
            names.append(bits)
        return columns

    return read_many
