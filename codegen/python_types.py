"""Avro types as Python: the annotation of a field, the lines that encode it, and its default as an expression."""

from __future__ import annotations

import keyword
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final, assert_never

from codegen.defaults import matching_branch
from codegen.leaves import EPOCH, check_decimal, parse_uuid
from codegen.nodes import Array, Enum, Fixed, Json, Map, Node, Primitive, Record, Union, simple_name
from codegen.python_names import member_names

_PRIMITIVES: Final = {
    "null": "None",
    "boolean": "bool",
    "int": "Int",
    "long": "Long",
    "float": "Float",
    "double": "Double",
    "bytes": "Bytes",
    "string": "str",
}
_LOGICAL: Final = {"uuid": "Uuid", "timestamp-millis": "TimestampMillis", "timestamp-micros": "TimestampMicros"}
_UNITS: Final = {"timestamp-millis": "MILLISECOND", "timestamp-micros": "MICROSECOND"}
_ENCODERS: Final = {
    "int": "out += binary.encode_long({})",
    "long": "out += binary.encode_long({})",
    "float": "out += binary.pack_float({})",
    "double": "out += binary.pack_double({})",
    "bytes": "out += binary.encode_bytes({})",
    "string": "out += binary.encode_string({})",
    "boolean": "out.append(1 if {} else 0)",
}


class UnsupportedType(ValueError):
    """`codegen.supported` should have refused this type before."""


def annotation(node: Node) -> str:
    """The type of a field of this node, as it stands in a generated module."""
    match node:
        case Primitive():
            return _primitive_annotation(node)
        case Array():
            return f"list[{annotation(node.items)}]"
        case Map():
            return f"dict[str, {annotation(node.values)}]"
        case Union():
            # None goes last, as Python has it; the encoder knows the order of the branches.
            names = [annotation(branch) for branch in node.branches]
            return " | ".join(sorted(names, key=lambda name: name == "None"))
        case Enum() | Record():
            return simple_name(node.full_name)
        case Fixed():
            raise UnsupportedType(node.full_name)
        case _:
            assert_never(node)


def _primitive_annotation(node: Primitive) -> str:
    if node.logical is None:
        return _PRIMITIVES[node.name]
    if node.logical.name == "decimal":
        return f"Annotated[Decimal, AvroDecimal({node.logical.precision}, {node.logical.scale})]"
    if node.logical.name not in _LOGICAL:
        raise UnsupportedType(node.logical.name)
    return _LOGICAL[node.logical.name]


def encoding(node: Node, value: str, loops: Iterator[int]) -> Iterator[str]:
    """Straight-line statements that append `value`, an expression, to `out` (Avro specification, "Binary Encoding").

    `loops` counts the loops of one function from 0, so that no two of them share a variable: their types may differ.
    """
    match node:
        case Primitive():
            yield from _primitive_encoding(node, value)
        case Enum():
            yield f"out += {table_name(node)}[{value}]"
        case Record():
            yield f"{value}._encode_into(out)"
        case Array():
            item = f"item{next(loops) or ''}"
            yield from _block(f"for {item} in {value}:", list(encoding(node.items, item, loops)), value)
        case Map():
            number = next(loops) or ""
            key, item = f"key{number}", f"item{number}"
            inner = list(encoding(node.values, item, loops))
            loop = f"for {key}, {item} in {value}.items():" if inner else f"for {key} in {value}:"
            yield from _block(loop, [f"out += binary.encode_string({key})", *inner], value)
        case Union():
            yield from _optional(node, value, loops)
        case Fixed():
            raise UnsupportedType(node.full_name)
        case _:
            assert_never(node)


def _block(loop: str, body: Sequence[str], value: str) -> Iterator[str]:
    """One block with all items, as fastavro writes it, and the empty block that ends an array or map."""
    yield f"if {value}:"
    yield f"    out += binary.encode_long(len({value}))"
    if body:  # items of null take no bytes
        yield f"    {loop}"
        yield from (f"        {line}" for line in body)
    yield "out.append(0)"


def _optional(node: Union, value: str, loops: Iterator[int]) -> Iterator[str]:
    """The index of the branch, zig-zag encoded (twice the index), and the value."""
    null = next(index for index, branch in enumerate(node.branches) if annotation(branch) == "None")
    yield f"if {value} is None:"
    yield f"    out.append({2 * null})"
    yield "else:"
    yield f"    out.append({2 * (1 - null)})"
    yield from (f"    {line}" for line in encoding(node.branches[1 - null], value, loops))


def _primitive_encoding(node: Primitive, value: str) -> Iterator[str]:
    logical = node.logical.name if node.logical is not None else None
    if logical == "decimal" and node.logical is not None:
        yield f"out += binary.encode_decimal({value}, {node.logical.scale})"
    elif logical == "uuid":
        yield f"out += binary.encode_string(str({value}))"
    elif logical in _UNITS:
        yield f"out += binary.encode_long(({value} - EPOCH) // {_UNITS[logical]})"
    elif node.name != "null":
        yield _ENCODERS[node.name].format(value)


