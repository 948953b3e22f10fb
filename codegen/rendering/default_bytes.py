"""JSON defaults in Avro's binary form, for a transcoder to write where a field is missing."""

from __future__ import annotations

from typing import assert_never

from codegen import binary
from codegen.nodes import Array, Enum, Fixed, Json, Map, Missing, Node, Primitive, Record, Union
from codegen.reading.defaults import matching_branch


def default_bytes(node: Node, value: Json) -> bytes:
    """The binary form of the JSON default `value` of `node` (Avro specification, "field default values").

    Logical types have the default of the type that they stand on. Raises ValueError for what is no default of `node`.
    """
    match node:
        case Primitive():
            return _primitive(node, value)
        case Fixed():
            return _text(value).encode("latin-1")
        case Enum():
            return binary.encode_long(node.symbols.index(_text(value)))
        case Array():
            items = value if isinstance(value, list) else []
            return _blocks([default_bytes(node.items, item) for item in items])
        case Map():
            members = value if isinstance(value, dict) else {}
            return _blocks(
                [binary.encode_string(key) + default_bytes(node.values, item) for key, item in members.items()]
            )
        case Record():
            return b"".join(_field(field.type, field.name, field.default, value) for field in node.fields)
        case Union():
            index = matching_branch(node, value)
            if index is None:
                raise ValueError("a default of no branch")
            return binary.encode_long(index) + default_bytes(node.branches[index], value)
        case _:
            assert_never(node)


def _field(node: Node, name: str, default: Json | Missing, record: Json) -> bytes:
    members = record if isinstance(record, dict) else {}
    value = members.get(name, default)
    if isinstance(value, Missing):
        raise ValueError(f"the default has no {name}")  # noqa: TRY004 - the schema's fault, and no type's
    return default_bytes(node, value)


def _blocks(items: list[bytes]) -> bytes:
    """One block with all items, and the empty one that ends an array or map."""
    return (binary.encode_long(len(items)) + b"".join(items) if items else b"") + b"\0"


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("a default that is no text")  # noqa: TRY004 - the schema's fault, and no type's
    return value


def _primitive(node: Primitive, value: Json) -> bytes:
    match node.logical.name if node.logical is not None else None:
        case "decimal":
            # Models write it in as few bytes as hold it, whatever the schema has.
            return binary.encode_unscaled(int.from_bytes(_text(value).encode("latin-1"), "big", signed=True))
        case "big-decimal":
            from codegen.decoding.scalars import read_big_decimal  # a check of the models seldom needs it

            return binary.encode_big_decimal(read_big_decimal(_text(value).encode("latin-1")))
        case "uuid":
            return binary.encode_string(_text(value).lower())
        case _:
            return _plain(node, value)


def _plain(node: Primitive, value: Json) -> bytes:
    match node.name:
        case "null":
            return b""
        case "boolean":
            return b"\1" if value else b"\0"
        case "int" | "long":
            return binary.encode_long(int(_number(value)))
        case "float":
            return binary.pack_float(float(_number(value)))
        case "double":
            return binary.pack_double(float(_number(value)))
        case "bytes":
            return binary.encode_bytes(_text(value).encode("latin-1"))
        case "string":
            return binary.encode_string(_text(value))
        case _:
            assert_never(node.name)


def _number(value: Json) -> int | float:
    if not isinstance(value, int | float):
        raise ValueError("a default that is no number")  # noqa: TRY004 - the schema's fault, and no type's
    return value
