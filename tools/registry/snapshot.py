"""All that a registry holds, as one value: what `export` writes, `import` reads, and `migrate` carries.

It is what a client can see. A registry-wide level that is the default, and the mode READWRITE, count as not set: no
answer tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from tools.registry.model import Content, JsonObject, Mode
from tools.registry.settings import DEFAULT_LEVEL

PLAIN_CONFIG: Final[JsonObject] = {"compatibilityLevel": DEFAULT_LEVEL}


@dataclass(frozen=True, slots=True)
class VersionEntry:
    number: int
    schema_id: int
    deleted: bool = False
    registered_ms: int = 0


@dataclass(frozen=True, slots=True)
class SubjectEntry:
    """A subject's versions, oldest first, and its own config and mode. It may have settings and no version."""

    versions: tuple[VersionEntry, ...] = ()
    config: JsonObject | None = None
    mode: Mode | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`highest_id` is the highest id that was ever given, so that the next one is new also after deletions."""

    contents: dict[int, Content] = field(default_factory=dict)
    subjects: dict[str, SubjectEntry] = field(default_factory=dict)
    config: JsonObject | None = None
    mode: Mode | None = None
    highest_id: int = 0

    @property
    def empty(self) -> bool:
        return not self.subjects

    def entries(self) -> Iterator[tuple[str, VersionEntry]]:
        for name in sorted(self.subjects):
            for entry in self.subjects[name].versions:
                yield name, entry

    def entry(self, subject: str, number: int) -> VersionEntry | None:
        versions = self.subjects[subject].versions if subject in self.subjects else ()
        return next((entry for entry in versions if entry.number == number), None)

    def counts(self) -> JsonObject:
        versions = [entry for _, entry in self.entries()]
        return {"subjects": len(self.subjects), "versions": len(versions), "schemas": len(self.contents)}

    def without(self, entries: set[tuple[str, int]]) -> Snapshot:
        """The rest, when these versions are left out, and the schemas that nobody has any more."""
        subjects = {}
        for name, subject in self.subjects.items():
            kept = tuple(entry for entry in subject.versions if (name, entry.number) not in entries)
            if kept or not subject.versions:
                subjects[name] = replace(subject, versions=kept)
        used = {entry.schema_id for subject in subjects.values() for entry in subject.versions}
        contents = {schema_id: content for schema_id, content in self.contents.items() if schema_id in used}
        return replace(self, contents=contents, subjects=subjects)


def differences(wanted: Snapshot, there: Snapshot) -> Iterator[str]:
    """What of `wanted` is already there and is another thing; what is not there at all is no difference."""
    for schema_id, content in sorted(wanted.contents.items()):
        other = there.contents.get(schema_id)
        if other is not None and other != content:
            yield f"id {schema_id} is another schema"
    for subject, entry in wanted.entries():
        present = there.entry(subject, entry.number)
        if present is not None and present.schema_id != entry.schema_id:
            yield f"version {entry.number} of '{subject}' has the id {present.schema_id}, not {entry.schema_id}"
        elif present is not None and present.deleted != entry.deleted:
            state = "soft deleted" if present.deleted else "not deleted"
            yield f"version {entry.number} of '{subject}' is {state}"
    yield from _differing_settings(wanted, there)


def _differing_settings(wanted: Snapshot, there: Snapshot) -> Iterator[str]:
    found = [("the registry", wanted.config, there.config, wanted.mode, there.mode)]
    for name in sorted(wanted.subjects.keys() & there.subjects.keys()):
        mine, other = wanted.subjects[name], there.subjects[name]
        found.append((f"'{name}'", mine.config, other.config, mine.mode, other.mode))
    for name, config, other_config, mode, other_mode in found:
        if None not in (config, other_config) and config != other_config:
            yield f"the config of {name} is {other_config}, not {config}"
        if None not in (mode, other_mode) and mode != other_mode:
            yield f"the mode of {name} is {other_mode}, not {mode}"


def missing(wanted: Snapshot, there: Snapshot) -> Iterator[str]:
    """What of `wanted` is not there."""
    for subject, entry in wanted.entries():
        if there.entry(subject, entry.number) is None:
            yield f"version {entry.number} of '{subject}' is not there"
    for name in sorted(wanted.subjects):
        mine, other = wanted.subjects[name], there.subjects.get(name, SubjectEntry())
        if mine.config is not None and other.config is None:
            yield f"the config of '{name}' is not there"
        if mine.mode is not None and other.mode is None:
            yield f"the mode of '{name}' is not there"
    if wanted.config is not None and there.config is None:
        yield "the config of the registry is not there"
    if wanted.mode is not None and there.mode is None:
        yield "the mode of the registry is not there"
