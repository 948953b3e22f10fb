"""Typed nodes → JSON of a schema: self-contained, each named type defined by its full name where it is used first.

What the contract says is kept whole: docs, aliases, defaults, orders and properties.
"""

from __future__ import annotations

from collections.abc import Mapping

from codegen.nodes import MISSING, Array, Enum, Field, Fixed, Json, Map, Node, Primitive, Record, Union


def schema_json(root: Node) -> Json:
    """The schema of `root` as JSON."""
    return _write(root, set())


def _write(node: Node, defined: set[str]) -> Json:
    match node:
        case Primitive():
            return {"type": node.name, **node.properties} if node.properties else node.name
        case Array():
            return {"type": "array", "items": _write(node.items, defined), **node.properties}
        case Map():
            return {"type": "map", "values": _write(node.values, defined), **node.properties}
        case Union():
            return [_write(branch, defined) for branch in node.branches]
        case Fixed() | Enum() | Record():
            if node.full_name in defined:
                return node.full_name
            defined.add(node.full_name)
            return _named(node, defined)


def _named(node: Fixed | Enum | Record, defined: set[str]) -> dict[str, Json]:
    namespace, _, name = node.full_name.rpartition(".")
    # The namespace is always said: one that a type around this one has must not be inherited.
    start: dict[str, Json] = {"type": _kind(node), "name": name, "namespace": namespace}
    if node.doc is not None:
        start["doc"] = node.doc
    if node.aliases:
        # An alias without a dot would be looked for in the namespace; one of the null namespace cannot be said there.
        start["aliases"] = [alias.removeprefix(f"{namespace}.") for alias in node.aliases]
    return {**start, **_rest(node, defined), **node.properties}


def _kind(node: Fixed | Enum | Record) -> str:
    if isinstance(node, Record):
        return "error" if node.is_error else "record"
    return "enum" if isinstance(node, Enum) else "fixed"


def _rest(node: Fixed | Enum | Record, defined: set[str]) -> Mapping[str, Json]:
    match node:
        case Fixed():
            return {"size": node.size}
        case Enum():
            symbols: dict[str, Json] = {"symbols": list(node.symbols)}
            return symbols if node.default is None else {**symbols, "default": node.default}
        case Record():
            return {"fields": [_field(field, defined) for field in node.fields]}


def _field(field: Field, defined: set[str]) -> Json:
    written: dict[str, Json] = {"name": field.name, "type": _write(field.type, defined)}
    if field.default is not MISSING:
        written["default"] = field.default
    if field.doc is not None:
        written["doc"] = field.doc
    if field.aliases:
        written["aliases"] = list(field.aliases)
    if field.order is not None:
        written["order"] = field.order
    return {**written, **field.properties}
