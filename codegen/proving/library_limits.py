"""What is kept from dataclasses-avroschema, because it raises over it: some types, and some defaults."""

from __future__ import annotations

from codegen.branches import is_simple, needs_wrapper
from codegen.library_faults import utf8_text
from codegen.nodes import (
    MISSING,
    Array,
    Enum,
    Field,
    Fixed,
    LogicalType,
    Map,
    Node,
    Primitive,
    Record,
    Union,
    all_nodes,
    children,
)


def leaves_out_type(node: Node) -> bool:
    """Whether the type needs a wrapper somewhere outside the records inside it, of which the library knows nothing."""
    match node:
        case Array():
            return leaves_out_type(node.items)
        case Map():
            return leaves_out_type(node.values)
        case Union():
            alike = not is_simple(node) and any(needs_wrapper(node, branch) for branch in node.branches)
            return alike or any(map(leaves_out_type, node.branches))
        case _:
            return False


def leaves_out_default(field: Field) -> bool:
    """Whether the field's default is kept from the library, which would raise over it."""
    if isinstance(field.type, Union):
        # The union's own default finds its branch; `value` is of the one that is not null.
        if not is_simple(field.type):
            return field.has_default and field.default is not None
        return field.default is not None and any(_fails_inside(branch, field.default) for branch in field.type.branches)
    return field.has_default and _fails_inside(field.type, field.default)


def _fails_inside(node: Node, value: object, own_default: object = MISSING) -> bool:
    match node, value:
        case Union(), None:
            return own_default is not None and not all(_takes_null(branch) for branch in node.branches)
        case Union(), _ if not is_simple(node):
            return True
        case Union(), _ if own_default is None:
            return not all(_is_plain(branch) for branch in node.branches)
        case Union(), _:
            return any(_fails_inside(branch, value) for branch in node.branches)
        case Array(), list():
            return any(_fails_inside(node.items, item) for item in value)
        case Map(), dict():
            return any(_fails_inside(node.values, item) for item in value.values())
        case Record(), dict() if _is_recursive(node) or any(leaves_out_type(entry.type) for entry in node.fields):
            return True
        case Record(), dict():
            return any(
                _fails_inside(entry.type, value.get(entry.name, entry.default), entry.default) for entry in node.fields
            )
        case Fixed(), str():
            # In UTF-8 it may have another length; a uuid or decimal becomes the text of another base type.
            return node.logical is not None or not value.isascii()
        case Primitive(logical=LogicalType(name="timestamp-nanos" | "local-timestamp-nanos" | "big-decimal")), _:
            return True
        case Primitive(name="bytes", logical=None), str():
            decoded = utf8_text(value)
            return decoded is None or max(map(ord, decoded), default=0) > 0xFF
        case _:
            return False


def _is_recursive(record: Record) -> bool:
    return any(inner is record for entry in record.fields for inner in all_nodes(entry.type))


def _takes_null(node: Node) -> bool:
    return isinstance(node, Primitive) and node.logical is None and node.name != "bytes"


def _is_plain(node: Node) -> bool:
    """Whether a value is JSON as it is."""
    if isinstance(node, Array | Map | Union):
        return all(map(_is_plain, children(node)))
    return isinstance(node, Enum) or _takes_null(node)
