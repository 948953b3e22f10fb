"""Where deployments are kept: a file of the project, in an order that makes merges easy.

[production.user_action]
retained = [1, 2]

[production.user_action.readers]
billing = [1, 2]

[production.user_action.writers]
producer_api = [2]
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from tools.deployments.model import Deployments, Retained, Role, Running
from tools.errors import UserError

FILE_NAME: Final = "deployments.toml"
_TABLES: Final = {"readers": Role.READS, "writers": Role.WRITES}
_HEAD: Final = "# What really runs, and which versions the topics may still hold. Written by `pipeline deploy`.\n"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_LOCK_WITHIN_S: Final = 10.0


class UnreadableDeployments(UserError):
    """What is recorded cannot be read, or not be written."""


class DeploymentStore(Protocol):
    """A place where deployments are kept; whatever it is, a change is one step that nobody else comes between."""

    def load(self) -> Deployments:
        """What is recorded; nothing where nothing ever was."""

    def change(self, edit: Callable[[Deployments], Deployments]) -> Deployments:
        """Replace what is recorded by what `edit` makes of it, and give that back; if it raises, nothing changes."""


class DeploymentFile:
    """Deployments in a TOML file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Deployments:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Deployments()
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableDeployments(f"{self.path} cannot be read ({error}): make it a readable file") from None
        try:
            return _parse(tomllib.loads(text))
        except ValueError as error:
            raise UnreadableDeployments(f"{self.path} cannot be understood: {error}; correct it by hand") from None

    def change(self, edit: Callable[[Deployments], Deployments]) -> Deployments:
        with self._locked():
            before = self.load()
            after = edit(before)
            if after != before:
                self._write(to_toml(after))
        return after

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The lock is on the folder: the file itself is replaced, and a lock file would stay behind."""
        try:
            folder = os.open(self.path.parent, os.O_RDONLY)
        except OSError as error:
            raise UnreadableDeployments(f"{self.path} cannot be written: {error.strerror}") from None
        try:
            deadline = time.monotonic() + _LOCK_WITHIN_S
            while not _try_lock(folder):
                if time.monotonic() > deadline:
                    raise UnreadableDeployments(
                        f"another process has held {self.path} for {_LOCK_WITHIN_S:g} s: wait for it, or end it"
                    )
                time.sleep(0.01)
            yield
        finally:
            os.close(folder)  # which gives the lock back

    def _write(self, text: str) -> None:
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with draft.open("w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(self.path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise UnreadableDeployments(f"{self.path} cannot be written: {error.strerror}") from None


def read_deployments(root: Path) -> Deployments:
    """What the project at `root` has recorded. Raises UserError for a file that cannot be understood."""
    return DeploymentFile(root / FILE_NAME).load()


def to_toml(deployments: Deployments) -> str:
    """The text of the file: tables and keys in order, one application to a line."""
    tables: dict[tuple[str, str, str], dict[str, list[int]]] = {}
    for kept in sorted(deployments.retained):
        tables.setdefault((kept.env, kept.contract, ""), {}).setdefault("retained", []).append(kept.version)
    names = {role: name for name, role in _TABLES.items()}
    for one in sorted(deployments.running):
        table = tables.setdefault((one.env, one.contract, names[one.role]), {})
        table.setdefault(one.app, []).append(one.version)
    lines = [_HEAD]
    for place, entries in sorted(tables.items()):
        lines.append(f"\n[{'.'.join(_key(part) for part in place if part)}]\n")
        lines += [f"{_key(name)} = {versions}\n" for name, versions in sorted(entries.items())]
    return "".join(lines)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)


def _parse(content: dict[str, Any]) -> Deployments:
    running: set[Running] = set()
    retained: set[Retained] = set()
    for env, contracts in _table(content, "the file").items():
        for contract, parts in _table(contracts, env).items():
            where = f"{env}.{contract}"
            for name, part in _table(parts, where).items():
                if name == "retained":
                    retained |= {Retained(env, contract, number) for number in _versions(part, f"{where}.retained")}
                elif name in _TABLES:
                    for app, numbers in _table(part, f"{where}.{name}").items():
                        found = _versions(numbers, f"{where}.{name}.{app}")
                        running |= {Running(env, contract, _TABLES[name], app, number) for number in found}
                else:
                    raise ValueError(f"{where} has {name!r}, and only retained, readers and writers are known")
    return Deployments(frozenset(running), frozenset(retained)).start(running)


def _table(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is {value!r}, not a table")  # noqa: TRY004 - caught with TOML's own ValueError
    return value


def _versions(value: object, where: str) -> list[int]:
    if not isinstance(value, list) or not all(type(number) is int and number > 0 for number in value):
        raise ValueError(f"{where} is {value!r}, not a list of versions such as [1, 2]")
    return value


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
