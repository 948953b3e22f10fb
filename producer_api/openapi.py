"""What the OpenAPI page says of a contract's route: the real models of every accepted version, with examples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from codegen.schema import parse_schema
from producer_api.body import JSON, NDJSON
from producer_api.errors import PROBLEM_JSON
from producer_api.examples import make_example
from producer_api.serializer import parsed

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract
    from codegen.runtime import AvroModel
    from producer_api.shapes import AcceptedShapes

_PREFIX: Final = "#/components/schemas/"
_FAULT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["index", "stage", "field", "message", "retryable"],
    "properties": {
        "index": {"type": "integer", "description": "Which event of the request, from 0."},
        "stage": {"enum": ["parse", "validate", "encode", "queue", "deliver"]},
        "field": {"type": ["string", "null"], "description": "Dotted path in wire names."},
        "message": {"type": "string"},
        "retryable": {"type": "boolean", "description": "Whether sending the same event again may help."},
    },
}
_POSITION: Final[dict[str, Any]] = {"partition": {"type": "integer"}, "offset": {"type": "integer"}}
_SCHEMA: Final[dict[str, Any]] = {
    "topic": {"type": "string"},
    "schema_id": {"type": "integer"},
    "schema_version": {"type": "integer"},
}
SHARED_SCHEMAS: Final[dict[str, Any]] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457 problem document.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": {"$ref": f"{_PREFIX}Fault"}},
        },
    },
    "Fault": _FAULT,
    "Accepted": {
        "type": "object",
        "required": ["status", "topic", "partition", "offset", "schema_id", "schema_version"],
        "properties": {
            "status": {"const": "accepted"},
            "event_id": {"type": "string", "description": "Only where the contract has such a field."},
            **_POSITION,
            **_SCHEMA,
        },
    },
    "Outcomes": {
        "type": "object",
        "required": ["status", "topic", "schema_id", "schema_version", "accepted", "refused", "results"],
        "properties": {
            "status": {"enum": ["accepted", "partial"]},
            **_SCHEMA,
            "accepted": {"type": "integer"},
            "refused": {"type": "integer"},
            "results": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["index", "status"],
                    "properties": {
                        "status": {"enum": ["accepted", "refused"]},
                        "event_id": {"type": "string"},
                        **_POSITION,
                        **_FAULT["properties"],
                    },
                },
            },
        },
    },
}
_PROBLEMS: Final = {
    "400": "The content coding is broken.",
    "408": "The body did not arrive in time.",
    "413": "Too many bytes or events.",
    "415": "Content type or content coding not accepted.",
    "422": "No event was accepted, and none would be if sent again.",
    "503": "Not now: Retry-After says when.",
}


SECURITY_SCHEMES: Final[dict[str, Any]] = {
    "apiKey": {"type": "http", "scheme": "bearer", "description": "A key that `pipeline api-key new` made."}
}


def describe_versions(contract: GeneratedContract, shapes: AcceptedShapes) -> dict[str, Any]:
    """The component schemas of a contract: each accepted version with what it contains."""
    components: dict[str, Any] = {}
    for number in shapes.versions:
        name = f"{contract.name}.v{number}"
        schema = contract.model(number).model_json_schema(ref_template=f"{_PREFIX}{name}.{{model}}")
        components.update({f"{name}.{inner}": value for inner, value in schema.pop("$defs", {}).items()})
        components[name] = schema
    return components


def describe_route(contract: GeneratedContract, shapes: AcceptedShapes, guard: dict[str, Any]) -> dict[str, Any]:
    """The operation of a contract's route, as FastAPI's `openapi_extra` takes it; `guard` is what the guard adds."""
    # The pinned version comes first: it is what a new client should send.
    versions = sorted(shapes.versions, key=lambda number: (number != shapes.pinned, -number))
    references = [{"$ref": f"{_PREFIX}{contract.name}.v{number}"} for number in versions]
    event: dict[str, Any] = references[0] if len(references) == 1 else {"anyOf": references}
    examples: dict[str, Any] = {}
    for number in versions:
        example = valid_example(contract.model(number))
        if example is not None:
            examples[f"version {number}"] = {"value": example}
    lines = "".join(f"{json.dumps(entry['value'])}\n" for entry in examples.values())
    several = {"several events": {"value": [entry["value"] for entry in examples.values()]}} if examples else {}
    body = {"anyOf": [event, {"type": "array", "items": event, "minItems": 1}]}
    problems = {**_PROBLEMS, **guard.get("problems", {})}
    return {
        **({"security": guard["security"]} if "security" in guard else {}),
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": body, "examples": {**examples, **several}},
                NDJSON: {"schema": {"type": "string", "description": "One event a line."}, "example": lines},
            },
        },
        "responses": {
            "202": _response("Acknowledged by the broker, all of it.", JSON, "Accepted", "Outcomes"),
            "207": _response("Some events were accepted.", JSON, "Outcomes"),
            **{status: _response(text, PROBLEM_JSON, "Problem") for status, text in sorted(problems.items())},
        },
    }


def valid_example(model: type[AvroModel]) -> Any:
    """An example that the model itself accepts, or None where none could be made."""
    example = make_example(parse_schema(parsed(model.AVSC)).root)
    try:
        model.model_validate_json(json.dumps(example))
    except ValidationError:
        return None
    return example


def _response(text: str, media_type: str, *names: str) -> dict[str, Any]:
    references = [{"$ref": f"{_PREFIX}{name}"} for name in names]
    schema = references[0] if len(references) == 1 else {"anyOf": references}
    return {"description": text, "content": {media_type: {"schema": schema}}}
