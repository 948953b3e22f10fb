"""Refuses by name the few legal schemas of which no model can be made, so that nothing is ever generated wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from codegen.contract import SchemaFile
from codegen.faults import SchemaFault
from codegen.nodes import Array, Enum, Field, Map, Node, Record, Union, all_nodes, children
from codegen.rendering.python_defaults import default_expression
from codegen.rendering.type_names import TypeNames, type_names

# Python reads no more than about a hundred brackets inside each other.
MAX_DEPTH: Final = 40
_NOTHING: Final = "nothing can be written as it; add {}, or leave the field out"


def unsupported(file: SchemaFile) -> list[SchemaFault]:
    """Everything in a legal schema that codegen refuses, in order of first use; what is defined elsewhere left out."""
    names = type_names(file)
    foreign = {id(node) for name in file.origins if (found := file.schema.types.get(name)) for node in all_nodes(found)}
    own = [node for node in all_nodes(file.schema.root) if id(node) not in foreign]
    return [fault for node in own for fault in _faults(node, names)]


def _faults(node: Node, names: TypeNames) -> Iterator[SchemaFault]:
    match node:
        case Enum() if not node.symbols:
            yield SchemaFault(node.pointer, f"the enum {node.full_name} has no symbols", _NOTHING.format("a symbol"))
        case Union() if not node.branches:
            yield SchemaFault(node.pointer, "the union has no branches", _NOTHING.format("a branch"))
        case Record():
            for index, field in enumerate(node.fields):
                yield from _field(field, f"{node.pointer}/fields/{index}", names)
        case _:
            return


def _field(field: Field, pointer: str, names: TypeNames) -> Iterator[SchemaFault]:
    if _is_too_deep(field.type):
        reason = f"more than {MAX_DEPTH} arrays, maps and unions inside each other"
        yield SchemaFault(f"{pointer}/type", reason, "put a record between them")
    elif field.has_default:
        try:
            default_expression(field.type, field.default, names)  # type: ignore[arg-type]  # has_default excludes MISSING
        except ValueError as error:
            hint = "no Python value stands for it; choose another default"
            yield SchemaFault(f"{pointer}/default", f"the default of {field.name!r} cannot be made: {error}", hint)


def _is_too_deep(node: Node) -> bool:
    """Whether more is nested than Python can read in one annotation."""
    level: list[Node] = [node]
    for _ in range(MAX_DEPTH):
        level = [inner for node in level if isinstance(node, Array | Map | Union) for inner in children(node)]
    return any(isinstance(inner, Array | Map | Union) for inner in level)
