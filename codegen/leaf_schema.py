"""How a scalar type tells pydantic what it accepts: by one rule from JSON, and by another from Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

JsonSchema: TypeAlias = dict[str, Any]


def leaf(from_json: Callable[[Any], Any], from_python: CoreSchema, to_json: Callable[[Any], Any] | None) -> CoreSchema:
    """`from_json` takes the decoded JSON and raises ValueError; `to_json` shows the value, in JSON alone."""
    serialization = (
        core_schema.plain_serializer_function_ser_schema(to_json, when_used="json") if to_json is not None else None
    )
    return core_schema.json_or_python_schema(
        core_schema.no_info_plain_validator_function(from_json), from_python, serialization=serialization
    )


@dataclass(frozen=True, slots=True)
class Text:
    """Shows itself in JSON Schema as a string of a format; the base of the markers below."""

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchema:
        return self.json_schema()

    def json_schema(self) -> JsonSchema:
        return {"type": "string"}
