"""A snapshot of any registry that speaks Confluent's REST API, and what of it a snapshot cannot hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from codegen.nodes import Json
from tools.errors import UserError
from tools.registry.errors import RegistryError
from tools.registry.model import Content, JsonObject, Mode
from tools.registry.remote import NOT_FOUND, Remote, RemoteError, segment
from tools.registry.requests import CONFIG_NAMES, config_change, mode_change
from tools.registry.snapshot import PLAIN_CONFIG, Snapshot, SubjectEntry, VersionEntry
from tools.registry.snapshot_parts import read_content

_CONTEXT_MARK = ":."


@dataclass
class Reading:
    """What was found; `lost` is what cannot be carried, `notes` what is worth knowing."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    lost: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_remote(remote: Remote) -> Reading:
    """Raises UserError where the registry cannot be read at all."""
    reading = Reading()
    contents: dict[int, Content] = {}
    subjects: dict[str, SubjectEntry] = {}
    for name in _names(remote.get("/subjects?deleted=true"), remote):
        if name.startswith(_CONTEXT_MARK):
            reading.lost.append(f"subject '{name}': it is in a context; there is only the default one here")
            continue
        versions = _versions(remote, name, contents, reading)
        config = _config(remote, f"/config/{segment(name)}", f"subject '{name}'", reading)
        mode = _mode(remote, f"/mode/{segment(name)}", f"subject '{name}'", reading)
        if versions or config is not None or mode is not None:
            subjects[name] = SubjectEntry(versions, config, mode)
    config = _config(remote, "/config", "the registry", reading)
    mode = _mode(remote, "/mode", "the registry", reading)
    reading.snapshot = Snapshot(
        contents,
        subjects,
        None if config == PLAIN_CONFIG else config,
        None if mode is Mode.READWRITE else mode,
        _highest_id(remote, contents),
    )
    for name, entry in subjects.items():
        gone = sorted(set(range(1, entry.versions[-1].number)) - {version.number for version in entry.versions})
        if gone:
            told = ", ".join(map(str, gone[:10])) + (" …" if len(gone) > 10 else "")
            reading.notes.append(f"subject '{name}': no version {told} is left there; the numbers stay unused")
    return reading


def _names(answer: Json, remote: Remote) -> list[str]:
    if not isinstance(answer, list):
        raise UserError(f"what answers at {remote.url}/subjects is no schema registry: it sends no list of subjects")
    return sorted(str(name) for name in answer)


def _versions(remote: Remote, name: str, contents: dict[int, Content], reading: Reading) -> tuple[VersionEntry, ...]:
    path = f"/subjects/{segment(name)}/versions"
    numbers, live = _numbers(remote.find(path + "?deleted=true")), set(_numbers(remote.find(path)))
    found = []
    for number in numbers:
        place = f"version {number} of '{name}'"
        answer = remote.find(f"{path}/{number}?deleted=true")
        if not isinstance(answer, dict):
            reading.lost.append(f"{place}: the registry lists it and does not give it")
            continue
        entry = _entry(answer, number, deleted=number not in live)
        content = _content(answer, place, reading)
        if entry is None or content is None:
            continue
        if contents.setdefault(entry.schema_id, content) != content:
            reading.lost.append(f"{place}: the id {entry.schema_id} is another schema in another subject")
            continue
        found.append(entry)
    return tuple(found)


def _numbers(answer: Json) -> list[int]:
    return sorted(number for number in answer if isinstance(number, int)) if isinstance(answer, list) else []


def _entry(answer: JsonObject, number: int, *, deleted: bool) -> VersionEntry | None:
    schema_id, registered_ms = answer.get("id"), answer.get("ts")
    if not isinstance(schema_id, int):
        return None
    return VersionEntry(number, schema_id, deleted, registered_ms if isinstance(registered_ms, int) else 0)


def _content(answer: JsonObject, place: str, reading: Reading) -> Content | None:
    kind = answer.get("schemaType") or "AVRO"
    if kind != "AVRO":
        reading.lost.append(f"{place}: its type is {kind}, and only AVRO is known here")
        return None
    try:
        content, parts = read_content(answer)
    except RegistryError as error:
        reading.lost.append(f"{place}: {error.message}")
        return None
    reading.lost += [f"{place}: {part} is not known here" for part in parts]
    return content


def _config(remote: Remote, path: str, place: str, reading: Reading) -> JsonObject | None:
    answer = remote.find(path)
    if not isinstance(answer, dict) or _is_nothing(answer, remote, path):
        return None
    unknown = sorted(key for key in answer.keys() - CONFIG_NAMES if answer[key] is not None)
    reading.lost += [f"{place}: the config's {key} is not known here" for key in unknown]
    try:
        return config_change(answer | {"compatibility": answer.get("compatibilityLevel")}).set_fields()
    except RegistryError as error:
        reading.lost.append(f"{place}: its config cannot be kept ({error.message})")
        return None


def _is_nothing(config: JsonObject, remote: Remote, path: str) -> bool:
    """Whether NONE says that there is no config: Apicurio then answers the level that holds if it is asked for that.

    Taken at its word, a subject under the registry's own level would come out as one where everything is allowed.
    """
    if config != {"compatibilityLevel": "NONE"} or path == "/config":
        return False
    holds = remote.find(f"{path}?defaultToGlobal=true")
    return isinstance(holds, dict) and holds.get("compatibilityLevel") != "NONE"


def _mode(remote: Remote, path: str, place: str, reading: Reading) -> Mode | None:
    try:
        answer = remote.find(path)
    except RemoteError as error:
        reading.notes.append(f"{place}: the registry does not tell its mode ({error.told})")
        return None
    mode = answer.get("mode") if isinstance(answer, dict) else None
    if mode is None:
        return None
    try:
        return mode_change({"mode": mode})
    except RegistryError:
        reading.lost.append(f"{place}: the mode {mode} is not known here")
        return None


def _highest_id(remote: Remote, contents: dict[int, Content]) -> int:
    """Newer registries tell the highest id that was ever given; of others we know the highest that is there."""
    highest = max(contents, default=0)
    try:
        answer = remote.find(f"/schemas/ids/{highest}?fetchMaxId=true") if highest else None
    except RemoteError as error:
        if error.status == NOT_FOUND:
            raise
        answer = None
    told = answer.get("maxId") if isinstance(answer, dict) else None
    return max(highest, told) if isinstance(told, int) else highest


def without_times(snapshot: Snapshot) -> Snapshot:
    """Over REST a registration has the time at which it is made."""
    subjects = {
        name: replace(entry, versions=tuple(replace(version, registered_ms=0) for version in entry.versions))
        for name, entry in snapshot.subjects.items()
    }
    return replace(snapshot, subjects=subjects)
