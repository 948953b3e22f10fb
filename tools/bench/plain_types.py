"""An Avro schema as the types that others would write by hand for it: the floors' models.

They check what their library checks by itself, and not one of the rules of docs/json.md beyond that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, create_model

# name, fields as (name, type) or (name, type, default) → a type
RecordFactory = Callable[[str, list[tuple[str, Any] | tuple[str, Any, Any]]], Any]
_PRIMITIVES = {"string": str, "boolean": bool, "int": int, "long": int, "float": float, "double": float, "null": None}
_LOGICAL = {"uuid": UUID, "timestamp-millis": datetime}


def msgspec_type(schema: Any) -> Any:
    """The record of a parsed schema as a msgspec.Struct that refuses unknown fields."""

    def make(name: str, fields: list[Any]) -> Any:
        return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True, gc=False)

    return _type_of(schema, make)


def pydantic_type(schema: Any) -> Any:
    """The record of a parsed schema as a plain pydantic model that refuses unknown fields."""

    def make(name: str, fields: list[Any]) -> type[BaseModel]:
        config = ConfigDict(extra="forbid")
        definitions = {field[0]: (field[1], field[2] if len(field) > 2 else ...) for field in fields}
        return create_model(name, __config__=config, **definitions)  # type: ignore[no-any-return, call-overload]

    return _type_of(schema, make)


def _type_of(schema: Any, make: RecordFactory) -> Any:
    """Raises ValueError for what the benchmark's schemas do not have."""
    if isinstance(schema, str) and schema in _PRIMITIVES:
        return _PRIMITIVES[schema]
    if isinstance(schema, list) and len(schema) == 2 and schema[0] == "null":
        return _type_of(schema[1], make) | None
    if isinstance(schema, dict):
        if schema.get("logicalType") in _LOGICAL:
            return _LOGICAL[schema["logicalType"]]
        match schema["type"]:
            case "enum":
                return StrEnum(schema["name"], {symbol.upper(): symbol for symbol in schema["symbols"]})
            case "map":
                return dict[str, _type_of(schema["values"], make)]  # type: ignore[misc]
            case "array":
                return list[_type_of(schema["items"], make)]  # type: ignore[misc]
            case "record":
                return make(schema["name"], [_field(field, make) for field in schema["fields"]])
            case kind if kind in _PRIMITIVES:
                return _PRIMITIVES[kind]
    raise ValueError(f"the benchmark has no plain type for {schema!r}")


def _field(field: dict[str, Any], make: RecordFactory) -> Any:
    kind = _type_of(field["type"], make)
    if "default" not in field:
        return (field["name"], kind)
    default = field["default"]
    return (field["name"], kind, kind(default) if isinstance(kind, type) and issubclass(kind, StrEnum) else default)
