"""From a request's schema to stored content, and from content to the version that holds it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from codegen.nodes import Json, Node
from tools.registry import checks, errors
from tools.registry.canonical import Definitions, canonical_text
from tools.registry.model import Content, JsonObject, Reference, Version
from tools.registry.rows import Rows, live


@dataclass(frozen=True, slots=True)
class SchemaRequest:
    """A schema as a client sends it. `version` 0 means "not given", -1 "the next one"; `schema_id` None "not given"."""

    text: str | None
    schema_type: str = "AVRO"
    references: tuple[Reference, ...] = ()
    metadata: JsonObject | None = None
    rule_set: JsonObject | None = None
    schema_id: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A legal schema: what would be stored, and its typed form for the checks."""

    content: Content
    node: Node


def read_candidate(rows: Rows, request: SchemaRequest, *, normalize: bool) -> Candidate:
    """Parse and check a request's schema. Raises RegistryError 42201."""
    if request.schema_type != "AVRO":
        raise errors.invalid_schema(f"Invalid schema type {request.schema_type}")
    if request.text is None or not request.text.strip():
        raise errors.invalid_schema("Empty schema")
    schema = checks.read_schema(request.text)
    node = checks.parse(schema, _definitions(rows, request.references))
    references = request.references
    if normalize:
        references = tuple(sorted(set(references), key=lambda item: (item.name, item.subject, item.version)))
    text = canonical_text(schema, normalize=normalize)
    return Candidate(Content(text, references, request.metadata, request.rule_set), node)


def read_stored(rows: Rows, content: Content) -> Node:
    """The typed form of a content. Raises RegistryError 42201 where it, or what it refers to, is not legal."""
    return checks.parse(checks.read_schema(content.text), _definitions(rows, content.references))


def _self_contained(rows: Rows, content: Content) -> Json:
    return _definitions(rows, content.references).resolve(checks.read_schema(content.text))


def _definitions(rows: Rows, references: tuple[Reference, ...]) -> Definitions:
    """The named types of all that is referred to, directly or not."""
    definitions = Definitions()
    seen: set[Reference] = set()
    pending = list(references)
    while pending:
        reference = pending.pop()
        if reference in seen:
            continue
        seen.add(reference)
        version = _referenced(rows, reference)
        definitions.add(checks.read_schema(version.content.text))
        pending.extend(version.content.references)
    return definitions


def _referenced(rows: Rows, reference: Reference) -> Version:
    version = (
        rows.latest(reference.subject)
        if reference.version == -1
        else rows.version(reference.subject, reference.version)
    )
    if version is None:
        missing = f'No schema reference found for subject "{reference.subject}" and version {reference.version}'
        raise errors.invalid_schema(f"Invalid schema of type AVRO, details: {missing}")
    return version


def find_version(rows: Rows, subject: str, candidate: Candidate, *, deleted: bool) -> Version | None:
    """The version of `subject` that holds this content, the newest if several do."""
    versions = rows.versions(subject)
    found = [version for version in versions if deleted or not version.deleted]
    for version in reversed(found):
        if version.content == candidate.content:
            return version
    for version in reversed(found):
        if _same_but_for_form(rows, candidate.content, version.content):
            return version
    return None


def _same_but_for_form(rows: Rows, content: Content, stored: Content) -> bool:
    """Whether they differ only in `confluent:version`, or in that references were written out in `content`."""
    if stored.references and not content.references:
        stored = replace(stored, text=canonical_text(_self_contained(rows, stored)), references=())
    return content in (stored, stored.without_version_mark())


def find_with_inheritance(rows: Rows, subject: str, candidate: Candidate, *, deleted: bool) -> Version | None:
    """As a registration would look: first as sent, then with the metadata and rules of the latest version."""
    found = find_version(rows, subject, candidate, deleted=deleted)
    latest = rows.latest(subject)
    if found is not None or latest is None:
        return found
    inherited = inherit(candidate.content, latest.content)
    if inherited == candidate.content:
        return None
    return find_version(rows, subject, replace(candidate, content=inherited), deleted=deleted)


def inherit(content: Content, previous: Content) -> Content:
    """Metadata and rules that a request leaves out are those of the version before."""
    metadata = previous.metadata if content.metadata is None else content.metadata
    rule_set = previous.rule_set if content.rule_set is None else content.rule_set
    return replace(content, metadata=metadata, rule_set=rule_set)


def earlier(rows: Rows, versions: list[Version]) -> list[checks.Earlier]:
    """What a candidate is checked against: the versions that are not deleted, oldest first."""
    return [_earlier(rows, version) for version in live(versions)]


def _earlier(rows: Rows, version: Version) -> checks.Earlier:
    content = version.content
    if content.references:
        node = checks.parse(checks.read_schema(content.text), _definitions(rows, content.references))
    else:
        node = checks.parse_stored(content.text)
    return checks.Earlier(version.number, content.text, node)
