"""Which JSON a default may be (Avro specification 1.12, section "Complex Types", table "field default values").

A default of a union field must match one of its branches; the first that matches is meant.
"""

from __future__ import annotations

import json
import math
from typing import Final, TypeAlias

from codegen.faults import SchemaFault
from codegen.nodes import Array, Enum, Fixed, Json, Map, Node, Primitive, Record, Union, simple_name, type_name
from codegen.reading.json_source import escape_pointer

INT_RANGE: Final = (-(2**31), 2**31 - 1)
LONG_RANGE: Final = (-(2**63), 2**63 - 1)
FLOAT_MAX: Final = (2 - 2**-23) * 2.0**127


# Whether a branch of a union takes a value, by the identity of both: without it, unions in unions cost 2^depth.
_Known: TypeAlias = dict[tuple[int, int], bool]


def default_faults(node: Node, value: Json, pointer: str) -> list[SchemaFault]:
    """Everything that keeps `value` from being a default of `node`."""
    return _faults(node, value, pointer, {})


def matching_branch(union: Union, value: Json) -> int | None:
    """The index of the first branch of which `value` can be the default."""
    return _matching_branch(union, value, {})


def _faults(node: Node, value: Json, pointer: str, known: _Known) -> list[SchemaFault]:
    pairs: list[tuple[Node, Json, str]] = []
    match node:
        case Primitive():
            return _primitive(node, value, pointer)
        case Fixed():
            reason = _bytes_reason(value)
            if reason is None and isinstance(value, str) and len(value) != node.size:
                reason = f"has {len(value)} bytes where {node.full_name} has {node.size}"
            return [] if reason is None else [_fault(pointer, value, reason)]
        case Enum():
            is_symbol = isinstance(value, str) and value in node.symbols
            return [] if is_symbol else [_fault(pointer, value, f"is no symbol of {node.full_name}")]
        case Array():
            if not isinstance(value, list):
                return [_fault(pointer, value, "is no array")]
            pairs = [(node.items, item, f"{pointer}/{index}") for index, item in enumerate(value)]
        case Map():
            if not isinstance(value, dict):
                return [_fault(pointer, value, "is no object, as a map needs")]
            pairs = [(node.values, item, f"{pointer}/{escape_pointer(key)}") for key, item in value.items()]
        case Record():
            return _record(node, value, pointer, known)
        case Union():
            return _union(node, value, pointer, known)
    return [fault for inner, item, here in pairs for fault in _faults(inner, item, here, known)]


def _matching_branch(union: Union, value: Json, known: _Known) -> int | None:
    for index, branch in enumerate(union.branches):
        key = (id(branch), id(value))
        if key not in known:
            known[key] = not _faults(branch, value, "", known)
        if known[key]:
            return index
    return None


def _union(union: Union, value: Json, pointer: str, known: _Known) -> list[SchemaFault]:
    if _matching_branch(union, value, known) is not None:
        return []
    names = ", ".join(
        simple_name(branch.full_name) if isinstance(branch, Fixed | Enum | Record) else type_name(branch)
        for branch in union.branches
    )
    return [_fault(pointer, value, f"fits no branch of the union [{names}]")]


def _record(record: Record, value: Json, pointer: str, known: _Known) -> list[SchemaFault]:
    if not isinstance(value, dict):
        return [_fault(pointer, value, f"is no object, as the record {record.full_name} needs")]
    faults: list[SchemaFault] = []
    for field in record.fields:
        if field.name in value:
            faults += _faults(field.type, value[field.name], f"{pointer}/{escape_pointer(field.name)}", known)
        elif not field.has_default:
            faults.append(_fault(pointer, value, f"lacks the field {field.name!r}, which has no default of its own"))
    names = {field.name for field in record.fields}
    faults += [
        _fault(f"{pointer}/{escape_pointer(key)}", value[key], f"stands for no field of {record.full_name}")
        for key in value
        if key not in names
    ]
    return faults


def _primitive(node: Primitive, value: Json, pointer: str) -> list[SchemaFault]:
    reason = primitive_reason(node.name, value)
    return [] if reason is None else [_fault(pointer, value, reason)]


def primitive_reason(name: str, value: Json) -> str | None:
    """Why `value` is no default of the primitive type `name`, or None."""
    match name:
        case "null":
            return None if value is None else "is not null"
        case "boolean":
            return None if isinstance(value, bool) else "is no boolean"
        case "int":
            return _integer_reason(value, INT_RANGE, "an int (32 bits)")
        case "long":
            return _integer_reason(value, LONG_RANGE, "a long (64 bits)")
        case "float" | "double":
            return _float_reason(value, name)
        case "bytes":
            return _bytes_reason(value)
        case _:
            return None if isinstance(value, str) else "is no string"


def _integer_reason(value: Json, limits: tuple[int, int], what: str) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return "is no integer"
    return None if limits[0] <= value <= limits[1] else f"is out of range for {what}"


def _float_reason(value: Json, name: str) -> str | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "is no number"
    try:
        number = float(value)
    except OverflowError:
        return f"is out of range for a {name}"
    if not math.isfinite(number) or (name == "float" and abs(number) > FLOAT_MAX):
        return f"is out of range for a {name}"
    return None


def _bytes_reason(value: Json) -> str | None:
    if not isinstance(value, str):
        return "is no string, as bytes need (each character U+0000 to U+00FF is one byte)"
    return None if all(ord(character) < 256 for character in value) else "has a character above U+00FF"


def _fault(pointer: str, value: Json, reason: str) -> SchemaFault:
    shown = json.dumps(value, ensure_ascii=False)
    if len(shown) > 60:
        shown = f"{shown[:57]}…"
    return SchemaFault(pointer, f"the default {shown} {reason}", "correct the default, or remove it")
