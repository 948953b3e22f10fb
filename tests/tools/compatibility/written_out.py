"""Recursive schemas written out to a depth, so that no type contains itself."""

from __future__ import annotations

from typing import Any

from codegen.nodes import MISSING, Array, Enum, Field, Fixed, Map, Named, Node, Primitive, Record, Union, children


def written_out(root: Node, levels: int) -> Any:
    """`root` as JSON in which a record inside `levels` others has no fields.

    Every level has types of its own: the same unqualified names in a namespace of the level, which is that of a reader
    and of a writer alike, since records meet records only.
    """
    return _Writer(levels).node(root, 0)


class _Writer:
    def __init__(self, levels: int) -> None:
        self._levels = levels
        self._defined: set[str] = set()

    def node(self, node: Node, level: int) -> Any:
        match node:
            case Primitive():
                return node.name
            case Array():
                return {"type": "array", "items": self.node(node.items, level)}
            case Map():
                return {"type": "map", "values": self.node(node.values, level)}
            case Union():
                return [self.node(branch, level) for branch in node.branches]
            case _:
                return self._named(node, level)

    def _named(self, node: Named, level: int) -> Any:
        name = _at(level, node.full_name)
        if name in self._defined:
            return name
        self._defined.add(name)
        schema: dict[str, Any] = {"name": name, "aliases": [_at(level, alias) for alias in node.aliases]}
        match node:
            case Fixed():
                return {"type": "fixed", **schema, "size": node.size}
            case Enum():
                default = {} if node.default is None else {"default": node.default}
                return {"type": "enum", **schema, "symbols": list(node.symbols), **default}
            case Record():
                fields = node.fields if level < self._levels else ()
                return {"type": "record", **schema, "fields": [self._field(field, level + 1) for field in fields]}

    def _field(self, field: Field, level: int) -> dict[str, Any]:
        default = {} if field.default is MISSING else {"default": field.default}
        return {"name": field.name, "type": self.node(field.type, level), "aliases": list(field.aliases), **default}


def _at(level: int, full_name: str) -> str:
    return f"level{level}.{full_name}"


def is_recursive(root: Node) -> bool:
    """Whether some type that `root` reaches contains itself."""
    done: set[Node] = set()
    around: set[Node] = set()

    def closes(node: Node) -> bool:
        if node in around:
            return True
        if node in done:
            return False
        around.add(node)
        found = any(closes(inner) for inner in children(node))
        around.remove(node)
        done.add(node)
        return found

    return closes(root)
