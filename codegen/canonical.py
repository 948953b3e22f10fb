"""Parsing Canonical Form and fingerprints (Avro specification, section "Parsing Canonical Form for Schemas").

The canonical form leaves out what a decoder of the same schema does not need: defaults, aliases, docs, properties. So
equal fingerprints do not mean equal contracts, and a verdict about compatibility must never be cached under them.
"""

from __future__ import annotations

import hashlib
import json

from codegen.nodes import Array, Enum, Fixed, Json, Map, Node, Primitive, Record, Union


def canonical_form(root: Node) -> str:
    """The Parsing Canonical Form of `root`."""
    return json.dumps(_canonical(root, set()), separators=(",", ":"), ensure_ascii=False)


def fingerprint(root: Node) -> str:
    """SHA-256 of the Parsing Canonical Form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_form(root).encode()).hexdigest()


def _canonical(node: Node, written: set[str]) -> Json:
    match node:
        case Primitive():
            return node.name
        case Array():
            return {"type": "array", "items": _canonical(node.items, written)}
        case Map():
            return {"type": "map", "values": _canonical(node.values, written)}
        case Union():
            return [_canonical(branch, written) for branch in node.branches]
        case Fixed() | Enum() | Record():
            if node.full_name in written:
                return node.full_name
            written.add(node.full_name)
            return _canonical_named(node, written)


def _canonical_named(node: Fixed | Enum | Record, written: set[str]) -> Json:
    match node:
        case Fixed():
            return {"name": node.full_name, "type": "fixed", "size": node.size}
        case Enum():
            return {"name": node.full_name, "type": "enum", "symbols": list(node.symbols)}
        case Record():
            fields: list[Json] = [
                {"name": field.name, "type": _canonical(field.type, written)} for field in node.fields
            ]
            return {"name": node.full_name, "type": "error" if node.is_error else "record", "fields": fields}
