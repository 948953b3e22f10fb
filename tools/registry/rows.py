"""What the tables hold, read and written inside a transaction of `Store`. No rule of the registry lives here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final, cast

from codegen.nodes import Json
from tools.registry.model import Caller, Content, JsonObject, Mode, Reference, Version

GLOBAL: Final = ""  # the row of the registry-wide config and mode; no subject has an empty name

_VERSION: Final = (
    "SELECT v.subject, v.version, v.schema_id, v.deleted, v.registered_ms, "
    "s.text, s.schema_references, s.metadata, s.rule_set FROM versions v JOIN schemas s ON s.id = v.schema_id "
)


class Rows:
    """One transaction's view of the tables."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    # Versions

    def version(self, subject: str, number: int) -> Version | None:
        row = self._run(_VERSION + "WHERE v.subject = ? AND v.version = ?", (subject, number)).fetchone()
        return _version(row) if row else None

    def latest(self, subject: str) -> Version | None:
        """The newest version that is not soft deleted."""
        query = _VERSION + "WHERE v.subject = ? AND v.deleted = 0 ORDER BY v.version DESC LIMIT 1"
        row = self._run(query, (subject,)).fetchone()
        return _version(row) if row else None

    def versions(self, subject: str) -> list[Version]:
        """All versions, oldest first, soft-deleted ones included."""
        return [_version(row) for row in self._run(_VERSION + "WHERE v.subject = ? ORDER BY v.version", (subject,))]

    def versions_of_prefix(self, prefix: str) -> Iterator[Version]:
        """The versions of all subjects with that prefix, by subject and number, soft-deleted ones included."""
        query = _VERSION + "WHERE substr(v.subject, 1, length(?)) = ? ORDER BY v.subject, v.version"
        return map(_version, self._run(query, (prefix, prefix)))

    def versions_of_schema(self, schema_id: int) -> list[Version]:
        query = _VERSION + "WHERE v.schema_id = ? ORDER BY v.subject, v.version"
        return [_version(row) for row in self._run(query, (schema_id,))]

    def version_of_guid(self, guid: str) -> Version | None:
        row = self._run(_VERSION + "WHERE s.guid = ? ORDER BY s.id LIMIT 1", (guid,)).fetchone()
        return _version(row) if row else None

    def subjects(self, prefix: str = "") -> list[tuple[str, bool]]:
        """Name, and whether all its versions are soft deleted; sorted by name."""
        query = "SELECT subject, min(deleted) FROM versions WHERE substr(subject, 1, length(?)) = ? GROUP BY subject"
        return [(name, bool(deleted)) for name, deleted in self._run(query + " ORDER BY subject", (prefix, prefix))]

    def has_subject(self, subject: str, *, deleted: bool) -> bool:
        query = "SELECT 1 FROM versions WHERE subject = ? AND deleted <= ? LIMIT 1"
        return self._run(query, (subject, int(deleted))).fetchone() is not None

    def put_version(self, subject: str, number: int, schema_id: int, at_ms: int) -> None:
        query = "INSERT OR REPLACE INTO versions (subject, version, schema_id, registered_ms) VALUES (?, ?, ?, ?)"
        self._run(query, (subject, number, schema_id, at_ms))

    def soft_delete(self, subject: str, number: int) -> None:
        self._run("UPDATE versions SET deleted = 1 WHERE subject = ? AND version = ?", (subject, number))

    def remove_version(self, subject: str, number: int) -> None:
        self._run("DELETE FROM versions WHERE subject = ? AND version = ?", (subject, number))

    # Schemas

    def ids_of(self, content: Content) -> list[int]:
        """The ids of that content; more than one only after imports."""
        rows = self._run("SELECT id FROM schemas WHERE fingerprint = ? ORDER BY id", (content.fingerprint,))
        return [schema_id for (schema_id,) in rows]

    def content(self, schema_id: int) -> Content | None:
        query = "SELECT text, schema_references, metadata, rule_set FROM schemas WHERE id = ?"
        row = self._run(query, (schema_id,)).fetchone()
        return _content(*row) if row else None

    def highest_id(self) -> int:
        """The highest id that was ever given, also if its schema is gone."""
        row = self._run("SELECT seq FROM sqlite_sequence WHERE name = 'schemas'").fetchone()
        return cast("int", row[0]) if row else 0

    def raise_highest_id(self, schema_id: int) -> None:
        """Give no id up to this one any more."""
        if schema_id > self.highest_id():
            self._run("DELETE FROM sqlite_sequence WHERE name = 'schemas'")
            self._run("INSERT INTO sqlite_sequence (name, seq) VALUES ('schemas', ?)", (schema_id,))

    def add_schema(self, content: Content, schema_id: int | None = None) -> int:
        """Keep a new content under a new id, or under the one that an import brings."""
        query = (
            "INSERT INTO schemas (id, fingerprint, guid, text, schema_references, metadata, rule_set) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        references = json.dumps([reference.to_json() for reference in content.references])
        values = (content.text, references, _dump(content.metadata), _dump(content.rule_set))
        added = self._run(query, (schema_id, content.fingerprint, content.guid, *values)).lastrowid
        used = "INSERT OR IGNORE INTO used_versions (schema_id, subject, version) VALUES (?, ?, ?)"
        for reference in content.references:
            self._run(used, (added, reference.subject, reference.version))
        return cast("int", added)

    def remove_unused_schemas(self) -> None:
        """Drop the contents that no version has any more, soft-deleted versions counted."""
        self._run("DELETE FROM schemas WHERE id NOT IN (SELECT schema_id FROM versions)")

    def ids_that_use(self, subject: str, number: int) -> list[int]:
        """The schemas that refer to this version and are themselves not soft deleted."""
        query = (
            "SELECT DISTINCT u.schema_id FROM used_versions u JOIN versions v ON v.schema_id = u.schema_id "
            "WHERE u.subject = ? AND u.version = ? AND v.deleted = 0 ORDER BY u.schema_id"
        )
        return [schema_id for (schema_id,) in self._run(query, (subject, number))]

    # Configs and modes

    def config(self, subject: str) -> JsonObject | None:
        row = self._run("SELECT config FROM configs WHERE subject = ?", (subject,)).fetchone()
        return json.loads(row[0]) if row else None

    def configs(self) -> list[tuple[str, JsonObject]]:
        rows = self._run("SELECT subject, config FROM configs ORDER BY subject")
        return [(subject, json.loads(config)) for subject, config in rows]

    def put_config(self, subject: str, config: JsonObject) -> None:
        self._run("INSERT OR REPLACE INTO configs (subject, config) VALUES (?, ?)", (subject, json.dumps(config)))

    def remove_config(self, subject: str) -> None:
        self._run("DELETE FROM configs WHERE subject = ?", (subject,))

    def mode(self, subject: str) -> Mode | None:
        row = self._run("SELECT mode FROM modes WHERE subject = ?", (subject,)).fetchone()
        return Mode(row[0]) if row else None

    def modes(self) -> list[tuple[str, Mode]]:
        return [(subject, Mode(mode)) for subject, mode in self._run("SELECT subject, mode FROM modes")]

    def put_mode(self, subject: str, mode: Mode) -> None:
        self._run("INSERT OR REPLACE INTO modes (subject, mode) VALUES (?, ?)", (subject, mode.value))

    def remove_mode(self, subject: str) -> None:
        self._run("DELETE FROM modes WHERE subject = ?", (subject,))

    # The audit log

    def audit_log(self) -> list[JsonObject]:
        """All changes, oldest first."""
        query = "SELECT number, at_ms, who, action, subject, detail, reason FROM audit ORDER BY number"
        names = ("number", "at_ms", "who", "action", "subject", "detail", "reason")
        entries = [dict(zip(names, row, strict=True)) for row in self._run(query)]
        return [entry | {"detail": json.loads(entry["detail"])} for entry in entries]

    def audit(self, caller: Caller, at_ms: int, action: str, subject: str | None, detail: JsonObject) -> None:
        query = "INSERT INTO audit (at_ms, who, action, subject, detail, reason) VALUES (?, ?, ?, ?, ?, ?)"
        self._run(query, (at_ms, caller.name, action, subject, json.dumps(detail), caller.reason))


def _version(row: tuple[str, int, int, int, int, str, str, str | None, str | None]) -> Version:
    subject, number, schema_id, deleted, registered_ms, text, references, metadata, rule_set = row
    content = _content(text, references, metadata, rule_set)
    return Version(subject, number, schema_id, content, bool(deleted), registered_ms)


def _content(text: str, references: str, metadata: str | None, rule_set: str | None) -> Content:
    parsed = tuple(Reference(**reference) for reference in json.loads(references))
    return Content(text, parsed, _load(metadata), _load(rule_set))


def _dump(value: Json) -> str | None:
    return None if value is None else json.dumps(value)


def _load(text: str | None) -> JsonObject | None:
    return None if text is None else cast("JsonObject", json.loads(text))


def live(versions: Iterable[Version]) -> list[Version]:
    return [version for version in versions if not version.deleted]
