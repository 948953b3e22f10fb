"""The two steps of deletion.

Soft deletion hides a version and keeps its schema readable by id; permanent deletion, which must come second, removes
it.
"""

from __future__ import annotations

from typing import Final

from tools.registry import errors
from tools.registry.model import Version, java_int
from tools.registry.rows import Rows, live
from tools.registry.settings import require_writable

LATEST: Final = -1


def parse_version(text: str) -> int:
    """A version number of a path, `LATEST` for "latest" and -1. Raises RegistryError 42202."""
    stripped = text.strip()
    if stripped.lower() == "latest":
        return LATEST
    number = java_int(stripped)
    if number is None:
        raise errors.invalid_version(text)
    if number == LATEST or number >= 1:
        return number
    raise errors.invalid_version(str(number))


def find_version(rows: Rows, subject: str, number: int, *, deleted: bool) -> Version | None:
    if number == LATEST:
        return rows.latest(subject)
    version = rows.version(subject, number)
    return version if version is not None and (deleted or not version.deleted) else None


def require_version(rows: Rows, subject: str, number: int, *, deleted: bool) -> Version:
    """Raises RegistryError 40401 or 40402."""
    version = find_version(rows, subject, number, deleted=deleted)
    if version is None:
        known = rows.has_subject(subject, deleted=deleted)
        raise errors.version_not_found(number) if known else errors.subject_not_found(subject)
    return version


def delete_version(rows: Rows, subject: str, text: str, *, permanent: bool) -> int:
    """Delete one version; its number is the answer."""
    number = parse_version(text)
    version = require_version(rows, subject, number, deleted=True)
    if version.deleted and not permanent:
        raise errors.version_soft_deleted(subject, text)
    require_writable(rows, subject)
    if rows.ids_that_use(subject, version.number):
        raise errors.reference_exists(subject, version.number)
    if not permanent:
        rows.soft_delete(subject, version.number)
        return version.number
    if not version.deleted:
        raise errors.version_not_soft_deleted(subject, version.number)
    rows.remove_version(subject, version.number)
    _forget_rest(rows, subject)
    return version.number


def delete_subject(rows: Rows, subject: str, *, permanent: bool) -> list[int]:
    """Delete all versions of a subject; their numbers are the answer."""
    versions = rows.versions(subject)
    if not versions:
        raise errors.subject_not_found(subject)
    if not permanent and not live(versions):
        raise errors.subject_soft_deleted(subject)
    require_writable(rows, subject)
    chosen = versions if permanent else live(versions)
    for version in chosen:
        if rows.ids_that_use(subject, version.number):
            raise errors.reference_exists(subject, version.number)
    if permanent and live(versions):
        raise errors.subject_not_soft_deleted(subject)
    for version in chosen:
        if permanent:
            rows.remove_version(subject, version.number)
        else:
            rows.soft_delete(subject, version.number)
    if permanent:
        _forget_rest(rows, subject)
    return [version.number for version in chosen]


def _forget_rest(rows: Rows, subject: str) -> None:
    """Contents that nobody has any more, and the settings of a subject that is gone."""
    rows.remove_unused_schemas()
    if not rows.has_subject(subject, deleted=True):
        rows.remove_config(subject)
        rows.remove_mode(subject)
