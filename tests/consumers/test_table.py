"""Rows of a contract in SQLite and in PostgreSQL: written again, they stay what they were."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from codegen.runtime import AvroModel
from consumers.decoding.deserializer import Decoded
from consumers.decoding.writer_schemas import WriterSchema
from consumers.faults import ConsumerError, Unavailable
from consumers.table.app import TableHandler
from consumers.table.columns import Table, table_of
from consumers.table.database import Change, Database
from tests.consumers.fakes import CONTRACT, record, user_action
from tests.consumers.running import wait_until
from tests.frozen_contracts import CONTRACTS

COUNTS = CONTRACTS["activity_count"]
TABLE = table_of(COUNTS, 1)
Ask = Callable[[str], list[Any]]
Open = Callable[[str], Database]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Makes databases, and closes them."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(closing(Database(url, TABLE)))


def count(bucket: str, number: int) -> AvroModel:
    return COUNTS.model(1).model_validate(
        {
            "bucket": bucket,
            "source_topic": "events",
            "source_partition": 0,
            "window_start": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
            "action": "click",
            "count": number,
            "next_offset": number,
        }
    )


def decoded(offset: int, bucket: str, number: int | None) -> Decoded:
    of = replace(record(b"", offset), key=bucket.encode())
    return Decoded(of, None if number is None else count(bucket, number), None)


# ------------------------------------------------------------ databases


@pytest.fixture
def sqlite(tmp_path: Path) -> tuple[str, Ask]:
    file = tmp_path / "counts.db"

    def ask(question: str) -> list[Any]:
        with closing(sqlite3.connect(file)) as connection:
            return connection.execute(question).fetchall()

    return f"sqlite:///{file}", ask


def find_server() -> Path | None:
    """The programs of a PostgreSQL server, as Debian's package lays them, or on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[str]:
    """A server of its own, in a folder of its own; it refuses to run as root."""
    programs = find_server()
    assert programs is not None
    as_other: dict[str, Any] = {}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="postgresql-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            other = pwd.getpwnam("nobody")
            os.chown(folder, other.pw_uid, other.pw_gid)
            as_other = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}
        make = [programs / "initdb", "-D", folder / "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(make, check=True, capture_output=True, cwd=folder, **as_other)
        # -F: nothing that a power cut could lose matters here.
        serve = [programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", "", "-h", "127.0.0.1", "-F"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(serve, stdout=log, stderr=log, cwd=folder, **as_other)
        try:
            wait_until(lambda: b"ready to accept" in (folder / "log").read_bytes(), "PostgreSQL was to start")
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # fast: it waits for no client
            process.wait(30)


@pytest.fixture
def postgresql(postgresql_server: str) -> tuple[str, Ask]:
    def ask(question: str) -> list[Any]:
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            cursor = connection.execute(question)
            return cursor.fetchall() if cursor.description else []

    ask("DROP TABLE IF EXISTS activity_count")
    return postgresql_server, ask


# One that is not there cannot be asked: this is told by the name of the test that is missing then.
DATABASES = ["sqlite"] + (["postgresql"] if find_server() else [])


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> tuple[str, Ask]:
    found: tuple[str, Ask] = request.getfixturevalue(request.param)
    return found


def rows(ask: Ask) -> list[Any]:
    return ask("SELECT record_key, record_offset, action, count FROM activity_count ORDER BY record_key")


# ------------------------------------------------------------ rows


def test_a_row_is_what_its_last_record_says_however_often_it_comes(database: tuple[str, Ask], opened: Open) -> None:
    url, ask = database
    handler = TableHandler(opened(url))
    for _ in range(2):  # as after a crash before the commit
        for each in (decoded(0, "a", 1), decoded(1, "b", 5), decoded(2, "a", 3)):
            handler.handle(each)
        handler.flush(1)
    assert rows(ask) == [("a", 2, "click", 3), ("b", 1, "click", 5)]
    handler.handle(decoded(0, "a", 1))
    handler.flush(1)
    assert rows(ask)[0] == ("a", 2, "click", 3), "an older record does not come back"


def test_a_tombstone_removes_its_row(database: tuple[str, Ask], opened: Open) -> None:
    url, ask = database
    handler = TableHandler(opened(url))
    for each in (decoded(0, "a", 1), decoded(1, "b", 5), decoded(2, "a", None)):
        handler.handle(each)
    handler.flush(1)
    assert rows(ask) == [("b", 1, "click", 5)]


def test_the_rows_of_one_commit_are_all_there_or_none(database: tuple[str, Ask], opened: Open) -> None:
    url, ask = database
    good = Change("a", TABLE.row(decoded(0, "a", 1).record, count("a", 1)))
    with pytest.raises(ConsumerError, match="refuses the rows of activity_count"):
        opened(url).write([good, Change("b", ("b", None, None, *[None] * len(TABLE.columns)))])
    assert rows(ask) == []


def test_a_moment_stays_a_moment() -> None:
    row = TABLE.row(decoded(0, "a", 1).record, count("a", 1))
    assert "2026-01-02T03:04:00+00:00" in row


def test_what_is_handled_of_a_lost_partition_is_not_written(sqlite: tuple[str, Ask], opened: Open) -> None:
    url, _ = sqlite
    handler = TableHandler(opened(url))
    handler.handle(decoded(0, "a", 1))
    handler.discard({0})
    handler.handle(Decoded(record(b"", 1), None, WriterSchema.__new__(WriterSchema)))
    handler.flush(1)
    assert handler._pending == []


def test_a_database_that_is_locked_is_waited_for(
    sqlite: tuple[str, Ask], monkeypatch: pytest.MonkeyPatch, opened: Open
) -> None:
    monkeypatch.setattr("consumers.table.database._CONNECT_S", 0)
    url, ask = sqlite
    database = opened(url)
    database.write([])
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            database.write([Change("a", None)])
    database.write([Change("a", TABLE.row(decoded(0, "a", 1).record, count("a", 1)))])
    assert rows(ask) == [("a", 0, "click", 1)]


def test_a_server_that_is_away_is_waited_for(opened: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(Unavailable, match="does not take rows"):
        opened(f"postgresql://nobody@127.0.0.1:{port}/none").write([])


@pytest.mark.parametrize(
    ("url", "says"),
    [("mysql://x", "sqlite:///FILE"), ("sqlite:////no/such/folder/file.db", "correct --database")],
)
def test_what_no_waiting_mends_is_said(url: str, says: str, opened: Open) -> None:
    with pytest.raises(ConsumerError, match=says):
        opened(url).write([])


# ------------------------------------------------------------ columns


def test_a_column_for_each_field_with_its_type() -> None:
    assert TABLE.columns == {
        "bucket": "TEXT",
        "source_topic": "TEXT",
        "source_partition": "BIGINT",
        "window_start": "TIMESTAMP WITH TIME ZONE",
        "action": "TEXT",
        "count": "BIGINT",
        "next_offset": "BIGINT",
    }


def test_a_key_that_may_not_be_shown_makes_no_table() -> None:
    with pytest.raises(ConsumerError, match="tagged PII"):
        table_of(CONTRACT, 2)


def test_a_contract_without_a_key_makes_no_table() -> None:
    with pytest.raises(ConsumerError, match="has no key"):
        table_of(replace(CONTRACT, key=None), 2)


def test_a_field_that_is_no_plain_value_is_json() -> None:
    table = Table("t", {"properties": "TEXT", "page_url": "TEXT", "user_id": "TEXT"}, CONTRACT.model(2))
    value = user_action(2, "click", datetime(2026, 1, 2, tzinfo=UTC))
    (properties, page_url) = table.row(record(b"", 0), value)[3:5]
    assert json.loads(properties) == json.loads(value.model_dump_json())["properties"]
    assert page_url == json.loads(value.model_dump_json())["page_url"]
