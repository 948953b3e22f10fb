"""Legal or nearly legal schemas from a seed: of few names, so that two of them often meet."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from tests.tools.compatibility.schema_changes import (
    FIELD_NAMES,
    NAMESPACES,
    PRIMITIVES,
    TYPE_NAMES,
    default_of,
)


class SchemaMaker:
    """Makes schemas of every kind; a record may refer to itself and to what came before it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.defined: list[str] = []

    def schema(self, depth: int, *, in_union: bool = False) -> Any:
        kinds = ["primitive", "primitive", "reference", "array", "map", "fixed", "enum", "record", "record"]
        kind = self.chance.choice(kinds if in_union else [*kinds, "union", "union"])
        if kind == "reference" and self.defined:
            return self.chance.choice(self.defined)
        if depth <= 0 or kind in ("primitive", "reference"):
            return self.primitive()
        if kind == "array":
            return {"type": "array", "items": self.schema(depth - 1)}
        if kind == "map":
            return {"type": "map", "values": self.schema(depth - 1)}
        return self.union(depth) if kind == "union" else self.named(kind, depth)

    def primitive(self) -> Any:
        name = self.chance.choice(PRIMITIVES)
        return name if self.chance.random() < 0.95 else {"type": name}

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
            return self.primitive()
        self.defined.append(f"{namespace}.{name}")
        schema: dict[str, Any] = {"type": kind, "name": name, "namespace": namespace}
        if self.chance.random() < 0.3:
            # An alias without a namespace lives in that of its type.
            schema["aliases"] = [self.chance.choice(["", "a.", "b."]) + self.chance.choice(TYPE_NAMES)]
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
        if self.chance.random() < 0.3:
            with contextlib.suppress(LookupError):
                field["default"] = default_of(field["type"])
        if self.chance.random() < 0.1:
            field["aliases"] = [self.chance.choice(FIELD_NAMES)]
        return field


def recursive_schema(chance: random.Random) -> Any:
    """Two to four records that refer to each other: at least one comes back to itself, and unions of them abound."""
    names = [f"{namespace}.{name}" for namespace in NAMESPACES for name in TYPE_NAMES[:2]]
    names = chance.sample(names, chance.randint(2, len(names)))
    fields = {name: chance.sample(FIELD_NAMES, chance.randint(1, 3)) for name in names}
    defined: set[str] = set()

    def record(full_name: str) -> Any:
        if full_name in defined:
            return full_name
        defined.add(full_name)
        namespace, _, name = full_name.rpartition(".")
        entries = [{"name": field, "type": part()} for field in fields[full_name]]
        return {"type": "record", "name": name, "namespace": namespace, "fields": entries}

    def part() -> Any:
        match chance.choice(["one", "one", "one", "union", "union", "optional", "array", "primitive", "primitive"]):
            case "one":
                return record(chance.choice(names))
            case "union":
                return [record(name) for name in chance.sample(names, 2)]
            case "optional":
                return ["null", record(chance.choice(names))]
            case "array":
                return {"type": "array", "items": record(chance.choice(names))}
            case _:
                return chance.choice(["int", "string"])

    return record(names[0])
