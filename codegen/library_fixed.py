"""Gives the fixed types of a derived schema their names: dataclasses-avroschema knows none.

It calls a fixed after its field and defines it anew wherever it stands, which is no legal schema where two places agree
on a name, and it has `uuid` and `decimal` on string and bytes alone. So before a derived schema is parsed, each fixed
gets the name that the contract has at the same place. What was changed is a difference, for `codegen.library_faults`
to explain; everything else about a fixed is left to the comparison.
"""

from __future__ import annotations

from codegen.attributes import attribute_names
from codegen.library_faults import FIXED_AGAIN, FIXED_LOGICAL, FIXED_NAME, Difference
from codegen.nodes import Array, Fixed, Json, Map, Node, Record, Union, namespace_of, simple_name, type_name


def name_fixed(contract: Node, derived: Json) -> tuple[Json, list[Difference]]:
    """The derived schema (parsed JSON) with the contract's names, and each place where a fixed had another."""
    naming = _Naming()
    return naming.visit(contract, derived, ""), naming.differences


class _Naming:
    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self.defined: dict[str, Json] = {}  # full name → what its first definition says besides the name

    def visit(self, node: Node, derived: Json, path: str) -> Json:
        """`derived` where it has the shape of `node`, with its fixed types named; as it is where it has another."""
        match node, derived:
            case Fixed(), dict():
                return self._fixed(node, derived, path)
            case Array(), dict() if "items" in derived:
                return derived | {"items": self.visit(node.items, derived["items"], f"{path}.items")}
            case Map(), dict() if "values" in derived:
                return derived | {"values": self.visit(node.values, derived["values"], f"{path}.values")}
            case Union(), list():
                return self._union(node, derived, path)
            case Record(), dict() if isinstance(fields := derived.get("fields"), list):
                return derived | {"fields": self._fields(node, fields, path)}
            case _:
                return derived

    def _fields(self, record: Record, derived: list[Json], path: str) -> list[Json]:
        """The library calls a field by its attribute."""
        attributes = attribute_names(record)
        types = {attributes[field.name]: field for field in record.fields}
        named: list[Json] = []
        for entry in derived:
            field = types.get(str(entry.get("name"))) if isinstance(entry, dict) else None
            if isinstance(entry, dict) and field is not None:
                here = f"{path}.{field.name}" if path else field.name
                named.append({**entry, "type": self.visit(field.type, entry.get("type"), here)})
            else:
                named.append(entry)
        return named

    def _union(self, union: Union, derived: list[Json], path: str) -> list[Json]:
        """Null may stand elsewhere; the order of the other branches is that of the annotation."""
        others = [branch for branch in union.branches if type_name(branch) != "null"]
        if len(others) != len([entry for entry in derived if entry != "null"]):
            return derived
        rest = iter(others)
        return [entry if entry == "null" else self._branch(next(rest), entry, path) for entry in derived]

    def _branch(self, node: Node, derived: Json, path: str) -> Json:
        name = node.full_name if isinstance(node, Fixed | Record) else type_name(node)
        return self.visit(node, derived, f"{path}[{name}]")

    def _fixed(self, node: Fixed, derived: dict[str, Json], path: str) -> Json:
        if derived.get("type") == "fixed":
            said = {key: value for key, value in derived.items() if key != "name"}
            name = simple_name(node.full_name)
            if derived.get("name") != name:
                self.differences.append(Difference(path, FIXED_NAME, name, derived.get("name")))
        elif _has_the_logical_type(node, derived):
            said = self._on_fixed(node, derived)
            self.differences.append(Difference(path, FIXED_LOGICAL, "fixed", derived.get("type")))
        else:
            return derived
        if node.full_name not in self.defined:
            self.defined[node.full_name] = said
            return {**said, "name": simple_name(node.full_name)}
        if self.defined[node.full_name] != said:
            return derived
        if derived.get("type") == "fixed":
            self.differences.append(Difference(path, FIXED_AGAIN, "one definition", "another one"))
        return node.full_name

    def _on_fixed(self, node: Fixed, derived: dict[str, Json]) -> dict[str, Json]:
        """The fixed that the library would have to derive, with what it says of the logical type."""
        said = {key: value for key, value in derived.items() if key in node.properties and key != "type"}
        named: dict[str, Json] = {"type": "fixed", "namespace": namespace_of(node.full_name), "size": node.size}
        named["aliases"] = list(node.aliases)
        if node.doc is not None:
            named["doc"] = node.doc
        return {**node.properties, **said, **named}


def _has_the_logical_type(node: Fixed, derived: dict[str, Json]) -> bool:
    if node.logical is None or derived.get("logicalType") != node.logical.name:
        return False
    return derived.get("type") == {"uuid": "string", "decimal": "bytes"}.get(node.logical.name)
