"""Pairs of legal schemas that differ in a place or two, and data of a schema, all from a seed."""

from __future__ import annotations

import copy
import random
from typing import Any

from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, type_name
from tools.compatibility import InvalidSchema, check

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
DEFAULTS: dict[str, Any] = {"null": None, "boolean": False, "int": 0, "long": 0, "string": ""}
NAMESPACES = ["a", "b"]
TYPE_NAMES = ["A", "B", "C", "D"]
FIELD_NAMES = ["x", "y", "z", "w"]


class SchemaMaker:
    """Makes schemas of few names, so that two of them often meet."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.defined: list[str] = []

    def schema(self, depth: int, *, in_union: bool = False) -> Any:
        kinds = ["primitive", "primitive", "reference", "array", "map", "fixed", "enum", "record", "record"]
        kind = self.chance.choice(kinds if in_union else [*kinds, "union", "union"])
        if kind == "reference" and self.defined:
            return self.chance.choice(self.defined)
        if depth <= 0 or kind in ("primitive", "reference"):
            return self.chance.choice(PRIMITIVES)
        if kind == "array":
            return {"type": "array", "items": self.schema(depth - 1)}
        if kind == "map":
            return {"type": "map", "values": self.schema(depth - 1)}
        return self.union(depth) if kind == "union" else self.named(kind, depth)

    def union(self, depth: int) -> list[Any]:
        branches: dict[str, Any] = {}
        for _ in range(self.chance.randint(1, 4)):
            branch = self.schema(depth - 1, in_union=True)
            if isinstance(branch, str):
                name = branch
            else:
                name = f"{branch['namespace']}.{branch['name']}" if "name" in branch else branch["type"]
            branches.setdefault(name, branch)
        return list(branches.values())

    def named(self, kind: str, depth: int) -> Any:
        namespace, name = self.chance.choice(NAMESPACES), self.chance.choice(TYPE_NAMES)
        if f"{namespace}.{name}" in self.defined:
            return self.chance.choice(PRIMITIVES)
        self.defined.append(f"{namespace}.{name}")
        schema: dict[str, Any] = {"type": kind, "name": name, "namespace": namespace}
        if self.chance.random() < 0.3:
            schema["aliases"] = [f"{self.chance.choice(NAMESPACES)}.{self.chance.choice(TYPE_NAMES)}"]
        if kind == "fixed":
            schema["size"] = self.chance.choice([1, 2])
        elif kind == "enum":
            schema["symbols"] = self.chance.sample(["P", "Q", "R"], self.chance.randint(1, 3))
            if self.chance.random() < 0.3:
                schema["default"] = schema["symbols"][0]
        else:
            names = self.chance.sample(FIELD_NAMES, self.chance.randint(0, 3))
            schema["fields"] = [self.field(field_name, depth) for field_name in names]
        return schema

    def field(self, name: str, depth: int) -> dict[str, Any]:
        field = {"name": name, "type": self.schema(depth - 1)}
        if isinstance(field["type"], str) and field["type"] in DEFAULTS and self.chance.random() < 0.4:
            field["default"] = DEFAULTS[field["type"]]
        if self.chance.random() < 0.2:
            field["aliases"] = [self.chance.choice(FIELD_NAMES)]
        return field


def change(schema: Any, chance: random.Random) -> Any:
    """A copy of `schema` with one place changed, as a person might; it may be illegal."""
    changed = copy.deepcopy(schema)
    spots: list[Any] = []
    pending = [changed]
    while pending:
        spot = pending.pop()
        if isinstance(spot, list):
            pending.extend(spot)
            spots.append(spot)
        elif isinstance(spot, dict):
            pending.extend(spot[key] for key in ("items", "values", "type") if key in spot)
            pending.extend(spot.get("fields", []))
            spots.append(spot)
    if not spots:
        return chance.choice(PRIMITIVES)
    spot = chance.choice(spots)
    if isinstance(spot, list):
        _change_union(spot, chance)
    else:
        _change_object(spot, chance)
    return changed


def _change_union(branches: list[Any], chance: random.Random) -> None:
    new = chance.choice(PRIMITIVES)
    if chance.random() < 0.4:
        branches.pop(chance.randrange(len(branches)))
    elif new not in branches:
        branches.insert(chance.randrange(len(branches) + 1), new)


def _change_object(spot: dict[str, Any], chance: random.Random) -> None:
    if "fields" in spot and chance.random() < 0.5:
        if spot["fields"] and chance.random() < 0.5:
            spot["fields"].pop()
        else:
            spot["fields"].append({"name": "new", "type": chance.choice(PRIMITIVES)})
    elif "symbols" in spot and chance.random() < 0.5:
        spot["symbols"] = [*spot["symbols"], "S"] if chance.random() < 0.5 else spot["symbols"][:1]
    elif "size" in spot and chance.random() < 0.5:
        spot["size"] = 3 - spot["size"]
    elif "name" in spot and isinstance(spot.get("type"), str) and spot["type"] not in ("record", "enum", "fixed"):
        spot.pop("default", None)
        spot["type"] = chance.choice(PRIMITIVES)
    elif "name" in spot:
        spot["name"] = chance.choice(TYPE_NAMES)


def near_miss(seed: int) -> tuple[Any, Any]:
    """A reader and a writer, both legal, most often one a changed copy of the other."""
    chance = random.Random(seed)
    while True:
        reader = SchemaMaker(chance).schema(4)
        writer = change(reader, chance) if chance.random() < 0.9 else SchemaMaker(chance).schema(3)
        try:
            check(reader, writer)
        except InvalidSchema:
            continue
        return (reader, writer) if chance.random() < 0.5 else (writer, reader)


class Endless(Exception):
    """The schema has no datum of the depth that was asked for."""


def datum(node: Node, chance: random.Random, depth: int = 12) -> Any:
    """A datum of `node` in the form that fastavro writes; a branch of a union is named. Raises Endless."""
    if depth < 0:
        raise Endless
    match node:
        case Primitive():
            return _PRIMITIVE_DATA[node.name]
        case Fixed():
            return b"f" * node.size
        case Enum():
            return chance.choice(node.symbols)
        case Array():
            return [datum(node.items, chance, depth - 1)] if depth > 6 and chance.random() < 0.7 else []
        case Map():
            return {"k": datum(node.values, chance, depth - 1)} if depth > 6 and chance.random() < 0.7 else {}
        case Record():
            return {field.name: datum(field.type, chance, depth - 1) for field in node.fields}
        case Union():
            return _branch_datum(node, chance, depth)


def _branch_datum(union: Union, chance: random.Random, depth: int) -> Any:
    for branch in chance.sample(union.branches, len(union.branches)):
        try:
            value = datum(branch, chance, depth - 1)
        except Endless:
            continue
        named = branch.full_name if isinstance(branch, Fixed | Enum | Record) else type_name(branch)
        return (named, value)
    raise Endless


_PRIMITIVE_DATA: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "int": 7,
    "long": 8,
    "float": 0.5,
    "double": 0.25,
    "bytes": b"bytes",
    "string": "string",
}
