"""The statements of a generated model that encode it (Avro specification 1.12, "Binary Encoding")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final, assert_never

from codegen.branches import is_null, is_simple
from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union
from codegen.rendering.python_types import annotation, value_class, wrapper_name
from codegen.rendering.type_names import TypeNames

# Python takes 20 blocks inside each other at most; what is nested deeper becomes a function of its own.
_MAX_DEPTH: Final = 6
# Subclasses stand before their bases: bool is an int, and a datetime is a date.
_LAST: Final = {"str": 1, "int": 1, "date": 1, "float": 2}
_LOGICAL: Final = {
    "uuid": "out += binary.encode_uuid({})",
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
_PLAIN: Final = {
    "int": "out += binary.encode_long({})",
    "long": "out += binary.encode_long({})",
    "float": "out += binary.pack_float({})",
    "double": "out += binary.pack_double({})",
    "bytes": "out += binary.encode_bytes({})",
    "string": "out += binary.encode_string({})",
    "boolean": "out.append(1 if {} else 0)",
}


class Encoder:
    """Writes the encoder of one record. `parts` are the functions that it needs besides, as lines of the class."""

    def __init__(self, record: Record, names: TypeNames) -> None:
        self.parts: list[str] = []
        self._class = names.type(record)
        self._names = names
        # No two loops of one function share a variable, because their types may differ.
        self._loops = count()
        self._numbers = count(1)

    def lines(self, node: Node, value: str, depth: int = 0) -> list[str]:
        """Straight-line statements that append `value`, an expression, to `out`."""
        if depth > _MAX_DEPTH and isinstance(node, Array | Map | Union):
            return [self._part(node, value)]
        match node:
            case Primitive():
                return list(_primitive(node, value))
            case Enum():
                return [f"out += {value}.encoded"]
            case Record():
                return [f"{value}._encode_into(out)"]
            case Array() | Map():
                return list(self._blocks(node, value, depth + 1))
            case Union() if is_simple(node):
                return list(self._optional(node, value, depth + 1))
            case Union():
                return list(self._union(node, value, depth + 1))
            case Fixed():
                return [_fixed(node, value)]
            case _:
                assert_never(node)

    def _part(self, node: Node, value: str) -> str:
        name = f"_encode_part{next(self._numbers)}"
        body = self.lines(node, "value")
        self.parts += ["", "    @staticmethod"]
        self.parts += [f"    def {name}(value: {annotation(node, self._names)}, out: bytearray) -> None:"]
        self.parts += [f"        {line}" for line in body]
        return f"{self._class}.{name}({value}, out)"

    def _blocks(self, node: Array | Map, value: str, depth: int) -> Iterator[str]:
        """One block with all items, as fastavro writes it, and the empty block that ends an array or map."""
        number = next(self._loops) or ""
        key, item = f"key{number}", f"item{number}"
        inner = self.lines(node.items if isinstance(node, Array) else node.values, item, depth)
        yield f"if {value}:"
        yield f"    out += binary.encode_long(len({value}))"
        if isinstance(node, Map):
            inner = [f"out += binary.encode_string({key})", *inner]
            yield f"    for {key}, {item} in {value}.items():" if len(inner) > 1 else f"    for {key} in {value}:"
        elif inner:  # items of null take no bytes
            yield f"    for {item} in {value}:"
        yield from (f"        {line}" for line in inner)
        yield "out.append(0)"

    def _optional(self, node: Union, value: str, depth: int) -> Iterator[str]:
        """The index of the branch, zig-zag encoded (twice the index), and the value."""
        inner = [(2 * index, branch) for index, branch in enumerate(node.branches) if not is_null(branch)]
        null = next((2 * index for index, branch in enumerate(node.branches) if is_null(branch)), None)
        if null is None or not inner:
            yield "out.append(0)"
            yield from (line for _, branch in inner for line in self.lines(branch, value, depth))
            return
        index, branch = inner[0]
        yield f"if {value} is None:"
        yield f"    out.append({null})"
        yield "else:"
        yield from (f"    {line}" for line in [f"out.append({index})", *self.lines(branch, value, depth)])

    def _union(self, node: Union, value: str, depth: int) -> Iterator[str]:
        """One test for each branch; the type checker proves that none is forgotten."""
        word = "if"
        for index, branch in sorted(enumerate(node.branches), key=lambda entry: self._order(node, entry[1])):
            wrapper = wrapper_name(node, branch, self._names)
            found = wrapper or value_class(branch, self._names)
            test = f"{value} is None" if is_null(branch) else f"isinstance({value}, {found})"
            yield f"{word} {test}:"
            inner = self.lines(branch, value if wrapper is None else f"{value}.value", depth)
            yield from (f"    {line}" for line in [_index(index), *inner])
            word = "elif"
        yield "else:"
        yield f"    assert_never({value})"

    def _order(self, node: Union, branch: Node) -> int:
        if is_null(branch):
            return -1
        wrapper = wrapper_name(node, branch, self._names)
        return _LAST.get(value_class(branch, self._names), 0) if wrapper is None else 0


def _index(index: int) -> str:
    return f"out.append({2 * index})" if index < 64 else f"out += binary.encode_long({index})"


def branches_of(lines: Sequence[str]) -> int:
    """How many ways there are through these statements, as the linter counts them (McCabe)."""
    return sum(line.lstrip().startswith(("if ", "elif ", "for ")) for line in lines) + 1


def _fixed(node: Fixed, value: str) -> str:
    logical = node.logical.name if node.logical is not None else None
    if logical == "uuid":
        return f"out += {value}.bytes"
    if logical == "decimal" and node.logical is not None:
        return f"out += binary.encode_fixed_decimal({value}, {node.logical.scale}, {node.size})"
    if logical == "duration":
        return f"out += {value}.pack()"
    return f"out += binary.encode_fixed({value}, {node.size})"


def _primitive(node: Primitive, value: str) -> Iterator[str]:
    logical = node.logical.name if node.logical is not None else None
    if logical == "decimal" and node.logical is not None:
        yield f"out += binary.encode_decimal({value}, {node.logical.scale})"
    elif logical in _LOGICAL:
        yield _LOGICAL[logical].format(value)
    elif node.name != "null":
        yield _PLAIN[node.name].format(value)