def table_name(node: Enum) -> str:
    """The constant that maps the enum's members to their encoded index."""
    # Two underscores in front would be mangled inside a class.
    name = simple_name(node.full_name).lstrip("_") or "enum"
    return "_" + "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(name)).upper()


@dataclass(frozen=True, slots=True)
class Default:
    """A default as an expression; `mutable` ones need a factory, so that no two models share them."""

    expression: str
    mutable: bool = False


def default_expression(node: Node, value: Json) -> Default:
    """The Python value that the JSON default `value` of `node` stands for.

    Raises ValueError with a sentence for a default that no value of the Python type can be.
    """
    match node:
        case Primitive():
            return Default(_primitive_default(node, value))
        case Enum():
            return Default(f"{simple_name(node.full_name)}.{member_names(node.symbols)[str(value)]}")
        case Array():
            items = value if isinstance(value, list) else []
            parts = ", ".join(default_expression(node.items, item).expression for item in items)
            return Default(f"[{parts}]", mutable=True)
        case Map():
            members = value if isinstance(value, dict) else {}
            parts = ", ".join(
                f"{quote(key)}: {default_expression(node.values, item).expression}" for key, item in members.items()
            )
            return Default(f"{{{parts}}}", mutable=True)
        case Record():
            return Default(_record_default(node, value if isinstance(value, dict) else {}), mutable=True)
        case Union():
            index = matching_branch(node, value)
            if index is None:
                raise UnsupportedType("a default of no branch")
            inner = default_expression(node.branches[index], value)
            # The library would take the branch from a plain default's Python type: long for int, double for float.
            return Default(inner.expression, mutable=inner.expression != "None")
        case Fixed():
            raise UnsupportedType(node.full_name)
        case _:
            assert_never(node)


def _record_default(node: Record, members: dict[str, Json]) -> str:
    """A call with wire names; those that are no argument's name go in as a dictionary."""
    values = {
        field.name: default_expression(field.type, members[field.name]).expression
        for field in node.fields
        if field.name in members
    }
    named = [f"{name}={value}" for name, value in values.items() if not keyword.iskeyword(name)]
    others = [f"{quote(name)}: {value}" for name, value in values.items() if keyword.iskeyword(name)]
    arguments = [*named, *([f"**{{{', '.join(others)}}}"] if others else [])]
    return f"{simple_name(node.full_name)}({', '.join(arguments)})"


def _primitive_default(node: Primitive, value: Json) -> str:
    logical = node.logical.name if node.logical is not None else None
    match value:
        case None | bool():
            return repr(value)
        case int() if logical in _UNITS:
            return _instant_default(value, 1000 if logical == "timestamp-millis" else 1)
        case int() | float() if node.name == "float":
            return float_literal(struct.unpack("<f", struct.pack("<f", value))[0])
        case int() | float():
            return float_literal(float(value)) if node.name == "double" else repr(value)
        case str() if logical == "uuid":
            return f"UUID({quote(str(parse_uuid(value)))})"
        case str() if logical == "decimal" and node.logical is not None:
            unscaled, scale = int.from_bytes(value.encode("latin-1"), "big", signed=True), node.logical.scale or 0
            # Made of its digits, because arithmetic would round to the 28 digits of the default context.
            exact = Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))
            checked = str(check_decimal(exact, node.logical.precision or 0, scale))
            return f"Decimal({quote(checked) if scale else checked})"
        case str() if node.name == "bytes":
            return bytes_literal(value.encode("latin-1"))
        case str():
            return quote(value)
        case _:
            raise UnsupportedType(f"the default {value!r} of {node.name}")


def _instant_default(value: int, unit_us: int) -> str:
    try:
        moment = EPOCH + timedelta(microseconds=value * unit_us)
    except OverflowError:
        raise UnsupportedType("no such moment: year 0001 to 9999") from None
    parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond]
    return f"datetime({', '.join(map(str, parts))}, tzinfo=UTC)"


def quote(text: str) -> str:
    """A string literal the way the formatter writes it: in double quotes, unless it has more of them than of single."""
    if text.count('"') > text.count("'") or repr(text)[0] == '"':
        return repr(text)
    body = repr(text)[1:-1]
    return '"' + body.replace("\\'", "'").replace('"', '\\"') + '"'


def float_literal(value: float) -> str:
    """A float the way the formatter writes it."""
    return repr(value).replace("e+", "e")


def bytes_literal(data: bytes) -> str:
    """A bytes literal in double quotes, the way the formatter writes it."""
    return "b" + quote(data.decode("latin-1")) if data.isascii() and data.decode().isprintable() else _escaped(data)


def _escaped(data: bytes) -> str:
    return 'b"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'
