"""Pairs of legal schemas that differ in a place or two, and data of a schema, all from a seed."""

from __future__ import annotations

import random
from typing import Any

from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, type_name
from codegen.schema import InvalidSchema, parse_schema
from tests.tools.compatibility.generated_schemas import SchemaMaker, recursive_schema
from tests.tools.compatibility.schema_changes import change


def near_miss(seed: int) -> tuple[Any, Any]:
    """A reader and a writer, both legal, most often one a changed copy of the other."""
    chance = random.Random(seed)
    while True:
        reader = recursive_schema(chance) if chance.random() < 0.3 else SchemaMaker(chance).schema(4)
        if chance.random() < 0.9:
            writer = reader
            for _ in range(chance.choice([1, 1, 1, 2, 3])):
                writer = change(writer, chance)
        else:
            writer = SchemaMaker(chance).schema(3)
        try:
            parse_schema(reader)
            parse_schema(writer)
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
