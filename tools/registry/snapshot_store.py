"""A snapshot from a registry's file, and into one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from tools.errors import UserError
from tools.registry import lookup
from tools.registry.errors import RegistryError
from tools.registry.model import Caller, Content, JsonObject, Mode
from tools.registry.rows import GLOBAL, Rows
from tools.registry.settings import config_of, mode_of
from tools.registry.snapshot import PLAIN_CONFIG, Snapshot, SubjectEntry, VersionEntry, differences
from tools.registry.store import MEMORY, Store


def read_store(store: Store) -> Snapshot:
    """One consistent state, also while the registry runs on the same file."""
    with store.reading("exporting") as rows:
        return read_rows(rows)


def read_rows(rows: Rows) -> Snapshot:
    contents: dict[int, Content] = {}
    versions: dict[str, list[VersionEntry]] = {}
    for version in rows.versions_of_prefix(""):
        contents[version.schema_id] = version.content
        entry = VersionEntry(version.number, version.schema_id, version.deleted, version.registered_ms)
        versions.setdefault(version.subject, []).append(entry)
    names = {*versions, *(name for name, _ in rows.configs()), *(name for name, _ in rows.modes())} - {GLOBAL}
    subjects = {
        name: SubjectEntry(
            tuple(versions.get(name, ())),
            None if rows.config(name) is None else config_of(rows, name),
            rows.mode(name),
        )
        for name in names
    }
    config, mode = config_of(rows, GLOBAL), mode_of(rows, GLOBAL)
    return Snapshot(
        contents,
        subjects,
        None if config == PLAIN_CONFIG else config,
        None if mode is Mode.READWRITE else mode,
        rows.highest_id(),
    )


def write_store(store: Store, snapshot: Snapshot, caller: Caller, source: str, *, merge: bool = False) -> None:
    """Add a snapshot, all of it or nothing, with one line in the audit log.

    Raises UserError where the registry is not empty, unless `merge`; and where a part of it is there already and is
    another thing, or a schema is illegal.
    """
    _, illegal = legal_part(snapshot)
    if illegal:
        raise UserError(f"{source} cannot be imported: {'; '.join(illegal)}")
    with store.writing("importing") as rows:
        there = read_rows(rows)
        check_target(snapshot, there, store.path, merge=merge)
        _write(rows, snapshot, there)
        rows.audit(caller, time.time_ns() // 1_000_000, "import", None, {"from": source, **snapshot.counts()})


def check_target(snapshot: Snapshot, there: Snapshot, target: str, *, merge: bool) -> None:
    """Raises UserError where an import would mix with, or change, what is there."""
    if not merge and not there.empty:
        raise UserError(f"the registry {target} is not empty; import into a new one, or add what it lacks with --merge")
    found = [*differences(snapshot, there)]
    if found:
        told = "; ".join(found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")
        raise UserError(f"nothing was imported, because in the registry {target} {told}")


def _write(rows: Rows, snapshot: Snapshot, there: Snapshot) -> None:
    for schema_id, content in sorted(snapshot.contents.items()):
        if schema_id not in there.contents:
            rows.add_schema(content, schema_id)
    for subject, entry in snapshot.entries():
        if there.entry(subject, entry.number) is None:
            rows.put_version(subject, entry.number, entry.schema_id, entry.registered_ms)
            if entry.deleted:
                rows.soft_delete(subject, entry.number)
    for name, subject_entry in snapshot.subjects.items():
        _write_settings(rows, name, subject_entry.config, subject_entry.mode)
    _write_settings(rows, GLOBAL, snapshot.config, snapshot.mode)
    rows.raise_highest_id(snapshot.highest_id)


def _write_settings(rows: Rows, name: str, config: JsonObject | None, mode: Mode | None) -> None:
    if config is not None:
        rows.put_config(name, config)
    if mode is not None:
        rows.put_mode(name, mode)


def legal_part(snapshot: Snapshot) -> tuple[Snapshot, list[str]]:
    """What can be registered here, and a sentence for each version that cannot.

    A soft-deleted version may refer to what was deleted for good since; it only has to be JSON.
    """
    told: list[str] = []
    while True:
        bad = dict(_illegal(snapshot))
        if not bad:
            return snapshot, told
        told += [f"version {number} of '{name}': {reason}" for (name, number), reason in bad.items()]
        snapshot = snapshot.without(set(bad))


def _illegal(snapshot: Snapshot) -> Iterator[tuple[tuple[str, int], str]]:
    store = Store(MEMORY)
    try:
        with store.writing("checking") as rows:
            _write(rows, replace(snapshot, config=None, mode=None), Snapshot())
            reasons = {schema_id: _reason(rows, content) for schema_id, content in snapshot.contents.items()}
    finally:
        store.close()
    for subject, entry in snapshot.entries():
        reason = reasons[entry.schema_id]
        if reason is not None and not entry.deleted:
            yield (subject, entry.number), reason


def _reason(rows: Rows, content: Content) -> str | None:
    try:
        lookup.read_stored(rows, content)
    except RegistryError as error:
        return error.message.removeprefix("Invalid schema of type AVRO, details: ")
    return None
