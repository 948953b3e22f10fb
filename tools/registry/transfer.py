"""`pipeline registry export`, `import` and `migrate`: from a file, a registry's file or a URL to another of them."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from tools.errors import UserError
from tools.registry.model import Caller
from tools.registry.remote import Remote
from tools.registry.remote_reading import Reading, read_remote
from tools.registry.remote_writing import write_remote
from tools.registry.snapshot import Snapshot
from tools.registry.snapshot_store import legal_part, read_store, write_store
from tools.registry.snapshot_text import from_text, to_text
from tools.registry.store import MEMORY, Store

STANDARD: Final = "-"


@contextmanager
def opened(db: str, *, existing: bool) -> Iterator[Store]:
    if existing and (db == MEMORY or not Path(db).exists()):
        raise UserError(f"there is no registry in {db}; give its file with --db, or its --url")
    store = Store(db)
    try:
        yield store
    finally:
        store.close()


def export(file: str, source: str | Remote, err: TextIO) -> int:
    """Write everything to a file; 1 where a part of it could not be had."""
    reading = _read(source)
    text = to_text(reading.snapshot).encode()
    if file == STANDARD:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    else:
        try:
            Path(file).write_bytes(text)
        except OSError as error:
            raise UserError(f"{file} cannot be written ({error.strerror})") from error
    return _report(f"exported {_counted(reading.snapshot)}", reading.lost, reading.notes, err)


def import_(file: str, target: str | Remote, err: TextIO, *, reason: str | None, merge: bool) -> int:
    """Read everything from a file; 1 where the target did not take a part of it."""
    name = "standard input" if file == STANDARD else file
    try:
        text = sys.stdin.buffer.read() if file == STANDARD else Path(file).read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror})") from error
    snapshot = from_text(text, name)
    lost, notes = _write(snapshot, target, name, reason, merge=merge)
    return _report(f"imported {_counted(snapshot)}", lost, notes, err)


def migrate(source: Remote, target: str | Remote, err: TextIO, *, reason: str | None, merge: bool) -> int:
    """Carry everything over; 1 where a part could not be carried."""
    reading = _read(source)
    snapshot, illegal = legal_part(reading.snapshot)
    lost, notes = _write(snapshot, target, source.url, reason, merge=merge)
    lost, notes = [*reading.lost, *illegal, *lost], [*reading.notes, *notes]
    return _report(f"migrated {_counted(snapshot)} from {source.url}", lost, notes, err)


def _read(source: str | Remote) -> Reading:
    if isinstance(source, Remote):
        return read_remote(source)
    with opened(source, existing=True) as store:
        return Reading(read_store(store))


def _write(
    snapshot: Snapshot, target: str | Remote, source: str, reason: str | None, *, merge: bool
) -> tuple[list[str], list[str]]:
    if isinstance(target, Remote):
        notes = ["the times of registration are those of this import: the API takes no others"]
        if snapshot.highest_id > max(snapshot.contents, default=0):
            notes.append(f"ids up to {snapshot.highest_id} were given before; the API cannot say so")
        return write_remote(target, snapshot, merge=merge), notes
    with opened(target, existing=False) as store:
        write_store(store, snapshot, Caller(getpass.getuser(), reason), source, merge=merge)
    return [], []


def _counted(snapshot: Snapshot) -> str:
    return ", ".join(f"{count} {what}" for what, count in snapshot.counts().items())


def _report(done: str, lost: Sequence[str], notes: Sequence[str], err: TextIO) -> int:
    print(done, file=err)
    for note in notes:
        print(f"note: {note}", file=err)
    for line in lost:
        print(f"not carried: {line}", file=err)
    return 1 if lost else 0
