"""The registry as a service: each method is one request, in one transaction, with its line in the audit log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tools.registry import checks, deletion, errors, lookup, registration, settings
from tools.registry.lookup import SchemaRequest
from tools.registry.model import Caller, JsonObject, Mode, Version
from tools.registry.rows import GLOBAL
from tools.registry.settings import ConfigChange
from tools.registry.store import Store


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Registry:
    """All changes of the registry. Every method may raise RegistryError; 50001 means that nothing was changed."""

    store: Store
    now_ms: Callable[[], int] = _now_ms

    def register(self, subject: str, request: SchemaRequest, caller: Caller, *, normalize: bool) -> Version:
        """See `registration.register`. A schema that is registered already changes nothing and is not logged."""
        with self.store.writing("registering a schema") as rows:
            now_ms = self.now_ms()
            version, new = registration.register(rows, subject, request, normalize=normalize, now_ms=now_ms)
            if new:
                detail: JsonObject = {"version": version.number, "id": version.schema_id}
                rows.audit(caller, now_ms, "register", subject, detail)
            return version

    def delete_version(self, subject: str, version: str, caller: Caller, *, permanent: bool) -> int:
        with self.store.writing("deleting a version") as rows:
            number = deletion.delete_version(rows, subject, version, permanent=permanent)
            action = "delete version permanently" if permanent else "delete version"
            rows.audit(caller, self.now_ms(), action, subject, {"version": number})
            return number

    def delete_subject(self, subject: str, caller: Caller, *, permanent: bool) -> list[int]:
        with self.store.writing("deleting a subject") as rows:
            numbers = deletion.delete_subject(rows, subject, permanent=permanent)
            action = "delete subject permanently" if permanent else "delete subject"
            rows.audit(caller, self.now_ms(), action, subject, {"versions": [*numbers]})
            return numbers

    def change_config(self, subject: str, change: ConfigChange, caller: Caller) -> JsonObject:
        with self.store.writing("changing a config") as rows:
            config = settings.change_config(rows, subject, change)
            rows.audit(caller, self.now_ms(), "change config", subject or None, config)
            return config

    def delete_config(self, subject: str, caller: Caller) -> JsonObject:
        with self.store.writing("deleting a config") as rows:
            before = settings.delete_config(rows, subject)
            rows.audit(caller, self.now_ms(), "delete config", subject or None, before)
            return before

    def change_mode(self, subject: str, mode: Mode | None, caller: Caller, *, force: bool) -> None:
        with self.store.writing("changing a mode") as rows:
            settings.change_mode(rows, subject, mode, force=force)
            detail: JsonObject = {"mode": mode.value if mode else None, "force": force}
            rows.audit(caller, self.now_ms(), "change mode", subject or None, detail)

    def delete_mode(self, subject: str, caller: Caller) -> Mode:
        with self.store.writing("deleting a mode") as rows:
            before = settings.delete_mode(rows, subject)
            rows.audit(caller, self.now_ms(), "delete mode", subject, {"mode": before.value})
            return before

    def look_up(self, subject: str, request: SchemaRequest, *, normalize: bool, deleted: bool) -> Version:
        """The version of `subject` that holds this schema. Raises 40401, 40403 or 42201."""
        with self.store.reading("looking up a schema") as rows:
            normalize = normalize or settings.config_in_scope(rows, subject).get("normalize") is True
            candidate = lookup.read_candidate(rows, request, normalize=normalize)
            found = lookup.find_with_inheritance(rows, subject, candidate, deleted=deleted)
            if found is None:
                known = rows.has_subject(subject, deleted=deleted)
                raise errors.schema_not_found() if known else errors.subject_not_found(subject)
            return found

    def test_compatibility(
        self, subject: str, version: str | None, request: SchemaRequest, *, normalize: bool
    ) -> checks.Verdict:
        """Against one version, or, without one, against all that the level asks for."""
        with self.store.reading("testing compatibility") as rows:
            if version is None:
                versions = rows.versions(subject)
            else:
                number = deletion.parse_version(version)
                found = deletion.find_version(rows, subject, number, deleted=False)
                if found is None and number != deletion.LATEST:
                    raise errors.version_not_found(number)
                versions = [found] if found is not None else []
            config = settings.config_in_scope(rows, subject)
            candidate = lookup.read_candidate(rows, request, normalize=normalize)
            return registration.check(rows, candidate, versions, config)

    def config(self, subject: str, *, default_to_global: bool) -> JsonObject:
        with self.store.reading("reading a config") as rows:
            config = settings.config_in_scope(rows, subject) if default_to_global else settings.config_of(rows, subject)
            if config is None:
                raise errors.config_not_found(subject)
            return config

    def mode(self, subject: str, *, default_to_global: bool) -> Mode:
        with self.store.reading("reading a mode") as rows:
            mode = settings.mode_in_scope(rows, subject) if default_to_global else settings.mode_of(rows, subject)
            if mode is None:
                raise errors.mode_not_found(subject)
            return mode

    def resolve_alias(self, subject: str) -> str:
        """The subject that a config's `alias` names, or `subject` itself."""
        with self.store.reading("reading an alias") as rows:
            alias = (rows.config(subject) or {}).get("alias")
            return alias if isinstance(alias, str) and alias and subject != GLOBAL else subject
