"""The way into `pipeline`: it takes the code of the project that is meant before it loads anything that costs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tools.project import NoProject, is_project, project_environment, project_for, this_code

_OURS: Final = frozenset({"codegen", "consumers", "producer_api", "tools"})


def main(run_here: Callable[[], None] | None = None) -> None:
    """Run one command with the code of its project: another copy's contracts want that copy's models.

    `run_here` is for this code, where it is loaded already.
    """
    named, command = _named(sys.argv[1:])
    with suppress(NoProject, OSError):  # the command itself says so
        root = project_for(None if named is None else Path(named), command)
        if is_project(root) and root != this_code():
            take_code_from(root)
            run_here = None
    if run_here is not None:
        return run_here()
    from tools.cli import main as run_command

    return run_command()


def take_code_from(root: Path) -> None:
    """Let every import from now on, and every child, take codegen, tools and the rest from `root`.

    What was imported of them stays with whoever has it: call it before anything is.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
        del sys.modules[name]
    sys.path.insert(0, str(root))
    os.environ.update(project_environment(root))


def _named(arguments: Sequence[str]) -> tuple[str | None, str | None]:
    """What follows `--root`, and the command, as the command line reads them."""
    root = None
    words = iter(arguments)
    for word in words:
        if word == "--root":
            root = next(words, None)
        elif word.startswith("--root="):
            root = word.removeprefix("--root=")
        elif not word.startswith("-"):
            return root, word
    return root, None


if __name__ == "__main__":
    main()
