"""Registering a schema: one transaction from the look-up through the compatibility check to the new version."""

from __future__ import annotations

from dataclasses import replace

from tools.registry import checks, errors, lookup
from tools.registry.lookup import Candidate, SchemaRequest
from tools.registry.model import CONFLUENT_VERSION, Content, JsonObject, Mode, Version
from tools.registry.rows import Rows, live
from tools.registry.settings import (
    config_in_scope,
    level_of,
    merged_metadata,
    merged_rules,
    mode_in_scope,
    not_in_mode,
    require_writable,
)


def register(rows: Rows, subject: str, request: SchemaRequest, *, normalize: bool, now_ms: int) -> tuple[Version, bool]:
    """Register a schema, or find it registered. The flag tells whether something was written.

    Raises RegistryError: 42201 (schema), 40901 (incompatible), 42205 (mode).
    """
    config = config_in_scope(rows, subject)
    normalize = normalize or config.get("normalize") is True
    sent = _sent(rows, request, config, normalize=normalize)
    existing = None if sent is None else _registered(rows, subject, request, sent)
    if existing is not None:
        return existing, False
    mode = _require_mode(rows, subject, request)
    versions = rows.versions(subject)
    number = versions[-1].number + 1 if versions else 1
    importing = mode is Mode.IMPORT
    complete = request if importing else _complete(request, config, live(versions), number)
    candidate = _completed(sent, request, complete) or lookup.read_candidate(rows, complete, normalize=normalize)
    if request.version == 0 and not importing:
        # Once more, now with what the latest version and the config add.
        existing = lookup.find_version(rows, subject, candidate, deleted=False)
        if existing is not None:
            return existing, False
    if not importing:
        verdict = check(rows, candidate, versions, config)
        if not verdict.compatible:
            raise errors.incompatible(subject, verdict.messages, verdict.findings)
    if request.version > 0:
        if not importing and request.version != number:
            raise errors.invalid_schema("Version is not one more than previous version")
        number = request.version
    schema_id = _schema_id(rows, candidate.content, request.schema_id)
    for earlier in versions:
        # A soft-deleted schema that comes back keeps its id and gets a new version in place of the old one.
        if earlier.deleted and earlier.schema_id == schema_id and earlier.number < number:
            rows.remove_version(subject, earlier.number)
    replaces = any(earlier.number == number for earlier in versions)
    rows.put_version(subject, number, schema_id, now_ms)
    if replaces:
        rows.remove_unused_schemas()  # an import has put another schema in a version's place
    return Version(subject, number, schema_id, candidate.content, deleted=False, registered_ms=now_ms), True


def _sent(rows: Rows, request: SchemaRequest, config: JsonObject, *, normalize: bool) -> Candidate | None:
    """The schema as the client sent it, where that is all there is to look for. Raises RegistryError 42201."""
    adds = {"defaultMetadata", "overrideMetadata", "defaultRuleSet", "overrideRuleSet"}
    if adds & config.keys() or request.text is None or not request.text.strip():
        return None
    return lookup.read_candidate(rows, request, normalize=normalize)


def _completed(sent: Candidate | None, request: SchemaRequest, complete: SchemaRequest) -> Candidate | None:
    """What was read already, with what was added around it; None where the schema itself is another one."""
    if sent is None or (complete.text, complete.references) != (request.text, request.references):
        return None
    content = replace(sent.content, metadata=complete.metadata, rule_set=complete.rule_set)
    return Candidate(content, sent.node)


def _registered(rows: Rows, subject: str, request: SchemaRequest, sent: Candidate) -> Version | None:
    """The version that already answers the request, in every mode, also a read-only one."""
    found = lookup.find_with_inheritance(rows, subject, sent, deleted=False)
    if found is None or request.schema_id not in (None, found.schema_id):
        return None
    if request.version == -1:
        latest = rows.latest(subject)
        return found if latest is not None and latest.number == found.number else None
    if request.version == 0:
        return found
    if request.schema_id is None or request.version == found.number:
        return found if request.schema_id is not None else None
    older = rows.version(subject, request.version)
    return older if older is not None and not older.deleted and older.schema_id == found.schema_id else None


def _require_mode(rows: Rows, subject: str, request: SchemaRequest) -> Mode:
    require_writable(rows, subject)
    mode = mode_in_scope(rows, subject)
    if request.schema_id is not None and mode is not Mode.IMPORT:
        raise not_in_mode(subject, "is not in import mode")
    if request.schema_id is None and mode is not Mode.READWRITE:
        raise not_in_mode(subject, "is not in read-write mode")
    return mode


def _complete(request: SchemaRequest, config: JsonObject, earlier: list[Version], number: int) -> SchemaRequest:
    """What the request leaves out: text, metadata and rules of the latest version, and what the config says."""
    previous = earlier[-1].content if earlier else None
    if request.text is None or not request.text.strip():
        if previous is None:
            raise errors.invalid_schema("Empty schema")
        request = replace(request, text=previous.text, references=previous.references)
    own = Content("", metadata=request.metadata, rule_set=request.rule_set)
    inherited = lookup.inherit(own, previous) if previous else own
    metadata = merged_metadata(config, inherited.metadata)
    properties = metadata.get("properties") if metadata else None
    marked = isinstance(properties, dict) and CONFLUENT_VERSION in properties
    if request.version != 0 or marked:
        kept = properties if isinstance(properties, dict) else {}
        metadata = (metadata or {}) | {"properties": kept | {CONFLUENT_VERSION: str(number)}}
    return replace(request, metadata=metadata, rule_set=merged_rules(config, inherited.rule_set))


def check(rows: Rows, candidate: Candidate, versions: list[Version], config: JsonObject) -> checks.Verdict:
    """May the candidate follow these versions, at the level and in the group that `config` says?"""
    group = config.get("compatibilityGroup")
    if isinstance(group, str):
        wanted = _property(candidate.content, group)
        versions = [version for version in versions if _property(version.content, group) == wanted]
    return checks.judge(level_of(config), candidate.node, lookup.earlier(rows, versions))


def _property(content: Content, name: str) -> str | None:
    properties = (content.metadata or {}).get("properties")
    value = properties.get(name) if isinstance(properties, dict) else None
    return value if isinstance(value, str) else None


def _schema_id(rows: Rows, content: Content, wanted: int | None) -> int:
    known = rows.ids_of(content)
    if wanted is None:
        return known[-1] if known else rows.add_schema(content)
    if wanted not in known:
        if rows.content(wanted) is not None:
            raise errors.operation_not_permitted(f"Overwrite new schema with id {wanted} in context  is not permitted.")
        rows.add_schema(content, wanted)
    return wanted
