"""Schemas made ready for fastavro's reader, which puts a field's default into a datum as the JSON that it is.

So the reader schema gets Python values for defaults (bytes for text, a datetime for a number), and neither schema shows
its defaults to fastavro's own check, which refuses legal ones such as 0 for `{"type": "double"}`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import fastavro
from fastavro.types import Schema as FastavroSchema

from codegen.defaults import matching_branch
from codegen.leaves import EPOCH
from codegen.nodes import Array, Json, Map, Node, Primitive, Record, Union
from codegen.schema import parse_schema


@lru_cache(maxsize=1024)
def parse_writer(text: str) -> FastavroSchema:
    """A writer schema from its JSON text; resolution never looks at a writer's defaults."""
    return fastavro.parse_schema(_without_defaults(json.loads(text)), named_schemas={})


def parse_reader(schema: dict[str, Any]) -> FastavroSchema:
    """A reader schema from parsed JSON; a field that the writer lacks gets the Python value of its default."""
    types = parse_schema(schema).types
    parsed = fastavro.parse_schema(_without_defaults(schema), named_schemas={})
    for record in _records(parsed):
        node = types[record["name"]]
        if isinstance(node, Record):
            for field, declared in zip(record["fields"], node.fields, strict=True):
                if declared.has_default:
                    field["default"] = default_datum(declared.type, cast("Json", declared.default))
    return parsed


def default_datum(node: Node, value: Json) -> Any:
    """The datum, as fastavro reads one, that the JSON default `value` of `node` stands for."""
    match node, value:
        case Union(), _:
            index = matching_branch(node, value)
            return value if index is None else default_datum(node.branches[index], value)
        case Array(), list():
            return [default_datum(node.items, item) for item in value]
        case Map(), dict():
            return {key: default_datum(node.values, item) for key, item in value.items()}
        case Record(), dict():
            members = {field.name: value.get(field.name, cast("Json", field.default)) for field in node.fields}
            return {field.name: default_datum(field.type, members[field.name]) for field in node.fields}
        case Primitive(), _:
            return _scalar(node, value)
        case _:
            return value


def _scalar(node: Primitive, value: Json) -> Any:
    logical = node.logical.name if node.logical is not None else None
    if isinstance(value, str) and node.logical is not None and logical == "decimal":
        unscaled = int.from_bytes(value.encode("latin-1"), "big", signed=True)
        return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -(node.logical.scale or 0)))
    if isinstance(value, str) and logical == "uuid":
        return UUID(value)
    if isinstance(value, str) and node.name == "bytes":
        return value.encode("latin-1")
    if isinstance(value, int) and logical in ("timestamp-millis", "timestamp-micros"):
        return EPOCH + timedelta(microseconds=value * (1000 if logical == "timestamp-millis" else 1))
    if isinstance(value, int | float) and node.name == "float":
        return struct.unpack("<f", struct.pack("<f", value))[0]
    if isinstance(value, int) and node.name == "double":
        return float(value)
    return value


def _records(parsed: Any) -> Iterator[dict[str, Any]]:
    """Every record in a schema that fastavro has parsed, the copies by which it finds types by name included."""
    if isinstance(parsed, list):
        for item in parsed:
            yield from _records(item)
    elif isinstance(parsed, dict):
        if parsed.get("type") == "record":
            yield parsed
        for key in ("type", "items", "values"):
            yield from _records(parsed.get(key))
        for field in parsed.get("fields", ()):
            yield from _records(field["type"])
        for named in parsed.get("__named_schemas", {}).values():
            yield from _records(named)


def _without_defaults(schema: Any) -> Any:
    """`schema` without the defaults of its fields; the default symbol of an enum stays, which resolution needs."""
    if isinstance(schema, list):
        return [_without_defaults(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _without_defaults(schema[key]) for key in ("type", "items", "values") if key in schema}
    if isinstance(schema.get("fields"), list):
        inner["fields"] = [
            {key: value for key, value in _without_defaults(field).items() if key != "default"}
            if isinstance(field, dict)
            else field
            for field in schema["fields"]
        ]
    return {**schema, **inner}
