"""Generated files on disk: written whole or not at all, compared by content, orphans told apart from other files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TextIO

from codegen.faults import Stopped
from codegen.render import MARKER


class ForeignFile(Stopped):
    """A file that codegen did not make stands where it would write."""


def compare_output(folder: Path, files: Mapping[PurePosixPath, str], out: TextIO) -> int:
    """Print a diff of everything that is missing, differs or is orphaned; 1 if there is anything, else 0."""
    drift = 0
    for path, text in sorted(files.items()):
        target = folder / path
        there = _read(target) or ""
        if there != text:
            import difflib

            drift += 1
            before = f"a/{path}" if there else "/dev/null"
            lines = difflib.unified_diff(there.splitlines(True), text.splitlines(True), before, f"b/{path}")
            out.writelines(lines)
    for orphan in find_orphans(folder, files):
        drift += 1
        print(f"{orphan}: no contract makes this file any more; run `python -m codegen --clean`", file=out)
    if drift:
        print(f"{drift} generated file(s) differ from the contracts; run `python -m codegen`", file=out)
    return 1 if drift else 0


def write_output(folder: Path, files: Mapping[PurePosixPath, str], *, clean: bool, out: TextIO) -> int:
    """Write what differs, each file in one step, and say so. Raises ForeignFile before anything is written."""
    for path in files:
        target = folder / path
        if MARKER not in (_read(target) or MARKER):
            raise ForeignFile(f"{target} was not generated: move it away")
    written = [path for path, text in sorted(files.items()) if _write(folder / path, text)]
    for path in written:
        print(f"wrote {folder / path}", file=out)
    orphans = find_orphans(folder, files)
    for orphan in orphans:
        if clean:
            orphan.unlink()
            if not any(orphan.parent.glob("*.py")):
                _remove_folder(orphan.parent)
        print(f"removed {orphan}" if clean else f"orphan: {orphan} (remove it with --clean)", file=out)
    if not written and not orphans:
        print(f"{len(files)} generated files are up to date", file=out)
    return 0


def find_orphans(folder: Path, files: Mapping[PurePosixPath, str]) -> list[Path]:
    """Files that codegen made once and would not make now."""
    known = {folder / path for path in files}
    return [path for path in sorted(folder.rglob("*.py")) if path not in known and MARKER in (_read(path) or "")]


def _read(path: Path) -> str | None:
    """The text of a file, byte for byte where it is UTF-8, or None if there is no such file."""
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else None


def _remove_folder(folder: Path) -> None:
    """Remove what is left of a contract's package: its byte-code cache and the empty folder."""
    cache = folder / "__pycache__"
    for path in cache.glob("*.pyc") if cache.is_dir() else ():
        path.unlink()
    for empty in (cache, folder):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


def _write(target: Path, text: str) -> bool:
    if _read(target) == text:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    temporary.replace(target)
    return True
