"""A snapshot into a running registry, in IMPORT mode, so that ids and versions stay; then it is read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from codegen.nodes import Json
from tools.errors import UserError
from tools.registry.model import Content, JsonObject, Mode
from tools.registry.remote import Remote, RemoteError, segment
from tools.registry.remote_reading import read_remote
from tools.registry.snapshot import Snapshot, SubjectEntry, VersionEntry, differences, missing
from tools.registry.snapshot_store import check_target


def write_remote(remote: Remote, snapshot: Snapshot, *, merge: bool = False) -> list[str]:
    """Add a snapshot; a sentence for each part that the registry did not take is the answer.

    Raises UserError where it is not empty, unless `merge`; where a part is there and is another thing; and where it
    has no IMPORT mode.
    """
    there = read_remote(remote).snapshot
    check_target(snapshot, there, remote.url, merge=merge)
    writer = _Writer(remote, snapshot, there)
    before = there.mode or Mode.READWRITE
    with _import_mode(remote, before, snapshot.mode or before):
        writer.send_versions()
        writer.send_settings()
    back = read_remote(remote).snapshot
    found = (line for line in [*missing(snapshot, back), *differences(snapshot, back)])
    unsaid = [line for line in found if not line.startswith(tuple(writer.refused))]
    return [*(f"{what}: {reason}" for what, reason in writer.refused.items()), *unsaid]


@contextmanager
def _import_mode(remote: Remote, before: Mode, afterwards: Mode) -> Iterator[None]:
    try:
        remote.put("/mode?force=true", {"mode": Mode.IMPORT.value})
    except RemoteError as error:
        raise UserError(
            f"the registry {remote.url} does not go into IMPORT mode ({error.told}), so ids cannot be kept in it"
        ) from error
    try:
        yield
    except BaseException:
        with suppress(UserError):  # what went wrong first is what counts
            remote.put("/mode", {"mode": before.value})
        raise
    remote.put("/mode", {"mode": afterwards.value})


@dataclass
class _Writer:
    """Sends the parts one by one; `refused` is what the registry would not take, and why."""

    remote: Remote
    snapshot: Snapshot
    there: Snapshot
    refused: dict[str, str] = field(default_factory=dict)

    def send_versions(self) -> None:
        """What is not there, each after what it refers to; deletions last, users first."""
        sent = [
            (name, entry) for name, entry in _in_order(self.snapshot) if self.there.entry(name, entry.number) is None
        ]
        for name, entry in sent:
            body = _body(self.snapshot.contents[entry.schema_id], entry)
            path = f"/subjects/{segment(name)}/versions"
            self._try(f"version {entry.number} of '{name}'", self.remote.post, path, body)
        for name, entry in reversed(sent):
            what = f"version {entry.number} of '{name}'"
            if entry.deleted and what not in self.refused:
                self._try(what, self.remote.delete, f"/subjects/{segment(name)}/versions/{entry.number}")

    def send_settings(self) -> None:
        """What is not so already."""
        scopes = [(f"'{name}'", f"/{segment(name)}", entry) for name, entry in sorted(self.snapshot.subjects.items())]
        before = {f"'{name}'": entry for name, entry in self.there.subjects.items()}
        for name, path, entry in scopes:
            if entry.config != before.get(name, SubjectEntry()).config:
                self._send_config(name, path, entry.config)
        if self.snapshot.config != self.there.config:
            self._send_config("the registry", "", self.snapshot.config)
        for name, path, entry in scopes:
            if entry.mode not in (None, before.get(name, SubjectEntry()).mode):
                self._try(f"the mode of {name}", self.remote.put, f"/mode{path}", {"mode": str(entry.mode)})

    def _send_config(self, name: str, path: str, config: JsonObject | None) -> None:
        if config is not None:
            body = {key: value for key, value in config.items() if key != "compatibilityLevel"}
            body["compatibility"] = config["compatibilityLevel"]
            self._try(f"the config of {name}", self.remote.put, f"/config{path}", body)

    def _try(self, what: str, ask: Callable[..., Json], *arguments: Json) -> None:
        try:
            ask(*arguments)
        except RemoteError as error:
            self.refused[what] = error.told


def _body(content: Content, entry: VersionEntry) -> JsonObject:
    # "AVRO" is left out, for registries that are older than the field.
    body = {key: value for key, value in content.to_json().items() if key not in ("guid", "schemaType")}
    return body | {"id": entry.schema_id, "version": entry.number}


def _in_order(snapshot: Snapshot) -> list[tuple[str, VersionEntry]]:
    """Every version after the ones before it in its subject, and after those that it refers to."""
    ordered: dict[tuple[str, int], VersionEntry] = {}
    begun: set[tuple[str, int]] = set()
    pending = [(name, entry, False) for name, entry in reversed([*snapshot.entries()])]
    while pending:
        name, entry, ready = pending.pop()
        key = (name, entry.number)
        if ready:
            ordered[key] = entry
        elif key not in begun:
            begun.add(key)
            pending.append((name, entry, True))
            pending += [(*needed, False) for needed in _needed(snapshot, name, entry)]
    return [(name, entry) for (name, _), entry in ordered.items()]


def _needed(snapshot: Snapshot, name: str, entry: VersionEntry) -> Iterator[tuple[str, VersionEntry]]:
    for reference in snapshot.contents[entry.schema_id].references:
        versions = snapshot.subjects[reference.subject].versions if reference.subject in snapshot.subjects else ()
        for version in versions:
            if reference.version in (version.number, -1):
                yield reference.subject, version
    for earlier in snapshot.subjects[name].versions:
        if earlier.number < entry.number:
            yield name, earlier
