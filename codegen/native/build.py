"""Builds the compiled transcoder, finds the one that was built, and says whether it is in use.

A library is named after the digest of the source that it was made of, and one of another name is never loaded: what is
stale is as good as not there. Of a schema nothing is compiled in, so that a new version needs no new build.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from functools import lru_cache
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Final

_NAME: Final = "json_to_avro"
_SOURCE: Final = Path(__file__).parent / f"{_NAME}.pyx"
HERE: Final = Path(__file__).parent


class NoBuild(Exception):
    """The compiled transcoder cannot be built here; the text says what is missing, and what to do."""


def library_path(folder: Path = HERE) -> Path:
    """Where the library of the present source is, if it was built by a Python like this one."""
    digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]
    return folder / f"{_NAME}-{digest}{sysconfig.get_config_var('EXT_SUFFIX')}"


def stale_libraries(folder: Path = HERE) -> list[Path]:
    """What was built of another source, and is not loaded by this Python."""
    suffix, current = sysconfig.get_config_var("EXT_SUFFIX"), library_path(folder)
    return sorted(path for path in folder.glob(f"{_NAME}-*{suffix}") if path != current)


@lru_cache
def load_engine(folder: Path = HERE) -> ModuleType | None:
    """The compiled module, or None where none was built of the present source."""
    path = library_path(folder)
    if not path.exists():
        return None
    name = f"{__package__}.{_NAME}"
    spec = spec_from_loader(name, ExtensionFileLoader(name, str(path)))
    if spec is None or spec.loader is None:
        return None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(folder: Path = HERE) -> Path:
    """Compile the source into `folder`, in place of what was there. Raises NoBuild."""
    target, linker = library_path(folder), _linker()
    with tempfile.TemporaryDirectory() as scratch:
        c_file, library = Path(scratch) / f"{_NAME}.c", Path(scratch) / target.name
        _run([sys.executable, "-m", "cython", "-3", str(_SOURCE), "-o", str(c_file)], "Cython")
        include = sysconfig.get_paths()["include"]
        if not (Path(include) / "Python.h").exists():
            raise NoBuild(f"the headers of this Python are not in {include}: install its development package")
        # CC and CFLAGS are the conventional names, which every build of an extension obeys.
        flags = ["-O2", "-fPIC", *shlex.split(os.environ.get("CFLAGS", ""))]
        _run([*linker, *flags, f"-I{include}", str(c_file), "-o", str(library)], "the C compiler")
        for old in stale_libraries(folder):
            old.unlink()
        # Beside the target first: a process that loads it meanwhile finds all of it or nothing.
        waiting = shutil.copy(library, folder / f".{os.getpid()}-{target.name}")
        Path(waiting).replace(target)
    load_engine.cache_clear()
    return target


def remove(folder: Path = HERE) -> list[Path]:
    """Remove what this Python would load, and what is stale."""
    found = [path for path in (library_path(folder), *stale_libraries(folder)) if path.exists()]
    for path in found:
        path.unlink()
    load_engine.cache_clear()
    return found


def _linker() -> list[str]:
    """The command that makes a shared library here, with the compiler that is there. Raises NoBuild."""
    command = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
    chosen = shlex.split(os.environ.get("CC", ""))
    for compiler in [chosen] if chosen else [command[:1], ["cc"], ["gcc"], ["clang"]]:
        if shutil.which(compiler[0]):
            return [*compiler, *command[1:]]
    wanted = f"the C compiler {shlex.join(chosen)} (CC) is" if chosen else "a C compiler (cc, gcc, clang) is"
    raise NoBuild(f"{wanted} not on this machine: install one, or stay with the pure Python, which needs none")


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No module named cython" in done.stderr:
        raise NoBuild("Cython is not installed: `make compiled` installs it, and builds")
    if done.returncode != 0:
        raise NoBuild(f"{what} failed with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
