"""The file: reopened, foreign, full."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tools.errors import UserError
from tools.registry.errors import RegistryError
from tools.registry.lookup import SchemaRequest
from tools.registry.model import Caller, Mode
from tools.registry.registry import Registry
from tools.registry.rows import GLOBAL
from tools.registry.settings import ConfigChange
from tools.registry.store import Store

_WHO = Caller("somebody", "a test")


def _request(number: int) -> SchemaRequest:
    return SchemaRequest(json.dumps({"type": "fixed", "name": f"F{number % 100_000}", "size": 1}))


def _register(registry: Registry, subject: str, number: int) -> int:
    return registry.register(subject, _request(number), _WHO, normalize=False).schema_id


def _register_until_it_fails(registry: Registry) -> Iterator[int]:
    with suppress(RegistryError):
        for number in range(10_000):
            yield _register(registry, f"s{number}", number)


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    store = Store(path)
    registry = Registry(store)
    _register(registry, "a", 1)
    _register(registry, "b", 2)
    registry.change_config("a", ConfigChange({"compatibilityLevel": "FULL"}), _WHO)
    registry.change_mode("a", Mode.READONLY, _WHO, force=False)
    registry.delete_subject("b", _WHO, permanent=False)
    store.close()
    assert [item.name for item in tmp_path.iterdir()] == ["registry.db"]
    again = Registry(Store(path))
    assert again.config("a", default_to_global=False) == {"compatibilityLevel": "FULL"}
    assert again.mode("a", default_to_global=False) is Mode.READONLY
    assert again.look_up("b", _request(2), normalize=False, deleted=True).deleted
    assert _register(again, "c", 3) == 3
    again.store.close()


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (id INTEGER)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(UserError, match="the SQLite file of another program"):
        Store(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database, and longer than the header of one would be" * 10)
    with pytest.raises(UserError, match="cannot be used"):
        Store(path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be opened"):
        Store(tmp_path / "missing" / "registry.db")


def test_a_file_of_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UserError, match="newer version"):
        Store(path)


def test_a_full_disk_harms_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "registry.db", max_page_count=40)
    registry = Registry(store)
    answered = list(_register_until_it_fails(registry))
    with pytest.raises(RegistryError) as caught:
        _register(registry, "one more", -1)
    assert (caught.value.status, caught.value.error_code) == (500, 50001)
    assert len(answered) > 10
    with store.reading("counting") as rows:
        assert len(rows.subjects()) == rows.highest_id() == len(answered)
    registry.look_up("s0", _request(0), normalize=False, deleted=False)
    store.close()
    roomy = Registry(Store(tmp_path / "registry.db"))
    assert _register(roomy, "more", 10_001) == len(answered) + 1
    roomy.store.close()


def test_an_exception_inside_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "registry.db")
    with suppress(ZeroDivisionError), store.writing("failing") as rows:
        rows.put_config(GLOBAL, {"compatibilityLevel": "NONE"})
        raise ZeroDivisionError
    with store.reading("looking") as rows:
        assert rows.config(GLOBAL) is None
    store.close()


def test_the_audit_log_tells_who_did_what_and_only_grows(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    store = Store(path)
    registry = Registry(store, now_ms=lambda: 1_700_000_000_000)
    _register(registry, "a", 1)
    _register(registry, "a", 1)
    registry.delete_version("a", "latest", _WHO, permanent=False)
    store.close()
    connection = sqlite3.connect(path)
    rows: list[Any] = connection.execute("SELECT at_ms, who, action, subject, detail, reason FROM audit").fetchall()
    assert rows == [
        (1_700_000_000_000, "somebody", "register", "a", '{"version": 1, "id": 1}', "a test"),
        (1_700_000_000_000, "somebody", "delete version", "a", '{"version": 1}', "a test"),
    ]
    for statement in (
        "DELETE FROM audit",
        "UPDATE audit SET who = 'nobody'",
        "REPLACE INTO audit (number, at_ms, who, action, detail) VALUES (1, 0, 'nobody', 'nothing', '{}')",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
    connection.close()
