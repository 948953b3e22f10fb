"""`pipeline deploy record`, `check` and `expire`.

The JSON of `check` is an object: `status` ("yes" or "no"), `environments`, `notes`, and `reasons`, each with
`environment`, `contract`, `reader`, `reader_version`, `writer` (null for records of the past), `writer_version`,
`message`, `hint` and `incompatibility`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from codegen.contract import InvalidContract, read_contracts
from codegen.nodes import Json
from tools.deployments.file import FILE_NAME, DeploymentFile, DeploymentStore
from tools.deployments.model import Deployments, Retained, Role, Running
from tools.deployments.verdict import Refusal, Schemas, refusals
from tools.errors import UserError

_SPEC: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)@v?([1-9][0-9]{0,8})")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class BadQuestion(UserError):
    """The command does not say what it is about."""


class NotSafe(UserError):
    """What was to be recorded only if it is safe is not; nothing was recorded."""

    exit_code = 1

    def __init__(self, reasons: Sequence[Refusal]) -> None:
        super().__init__("nothing was recorded: " + "; ".join(f"{one.message}; {one.hint}" for one in reasons))


@dataclass(frozen=True, slots=True)
class Release:
    """What one application reads and writes: texts of the form CONTRACT@VERSION."""

    app: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    def entries(self, env: str) -> list[Running]:
        """The same as values. Raises BadQuestion."""
        return [
            Running(env, contract, role, self.app, version)
            for role, texts in ((Role.READS, self.reads), (Role.WRITES, self.writes))
            for contract, version in map(parse_spec, texts)
        ]


def parse_spec(text: str) -> tuple[str, int]:
    """`user_action@3` as contract and version. Raises BadQuestion."""
    match = _SPEC.fullmatch(text)
    if match is None:
        raise BadQuestion(f"{text!r} is no version of a contract: write it as user_action@3")
    return match.group(1), int(match.group(2))


def store_of(root: Path, file: str | None = None) -> DeploymentFile:
    """Where the project at `root` keeps its deployments."""
    return DeploymentFile(root / (file or FILE_NAME))


def run_record(
    root: Path,
    store: DeploymentStore,
    release: Release,
    env: str,
    out: TextIO,
    *,
    done: bool = False,
    remove: bool = False,
    if_safe: bool = False,
) -> int:
    """Record that `release` runs in `env` beside what runs there, or (`done`) instead of the same application's other
    versions, or (`remove`) no more; without versions, `remove` is about all of the application.

    With `if_safe` the question of `run_check` is asked in the same step. Raises NotSafe and UserError.
    """
    _check_names(release.app, env)
    entries = release.entries(env)
    if not entries and not remove:
        raise BadQuestion("say what it reads or writes: --reads CONTRACT@N or --writes CONTRACT@N")
    if remove and (done or if_safe):
        raise BadQuestion("--remove goes with neither --done nor --if-safe: what is gone harms nobody")
    if remove:
        gone = store.change(lambda now: now.stop(entries) if entries else now.stop_app(env, release.app))
        out.writelines(f"{line}\n" for line in _state_lines(gone, env, release.app))
        return 0
    schemas = _schemas(root)
    for one in entries:
        schemas.version(one.contract, one.version)

    def edit(before: Deployments) -> Deployments:
        if if_safe and (reasons := refusals(before, entries, schemas)):
            raise NotSafe(reasons)
        return before.finish(entries) if done else before.start(entries)

    after = store.change(edit)
    out.writelines(f"{line}\n" for line in _state_lines(after, env, release.app))
    out.writelines(f"warning: {one.message}; {one.hint}\n" for one in refusals(after, entries, schemas))
    return 0


def run_check(
    root: Path, store: DeploymentStore, release: Release | None, env: str | None, format_: str, out: TextIO
) -> int:
    """May `release` be deployed to `env` (to any, without one)? Without a release: can everybody read everything?

    Gives 0 for yes, 1 for no. Raises UserError where it cannot be said.
    """
    if release is not None:
        _check_names(release.app, env or "any")
    if release is not None and not (release.reads or release.writes):
        raise BadQuestion(f"say what {release.app} would read or write: --reads CONTRACT@N or --writes CONTRACT@N")
    deployments, schemas = store.load(), _schemas(root)
    # Also where nothing runs yet a release must read what it writes itself.
    environments = (env,) if env is not None else (deployments.environments or ("any environment",))
    notes = [f"nothing is recorded of {name}" for name in environments if name not in deployments.environments]
    asked = [
        one
        for name in environments
        for one in (release.entries(name) if release is not None else _running_in(deployments, name))
    ]
    for one in asked if release is not None else ():
        schemas.version(one.contract, one.version)
    reasons = refusals(deployments, asked, schemas)
    _write_answer(reasons, environments, notes, format_, out)
    return 1 if reasons else 0


def run_expire(store: DeploymentStore, spec: str, env: str, out: TextIO) -> int:
    """Record that the topic in `env` holds no record of a version any more. Raises StillWritten and UserError."""
    contract, version = parse_spec(spec)
    gone = Retained(env, contract, version)
    known = store.load()
    if gone not in known.retained:
        held = ", ".join(str(number) for number in known.retained_versions(env, contract)) or "none"
        raise BadQuestion(f"version {version} of {contract} is not recorded in {env}; recorded versions there: {held}")
    after = store.change(lambda before: before.expire(gone))
    left = ", ".join(str(number) for number in after.retained_versions(env, contract)) or "none"
    out.write(f"{env}: version {version} of {contract} is gone; versions that its topic may still hold: {left}\n")
    return 0


def _check_names(app: str, env: str) -> None:
    for what, name in (("application", app), ("environment", env)):
        if not _NAME.fullmatch(name):
            raise BadQuestion(f"{name!r} is no name of an {what}: use letters, digits, '.', '_' and '-'")


def _schemas(root: Path) -> Schemas:
    try:
        return Schemas.of(read_contracts(root / "schemas"))
    except InvalidContract as error:
        raise UserError(f"the contracts cannot be read: {error.faults[0]}") from None


def _running_in(deployments: Deployments, env: str) -> list[Running]:
    return [one for one in deployments.running if one.env == env]


def _state_lines(deployments: Deployments, env: str, app: str) -> list[str]:
    entries = sorted(one for one in deployments.running if (one.env, one.app) == (env, app))
    if not entries:
        return [f"{env}: nothing of {app} runs"]
    return [f"{env}: {app} {one.role} version {one.version} of {one.contract}" for one in entries]


def _write_answer(
    reasons: Sequence[Refusal], environments: Sequence[str], notes: Sequence[str], format_: str, out: TextIO
) -> None:
    if format_ == "json":
        answer: dict[str, Json] = {
            "status": "no" if reasons else "yes",
            "environments": list(environments),
            "notes": list(notes),
            "reasons": [_reason_json(one) for one in reasons],
        }
        out.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
        return
    out.writelines(f"{one.message}\n  help: {one.hint}\n" for one in reasons)
    out.writelines(f"note: {note}\n" for note in notes)
    out.write(f"{'no' if reasons else 'yes'}: {', '.join(environments)}\n")


def _reason_json(one: Refusal) -> dict[str, Json]:
    return {
        "environment": one.env,
        "contract": one.contract,
        "reader": one.reader,
        "reader_version": one.reader_version,
        "writer": one.writer,
        "writer_version": one.writer_version,
        "message": one.message,
        "hint": one.hint,
        "incompatibility": one.incompatibility.as_json(),
    }
