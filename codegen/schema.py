"""Reads an Avro schema and refuses an illegal one, all faults at once.

Stricter than fastavro, which lets pass duplicate fields, symbols and branches, unions in unions, negative sizes and
defaults out of range. Source of the rules: Avro specification 1.12, sections "Schema Declaration", "Names", "Aliases"
and "Logical Types".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeVar, cast

from codegen.faults import InvalidSchema, SchemaFault
from codegen.nodes import (
    MISSING,
    PRIMITIVES,
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Missing,
    Named,
    Node,
    Primitive,
    PrimitiveName,
    Record,
    Union,
    named_types,
    type_name,
)
from codegen.reading.defaults import default_faults
from codegen.reading.endless import endless_records
from codegen.reading.schema_attributes import NAME, AttributeReader

__all__ = ["InvalidSchema", "Schema", "SchemaFault", "parse_schema"]

_MAX_DEPTH: Final = 200
_RESERVED: Final = {
    "record": {"type", "name", "namespace", "doc", "aliases", "fields"},
    "error": {"type", "name", "namespace", "doc", "aliases", "fields"},
    "enum": {"type", "name", "namespace", "doc", "aliases", "symbols", "default"},
    "fixed": {"type", "name", "namespace", "doc", "aliases", "size"},
    "array": {"type", "items"},
    "map": {"type", "values"},
}
_FIELD_KEYS: Final = {"name", "type", "default", "doc", "aliases", "order"}
_Parsed = TypeVar("_Parsed", bound=Node)


class Schema(NamedTuple):
    """A legal schema: its typed root, the named types that it defines or was given, and what deserves a warning."""

    root: Node
    types: Mapping[str, Named]
    warnings: tuple[SchemaFault, ...] = ()


def parse_schema(schema: Json, known: Mapping[str, Named] | None = None) -> Schema:
    """Check `schema` (parsed JSON) and give back its typed form.

    `known` holds named types defined elsewhere, by full name. Raises InvalidSchema with every fault.
    """
    parser = _Parser(dict(known or {}))
    root = parser.node(schema, "", "", 0)
    parser.check_defaults()
    if parser.faults or root is None:
        raise InvalidSchema(tuple(sorted(parser.faults, key=_place)))
    return Schema(root, parser.types, (*parser.warnings, *endless_records(root)))


def _place(fault: SchemaFault) -> list[tuple[int, str]]:
    """Sorts /fields/2 before /fields/10."""
    return [(int(token), "") if token.isdigit() else (-1, token) for token in fault.pointer.split("/")]


class _Parser(AttributeReader):
    def __init__(self, types: dict[str, Named]) -> None:
        super().__init__(types)
        self.defaults: list[tuple[Node, Json, str]] = []

    def check_defaults(self) -> None:
        """Defaults are checked last: a default may be of a record whose fields come later."""
        broken = bool(self.faults)
        for node, value, pointer in self.defaults:
            # A record that lost a field to another fault would make a sound default look wrong.
            if not (broken and any(isinstance(named, Record) for named in named_types(node))):
                self.faults.extend(default_faults(node, value, pointer))

    def node(self, schema: Json, pointer: str, namespace: str, depth: int) -> Node | None:
        if depth > _MAX_DEPTH:
            self.fault(
                pointer, f"more than {_MAX_DEPTH} levels of JSON nesting", "give the inner types names of their own"
            )
            return None
        match schema:
            case str():
                return self._reference(schema, pointer, namespace)
            case list():
                return self._union(schema, pointer, namespace, depth)
            case dict():
                return self._object(schema, pointer, namespace, depth)
            case _:
                self.fault(pointer, "a schema is a string, an object or an array", 'write a type such as "string"')
                return None

    def _reference(self, name: str, pointer: str, namespace: str) -> Node | None:
        if name in PRIMITIVES:
            return Primitive(cast("PrimitiveName", name), pointer=pointer)
        full_name = name if "." in name or not namespace else f"{namespace}.{name}"
        found = self.types.get(full_name)
        if found is None:
            self.fault(
                pointer,
                f"the type {full_name!r} is not defined before this place",
                "define it at its first use, or correct the name",
            )
        return found

    def _union(self, branches: list[Json], pointer: str, namespace: str, depth: int) -> Node | None:
        nodes: list[Node] = []
        seen: dict[str, str] = {}
        whole = True
        for index, branch in enumerate(branches):
            here = f"{pointer}/{index}"
            node = self.node(branch, here, namespace, depth + 1)
            if node is None:
                whole = False
                continue
            if isinstance(node, Union):
                self.fault(here, "a union directly inside a union", "list its branches in the outer union")
                continue
            name = node.full_name if isinstance(node, Fixed | Enum | Record) else type_name(node)
            if name in seen:
                self.fault(here, f"the union already has the branch {name!r}", f"remove it, or the one at {seen[name]}")
            seen.setdefault(name, here)
            nodes.append(node)
        return Union(tuple(nodes), pointer) if whole else None

    def _object(self, schema: dict[str, Json], pointer: str, namespace: str, depth: int) -> Node | None:
        kind = schema.get("type", MISSING)
        match kind:
            case "array":
                return self._container(schema, "items", pointer, namespace, depth)
            case "map":
                return self._container(schema, "values", pointer, namespace, depth)
            case "record" | "error" | "enum" | "fixed":
                return self._named(kind, schema, pointer, namespace, depth)
            case str():
                return self._wrapped(schema, kind, pointer, namespace)
            case Missing():
                self.fault(pointer, 'the schema has no "type"', 'add "type"')
                return None
            case _:
                return self.node(kind, f"{pointer}/type", namespace, depth + 1)

    def _wrapped(self, schema: dict[str, Json], name: str, pointer: str, namespace: str) -> Node | None:
        """`{"type": "long", "logicalType": …}`, or a reference in an object."""
        node = self._reference(name, f"{pointer}/type", namespace)
        if not isinstance(node, Primitive):
            return node
        properties = {key: value for key, value in schema.items() if key != "type"}
        logical = self.logical(properties, name, None, pointer)
        return Primitive(node.name, logical, properties, pointer)

    def _container(
        self, schema: dict[str, Json], key: str, pointer: str, namespace: str, depth: int
    ) -> Array | Map | None:
        if key not in schema:
            self.fault(pointer, f'the {schema["type"]} has no "{key}"', f'add "{key}" with a schema')
            return None
        inner = self.node(schema[key], f"{pointer}/{key}", namespace, depth + 1)
        if inner is None:
            return None
        kind = "array" if key == "items" else "map"
        properties = {name: value for name, value in schema.items() if name not in _RESERVED[kind]}
        return Array(inner, properties, pointer) if kind == "array" else Map(inner, properties, pointer)

    def _named(self, kind: str, schema: dict[str, Json], pointer: str, namespace: str, depth: int) -> Node | None:
        full_name = self.full_name(schema, pointer, namespace)
        if full_name is None:
            # Nothing can refer to it, but what is wrong inside deserves to be told along with the name.
            if kind in ("record", "error"):
                self._fields(schema, pointer, namespace, depth)
            return None
        inner_namespace = full_name.rpartition(".")[0]
        aliases = self.type_aliases(schema, pointer, inner_namespace)
        doc = self.text(schema, "doc", pointer)
        properties = {key: value for key, value in schema.items() if key not in _RESERVED[kind]}
        if kind == "fixed":
            size = self.size(schema, pointer)
            logical = self.logical(properties, "fixed", size, pointer)
            return self._define(Fixed(full_name, size or 0, aliases, logical, doc, properties, pointer))
        if kind == "enum":
            symbols = self.symbols(schema, pointer)
            default = self.enum_default(schema, symbols, pointer)
            return self._define(Enum(full_name, symbols, default, aliases, doc, properties, pointer))
        record = self._define(Record(full_name, (), aliases, doc, kind == "error", properties, pointer))
        record.fields = self._fields(schema, pointer, inner_namespace, depth)
        return record

    def _define(self, node: _Parsed) -> _Parsed:
        if isinstance(node, Fixed | Enum | Record):
            self.types[node.full_name] = node
        return node

    def _fields(self, schema: dict[str, Json], pointer: str, namespace: str, depth: int) -> tuple[Field, ...]:
        declared = schema.get("fields")
        if not isinstance(declared, list):
            self.fault(pointer, 'the record has no "fields"', 'add "fields", an array')
            return ()
        fields = [
            self._field(item, f"{pointer}/fields/{index}", namespace, depth) for index, item in enumerate(declared)
        ]
        found = [entry for entry in fields if entry is not None]
        self._refuse_repeated_fields(declared, f"{pointer}/fields")
        return tuple(found)

    def _refuse_repeated_fields(self, declared: list[Json], pointer: str) -> None:
        seen: dict[str, int] = {}
        for index, item in enumerate(declared):
            name = item.get("name") if isinstance(item, dict) else None
            if not isinstance(name, str):
                continue
            if name in seen:
                self.fault(
                    f"{pointer}/{index}/name",
                    f"the record already has a field {name!r}",
                    f"rename it, or remove the one at {pointer}/{seen[name]}",
                )
            seen.setdefault(name, index)

    def _field(self, item: Json, pointer: str, namespace: str, depth: int) -> Field | None:
        if not isinstance(item, dict):
            self.fault(pointer, "a field is an object", 'write {"name": …, "type": …}')
            return None
        name = item.get("name")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            where = f"{pointer}/name" if "name" in item else pointer
            self.fault(where, f"{name!r} is no Avro name for a field", "use letters, digits and _, and no digit first")
            name = ""
        aliases = self.names(item, "aliases", pointer)
        order = item.get("order")
        if order is not None and order not in ("ascending", "descending", "ignore"):
            self.fault(f"{pointer}/order", f"unknown order {order!r}", "use ascending, descending or ignore")
        doc = self.text(item, "doc", pointer)
        if "type" not in item:
            self.fault(pointer, 'the field has no "type"', 'add "type" with a schema')
            return None
        # Depth counts levels of JSON, as the reader of files does: "fields", the field, its type.
        node = self.node(item["type"], f"{pointer}/type", namespace, depth + 3)
        if node is None or not name:
            return None
        if "default" in item:
            self.defaults.append((node, item["default"], f"{pointer}/default"))
        properties = {key: value for key, value in item.items() if key not in _FIELD_KEYS}
        return Field(name, node, item.get("default", MISSING), aliases, doc, cast("str | None", order), properties)
