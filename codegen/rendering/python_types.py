"""Avro types as Python: the annotation of a field, and the class of its values."""

from __future__ import annotations

from typing import Final, assert_never

from codegen.branches import WRAPPERS, is_simple, is_tagged, needs_wrapper, non_null, python_kind
from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, branch_name
from codegen.rendering.type_names import TypeNames

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

_CLASSES: Final = {"array": "list", "map": "dict"}


class UnsupportedType(ValueError):
    """`codegen.supported` should have refused this type before."""


def annotation(node: Node, names: TypeNames) -> str:
    """The type of a field of this node, as it stands in a generated module."""
    match node:
        case Primitive():
            return _primitive_annotation(node)
        case Array():
            return f"list[{annotation(node.items, names)}]"
        case Map():
            return f"dict[str, {annotation(node.values, names)}]"
        case Union():
            return _union_annotation(node, names)
        case Fixed() | Enum() | Record():
            return names.type(node)
        case _:
            assert_never(node)


def _union_annotation(node: Union, names: TypeNames) -> str:
    text = " | ".join(union_members(node, names))
    return text if is_simple(node) else f"Annotated[{text}, {union_marker(node)}]"


def union_members(node: Union, names: TypeNames) -> list[str]:
    """The types of a union's branches; None goes last."""
    branches = non_null(node)
    types = [_branch_annotation(node, branch, names) for branch in branches]
    return [*types, *(["None"] if len(branches) < len(node.branches) else [])]


def union_marker(node: Union) -> str:
    """What stands beside the types of a union that is not simple."""
    return f"{'TaggedUnion' if is_tagged(node) else 'BareUnion'}()"


def _branch_annotation(union: Union, branch: Node, names: TypeNames) -> str:
    wrapper = wrapper_name(union, branch, names)
    if wrapper is None:
        return annotation(branch, names)
    return wrapper if isinstance(branch, Fixed) else f"{wrapper}[{annotation(branch, names)}]"


def wrapper_name(union: Union, branch: Node, names: TypeNames) -> str | None:
    """The class that wraps values of a branch, where Python cannot tell them from those of another."""
    if is_simple(union) or not needs_wrapper(union, branch):
        return None
    return names.wrapper(branch) if isinstance(branch, Fixed) else WRAPPERS[branch_name(branch)].__name__


def value_class(node: Node, names: TypeNames) -> str:
    """The class of a node's values, as `isinstance` takes it."""
    return names.type(node) if isinstance(node, Enum | Record) else _CLASSES.get(kind := python_kind(node), kind)


def fixed_annotation(node: Fixed) -> str:
    """The type that the name of a fixed stands for in a generated module."""
    logical = node.logical.name if node.logical is not None else None
    if logical == "uuid":
        return f"Annotated[UUID, UuidText({quote(node.full_name)})]"
    if logical == "decimal" and node.logical is not None:
        digits = f"{node.logical.precision}, {node.logical.scale}"
        return f"Annotated[Decimal, AvroDecimal({digits}, {quote(node.full_name)})]"
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
