"""A local copy of the topic of counts, so that a restart reads only what is new there. The topic is the truth.

SQLite keeps the counts and, in the same transaction, up to which offset of each partition of the topic they are
read. A copy that cannot be of this topic (another cluster's, or behind its end) is emptied and read anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from consumers.counts.windows import Count, Window
from consumers.faults import ConsumerError

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS origin (id INTEGER PRIMARY KEY CHECK (id = 0), cluster TEXT NOT NULL, topic TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS position (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS count (
    bucket BLOB PRIMARY KEY,
    source TEXT NOT NULL,
    partition INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    value TEXT NOT NULL,
    count INTEGER NOT NULL,
    next_offset INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_partition ON count (source, partition);
"""
# A zombie may have written an older count behind a newer one: the one that includes most stands.
_PUT: Final = """
INSERT INTO count VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (bucket) DO UPDATE
SET count = excluded.count, next_offset = excluded.next_offset WHERE excluded.next_offset > count.next_offset
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One record of the topic: `entry` is None where the bucket was deleted. `end` is the offset behind it."""

    partition: int
    end: int
    bucket: bytes
    entry: tuple[str, Window, Count] | None


@dataclass(slots=True)
class CountStore:
    """`folder` None keeps the copy in memory, for the life of the process. One process at a time has a folder."""

    folder: Path | None = None
    _database: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        try:
            self._database = _open(self.folder)
        except (OSError, sqlite3.Error) as error:
            raise ConsumerError(
                f"the local copy of the counts in {self.folder} cannot be used ({error}): give each process a folder "
                f"of its own (--state-dir), or delete what is in it: it is read again from the topic"
            ) from error

    def positions(self, cluster: str, topic: str, ends: Mapping[int, int]) -> dict[int, int]:
        """From where each partition of the topic has to be read; the beginning, where the copy is not of this topic."""
        with closing(self._database.execute("SELECT cluster, topic FROM origin")) as rows:
            origin = rows.fetchone()
        with closing(self._database.execute("SELECT partition, next_offset FROM position")) as rows:
            kept = dict(rows.fetchall())
        if origin != (cluster, topic) or any(offset > ends.get(number, 0) for number, offset in kept.items()):
            self._empty(cluster, topic)
            kept = {}
        return {number: kept.get(number, 0) for number in ends}

    def keep(self, records: Iterable[Kept]) -> None:
        """Take some records and how far they reach, all or nothing."""
        with self._transaction():
            for record in records:
                if record.entry is None:
                    self._database.execute("DELETE FROM count WHERE bucket = ?", (record.bucket,))
                else:
                    source, window, count = record.entry
                    row = (record.bucket, source, *window, count.count, count.next_offset)
                    self._database.execute(_PUT, row)
                self._database.execute("INSERT OR REPLACE INTO position VALUES (?, ?)", (record.partition, record.end))

    def counts(self, source: str, partition: int) -> Iterator[tuple[Window, Count]]:
        """What is known of one partition of `source`."""
        question = "SELECT start_ms, value, count, next_offset FROM count WHERE source = ? AND partition = ?"
        with closing(self._database.execute(question, (source, partition))) as rows:
            for start_ms, value, count, next_offset in rows:
                yield Window(partition, start_ms, value), Count(count, next_offset)

    def close(self) -> None:
        self._database.close()

    def _empty(self, cluster: str, topic: str) -> None:
        with self._transaction():
            for table in ("origin", "position", "count"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - no name comes from outside
            self._database.execute("INSERT INTO origin VALUES (0, ?, ?)", (cluster, topic))

    def _transaction(self) -> sqlite3.Connection:
        """To be used in a `with`: committed at its end, rolled back on an error."""
        self._database.execute("BEGIN IMMEDIATE")
        return self._database


def _open(folder: Path | None) -> sqlite3.Connection:
    """Raises OSError and sqlite3.Error."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    place = ":memory:" if folder is None else str(folder / "counts.db")
    database = sqlite3.connect(place, timeout=1, check_same_thread=False, isolation_level=None)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        # After a power cut the copy may be older than it was, and is never torn: the rest is read again.
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_TABLES)
    except BaseException:
        database.close()
        raise
    return database
