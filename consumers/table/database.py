"""Rows into SQLite or PostgreSQL, so that the same record written twice leaves what it left once."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit

from consumers.faults import ConsumerError, Unavailable
from consumers.table.columns import KEY, PLACE, Table

_POSTGRESQL: Final = ("postgresql", "postgres")
_CONNECT_S: Final = 5


@dataclass(frozen=True, slots=True)
class Change:
    """The row of `key` as a record says it is; None where the record is a tombstone."""

    key: str
    row: tuple[Any, ...] | None


@dataclass(slots=True)
class Database:
    """A connection that is made when it is needed, and anew after a failure. One thread at a time."""

    url: str
    table: Table
    _connection: Any = field(init=False, default=None)
    _driver: Any = field(init=False)
    _mark: str = field(init=False)

    def __post_init__(self) -> None:
        scheme = urlsplit(self.url).scheme
        if scheme == "sqlite":
            self._driver, self._mark = sqlite3, "?"
        elif scheme in _POSTGRESQL:
            self._driver, self._mark = _load_psycopg(), "%s"
        else:
            raise ConsumerError(
                "--database is sqlite:///FILE or postgresql://USER@HOST/NAME (the password is PGPASSWORD, or in the "
                "file that PGPASSFILE names)"
            )

    def write(self, changes: Iterable[Change]) -> None:
        """All or nothing, in this order. Raises Unavailable while the database is away, and ConsumerError."""
        try:
            connection = self._connect()
            with connection, closing(connection.cursor()) as cursor:
                for change in changes:
                    if change.row is None:
                        cursor.execute(self._delete(), (change.key,))
                    else:
                        cursor.execute(self._upsert(), change.row)
        except (self._driver.OperationalError, self._driver.InterfaceError) as error:
            self.close()
            if _is_for_good(error):
                raise self._refused(error) from error
            raise Unavailable(f"the database does not take rows: {_first_line(error)}") from error
        except self._driver.Error as error:
            self.close()
            raise self._refused(error) from error

    def close(self) -> None:
        if self._connection is not None:
            with suppress(self._driver.Error):
                self._connection.close()
        self._connection = None

    def _connect(self) -> Any:
        if self._connection is None:
            if self._driver is sqlite3:
                self._connection = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=_CONNECT_S)
            else:
                self._connection = _Transactions(self._driver.connect(self.url, connect_timeout=_CONNECT_S))
            with self._connection as connection, closing(connection.cursor()) as cursor:
                cursor.execute(self._create())
        return self._connection

    def _create(self) -> str:
        columns = [f"{KEY} TEXT PRIMARY KEY", f"{PLACE[0]} BIGINT NOT NULL", f"{PLACE[1]} BIGINT NOT NULL"]
        columns += [f"{_quoted(name)} {kind}" for name, kind in self.table.columns.items()]
        return f"CREATE TABLE IF NOT EXISTS {_quoted(self.table.name)} ({', '.join(columns)})"

    def _upsert(self) -> str:
        """An older record of the same key, read again, changes nothing."""
        table, names = _quoted(self.table.name), [KEY, *PLACE, *map(_quoted, self.table.columns)]
        news = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        partition, offset = PLACE
        return (
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join([self._mark] * len(names))}) "  # noqa: S608 - names of the contract, quoted
            f"ON CONFLICT ({KEY}) DO UPDATE SET {news} WHERE excluded.{partition} <> {table}.{partition} "
            f"OR excluded.{offset} > {table}.{offset}"
        )

    def _delete(self) -> str:
        return f"DELETE FROM {_quoted(self.table.name)} WHERE {KEY} = {self._mark}"  # noqa: S608 - as above

    def _refused(self, error: Exception) -> ConsumerError:
        return ConsumerError(
            f"the database refuses the rows of {self.table.name} ({_first_line(error)}): correct --database, or the "
            f"table, whose columns are {', '.join([KEY, *PLACE, *self.table.columns])}; --table names another one"
        )


class _Transactions:
    """A psycopg connection whose `with` ends a transaction and not the connection, as sqlite3's does."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            self._connection.commit()
        else:
            self._connection.rollback()

    def cursor(self) -> Any:
        return self._connection.cursor()

    def close(self) -> None:
        self._connection.close()


def _load_psycopg() -> Any:
    try:
        return importlib.import_module("psycopg")
    except ImportError as error:
        raise ConsumerError(
            f"PostgreSQL needs the driver psycopg ({error}): install this project with the extra `postgresql`"
        ) from None


def _is_for_good(error: Exception) -> bool:
    """Whether waiting cannot mend it: SQLite calls a missing table or folder operational, too."""
    state: Sequence[Any] | None = getattr(error, "sqlstate", None)
    if state is not None:
        return str(state).startswith(("28", "3D"))  # invalid authorization, no such database
    return isinstance(error, sqlite3.OperationalError) and "locked" not in str(error) and "busy" not in str(error)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
