"""Whether one JSON text means the same to two versions of a record (docs/json.md)."""

from __future__ import annotations

from typing import Final

from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union

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
            case Union(), _:
                return all(self.same(branch, writer) for branch in _alike(reader, writer))
            case _, Union():
                return all(self.same(reader, branch) for branch in _alike(writer, reader))
            case Array(), Array():
                return self.same(reader.items, writer.items)
            case Map(), Map():
                return self.same(reader.values, writer.values)
            case Record(), Record():
                return self._same_fields(reader, writer)
            case _:
                return _form(reader) == _form(writer)

    def _same_fields(self, reader: Record, writer: Record) -> bool:
        written = {field.name: field for field in writer.fields}
        for field in reader.fields:
            source = next((written[name] for name in (field.name, *field.aliases) if name in written), None)
            if source is not None and not self.same(field.type, source.type):
                return False
        return True


def _alike(union: Union, other: Node) -> list[Node]:
    """The branches that could be meant beside null, which is null to everybody."""
    others = other.branches if isinstance(other, Union) else (other,)
    if all(_form(node) == "null" for node in others):
        return []
    return [branch for branch in union.branches if _form(branch) != "null"]


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
