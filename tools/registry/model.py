"""The registry's nouns: what a schema is made of, and one version of a subject."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

from codegen.nodes import Json

JsonObject: TypeAlias = dict[str, Json]

CONFLUENT_VERSION: Final = "confluent:version"
_JAVA_INT: Final = re.compile(r"[+-]?0*[0-9]{1,10}", re.ASCII)
_LONGEST_INT: Final = 100  # leading zeros included; Python itself refuses to read more than 4,300 digits
INT_RANGE: Final = range(-(2**31), 2**31)


def java_int(text: str) -> int | None:
    """A 32-bit integer as Java's `Integer.parseInt` reads one, or None."""
    if not _JAVA_INT.fullmatch(text) or len(text) > _LONGEST_INT:
        return None
    number = int(text)
    return number if number in INT_RANGE else None


class Mode(StrEnum):
    READWRITE = "READWRITE"
    READONLY = "READONLY"
    READONLY_OVERRIDE = "READONLY_OVERRIDE"
    IMPORT = "IMPORT"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for a change, and why, for the audit log."""

    name: str = "anonymous"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A schema that another one uses. `version` -1 stands for the latest."""

    name: str
    subject: str
    version: int

    def to_json(self) -> JsonObject:
        return {"name": self.name, "subject": self.subject, "version": self.version}


@dataclass(frozen=True, slots=True)
class Content:
    """What one schema id stands for: the canonical text and what was registered with it. Equal contents share an id."""

    text: str
    references: tuple[Reference, ...] = ()
    metadata: JsonObject | None = None
    rule_set: JsonObject | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all parts, as 64 hexadecimal digits."""
        return hashlib.sha256(self._parts()).hexdigest()

    @property
    def guid(self) -> str:
        """An id that is the same in every registry: the MD5 of the text, as a UUID, where there is only a text."""
        plain = not self.references and self.metadata is None and self.rule_set is None
        digest = hashlib.md5(self.text.encode() if plain else self._parts(), usedforsecurity=False)
        return str(uuid.UUID(bytes=digest.digest()))

    def to_json(self) -> JsonObject:
        """The part of an answer that is about the schema itself; what is not there is left out."""
        body: JsonObject = {"guid": self.guid, "schemaType": "AVRO"}
        if self.references:
            body["references"] = [reference.to_json() for reference in self.references]
        if self.metadata is not None:
            body["metadata"] = self.metadata
        if self.rule_set is not None:
            body["ruleSet"] = self.rule_set
        return body | {"schema": self.text}

    def without_version_mark(self) -> Content:
        """Without the `confluent:version` property, which the registry itself puts into the metadata."""
        metadata = self.metadata
        properties = metadata.get("properties") if metadata else None
        if metadata is None or not isinstance(properties, Mapping) or CONFLUENT_VERSION not in properties:
            return self
        rest: JsonObject = {key: value for key, value in properties.items() if key != CONFLUENT_VERSION}
        kept: JsonObject = {key: value for key, value in metadata.items() if key != "properties"}
        if rest:
            kept["properties"] = rest
        return replace(self, metadata=kept or None)

    def _parts(self) -> bytes:
        references = [reference.to_json() for reference in self.references]
        parts = [self.text, references, self.metadata, self.rule_set]
        return json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a subject. `registered_ms` is in milliseconds since the epoch."""

    subject: str
    number: int
    schema_id: int
    content: Content
    deleted: bool
    registered_ms: int

    def to_json(self) -> JsonObject:
        """The answer to a read of a version."""
        return {"subject": self.subject, **self.to_registered_json(), **self._state()}

    def to_found_json(self) -> JsonObject:
        """The answer to a look-up."""
        return {"subject": self.subject, **self.to_registered_json()}

    def to_registered_json(self) -> JsonObject:
        """The answer to a registration."""
        return {"version": self.number, "id": self.schema_id, **self.content.to_json()}

    def to_schema_json(self, *, with_subject: bool) -> JsonObject:
        """The answer of `/schemas/ids/{id}`, where the id is already known."""
        subject: JsonObject = {"subject": self.subject, "version": self.number} if with_subject else {}
        return subject | self.content.to_json() | self._state()

    def _state(self) -> JsonObject:
        return {"ts": self.registered_ms, "deleted": self.deleted}
