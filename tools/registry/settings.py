"""Configs (compatibility level and the rest) and modes, registry-wide and of a subject.

The first that is set wins whole: a subject's own config is not mixed with the registry-wide one; a level that it does
not name is the default level. That is how Confluent Schema Registry 8 reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from codegen.nodes import Json
from tools.registry import errors
from tools.registry.model import JsonObject, Mode
from tools.registry.rows import GLOBAL, Rows, live

DEFAULT_LEVEL: Final = "BACKWARD"


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """The fields that a request names. None clears a field."""

    fields: JsonObject = field(default_factory=dict)

    def set_fields(self) -> JsonObject:
        """As `config_of` would give it, where this was all that was ever set."""
        return _with_level({key: value for key, value in self.fields.items() if value is not None})


def config_in_scope(rows: Rows, subject: str) -> JsonObject:
    """The config that holds for `subject`: its own, else the registry-wide one, else the default."""
    own = rows.config(subject)
    return _with_level(own if own is not None else rows.config(GLOBAL) or {})


def config_of(rows: Rows, subject: str) -> JsonObject | None:
    """What was set for `subject`, or None. The registry-wide config (`GLOBAL`) is never unset."""
    config = rows.config(subject)
    if config is None:
        return _with_level({}) if subject == GLOBAL else None
    return _with_level(config)


def _with_level(config: JsonObject) -> JsonObject:
    return {"compatibilityLevel": DEFAULT_LEVEL} | config


def change_config(rows: Rows, subject: str, change: ConfigChange) -> JsonObject:
    """Set the named fields and keep the others. Gives back all fields that are set now."""
    require_writable(rows, subject)
    config = (rows.config(subject) or {}) | change.fields
    config = {key: value for key, value in config.items() if value is not None}
    rows.put_config(subject, config)
    return config


def delete_config(rows: Rows, subject: str) -> JsonObject:
    """Forget a config; what it was is the answer. Raises RegistryError 40401 where a subject has none."""
    before = config_of(rows, subject)
    if before is None:
        raise errors.subject_not_found(subject)
    require_writable(rows, subject)
    rows.remove_config(subject)
    return before


def level_of(config: JsonObject) -> str:
    return str(config["compatibilityLevel"])


def merged_metadata(config: JsonObject, own: JsonObject | None) -> JsonObject | None:
    """The config's defaults, then the schema's own metadata, then the config's overrides."""
    return _merge(_merge(config.get("defaultMetadata"), own), config.get("overrideMetadata"))


def _merge(base: Json, top: Json) -> JsonObject | None:
    if not isinstance(base, dict) or not isinstance(top, dict):
        chosen = top if isinstance(top, dict) else base
        return chosen if isinstance(chosen, dict) else None
    merged: JsonObject = {}
    for key in ("tags", "properties"):
        old, new = base.get(key), top.get(key)
        both = (old if isinstance(old, dict) else {}) | (new if isinstance(new, dict) else {})
        if both:
            merged[key] = both
    sensitive = [name for part in (base, top) for name in _list(part.get("sensitive"))]
    if sensitive:
        merged["sensitive"] = list(dict.fromkeys(map(str, sensitive)))
    return merged


def merged_rules(config: JsonObject, own: JsonObject | None) -> JsonObject | None:
    """As `merged_metadata`, for rule sets: of two rules with one name, the later wins."""
    parts = [part for part in (config.get("defaultRuleSet"), own, config.get("overrideRuleSet")) if part is not None]
    rule_sets = [part for part in parts if isinstance(part, dict)]
    if len(rule_sets) < 2:
        return rule_sets[0] if rule_sets else None
    merged: JsonObject = {}
    for key in ("migrationRules", "domainRules", "encodingRules"):
        rules = {
            str(rule.get("name")): rule for part in rule_sets for rule in _list(part.get(key)) if isinstance(rule, dict)
        }
        if rules:
            merged[key] = list(rules.values())
    return merged


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def mode_in_scope(rows: Rows, subject: str) -> Mode:
    overall = rows.mode(GLOBAL) or Mode.READWRITE
    return overall if overall is Mode.READONLY_OVERRIDE else rows.mode(subject) or overall


def mode_of(rows: Rows, subject: str) -> Mode | None:
    """What was set for `subject`, or None; READONLY_OVERRIDE for the whole registry shows everywhere."""
    overall = rows.mode(GLOBAL) or Mode.READWRITE
    return overall if subject == GLOBAL or overall is Mode.READONLY_OVERRIDE else rows.mode(subject)


def change_mode(rows: Rows, subject: str, mode: Mode | None, *, force: bool) -> None:
    """Set a mode; None forgets it. IMPORT needs a scope without schemas, unless `force`."""
    if mode is Mode.IMPORT and mode_in_scope(rows, subject) is not Mode.IMPORT and not force:
        _empty_for_import(rows, subject)
    if mode is None:
        rows.remove_mode(subject)
    else:
        rows.put_mode(subject, mode)


def _empty_for_import(rows: Rows, subject: str) -> None:
    names = [name for name, _ in rows.subjects()] if subject == GLOBAL else [subject]
    versions = [version for name in names for version in rows.versions(name)]
    if live(versions):
        raise errors.operation_not_permitted("Cannot import since found existing subjects")
    for version in versions:
        if rows.ids_that_use(version.subject, version.number):
            raise errors.reference_exists(version.subject, version.number)
    for version in versions:
        rows.remove_version(version.subject, version.number)
    rows.remove_unused_schemas()


def delete_mode(rows: Rows, subject: str) -> Mode:
    """Forget a subject's mode; what it was is the answer. Raises RegistryError 40401 where it has none."""
    before = mode_of(rows, subject)
    if before is None:
        raise errors.subject_not_found(subject)
    rows.remove_mode(subject)
    return before


def require_writable(rows: Rows, subject: str) -> None:
    """Raises RegistryError 42205 in the modes READONLY and READONLY_OVERRIDE."""
    if mode_in_scope(rows, subject) in (Mode.READONLY, Mode.READONLY_OVERRIDE):
        raise not_in_mode(subject, "is in read-only mode")


def not_in_mode(subject: str, what: str) -> errors.RegistryError:
    # The original names the context too; the default one, which is all that there is here, has an empty name.
    return errors.operation_not_permitted(f"Subject {subject or 'null'} in context  {what}")
