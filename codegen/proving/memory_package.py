"""Generated modules as a package in memory, so that they can be proved before anything is written."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any, Self


class MemoryPackage(MetaPathFinder, Loader):
    """While it is entered, `module("user_action.v2")` runs that file; afterwards nothing of it is left in Python."""

    def __init__(self, files: Mapping[PurePosixPath, str], name: str) -> None:
        self._name = name
        self._sources: dict[str, tuple[PurePosixPath, str]] = {}
        for path, text in files.items():
            parts = path.parts[:-1] if path.name == "__init__.py" else (*path.parts[:-1], path.stem)
            self._sources[".".join((name, *parts))] = (path, text)

    def __enter__(self) -> Self:
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)
        for name in [name for name in sys.modules if name == self._name or name.startswith(f"{self._name}.")]:
            del sys.modules[name]

    def module(self, name: str) -> dict[str, Any]:
        """The names of a module, which is run if it was not yet."""
        return importlib.import_module(f"{self._name}.{name}").__dict__

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As Python's import asks for it."""
        del path, target
        found = self._sources.get(fullname)
        if found is None:
            return None
        return ModuleSpec(fullname, self, origin=f"<{found[0]}>", is_package=found[0].name == "__init__.py")

    def exec_module(self, module: ModuleType) -> None:
        """As Python's import asks for it."""
        path, text = self._sources[module.__name__]
        exec(compile(text, f"<{path}>", "exec"), module.__dict__)  # noqa: S102 - our own rendered text
