"""The registry's one SQLite file: its tables, how it is opened, and its transactions.

A commit is on the disk before the client hears of it (WAL with `synchronous=FULL`), so that neither `kill -9` nor a
power cut loses an answered registration.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tools.errors import UserError
from tools.registry.errors import store_failure
from tools.registry.rows import Rows

MEMORY: Final = ":memory:"

_FORMAT: Final = 1
_APPLICATION_ID: Final = 0x53525631  # "SRV1": tells our files from other SQLite files
_BUSY_TIMEOUT_S: Final = 10.0

# AUTOINCREMENT keeps an id from being given twice, also after its schema was deleted for good.
_TABLES: Final = """
CREATE TABLE schemas (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL,
    guid TEXT NOT NULL,
    text TEXT NOT NULL,
    schema_references TEXT NOT NULL,
    metadata TEXT,
    rule_set TEXT
) STRICT;
CREATE INDEX schemas_by_fingerprint ON schemas (fingerprint);
CREATE INDEX schemas_by_guid ON schemas (guid);
CREATE TABLE versions (
    subject TEXT NOT NULL,
    version INTEGER NOT NULL,
    schema_id INTEGER NOT NULL REFERENCES schemas (id),
    deleted INTEGER NOT NULL DEFAULT 0,
    registered_ms INTEGER NOT NULL,
    PRIMARY KEY (subject, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX versions_by_schema ON versions (schema_id);
CREATE TABLE used_versions (
    schema_id INTEGER NOT NULL REFERENCES schemas (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (subject, version, schema_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE configs (subject TEXT PRIMARY KEY, config TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE modes (subject TEXT PRIMARY KEY, mode TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    detail TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE TRIGGER audit_keeps_its_rows BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_keeps_its_numbers BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number) BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_keeps_its_words BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
"""


class Store:
    """An open registry file, or `":memory:"`. All threads share one connection, one transaction at a time.

    `max_page_count` bounds the file's size in SQLite pages. Raises UserError where the file cannot be used.
    """

    def __init__(self, path: str | Path, *, max_page_count: int | None = None) -> None:
        self.path = str(path)
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise UserError(f"the registry's file {self.path} cannot be opened ({error}); give another --db") from error
        try:
            self._prepare(max_page_count)
            self._watch = self._open_watch()
        except sqlite3.Error as error:
            self._connection.close()
            raise UserError(f"the registry's file {self.path} cannot be used ({error}); give another --db") from error
        except UserError:
            self._connection.close()
            raise

    def _prepare(self, max_page_count: int | None) -> None:
        run = self._connection.execute
        run("PRAGMA foreign_keys = ON")
        (application_id,) = run("PRAGMA application_id").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and application_id != _APPLICATION_ID:
            raise UserError(f"{self.path} is the SQLite file of another program; give another --db")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        if max_page_count is not None:
            # PRAGMA takes no parameters; an integer cannot carry SQL.
            run(f"PRAGMA max_page_count = {int(max_page_count)}")
        run("BEGIN IMMEDIATE")
        (version,) = run("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in _statements(_TABLES):
                run(statement)
            run(f"PRAGMA application_id = {_APPLICATION_ID}")
            run(f"PRAGMA user_version = {_FORMAT}")
        run("COMMIT")
        if version > _FORMAT:
            raise UserError(f"{self.path} was written by a newer version of this program; use that one")

    def _open_watch(self) -> sqlite3.Connection | None:
        """A connection that sees the commits of others without waiting for our own. In memory there are no others."""
        if self.path == MEMORY:
            return None
        return sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)

    @property
    def state(self) -> object:
        """Equal as long as nothing was committed, by this process or another one. To be asked by one thread.

        Source: SQLite, `PRAGMA data_version`, which changes with each commit of another connection: all of them, to
        one that only watches. In memory, the rows that were changed are counted, at the latest when they are committed.
        """
        if self._watch is None:
            return self._connection.total_changes
        try:
            (version,) = self._watch.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            return object()  # equal to nothing: the file is busy or broken, and whoever reads it will say so
        return version

    @contextmanager
    def writing(self, action: str) -> Iterator[Rows]:
        """One transaction that no other writer can come between. Rolled back on any exception.

        Raises RegistryError 50001 where the file fails (a full disk, say), after rolling back.
        """
        with self._transaction("BEGIN IMMEDIATE", action) as rows:
            yield rows

    @contextmanager
    def reading(self, action: str) -> Iterator[Rows]:
        """One consistent state for a whole answer."""
        with self._transaction("BEGIN", action) as rows:
            yield rows

    @contextmanager
    def _transaction(self, begin: str, action: str) -> Iterator[Rows]:
        with self._lock:
            try:
                self._connection.execute(begin)
                yield Rows(self._connection)
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise store_failure(action) from error
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Fold the log into the file, so that the one file is all, and close it."""
        with self._lock:
            if self._watch is not None:
                self._watch.close()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.close()


def _statements(script: str) -> Iterator[str]:
    """`executescript` would commit the transaction; so the statements run one by one."""
    statement = ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
