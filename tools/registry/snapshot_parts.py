"""One schema, as an export or another registry gives it: its content, and what of it cannot be kept."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.nodes import Json
from tools.registry import checks, errors
from tools.registry.canonical import canonical_text
from tools.registry.model import Content, JsonObject
from tools.registry.requests import schema_request


def read_content(body: JsonObject) -> tuple[Content, list[str]]:
    """The content in the form in which it is stored here, and the names of the parts that it lost.

    Raises RegistryError 42201 where it is no Avro schema, 400 where a part has another type.
    """
    request = schema_request({key: value for key, value in body.items() if key not in ("id", "version")})
    if request.schema_type != "AVRO":
        raise errors.invalid_schema(f"it is of type {request.schema_type}")
    if request.text is None:
        raise errors.invalid_schema("it has no text")
    text = canonical_text(checks.read_schema(request.text))
    content = Content(text, request.references, request.metadata, request.rule_set)
    lost = [*_lost(body.get("metadata"), request.metadata, "metadata")]
    lost += _lost(body.get("ruleSet"), request.rule_set, "ruleSet")
    return content, lost


def _lost(given: Json, kept: JsonObject | None, place: str) -> Iterator[str]:
    if isinstance(given, dict):
        for key, value in given.items():
            if value not in (None, [], {}) and key not in (kept or {}):
                yield f"{place}.{key}"
