"""Whether one JSON text means the same to two versions of a record (docs/json.md)."""

from __future__ import annotations

from typing import Final

from codegen.branches import is_null, is_simple, is_tagged, json_kind
from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, branch_name

_FORMS: Final = {"int": "number", "long": "number", "float": "number", "double": "number", "bytes": "base64"}


def same_json(reader: Node, writer: Node) -> bool:
    """Whether no text that both accept can mean different values: a string here and base64 there, say.

    Fields are matched as Avro's resolution does, by name and by the reader's aliases.
    """
    return _Comparison().same(reader, writer)


class _Comparison:
    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()

    def same(self, reader: Node, writer: Node) -> bool:
        pair = (id(reader), id(writer))
        if pair in self._seen:
            return True
        self._seen.add(pair)
        match reader, writer:
            case (Union(), _) | (_, Union()):
                return self._same_readings(_readings(reader), _readings(writer))
            case Array(), Array():
                return self.same(reader.items, writer.items)
            case Map(), Map():
                return self.same(reader.values, writer.values)
            case Record(), Record():
                return self._same_fields(reader, writer)
            case _:
                return _form(reader) == _form(writer)

    def _same_readings(self, readers: dict[tuple[str, str], Node], writers: dict[tuple[str, str], Node]) -> bool:
        # A tagged value is an object, which may be a map or record to the other side.
        for one, other in ((readers, writers), (writers, readers)):
            if ("type", "object") in one and any(kind == "tag" for kind, _ in other):
                return False
        return all(self.same(node, writers[key]) for key, node in readers.items() if key in writers)

    def _same_fields(self, reader: Record, writer: Record) -> bool:
        written = {field.name: field for field in writer.fields}
        for field in reader.fields:
            source = next((written[name] for name in (field.name, *field.aliases) if name in written), None)
            if source is not None and not self.same(field.type, source.type):
                return False
        return True


def _readings(node: Node) -> dict[tuple[str, str], Node]:
    """What a text may be to a node, by the type of the JSON value or by the tag that it wears."""
    if not isinstance(node, Union):
        return {("type", json_kind(node)): node}
    if is_simple(node) or not is_tagged(node):
        return {("type", json_kind(branch)): branch for branch in node.branches}
    return {("type", "null") if is_null(branch) else ("tag", branch_name(branch)): branch for branch in node.branches}


def _form(node: Node) -> str:
    match node:
        case Primitive():
            if node.logical is None:
                return _FORMS.get(node.name, node.name)
            scale = f" {node.logical.scale}" if node.logical.name == "decimal" else ""
            return f"{node.logical.name}{scale}"
        case Fixed():
            return node.logical.name if node.logical is not None else "base64"
        case Enum():
            return "string"
        case _:
            return type(node).__name__
