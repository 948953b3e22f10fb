"""One example event of a schema, the same on every run: what a person sees in the OpenAPI page and can send."""

from __future__ import annotations

import base64
from typing import Any, Final

from codegen.branches import is_simple, is_tagged, non_null
from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, branch_name

_MAX_DEPTH: Final = 8
_MAX_RECORDS: Final = 50
_LOGICAL: Final[dict[str, Any]] = {
    "uuid": "6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e",
    "date": "2026-01-31",
    "time-millis": "08:15:30.125",
    "time-micros": "08:15:30.125000",
    "timestamp-millis": "2026-01-31T08:15:30.125Z",
    "timestamp-micros": "2026-01-31T08:15:30.125000Z",
    "timestamp-nanos": "2026-01-31T08:15:30.125000000Z",
    "local-timestamp-millis": "2026-01-31T08:15:30.125",
    "local-timestamp-micros": "2026-01-31T08:15:30.125000",
    "local-timestamp-nanos": "2026-01-31T08:15:30.125000000",
    "decimal": "1",
    "big-decimal": "12.50",
    "duration": {"months": 1, "days": 2, "millis": 3},
}
_PLAIN: Final[dict[str, Any]] = {
    "null": None,
    "boolean": True,
    "int": 1,
    "long": 1,
    "float": 0.5,
    "double": 0.5,
    "bytes": "AQ==",
}


def make_example(node: Node, name: str = "value", depth: int = 0) -> Any:
    """A JSON value of `node`, by the rules of docs/json.md; a string is made of the field's name."""
    match node:
        case Primitive() | Fixed():
            return _scalar(node, name)
        case Enum():
            return node.symbols[-1]
        case Array():
            return [make_example(node.items, name, depth + 1)] if depth < _MAX_DEPTH else []
        case Map():
            return {"name": make_example(node.values, name, depth + 1)} if depth < _MAX_DEPTH else {}
        case Union():
            return _branch(node, name, depth)
        case Record() if depth > _MAX_RECORDS:
            return {}  # records inside records without end, of which no example can be made
        case Record():
            return {field.name: make_example(field.type, field.name, depth + 1) for field in node.fields}


def _branch(node: Union, name: str, depth: int) -> Any:
    """The first branch with something in it; null where a recursive schema would go on for ever."""
    branches = non_null(node)
    if not branches or (depth >= _MAX_DEPTH and len(branches) < len(node.branches)):
        return None
    value = make_example(branches[0], name, depth + 1)
    return {branch_name(branches[0]): value} if not is_simple(node) and is_tagged(node) else value


def _scalar(node: Primitive | Fixed, name: str) -> Any:
    if node.logical is not None and node.logical.name in _LOGICAL:
        return _LOGICAL[node.logical.name]
    if isinstance(node, Fixed):
        return base64.b64encode(bytes(node.size)).decode()
    return _PLAIN.get(node.name, f"{name}-1")
