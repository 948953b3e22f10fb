"""Straight-line decoders: from the bytes of one writer schema to the finished model of one reader, without validation.

Source text is made for the pair of schemas and compiled, as `dataclasses` does for its methods. What stands in it are
the attributes of our own models and names that are made here; nothing of a foreign schema does. Such a decoder gives
what the model would make of the resolved datum (codegen.decoding.decoder), and what it is not sure of it leaves to
those two, by an exception of NOT_STRAIGHT. So it may give up whenever it likes, and must never be wrong.

- A text is cut out of the datum's Latin-1 spelling, which costs half of cutting bytes and decoding them.
- A place behind the end is noticed at the end, once: places only ever grow, and a slice stops where the bytes do.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final

from codegen.branches import WRAPPERS, is_null, is_simple, needs_wrapper
from codegen.decoding import straight_parts as parts
from codegen.decoding import straight_text as text
from codegen.decoding.branch_choice import choose_branch
from codegen.decoding.decoder import skipper
from codegen.decoding.scalars import checked_conversion
from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, all_nodes, branch_name
from codegen.resolution import Resolver
from codegen.resolving.field_targets import Unresolvable, field_targets
from codegen.resolving.rules import names_match, readers_of

if TYPE_CHECKING:
    from codegen.runtime import AvroModel

Straight = Callable[[bytes], Any]
# What the functions below and those of Python raise on a datum that the straight line does not take.
NOT_STRAIGHT: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
_MAX_DEPTH: Final = 6  # blocks inside each other; Python takes 20
_MAX_NODES: Final = 2_000  # a foreign schema may be of any size, and compiling takes its time
_ONE_BYTE: Final = 64  # indexes below are one byte, twice the index


class _NoStraight(Exception):
    """The pair has something that only the resolved datum and the model can do."""


def make_straight(
    model: type[AvroModel], reader: Record, writer: Node, types: Callable[[type[AvroModel]], Mapping[str, type]]
) -> Straight | None:
    """A function from the bytes of `writer` to `model`, or None where there is no straight line.

    `types` gives what a model's module calls by the full names of a schema: models, enums and wrappers of branches. The
    function raises an exception of NOT_STRAIGHT where the model has to look at the resolved datum.
    """
    try:
        return _Line(types).compiled(model, reader, writer)
    except (_NoStraight, Unresolvable):
        return None


class _Line:
    """Writes the functions of one pair of schemas, one for each pair of records; `constants` is what they know."""

    def __init__(self, types: Callable[[type[AvroModel]], Mapping[str, type]]) -> None:
        self._types = types
        self._constants: dict[str, Any] = dict(vars(parts))
        self._numbers = count()
        self._functions: dict[tuple[Record, Record], str] = {}
        self._texts: list[str] = []
        self._known: Mapping[str, type] = {}
        self._resolver = Resolver()

    def compiled(self, model: type[AvroModel], reader: Record, writer: Node) -> Straight:
        """Raises _NoStraight and Unresolvable."""
        if not isinstance(writer, Record) or next(islice(all_nodes(writer), _MAX_NODES, None), None):
            raise _NoStraight
        function = self._record(model, reader, writer)
        self._texts += [
            "def read(data):",
            f"    one, end = {function}(data, latin(data, 'latin-1'), 0)",
            "    if end != len(data):",
            "        raise NotStraight",
            "    return one",
        ]
        exec("\n".join(self._texts), self._constants)  # noqa: S102 - no text of a foreign schema stands in it
        read: Straight = self._constants["read"]
        return read

    def _constant(self, value: object) -> str:
        name = f"c{next(self._numbers)}"
        self._constants[name] = value
        return name

    def _variable(self) -> str:
        return f"v{next(self._numbers)}"

    def _record(self, model: type[AvroModel], reader: Record, writer: Record) -> str:
        known = self._functions.get((reader, writer))
        if known is not None:
            return known
        if not names_match(reader, writer):
            raise Unresolvable
        function = self._functions[reader, writer] = f"r{next(self._numbers)}"
        outer, self._known = self._known, self._types(model)
        targets = field_targets(reader, writer)
        values: dict[str, str] = {}
        body: list[str] = []
        for field in writer.fields:
            target = targets.get(field.name)
            value = self._variable()
            if target is None:
                body += self._skip(field.type, value)
            else:
                values[target.name] = value
                body += self._lines(target.type, field.type, value, 0)
        self._known = outer
        body += self._construction(model, values)
        self._texts += [f"def {function}(data, text, at):", *(f"    {line}" for line in body)]
        return function

    def _construction(self, model: type[AvroModel], values: Mapping[str, str]) -> Iterator[str]:
        """As pydantic makes an instance: the attributes in the model's order, and which of them were there."""
        members: list[str] = []
        present: set[str] = set()
        for attribute, info in model.model_fields.items():
            name = model.WIRE_NAMES[attribute]
            if name in values:
                present.add(attribute)
                members.append(f"{attribute!r}: {values[name]}")
            elif info.default_factory is not None:
                members.append(f"{attribute!r}: {self._constant(info.default_factory)}()")
            else:
                members.append(f"{attribute!r}: {self._constant(info.default)}")
        yield f"one = new({self._constant(model)})"
        yield f"set_dict(one, {{{', '.join(members)}}})"
        yield f"set_fields(one, {self._constant(present)}.copy())"
        yield "set_extra(one, None)"
        yield "set_private(one, None)"
        yield "return one, at"

    def _lines(self, reader: Node, writer: Node, value: str, depth: int) -> list[str]:
        """Statements that read what `writer` wrote at `at` into the variable `value`."""
        if depth > _MAX_DEPTH:
            raise _NoStraight
        match reader, writer:
            case _, Union():
                return self._writer_union(reader, writer, value, depth)
            case Union(), _:
                branch = choose_branch(self._resolver, reader, writer)
                return [*self._lines(branch, writer, value, depth), *self._wrapped(reader, branch, value)]
            case Primitive(), Primitive() if reader.name in readers_of(writer.name):
                return self._primitive(reader, writer.name, value)
            case Array(), Array():
                item = self._variable()
                inner = [*self._lines(reader.items, writer.items, item, depth + 1), f"{value}.append({item})"]
                return [f"{value} = []", *self._blocks(inner)]
            case Map(), Map():
                key, item = self._variable(), self._variable()
                inner = [*text.string(key), *self._lines(reader.values, writer.values, item, depth + 1)]
                return [f"{value} = {{}}", *self._blocks([*inner, f"{value}[{key}] = {item}"])]
            case Fixed(), Fixed() if names_match(reader, writer) and reader.size == writer.size:
                lines = [f"{value} = data[at:at + {reader.size}]", f"at += {reader.size}"]
                return lines + self._converted(reader, value)
            case Enum(), Enum() if names_match(reader, writer):
                return self._enum(reader, writer, value)
            case Record(), Record():
                model: Any = self._type(reader.full_name)
                return [f"{value}, at = {self._record(model, reader, writer)}(data, text, at)"]
            case _:
                raise Unresolvable

    def _type(self, name: str) -> type:
        if name not in self._known:
            raise _NoStraight
        return self._known[name]

    def _writer_union(self, reader: Node, writer: Union, value: str, depth: int) -> list[str]:
        if not writer.branches or len(writer.branches) > _ONE_BYTE:
            raise _NoStraight
        index = self._variable()
        lines = [f"{index} = data[at]", "at += 1"]
        word = "if"
        # Null last: it is the shorter way of the two only where there is nothing to read.
        for place, branch in sorted(enumerate(writer.branches), key=lambda entry: is_null(entry[1])):
            inner = self._lines(reader, branch, value, depth + 1)
            lines += [f"{word} {index} == {2 * place}:", *(f"    {line}" for line in inner)]
            word = "elif"
        return [*lines, "else:", "    raise NotStraight"]

    def _wrapped(self, union: Union, branch: Node, value: str) -> list[str]:
        """A value with the branch of its union, where its class alone does not tell."""
        if is_simple(union) or is_null(branch) or not needs_wrapper(union, branch):
            return []
        name = branch_name(branch)
        wrapper = WRAPPERS.get(name) or self._type(name)
        return [f"{value} = {self._constant(wrapper)}({value})"]

    def _blocks(self, inner: list[str]) -> list[str]:
        """The blocks of an array or map, whose items `inner` reads (Avro specification, "Arrays")."""
        number = self._variable()
        return [
            "while True:",
            f"    {number} = data[at]",
            "    at += 1",
            f"    if {number} & 129:",
            f"        {number}, at = read_count(data, at - 1)",
            f"    if not {number}:",
            "        break",
            f"    {number} >>= 1",
            # Of items without a byte of their own a few bytes could ask for any number.
            f"    if {number} > len(data) - at:",
            "        raise NotStraight",
            f"    for _ in range({number}):",
            *(f"        {line}" for line in inner),
        ]

    def _enum(self, reader: Enum, writer: Enum, value: str) -> list[str]:
        members: Any = self._type(reader.full_name)
        if len(writer.symbols) > _ONE_BYTE:
            raise _NoStraight
        known = set(reader.symbols)
        symbols = [symbol if symbol in known else reader.default for symbol in writer.symbols]
        table = {2 * index: members(symbol) for index, symbol in enumerate(symbols) if symbol is not None}
        return [f"{value} = {self._constant(table)}[data[at]]", "at += 1"]

    def _skip(self, writer: Node, value: str) -> list[str]:
        """A field that the reader does not have: it must be right all the same."""
        if isinstance(writer, Primitive):
            return self._primitive(Primitive(writer.name), writer.name, value)
        return [f"{value}, at = {self._constant(skipper(writer))}(data, at)"]

    def _primitive(self, reader: Primitive, writer: str, value: str) -> list[str]:
        logical = reader.logical.name if reader.logical is not None else None
        if logical in parts.MOMENTS and writer == "long":
            return text.moment(logical, value)
        if logical == "uuid":
            return [*text.size(), f"{value} = uuid_of(text[at:end])", "at = end"]
        lines = {
            "null": lambda: [f"{value} = None"],
            "boolean": lambda: [f"{value} = BOOLEANS[data[at]]", "at += 1"],
            "int": lambda: text.number(value, "read_int"),
            "long": lambda: text.number(value, "read_long"),
            "float": lambda: [f"{value}, = unpack_float(data, at)", "at += 4"],
            "double": lambda: [f"{value}, = unpack_double(data, at)", "at += 8"],
            "bytes": lambda: [*text.size(), f"{value} = data[at:end]", "at = end"],
            "string": lambda: text.string(value),
        }
        if reader.name in ("string", "bytes"):
            return lines[reader.name]() + self._converted(reader, value)  # both are a length and bytes
        promoted = []
        if reader.name in ("float", "double") and writer in ("int", "long"):
            promoted = [f"{value} = {'round_float' if reader.name == 'float' else 'float'}({value})"]
        return lines[writer]() + promoted + self._converted(reader, value)

    def _converted(self, reader: Primitive | Fixed, value: str) -> list[str]:
        convert = checked_conversion(reader.logical)
        return [] if convert is None else [f"{value} = {self._constant(convert)}({value})"]
