"""From a request's JSON body to typed values, with the lenience of the original (Jackson's).

A number or a boolean counts as the string that it is written as, a number in a string as a number; unknown fields are
ignored. Any other shape is a malformed body: RegistryError with status 400.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, NoReturn

from codegen.nodes import Json
from tools.registry.checks import LEVELS
from tools.registry.errors import invalid_level, invalid_mode, invalid_schema, malformed_body
from tools.registry.lookup import SchemaRequest
from tools.registry.model import INT_RANGE, JsonObject, Mode, Reference
from tools.registry.settings import ConfigChange

_RULE_KINDS: Final = ("CONDITION", "TRANSFORM")
_RULE_MODES: Final = ("UPGRADE", "DOWNGRADE", "UPDOWN", "WRITE", "READ", "WRITEREAD")
_RULE_PARTS: Final = ("migrationRules", "domainRules", "encodingRules")


def read_body(body: bytes) -> Json:
    """Raises RegistryError 400."""
    try:
        value: Json = json.loads(body, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair cannot be stored or sent
        return value  # noqa: TRY300 - it must not be taken for sound before it is
    except (ValueError, RecursionError) as error:
        raise malformed_body(f"the body is no JSON: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def schema_request(body: Json) -> SchemaRequest:
    """The body of a registration, a look-up or a compatibility test."""
    fields = _object(body, "the body")
    schema_id = _integer(fields.get("id"), "id")
    return SchemaRequest(
        text=_text(fields.get("schema"), "schema"),
        schema_type=_text(fields.get("schemaType"), "schemaType") or "AVRO",
        references=_references(fields.get("references")),
        metadata=_metadata(fields.get("metadata"), "metadata"),
        rule_set=_rule_set(fields.get("ruleSet"), "ruleSet"),
        schema_id=None if schema_id is None or schema_id < 0 else schema_id,
        version=_integer(fields.get("version"), "version") or 0,
    )


def config_change(body: Json) -> ConfigChange:
    """The body of `PUT /config`. Raises RegistryError 42203 for an unknown level."""
    fields = _object(body, "the body")
    change: JsonObject = {}
    for name, read in _CONFIG_FIELDS.items():
        if name in fields:
            change[name] = read(fields[name], name)
    if "compatibility" in fields:
        level = _text(fields["compatibility"], "compatibility")
        if level is not None and level.upper() not in LEVELS:
            raise invalid_level()
        change["compatibilityLevel"] = None if level is None else level.upper()
    return ConfigChange(change)


def mode_change(body: Json) -> Mode | None:
    """The body of `PUT /mode`; null forgets the mode. Raises RegistryError 42204."""
    fields = _object(body, "the body")
    if "mode" in fields and fields["mode"] is None:
        return None
    try:
        return Mode((_text(fields.get("mode"), "mode") or "").upper())
    except ValueError:
        raise invalid_mode() from None


def _references(value: Json) -> tuple[Reference, ...]:
    references = []
    for item in _list(value, "references"):
        fields = _object(item, "a reference")
        name, subject = _text(fields.get("name"), "name"), _text(fields.get("subject"), "subject")
        version = _integer(fields.get("version"), "version")
        if name is None or subject is None or version is None:
            raise invalid_schema(
                "Invalid schema of type AVRO, details: a reference has a name, a subject and a version"
            )
        references.append(Reference(name, subject, version))
    return tuple(references)


def _metadata(value: Json, place: str) -> JsonObject | None:
    if value is None:
        return None
    fields = _object(value, place)
    metadata: JsonObject = {}
    if fields.get("tags") is not None:
        tags = _object(fields["tags"], "tags")
        metadata["tags"] = {path: [_text(tag, "a tag") for tag in _list(names, "tags")] for path, names in tags.items()}
    if fields.get("properties") is not None:
        properties = _object(fields["properties"], "properties")
        metadata["properties"] = {key: _text(item, f"the property {key}") for key, item in properties.items()}
    if fields.get("sensitive") is not None:
        metadata["sensitive"] = [_text(item, "sensitive") for item in _list(fields["sensitive"], "sensitive")]
    return metadata


def _rule_set(value: Json, place: str) -> JsonObject | None:
    """Rules are kept as they are sent; that they run is the clients' business."""
    if value is None:
        return None
    fields = _object(value, place)
    kept: JsonObject = {}
    for part in _RULE_PARTS:
        if fields.get(part) is not None:
            kept[part] = [_rule(rule) for rule in _list(fields[part], part)]
    return kept


def _rule(value: Json) -> JsonObject:
    rule = _object(value, "a rule")
    for key, allowed in (("kind", _RULE_KINDS), ("mode", _RULE_MODES)):
        if rule.get(key) is not None and rule[key] not in allowed:
            raise malformed_body(f"the {key} of a rule is one of {', '.join(allowed)}, not {rule[key]!r}")
    return rule


def _object(value: Json, place: str) -> JsonObject:
    if not isinstance(value, dict):
        raise malformed_body(f"{place} is a JSON object")
    return value


def _list(value: Json, place: str) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise malformed_body(f"{place} is a JSON array")
    return value


def _text(value: Json, place: str) -> str | None:
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if value is None or isinstance(value, str):
        return value
    raise malformed_body(f"{place} is a JSON string")


def _integer(value: Json, place: str) -> int | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = None if isinstance(value, bool | dict | list) else int(value)
    except (ValueError, OverflowError):
        number = None
    if number is None or number not in INT_RANGE:
        raise malformed_body(f"{place} is a JSON integer of 32 bits")
    return number


def _flag(value: Json, place: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise malformed_body(f"{place} is true or false")


_CONFIG_FIELDS: Final[dict[str, Callable[[Json, str], Json]]] = {
    "alias": _text,
    "normalize": _flag,
    "validateFields": _flag,
    "validateNewSchemas": _flag,
    "validateRules": _flag,
    "compatibilityPolicy": _text,
    "compatibilityGroup": _text,
    "defaultMetadata": _metadata,
    "overrideMetadata": _metadata,
    "defaultRuleSet": _rule_set,
    "overrideRuleSet": _rule_set,
}
CONFIG_NAMES: Final = frozenset({"compatibilityLevel", *_CONFIG_FIELDS})  # as answers name them
