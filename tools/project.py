"""The project that a command acts on: found upward from the current folder, or named with --root."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tools.errors import UserError

_ENTRY: Final = Path("tools") / "cli.py"
# The gate needs contracts alone: another repository's hook runs it where there is no code of ours.
_NEEDS_CONTRACTS_ALONE: Final = "schema"
# What a copy of a project leaves behind: environments, histories and caches.
_NOT_COPIED: Final = (".venv*", ".git", ".*_cache", "__pycache__", ".hypothesis", ".pipeline", ".coverage*", "*.pyc")


class NoProject(UserError):
    """There is no project where one is needed."""


def project_for(named: Path | None, command: str | None) -> Path:
    """The project that `command` acts on: the one that is named, or the nearest around the current folder.

    Raises NoProject.
    """
    is_enough = has_contracts if command == _NEEDS_CONTRACTS_ALONE else is_project
    if named is None:
        return find_project(Path.cwd(), is_enough)
    if not is_enough(named.resolve()):
        code = "" if is_enough is has_contracts else " and the code beside it"
        raise NoProject(f"{named} is no project: it needs schemas/{code}")
    return named.resolve()


def find_project(start: Path, is_enough: Callable[[Path], bool] | None = None) -> Path:
    """The nearest folder at or above `start` that is a project, or that is enough for what is wanted.

    Raises NoProject.
    """
    for folder in (start, *start.parents):
        if (is_enough or is_project)(folder):
            return folder
    raise NoProject(f"there is no project at or above {start}: go into your clone, or name it with --root DIR")


def is_project(folder: Path) -> bool:
    """Whether the folder holds `schemas/` and this code."""
    return has_contracts(folder) and (folder / _ENTRY).is_file()


def has_contracts(folder: Path) -> bool:
    """Whether the folder holds `schemas/`, with or without the code."""
    return (folder / "schemas").is_dir()


def this_code() -> Path:
    """The folder of the project from which the running code was loaded."""
    return Path(__file__).resolve().parent.parent


def project_environment(root: Path, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which Python takes codegen, tools and the rest from `root`, whatever is installed."""
    environment = dict(os.environ if base is None else base)
    others = environment.get("PYTHONPATH", "")
    paths = [str(root), *(path for path in others.split(os.pathsep) if path and path != str(root))]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment


def copy_project(root: Path, target: Path) -> Path:
    """Copy a project without its environment, history and caches; gives back `target`."""
    import shutil  # only a copy needs it, and every command loads this module

    shutil.copytree(root, target, ignore=shutil.ignore_patterns(*_NOT_COPIED), dirs_exist_ok=True)
    return target
