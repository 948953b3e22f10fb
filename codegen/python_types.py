"""Avro types as Python: the annotation of a field, and the lines that encode it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, simple_name

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
_LOGICAL: Final = {
    "uuid": "Uuid",
    "big-decimal": "BigDecimal",
    "date": "Date",
    "time-millis": "TimeMillis",
    "time-micros": "TimeMicros",
    "timestamp-millis": "TimestampMillis",
    "timestamp-micros": "TimestampMicros",
    "local-timestamp-millis": "LocalTimestampMillis",
    "local-timestamp-micros": "LocalTimestampMicros",
    "timestamp-nanos": "TimestampNanos",
    "local-timestamp-nanos": "LocalTimestampNanos",
}
_LOGICAL_ENCODERS: Final = {
    "uuid": "out += binary.encode_string(str({}))",
    "big-decimal": "out += binary.encode_big_decimal({})",
    "date": "out += binary.encode_date({})",
    "time-millis": "out += binary.encode_time({}, 1000)",
    "time-micros": "out += binary.encode_time({}, 1)",
    "timestamp-millis": "out += binary.encode_long(({} - EPOCH) // MILLISECOND)",
    "timestamp-micros": "out += binary.encode_long(({} - EPOCH) // MICROSECOND)",
    "local-timestamp-millis": "out += binary.encode_long(({} - LOCAL_EPOCH) // MILLISECOND)",
    "local-timestamp-micros": "out += binary.encode_long(({} - LOCAL_EPOCH) // MICROSECOND)",
    "timestamp-nanos": "out += binary.encode_long({}.nanoseconds)",
    "local-timestamp-nanos": "out += binary.encode_long({}.nanoseconds)",
}
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
        case Fixed() | Enum() | Record():
            return simple_name(node.full_name)
        case _:
            assert_never(node)


def fixed_annotation(node: Fixed) -> str:
    """The type that the name of a fixed stands for in a generated module."""
    logical = node.logical.name if node.logical is not None else None
    if logical == "uuid":
        return "Uuid"
    if logical == "decimal" and node.logical is not None:
        return f"Annotated[Decimal, AvroDecimal({node.logical.precision}, {node.logical.scale})]"
    arguments = [quote(node.full_name)] if logical == "duration" else [str(node.size), quote(node.full_name)]
    if node.aliases:
        arguments.append(f"({', '.join(map(quote, node.aliases))}{',' if len(node.aliases) == 1 else ''})")
    if logical == "duration":
        return f"Annotated[FixedDuration, AvroDuration({', '.join(arguments)})]"
    return f"Annotated[FixedBytes, AvroFixed({', '.join(arguments)})]"


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
            yield _fixed_encoding(node, value)
        case _:
            assert_never(node)


def _fixed_encoding(node: Fixed, value: str) -> str:
    logical = node.logical.name if node.logical is not None else None
    if logical == "uuid":
        return f"out += {value}.bytes"
    if logical == "decimal" and node.logical is not None:
        return f"out += binary.encode_fixed_decimal({value}, {node.logical.scale}, {node.size})"
    if logical == "duration":
        return f"out += {value}.pack()"
    return f"out += binary.encode_fixed({value}, {node.size})"


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
    elif logical in _LOGICAL_ENCODERS:
        yield _LOGICAL_ENCODERS[logical].format(value)
    elif node.name != "null":
        yield _ENCODERS[node.name].format(value)


def table_name(node: Enum) -> str:
    """The constant that maps the enum's members to their encoded index."""
    # Two underscores in front would be mangled inside a class.
    name = simple_name(node.full_name).lstrip("_") or "enum"
    return "_" + "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(name)).upper()


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
