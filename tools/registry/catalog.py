"""What the registry holds, listed: subjects, versions, schemas by id. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, islice
from operator import attrgetter
from typing import Final, TypeVar

from tools.registry import deletion, errors
from tools.registry.model import JsonObject, Version
from tools.registry.store import Store

_SUBJECT_LIMIT: Final = 20_000
_SCHEMA_LIMIT: Final = 1_000
_EVERYWHERE: Final = ":*:"  # the original's prefix for "in all contexts"
_Item = TypeVar("_Item")


class Shown(Enum):
    """Which part of a list is wanted."""

    LIVE = "live"
    ALL = "all"
    DELETED = "deleted"

    def includes(self, *, deleted: bool) -> bool:
        return self is Shown.ALL or deleted is (self is Shown.DELETED)


@dataclass(frozen=True, slots=True)
class Page:
    """Zero-based offset; a limit that is not positive, or too high, means the default."""

    offset: int = 0
    limit: int = -1

    def cut(self, items: Iterable[_Item], highest: int) -> list[_Item]:
        start = max(self.offset, 0)
        limit = self.limit if 0 < self.limit <= highest else highest
        return list(islice(items, start, start + limit))


@dataclass(frozen=True, slots=True)
class Catalog:
    store: Store

    def subjects(self, prefix: str, shown: Shown, page: Page) -> list[str]:
        with self.store.reading("listing subjects") as rows:
            found = rows.subjects(prefix.removeprefix(_EVERYWHERE))
            return page.cut((name for name, deleted in found if shown.includes(deleted=deleted)), _SUBJECT_LIMIT)

    def version_numbers(self, subject: str, shown: Shown, page: Page) -> list[int]:
        """Raises RegistryError 40401."""
        with self.store.reading("listing versions") as rows:
            if not rows.has_subject(subject, deleted=shown is not Shown.LIVE):
                raise errors.subject_not_found(subject)
            versions = rows.versions(subject)
            return page.cut((v.number for v in versions if shown.includes(deleted=v.deleted)), _SUBJECT_LIMIT)

    def version(self, subject: str, version: str, *, deleted: bool) -> Version:
        """Raises RegistryError 40401, 40402 or 42202."""
        with self.store.reading("reading a version") as rows:
            return deletion.require_version(rows, subject, deletion.parse_version(version), deleted=deleted)

    def referenced_by(self, subject: str, version: str) -> list[int]:
        with self.store.reading("reading references") as rows:
            found = deletion.require_version(rows, subject, deletion.parse_version(version), deleted=True)
            return rows.ids_that_use(subject, found.number)

    def latest_with_metadata(self, subject: str, wanted: Mapping[str, str], *, deleted: bool) -> Version:
        """The newest version whose metadata properties hold all that is wanted. Raises 40401 or 40403."""
        with self.store.reading("reading metadata") as rows:
            for version in reversed(rows.versions(subject)):
                properties = (version.content.metadata or {}).get("properties")
                if version.deleted and not deleted:
                    continue
                if isinstance(properties, dict) and wanted.items() <= properties.items():
                    return version
            known = rows.has_subject(subject, deleted=deleted)
            raise errors.schema_not_found() if known else errors.subject_not_found(subject)

    def schemas(self, prefix: str, shown: Shown, page: Page, *, latest_only: bool, rule_type: str) -> list[Version]:
        with self.store.reading("listing schemas") as rows:
            found: Iterator[Version] = (
                version
                for version in rows.versions_of_prefix(prefix.removeprefix(_EVERYWHERE))
                if shown.includes(deleted=version.deleted)
            )
            if latest_only:
                found = (list(group)[-1] for _, group in groupby(found, key=attrgetter("subject")))
            if rule_type:
                found = (version for version in found if _has_rule(version, rule_type))
            return page.cut(found, _SCHEMA_LIMIT)

    def schema(self, schema_id: int, subject: str | None) -> Version:
        """Any version that has this id, one of `subject` if there is one. Raises RegistryError 40403."""
        versions = self._having(schema_id)
        if not versions:
            raise errors.schema_not_found(schema_id)
        return next((version for version in versions if version.subject == subject), versions[0])

    def schema_of_guid(self, guid: str) -> Version:
        """Raises RegistryError 40403."""
        with self.store.reading("reading a schema") as rows:
            found = rows.version_of_guid(guid)
            if found is None:
                raise errors.schema_not_found(guid)
            return found

    def users(self, schema_id: int, shown: Shown) -> list[Version]:
        """The versions that have this id. Raises RegistryError 40403."""
        versions = self._having(schema_id)
        if not versions:
            raise errors.schema_not_found()
        return [version for version in versions if shown.includes(deleted=version.deleted)]

    def max_schema_id(self) -> int:
        with self.store.reading("reading the highest id") as rows:
            return rows.highest_id()

    def aliases(self) -> dict[str, list[str]]:
        """The aliases of each subject that has some."""
        found: dict[str, list[str]] = {}
        with self.store.reading("reading aliases") as rows:
            for name, config in rows.configs():
                if isinstance(alias := config.get("alias"), str):
                    found.setdefault(alias, []).append(name)
        return found

    def _having(self, schema_id: int) -> list[Version]:
        with self.store.reading("reading a schema") as rows:
            return rows.versions_of_schema(schema_id)


def _has_rule(version: Version, rule_type: str) -> bool:
    rule_set: JsonObject = version.content.rule_set or {}
    rules = [rule for part in rule_set.values() if isinstance(part, list) for rule in part]
    return any(isinstance(rule, dict) and rule.get("type") == rule_type for rule in rules)
