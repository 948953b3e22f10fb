"""The plan of a schema for the compiled transcoder, and the twin of a generated one that follows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, assert_never, cast

from codegen import transcoding
from codegen.branches import is_null
from codegen.nodes import Array, Enum, Field, Fixed, Map, Missing, Node, Primitive, Record, Union
from codegen.plain import Reader
from codegen.rendering.attributes import accepted_aliases, attribute_names
from codegen.rendering.default_bytes import default_bytes
from codegen.rendering.transcoder_values import scalar
from codegen.schema import parse_schema
from codegen.transcoding import AnyTranscoder

# Moments that are read here, by their units a second; the functions of the pure transcoder take other spellings.
_INSTANTS: Final = {"timestamp-millis": 1_000, "timestamp-micros": 1_000_000}


def compiled_twin(engine: ModuleType, pure: AnyTranscoder, avsc: str) -> AnyTranscoder:
    """What does the same as `pure`, the generated transcoder of the record schema `avsc`, by the compiled `engine`."""
    record = cast("Record", parse_schema(json.loads(avsc)).root)
    plan = _Plan(engine)
    root = plan.record(record)
    optional: list[str] = []
    bits: list[int] = []
    aliases = accepted_aliases(record)
    for field, name in _keys(record):
        is_required = not field.has_default and not aliases[field.name]
        bits.append(0 if is_required else 1 << len(optional))
        optional += [] if is_required else [name]
    attributes = attribute_names(record)
    places = {attributes[field.name]: place for place, field in enumerate(record.fields)}

    def reader(key: str | None, event_id: str | None) -> Reader:
        told = (-1 if attribute is None else places[attribute] for attribute in (key, event_id))
        compiled = engine.Engine(root, *told, tuple(bits))
        return Reader(compiled.read, compiled.read_many)

    return pure.twin(reader, optional)


def _keys(record: Record) -> list[tuple[Field, str]]:
    """In the order of the fields, each with its name first and its aliases behind it."""
    aliases = accepted_aliases(record)
    return [(field, name) for field in record.fields for name in (field.name, *aliases[field.name])]


class _Plan:
    def __init__(self, engine: ModuleType) -> None:
        self._node: Callable[[str], Any] = engine.Node
        self._records: dict[Record, Any] = {}

    def record(self, record: Record) -> Any:
        if record in self._records:
            return self._records[record]
        node = self._records[record] = self._node("record")
        places = {field.name: place for place, field in enumerate(record.fields)}
        node.set_fields(
            [name.encode() for _, name in _keys(record)],
            [places[field.name] for field, _ in _keys(record)],
            [self._made(field.type) for field in record.fields],
            [
                None if isinstance(field.default, Missing) else default_bytes(field.type, field.default)
                for field in record.fields
            ],
        )
        return node

    def _made(self, node: Node) -> Any:
        match node:
            case Record():
                return self.record(node)
            case Array() | Map():
                made = self._node("array" if isinstance(node, Array) else "map")
                made.child = self._made(node.items if isinstance(node, Array) else node.values)
                return made
            case Union():
                return self._optional(node)
            case Enum():
                made = self._node("enum")
                made.set_symbols([symbol.encode() for symbol in node.symbols])
                return made
            case Primitive() | Fixed():
                return self._scalar(node)
            case _:
                assert_never(node)

    def _optional(self, node: Union) -> Any:
        """A transcoder is made of unions of at most one type beside null alone."""
        null_byte, value_byte, child = -1, -1, None
        for index, branch in enumerate(node.branches):
            if is_null(branch):
                null_byte = 2 * index
            else:
                value_byte, child = 2 * index, self._made(branch)
        made = self._node("optional")
        made.set_branches(null_byte, value_byte, child)
        return made

    def _scalar(self, node: Primitive | Fixed) -> Any:
        logical = node.logical.name if node.logical is not None else None
        if isinstance(node, Primitive) and logical == "uuid":
            return self._node("uuid")
        if isinstance(node, Primitive) and logical is None and node.name != "bytes":
            return self._node(node.name)
        units = _INSTANTS.get(logical or "", 0)
        made = self._node("instant" if units else "text")
        made.set_text(_text_function(node), units)
        return made


def _text_function(node: Primitive | Fixed) -> Callable[[str], str]:
    """The function that the generated transcoder calls, with the numbers that stand behind the text there."""
    name, _, arguments = scalar(node)[1].rstrip(")").partition("(")
    numbers = [int(number) for number in arguments.split(", ")[1:]]
    function: Callable[..., str] = getattr(transcoding, name)
    return (lambda text: function(text, *numbers)) if numbers else function
