"""Compares a record of the contract with what dataclasses-avroschema derives from its model, place by place.

A record inside is compared by its name alone, for it has a comparison of its own. The library knows no names of fixed
types, and `uuid` and `decimal` on string and bytes alone; what it has to say about a fixed is compared all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from codegen.faults import InvalidSchema
from codegen.library_faults import (
    ERROR,
    FIXED_DOC,
    FIXED_LOGICAL,
    FIXED_NAME,
    LEFT_OUT,
    LEFT_OUT_TYPE,
    LONE_BRANCH,
    NULL_NAMESPACE,
    OWN_NAME,
    RENAMED,
    Difference,
)
from codegen.nodes import (
    MISSING,
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Named,
    Node,
    Primitive,
    Record,
    Union,
    branch_name,
    namespace_of,
    simple_name,
    type_name,
)
from codegen.proving.library_limits import leaves_out_default, leaves_out_type
from codegen.rendering.attributes import attribute_names
from codegen.resolving.default_differences import default_differences
from codegen.schema import parse_schema

_OF_A_NAMED_TYPE: Final = ("doc", "aliases", "properties")


def compare_record(record: Record, derived: Mapping[str, Json], class_name: str) -> list[Difference]:
    """Every difference between a record and the schema (parsed JSON) that the library derived from its class."""
    return list(_Comparison(record, class_name).record(derived))


class _Comparison:
    def __init__(self, record: Record, class_name: str) -> None:
        self._record = record
        self._class_name = class_name
        self._known: dict[str, Enum] = {}

    def record(self, derived: Mapping[str, Json]) -> Iterator[Difference]:
        record = self._record
        yield from _named_attributes(record, derived, "", "record")
        if record.is_error:
            yield Difference("", ERROR, "error", derived.get("type"))
        attributes = attribute_names(record)
        fields = {attributes[field.name]: field for field in record.fields if not leaves_out_type(field.type)}
        entries = derived.get("fields")
        others = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
        if [entry.get("name") for entry in others] != list(fields):
            yield Difference("", "fields", list(fields), [entry.get("name") for entry in others])
            return
        for field in record.fields:
            if leaves_out_type(field.type):
                yield Difference(field.name, LEFT_OUT_TYPE, "a union of types that are one in Python", "none")
        for (attribute, field), entry in zip(fields.items(), others, strict=True):
            if field.name != attribute:
                yield Difference(field.name, RENAMED, field.name, attribute)
            yield from _field_attributes(field, entry)
            yield from self.node(field.type, entry.get("type"), field.name)

    def node(self, node: Node, derived: Json, path: str) -> Iterator[Difference]:
        match node, derived:
            case Record(), _:
                yield from self._reference(node, derived, path)
            case Enum(), dict():
                yield from self._enum(node, derived, path)
            case Enum(), str():
                yield from self._reference(node, derived, path)
            case Fixed(), dict():
                yield from _fixed(node, derived, path)
            case Array(), dict() if derived.get("type") == "array":
                yield from _container(node, derived, "items", path)
                yield from self.node(node.items, derived.get("items"), f"{path}.items")
            case Map(), dict() if derived.get("type") == "map":
                yield from _container(node, derived, "values", path)
                yield from self.node(node.values, derived.get("values"), f"{path}.values")
            case Union(), list():
                yield from self._union(node, derived, path)
            case Union(branches=(branch,)), _:
                yield Difference(path, LONE_BRANCH, "union", "its branch")
                yield from self.node(branch, derived, path)
            case Primitive(), _:
                yield from _primitive(node, derived, path)
            case _:
                yield Difference(path, "type", type_name(node), derived)

    def _reference(self, node: Record | Enum, derived: Json, path: str) -> Iterator[Difference]:
        """A name without a dot is looked for in the namespace of the record around it."""
        if isinstance(derived, dict):
            found = _full_name(derived, namespace_of(self._record.full_name))
        else:
            found = str(derived)
            if node is self._record and found == self._class_name != simple_name(node.full_name):
                yield Difference(path, OWN_NAME, node.full_name, found)
                return
            inherited = namespace_of(self._record.full_name)
            # The library puts a dot behind an empty namespace.
            found = found.removeprefix(".") if "." in found or not inherited else f"{inherited}.{found}"
        if found != node.full_name:
            yield from self._other_name(node, found, path)

    def _other_name(self, node: Named, found: str, path: str) -> Iterator[Difference]:
        inherited = f"{namespace_of(self._record.full_name)}.{node.full_name}"
        is_lost = isinstance(node, Enum) and "." not in node.full_name and found == inherited
        yield Difference(path, NULL_NAMESPACE if is_lost else "full_name", node.full_name, found)

    def _enum(self, node: Enum, derived: dict[str, Json], path: str) -> Iterator[Difference]:
        yield from _named_attributes(node, derived, path, "enum", is_named=False)
        found = _full_name(derived, namespace_of(self._record.full_name))
        if found != node.full_name:
            yield from self._other_name(node, found, path)
        for what, ours in (("symbols", list(node.symbols)), ("default", node.default)):
            if derived.get(what) != ours:
                yield Difference(path, what, ours, derived.get(what))

    def _union(self, union: Union, derived: list[Json], path: str) -> Iterator[Difference]:
        ours = [branch_name(branch) for branch in union.branches]
        theirs = list(range(len(derived)))
        nulls = [index for index, entry in enumerate(derived) if entry == "null"]
        others = [index for index in theirs if index not in nulls]
        branches = [branch for branch in union.branches if branch_name(branch) != "null"]
        if len(derived) != len(ours) or len(others) != len(branches):
            yield Difference(path, "branches", ours, derived)
            return
        names = {index: branch_name(branch) for index, branch in zip(others, branches, strict=True)}
        order = [names.get(index, "null") for index in theirs]
        if order != ours:
            yield Difference(path, "branches", ours, order)
        for index, branch in zip(others, branches, strict=True):
            yield from self.node(branch, derived[index], f"{path}[{names[index]}]")


def _full_name(derived: Mapping[str, Json], inherited: str) -> str:
    namespace = derived.get("namespace", inherited)
    return f"{namespace}.{derived.get('name')}" if namespace else str(derived.get("name"))


def _named_attributes(
    node: Named, derived: Mapping[str, Json], path: str, kind: str, *, is_named: bool = True
) -> Iterator[Difference]:
    """What a definition says besides its parts."""
    if derived.get("type") != kind:
        yield Difference(path, "type", kind, derived.get("type"))
    if is_named and _full_name(derived, "") != node.full_name:
        yield Difference(path, "full_name", node.full_name, _full_name(derived, ""))
    if derived.get("doc") != node.doc:
        yield Difference(path, FIXED_DOC if isinstance(node, Fixed) else "doc", node.doc, derived.get("doc"))
    aliases = derived.get("aliases")
    namespace = namespace_of(node.full_name)
    full = [
        f"{namespace}.{alias}" if namespace and "." not in str(alias) else str(alias)
        for alias in (aliases if isinstance(aliases, list | tuple) else ())
    ]
    if full != list(node.aliases):
        yield Difference(path, "aliases", node.aliases, aliases)
    said = {"type", "name", "namespace", "doc", "aliases", "fields", "symbols", "default", "size"}
    properties = {key: value for key, value in derived.items() if key not in said}
    if properties != node.properties:
        yield Difference(path, "properties", node.properties, properties)


def _fixed(node: Fixed, derived: dict[str, Json], path: str) -> Iterator[Difference]:
    if derived.get("type") != "fixed":
        yield from _on_another_base(node, derived, path)
        return
    name = simple_name(node.full_name)
    if derived.get("name") != name:
        yield Difference(path, FIXED_NAME, name, derived.get("name"))
    for difference in _named_attributes(node, {**derived, "name": name}, path, "fixed"):
        logical = node.logical.name if node.logical is not None else None
        if difference.what == "properties" and logical is not None and derived.get("logicalType") is None:
            yield Difference(path, "logical", node.logical, None)
        else:
            yield difference
    if derived.get("size") != node.size:
        yield Difference(path, "size", node.size, derived.get("size"))


def _on_another_base(node: Fixed, derived: dict[str, Json], path: str) -> Iterator[Difference]:
    """A uuid or decimal on fixed, which the library has on string or bytes."""
    base = {"uuid": "string", "decimal": "bytes"}.get(node.logical.name if node.logical is not None else "")
    if base is None or derived.get("type") != base:
        yield Difference(path, "type", "fixed", derived)
        return
    yield Difference(path, FIXED_LOGICAL, "fixed", base)
    other = _parsed(derived)
    found = other.logical if isinstance(other, Primitive) else None
    if found != node.logical:
        yield Difference(path, "logical", node.logical, found)


def _primitive(node: Primitive, derived: Json, path: str) -> Iterator[Difference]:
    other = _parsed(derived)
    if not isinstance(other, Primitive) or other.name != node.name:
        yield Difference(path, "type", node.name, derived)
        return
    if other.logical != node.logical:
        yield Difference(path, "logical", node.logical, other.logical)
    # The attributes of a known logical type were compared as such.
    if node.logical is None and other.properties != node.properties:
        yield Difference(path, "properties", node.properties, other.properties)


def _parsed(derived: Json) -> Node | None:
    try:
        return parse_schema(derived).root
    except InvalidSchema:
        return None


def _container(node: Array | Map, derived: dict[str, Json], inner: str, path: str) -> Iterator[Difference]:
    properties = {key: value for key, value in derived.items() if key not in ("type", inner)}
    if properties != node.properties:
        yield Difference(path, "properties", node.properties, properties)


def _field_attributes(ours: Field, entry: Mapping[str, Json]) -> Iterator[Difference]:
    path = ours.name
    theirs = _derived_field(entry)
    for name in ("doc", "order", "properties"):
        value, other = getattr(ours, name), getattr(theirs, name)
        if value != other:
            yield Difference(path, name, value, other)
    if theirs.default is MISSING and leaves_out_default(ours):
        yield Difference(path, LEFT_OUT, ours.default, "none")
    else:
        yield from default_differences(ours.type, ours.default, theirs.default, path)
    # The library takes the wire name of a renamed field for one more of its aliases.
    if sorted(ours.aliases) != sorted(set(theirs.aliases) - ({ours.name} - set(ours.aliases))):
        yield Difference(path, "aliases", ours.aliases, theirs.aliases)


def _derived_field(entry: Mapping[str, Json]) -> Field:
    """The attributes of a derived field as those of a field; its type is compared apart."""
    said = {"name", "type", "default", "doc", "aliases", "order"}
    aliases, doc, order = entry.get("aliases"), entry.get("doc"), entry.get("order")
    return Field(
        str(entry.get("name")),
        Primitive("null"),
        entry.get("default", MISSING),
        tuple(map(str, aliases)) if isinstance(aliases, list) else (),
        None if doc is None else str(doc),
        None if order is None else str(order),
        {key: value for key, value in entry.items() if key not in said},
    )
