"""Whether a record says what the JSON said that was sent: by Python's own json and fastavro, and by nothing of ours.

The rules are those of docs/json.md. Logical types are taken off the schema, so that fastavro gives plain data.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import fastavro

_UNITS: Final = {"millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_record(avsc: str, framed: bytes) -> tuple[int, Any]:
    """The schema id, and the record with every byte of it read."""
    assert framed[0] == 0
    schema = fastavro.parse_schema(_plain(json.loads(avsc)))
    stream = io.BytesIO(framed[5:])
    value = fastavro.schemaless_reader(stream, schema)
    assert stream.read() == b""
    return int.from_bytes(framed[1:5], "big"), value


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(branch) for branch in schema]
    if isinstance(schema, dict):
        return {name: _plain(part) for name, part in schema.items() if name != "logicalType"}
    return schema


def unambiguous(text: bytes) -> Any:
    """What a strict reader of JSON makes of the text; raises ValueError where it is none (RFC 8259)."""

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in members}) != len(members):
            raise ValueError("a key stands twice")
        return dict(members)

    def refuse(word: str) -> Any:
        raise ValueError(word)

    value = json.loads(
        text.decode(),
        object_pairs_hook=pairs,
        parse_constant=refuse,
        parse_float=Decimal,
        parse_int=lambda digits: digits,
    )
    json.dumps(value, ensure_ascii=False, default=str).encode()  # a lone surrogate has no UTF-8
    return value


def says(schema: Any, sent: Any, read: Any) -> bool:
    """Whether the plain datum `read` is what `sent` means by `schema`. Unions here are null with one other type."""
    if isinstance(schema, list):
        if sent is None or read is None:
            return sent is None and read is None
        return any(says(branch, sent, read) for branch in schema if branch != "null")
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(kind, dict | list):
        return says(kind, sent, read)
    match kind:
        case "record":
            return _says_record(schema, sent, read)
        case "array":
            return len(sent) == len(read) and all(
                says(schema["items"], one, two) for one, two in zip(sent, read, strict=True)
            )
        case "map":
            return sent.keys() == read.keys() and all(says(schema["values"], sent[key], read[key]) for key in sent)
        case _:
            return bool(_scalar(schema, kind, sent) == read)


def _says_record(schema: Any, sent: Any, read: Any) -> bool:
    left = dict(sent)
    for field in schema["fields"]:
        given = [name for name in (field["name"], *field.get("aliases", ())) if name in left]
        if len(given) > 1:
            return False
        if not given:
            if "default" not in field or not _is_default(field["default"], read[field["name"]]):
                return False
        elif not says(field["type"], left.pop(given[0]), read[field["name"]]):
            return False
    return not left


def _is_default(default: Any, read: Any) -> bool:
    return bool(default == (read.decode("latin-1") if isinstance(read, bytes) else read))


def _scalar(schema: Any, kind: str, sent: Any) -> Any:
    logical = schema.get("logicalType") if isinstance(schema, dict) else None
    if logical == "uuid":
        return str(uuid.UUID(sent)) if kind == "string" else uuid.UUID(sent).bytes
    if logical == "decimal":
        return _unscaled(schema, sent)
    if logical == "date":
        return (date.fromisoformat(sent) - date(1970, 1, 1)).days
    if logical is not None and logical.startswith(("timestamp", "local-timestamp")):
        return _since_epoch(sent, _UNITS[logical.rpartition("-")[2]])
    match kind:
        case "int" | "long":
            return int(sent)
        case "float":
            return struct.unpack("<f", struct.pack("<f", float(sent)))[0]
        case "double":
            return float(sent)
        case "bytes" | "fixed":
            return base64.b64decode(sent, validate=True)
        case _:
            return sent


def _unscaled(schema: Any, sent: str) -> bytes:
    number = int(Decimal(sent).scaleb(schema["scale"]))
    size = schema.get("size") or (number + (number < 0)).bit_length() // 8 + 1
    return number.to_bytes(size, "big", signed=True)


def _since_epoch(sent: str, units: int) -> int:
    """Floored; the fraction is taken apart from the rest, since datetime has six digits of it."""
    text = sent.upper()
    head, dot, tail = text.partition(".")
    digits = "".join(takewhile_digits(tail)) if dot else ""
    moment = datetime.fromisoformat(head + tail[len(digits) :] if dot else text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = (moment - _EPOCH).days * 86_400 + (moment - _EPOCH).seconds
    return whole * units + int(Fraction(int(digits or "0") * units, 10 ** len(digits)))


def takewhile_digits(text: str) -> list[str]:
    taken: list[str] = []
    for character in text:
        if not character.isdigit():
            break
        taken.append(character)
    return taken
