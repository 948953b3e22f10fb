"""Refuses by name what the generator does not make yet, so that nothing is ever generated wrong."""

from __future__ import annotations

from typing import Final

from codegen.faults import SchemaFault
from codegen.json_source import escape_pointer
from codegen.nodes import Enum, Field, Fixed, Json, Node, Primitive, Record, Union, simple_name, type_name
from codegen.python_defaults import default_expression
from codegen.python_names import refuse_class
from codegen.python_types import table_name

# Python takes 20 blocks inside each other at most, and an array or map needs two.
_MAX_DEPTH: Final = 8


def unsupported(root: Record, schema: Json) -> list[SchemaFault]:
    """Everything in a legal schema that codegen refuses; `schema` is its JSON."""
    check = _Check()
    check.visit(root, schema, "")
    return check.faults


class _Check:
    def __init__(self) -> None:
        self.faults: list[SchemaFault] = []
        self.seen: dict[str, Node] = {}
        self.open: list[Record] = []

    def fault(self, pointer: str, reason: str) -> None:
        self.faults.append(SchemaFault(pointer, reason, "codegen does not make this yet; model it another way"))

    def visit(self, node: Node, schema: Json, pointer: str, depth: int = 0) -> None:
        """Walk the nodes beside the JSON, so that each fault has the pointer of the very place.

        `depth` counts what is nested without a record's own function between.
        """
        if depth > _MAX_DEPTH:
            self.fault(pointer, f"more than {_MAX_DEPTH} arrays, maps and unions inside each other")
            return
        while isinstance(schema, dict) and isinstance(schema.get("type"), dict | list):
            schema, pointer = schema["type"], f"{pointer}/type"
        match node:
            case Primitive():
                return
            case Fixed():
                self._name(node.full_name, node, pointer)
            case Enum():
                self._name(node.full_name, node, pointer)
                self._claim(table_name(node), node, pointer)
                if not node.symbols:
                    self.fault(pointer, f"the enum {node.full_name} without symbols, which nothing can be written as,")
            case Union():
                self._union(node, schema, pointer, depth)
            case Record():
                self._record(node, schema, pointer)
            case _:
                key = "items" if type_name(node) == "array" else "values"
                inner = node.items if key == "items" else node.values  # type: ignore[union-attr]
                self.visit(inner, _member(schema, key), f"{pointer}/{key}", depth + 1)

    def _union(self, node: Union, schema: Json, pointer: str, depth: int) -> None:
        kinds = [type_name(branch) for branch in node.branches]
        if len(kinds) != 2 or kinds.count("null") != 1:
            self.fault(pointer, f"a union other than null and one type ([{', '.join(kinds)}])")
            return
        for index, branch in enumerate(node.branches):
            item = schema[index] if isinstance(schema, list) and index < len(schema) else None
            self.visit(branch, item, f"{pointer}/{index}", depth + 1)

    def _record(self, node: Record, schema: Json, pointer: str) -> None:
        if any(record is node for record in self.open):
            self.fault(pointer, f"the record {node.full_name} inside itself")
            return
        if self.seen.get(simple_name(node.full_name)) is node:
            return
        self._name(node.full_name, node, pointer)
        if node.is_error:
            self.fault(pointer, f"an error type ({node.full_name})")
        self.open.append(node)
        for index, field in enumerate(node.fields):
            here = f"{pointer}/fields/{index}"
            declared = _member(_member(schema, "fields"), index)
            before = len(self.faults)
            self.visit(field.type, _member(declared, "type"), f"{here}/type")
            if field.has_default and len(self.faults) == before:
                self._default(field, f"{here}/default")
        self._aliases(node, pointer)
        self.open.pop()

    def _default(self, field: Field, pointer: str) -> None:
        try:
            default_expression(field.type, field.default)  # type: ignore[arg-type]  # has_default excludes MISSING
        except ValueError as error:
            self.fault(pointer, f"this default ({error})")

    def _aliases(self, node: Record, pointer: str) -> None:
        """In JSON a name must mean one field; to Avro's resolution it may be an alias of another as well."""
        owners = {field.name: field for field in node.fields}
        for index, field in enumerate(node.fields):
            for alias in field.aliases:
                if owners.setdefault(alias, field) is not field:
                    other = owners[alias].name
                    reason = f"the alias {alias!r} of {field.name!r}, which is a name or alias of {other!r} too"
                    self.fault(f"{pointer}/fields/{index}/aliases", reason)

    def _name(self, full_name: str, node: Node, pointer: str) -> None:
        name = simple_name(full_name)
        self._claim(name, node, pointer)
        reason = refuse_class(name)
        if reason is not None:
            self.fault(f"{pointer}/name", f"the type name {name!r}, which {reason}")

    def _claim(self, name: str, node: Node, pointer: str) -> None:
        """A name of the generated module belongs to one type: its class, or the table of an enum."""
        if self.seen.setdefault(name, node) is not node:
            self.fault(f"{pointer}/name", f"two types that need the name {name!r}")


def _member(schema: Json, key: str | int) -> Json:
    if isinstance(schema, dict) and isinstance(key, str):
        return schema.get(escape_pointer(key))
    if isinstance(schema, list) and isinstance(key, int) and key < len(schema):
        return schema[key]
    return None
