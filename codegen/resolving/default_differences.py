"""Where two JSON defaults of one type mean different values: compared by meaning, leaf by leaf.

Equal are 0 and 0.0 of a double, a uuid in either case, a decimal's bytes with and without sign extension, and a record
with and without the fields that have defaults of their own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from codegen.library_faults import Difference
from codegen.nodes import MISSING, Array, Json, Map, Missing, Node, Primitive, Record, Union
from codegen.reading.defaults import matching_branch
from codegen.rendering.attributes import attribute_names

_PACKED: Final = {"float": struct.Struct("<f").pack, "double": struct.Struct("<d").pack}


def default_differences(
    node: Node, contract: Json | Missing, library: Json | Missing, path: str
) -> Iterator[Difference]:
    """Every leaf at which the defaults `contract` and `library` of `node` differ."""
    match node, contract, library:
        case Union(), _, _ if contract is not MISSING and (index := matching_branch(node, contract)) is not None:
            yield from default_differences(node.branches[index], contract, library, path)
        case Array(), list(), list() if len(contract) == len(library):
            for index, (ours, theirs) in enumerate(zip(contract, library, strict=True)):
                yield from default_differences(node.items, ours, theirs, f"{path}[{index}]")
        case Map(), dict(), dict() if contract.keys() == library.keys():
            for key, ours in contract.items():
                yield from default_differences(node.values, ours, library[key], f"{path}[{key!r}]")
        case Record(), dict(), dict():
            attributes = attribute_names(node)
            for field in node.fields:
                ours_or_own = contract.get(field.name, field.default)
                theirs_or_none = library.get(attributes[field.name], MISSING)
                yield from default_differences(field.type, ours_or_own, theirs_or_none, f"{path}.{field.name}")
        case _ if not _same(node, contract, library):
            shown = ["none" if value is MISSING else value for value in (contract, library)]
            yield Difference(path, "default", *shown)


def _same(node: Node, contract: Json | Missing, library: Json | Missing) -> bool:
    if isinstance(node, Primitive):
        # A value of another kind than the type's is no meaning at all, and is compared as it is.
        with suppress(ValueError, TypeError, AttributeError, OverflowError, struct.error):
            return _meaning(node, contract) == _meaning(node, library)
    return type(contract) is type(library) and contract == library


def _meaning(node: Primitive, value: Json | Missing) -> object:
    logical = node.logical.name if node.logical is not None else None
    if isinstance(value, str) and logical == "uuid":
        return value.lower()
    if isinstance(value, str) and logical == "decimal":
        return int.from_bytes(value.encode("latin-1"), "big", signed=True)
    if isinstance(value, int | float) and not isinstance(value, bool) and node.name in _PACKED:
        return _PACKED[node.name](value)
    return type(value), value
