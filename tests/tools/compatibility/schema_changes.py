"""Changes of a schema as a person might make them: one place, and most often one that matters to a reader."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
DEFAULTS: dict[str, Any] = {
    "null": None, "boolean": False, "int": 0, "long": 0, "float": 0.5, "double": 0.5, "bytes": "", "string": "",
    "array": [], "map": {},
}  # fmt: skip
PROMOTIONS = {"int": ["long", "double"], "long": ["float", "int"], "float": ["double"], "string": ["bytes"],
              "bytes": ["string"]}  # fmt: skip
NAMESPACES = ["a", "b"]
TYPE_NAMES = ["A", "B", "C", "D"]
FIELD_NAMES = ["x", "y", "z", "w"]
NAMED = ("record", "enum", "fixed")

Change = Callable[[Any, random.Random], None]


def change(schema: Any, chance: random.Random) -> Any:
    """A copy of `schema` with one place changed; it may be illegal."""
    changed = copy.deepcopy(schema)
    spots = list(_spots(changed))
    if not spots:
        return chance.choice(PRIMITIVES)
    spot = chance.choice(spots)
    chance.choice(_changes_of(spot))(spot, chance)
    return changed


def default_of(schema: Any) -> Any:
    """A legal default of a type that has an easy one; LookupError for any other."""
    if isinstance(schema, list):
        return default_of(schema[0])
    if isinstance(schema, str):
        return DEFAULTS[schema]
    if schema["type"] == "enum":
        return schema["symbols"][0]
    if schema["type"] in ("array", "map"):
        return DEFAULTS[schema["type"]]
    raise LookupError


def _spots(schema: Any) -> Iterator[Any]:
    if isinstance(schema, list):
        yield schema
        for branch in schema:
            yield from _spots(branch)
    elif isinstance(schema, dict):
        yield schema
        for key in ("items", "values", "type"):
            yield from _spots(schema.get(key))
        for field in schema.get("fields", []):
            yield from _spots(field)


def _changes_of(spot: Any) -> list[Change]:
    if isinstance(spot, list):
        return [_drop_branch, _add_branch, _shuffle_branches]
    match spot.get("type"):
        case "record":
            return [_drop_field, _add_field, _add_field, _shuffle_fields, _rename, _move, _change_aliases]
        case "enum":
            return [_add_symbol, _drop_symbols, _toggle_enum_default, _rename, _move, _change_aliases]
        case "fixed":
            return [_resize, _rename, _move, _change_aliases]
        case "array" | "map":
            return [_change_inner]
        case _ if "name" in spot:
            return [_change_type, _change_type, _toggle_default, _rename_field, _rename_field_with_alias, _alias_field]
        case _:
            return [_promote]


def _drop_branch(branches: Any, chance: random.Random) -> None:
    if branches:
        branches.pop(chance.randrange(len(branches)))


def _add_branch(branches: Any, chance: random.Random) -> None:
    branches.insert(chance.randrange(len(branches) + 1), chance.choice(PRIMITIVES))


def _shuffle_branches(branches: Any, chance: random.Random) -> None:
    chance.shuffle(branches)


def _drop_field(record: Any, chance: random.Random) -> None:
    if record["fields"]:
        record["fields"].pop(chance.randrange(len(record["fields"])))


def _add_field(record: Any, chance: random.Random) -> None:
    field = {"name": chance.choice(["new", *FIELD_NAMES]), "type": chance.choice(PRIMITIVES)}
    if chance.random() < 0.5:
        field["default"] = DEFAULTS[field["type"]]
    record["fields"].append(field)


def _shuffle_fields(record: Any, chance: random.Random) -> None:
    chance.shuffle(record["fields"])


def _rename(named: Any, chance: random.Random) -> None:
    named["name"] = chance.choice(TYPE_NAMES)


def _move(named: Any, chance: random.Random) -> None:
    named["namespace"] = chance.choice(NAMESPACES)


def _change_aliases(named: Any, chance: random.Random) -> None:
    name = chance.choice(TYPE_NAMES)
    named["aliases"] = [chance.choice([name, *(f"{namespace}.{name}" for namespace in NAMESPACES)])]


def _add_symbol(enum: Any, chance: random.Random) -> None:
    enum["symbols"].append("S")


def _drop_symbols(enum: Any, chance: random.Random) -> None:
    enum["symbols"] = enum["symbols"][:1]
    enum.pop("default", None)


def _toggle_enum_default(enum: Any, chance: random.Random) -> None:
    if "default" in enum:
        del enum["default"]
    else:
        enum["default"] = enum["symbols"][0]


def _resize(fixed: Any, chance: random.Random) -> None:
    fixed["size"] = 3 - fixed["size"]


def _change_inner(container: Any, chance: random.Random) -> None:
    container["items" if container["type"] == "array" else "values"] = chance.choice(PRIMITIVES)


def _change_type(field: Any, chance: random.Random) -> None:
    field.pop("default", None)
    if isinstance(field["type"], str) and chance.random() < 0.6:
        field["type"] = chance.choice(PROMOTIONS.get(field["type"], PRIMITIVES))
    elif not isinstance(field["type"], list) and chance.random() < 0.6:
        field["type"] = ["null", field["type"]]
    else:
        field["type"] = chance.choice(PRIMITIVES)


def _toggle_default(field: Any, chance: random.Random) -> None:
    if "default" in field:
        del field["default"]
        return
    with contextlib.suppress(LookupError):
        field["default"] = default_of(field["type"])


def _rename_field(field: Any, chance: random.Random) -> None:
    field["name"] = chance.choice(FIELD_NAMES)


def _rename_field_with_alias(field: Any, chance: random.Random) -> None:
    field["aliases"] = [field["name"]]
    field["name"] = chance.choice(["new", *FIELD_NAMES])


def _alias_field(field: Any, chance: random.Random) -> None:
    field["aliases"] = chance.sample(FIELD_NAMES, chance.randint(0, 2))


def _promote(wrapped: Any, chance: random.Random) -> None:
    """Of a primitive type that stands in an object."""
    wrapped["type"] = chance.choice(PROMOTIONS.get(wrapped["type"], PRIMITIVES))
