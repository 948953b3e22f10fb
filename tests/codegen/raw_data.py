"""Schemas and data as fastavro can take them: where it does not know a logical type, the raw value of its base."""

from __future__ import annotations

import io
import struct
from decimal import MAX_PREC, Context
from typing import Any
from uuid import UUID

import fastavro

from codegen.branches import Chosen, non_null
from codegen.duration import Duration
from codegen.nanos import LocalNanoTimestamp, NanoTimestamp
from codegen.nodes import Array, Fixed, LogicalType, Map, Node, Primitive, Record, Union, branch_name
from codegen.schema import parse_schema

UNKNOWN = (("fixed", "uuid"), ("bytes", "big-decimal"))
BIG_DECIMAL = {
    "type": "record",
    "name": "BigDecimal",
    "fields": [{"name": "unscaled", "type": "bytes"}, {"name": "scale", "type": "int"}],
}


def written_by_fastavro(schema: dict[str, Any], datum: Any) -> bytes:
    """The bytes of `datum`, in Python values, by a schema (parsed JSON)."""
    out = io.BytesIO()
    parsed = fastavro.parse_schema(without_unknown(schema), named_schemas={}, _ignore_default_error=True)
    fastavro.schemaless_writer(out, parsed, raw(parse_schema(schema).root, datum))
    return out.getvalue()


def without_unknown(schema: Any) -> Any:
    """The schema without the logical types that fastavro takes for others: it knows uuid on string alone."""
    match schema:
        case list():
            return [without_unknown(item) for item in schema]
        case dict():
            kept = {key: without_unknown(value) for key, value in schema.items() if key != "default"}
            kept |= {"default": schema["default"]} if "default" in schema else {}
            if (kept.get("type"), kept.get("logicalType")) in UNKNOWN:
                del kept["logicalType"]
            return kept
        case _:
            return schema


def _chosen(union: Union, value: Any) -> Chosen:
    """The branch of a value; fastavro takes it as a pair, and looks for none then."""
    if isinstance(value, Chosen):
        return value
    return Chosen("null", None) if value is None else Chosen(branch_name(non_null(union)[0]), value)


def raw(node: Node, value: Any) -> Any:
    """`value` with what lies on a logical type that fastavro does not know as the value of the base type."""
    match node:
        case Record():
            return {field.name: raw(field.type, value[field.name]) for field in node.fields}
        case Array():
            return [raw(node.items, item) for item in value]
        case Map():
            return {key: raw(node.values, item) for key, item in value.items()}
        case Union():
            name, inner = _chosen(node, value)
            branch = next(branch for branch in node.branches if branch_name(branch) == name)
            return name, raw(branch, inner)
        case Fixed() if isinstance(value, UUID):
            return value.bytes
        case Fixed() if isinstance(value, Duration):
            return struct.pack("<III", value.months, value.days, value.millis)
        case Primitive() if isinstance(value, NanoTimestamp | LocalNanoTimestamp):
            return value.nanoseconds
        case Primitive(logical=LogicalType(name="big-decimal")):
            scale = -int(value.as_tuple().exponent)
            number = int(value.scaleb(scale, Context(prec=MAX_PREC)))
            size = (number if number >= 0 else ~number).bit_length() // 8 + 1
            unscaled = number.to_bytes(size, "big", signed=True)
            return written_by_fastavro(BIG_DECIMAL, {"unscaled": unscaled, "scale": scale})
        case _:
            return value
