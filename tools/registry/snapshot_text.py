"""A snapshot as one text file: JSON, sorted, so that equal registries give equal bytes (docs/registry.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from codegen.nodes import Json
from tools.errors import UserError
from tools.registry.errors import RegistryError
from tools.registry.model import Content, JsonObject, Mode
from tools.registry.requests import CONFIG_NAMES, config_change, mode_change, read_body
from tools.registry.snapshot import Snapshot, SubjectEntry, VersionEntry
from tools.registry.snapshot_parts import read_content

FORMAT: Final = "schema-registry-export/1"


def to_text(snapshot: Snapshot) -> str:
    document: JsonObject = {"format": FORMAT, "highestId": snapshot.highest_id}
    document |= _settings(snapshot.config, snapshot.mode)
    document["schemas"] = [_schema(schema_id, content) for schema_id, content in sorted(snapshot.contents.items())]
    document["subjects"] = [
        {
            "subject": name,
            **_settings(subject.config, subject.mode),
            "versions": [_version(entry) for entry in subject.versions],
        }
        for name, subject in sorted(snapshot.subjects.items())
    ]
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _settings(config: JsonObject | None, mode: Mode | None) -> JsonObject:
    settings: JsonObject = {}
    if config is not None:
        settings["config"] = dict(sorted(config.items()))
    if mode is not None:
        settings["mode"] = mode.value
    return settings


def _schema(schema_id: int, content: Content) -> JsonObject:
    body = content.to_json()
    return {"id": schema_id} | {key: value for key, value in body.items() if key not in ("guid", "schemaType")}


def _version(entry: VersionEntry) -> JsonObject:
    return {
        "version": entry.number,
        "id": entry.schema_id,
        "deleted": entry.deleted,
        "registeredMs": entry.registered_ms,
    }


def from_text(text: bytes, name: str) -> Snapshot:
    """Raises UserError, naming the place in file `name` that is no export of this format."""
    try:
        document = read_body(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise UserError(f'{name} is no export of a registry: it needs "format": "{FORMAT}"')
        snapshot = _snapshot(document)
    except RegistryError as error:
        raise UserError(f"{name} cannot be imported: {error.message}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{name} cannot be imported: a part is missing or of another type ({error})") from error
    for problem in _problems(snapshot):
        raise UserError(f"{name} cannot be imported: {problem}")
    return snapshot


def _snapshot(document: JsonObject) -> Snapshot:
    contents = {_integer(item, "id"): _content(item) for item in _objects(document, "schemas")}
    subjects = {}
    for item in _objects(document, "subjects"):
        versions = [
            VersionEntry(
                _integer(entry, "version"),
                _integer(entry, "id"),
                deleted=entry.get("deleted") is True,
                registered_ms=_integer(entry, "registeredMs", 0),
            )
            for entry in _objects(item, "versions")
        ]
        ordered = tuple(sorted(versions, key=lambda entry: entry.number))
        subjects[str(item["subject"])] = SubjectEntry(ordered, _config(item), _mode(item))
    highest = max([_integer(document, "highestId", 0), *contents])
    return Snapshot(contents, subjects, _config(document), _mode(document), highest)


def _content(item: JsonObject) -> Content:
    content, lost = read_content(item)
    if lost:
        raise TypeError(f"{lost[0]} of schema {item.get('id')} is not known here")
    return content


def _objects(holder: JsonObject, key: str) -> list[JsonObject]:
    value = holder[key]
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise TypeError(f"{key} is a list of objects")
    return [item for item in value if isinstance(item, dict)]


def _integer(holder: JsonObject, key: str, default: int | None = None) -> int:
    value: Json = holder[key] if default is None else holder.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise TypeError(f"{key} is an integer that is not negative")
    return value


def _config(holder: JsonObject) -> JsonObject | None:
    config = holder.get("config")
    if config is None:
        return None
    if not isinstance(config, dict):
        raise TypeError("config is an object")
    if unknown := config.keys() - CONFIG_NAMES:
        raise TypeError(f"config has {min(unknown)}, which is not known here")
    return config_change(config | {"compatibility": config.get("compatibilityLevel")}).set_fields()


def _mode(holder: JsonObject) -> Mode | None:
    return None if holder.get("mode") is None else mode_change({"mode": holder["mode"]})


def _problems(snapshot: Snapshot) -> Iterator[str]:
    for subject, entry in snapshot.entries():
        if entry.schema_id not in snapshot.contents:
            yield f"version {entry.number} of '{subject}' has the id {entry.schema_id}, which no schema has"
        if not 1 <= entry.number < 2**31:
            yield f"'{subject}' has a version {entry.number}; versions begin with 1"
    unused = snapshot.contents.keys() - {entry.schema_id for _, entry in snapshot.entries()}
    if unused:
        yield f"the schema {min(unused)} is of no version"
    for name, holder in snapshot.subjects.items():
        numbers = [entry.number for entry in holder.versions]
        if len(numbers) != len(set(numbers)):
            yield f"'{name}' has a version twice"
