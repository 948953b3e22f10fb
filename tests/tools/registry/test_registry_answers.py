"""Kept answers: the same as new ones, and gone with the next change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tools.registry import answers
from tools.registry.app import create_app
from tools.registry.catalog import Catalog
from tools.registry.model import Caller
from tools.registry.registry import Registry
from tools.registry.store import Store

V1 = "application/vnd.schemaregistry.v1+json"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids that were really looked for in the file."""
    asked: list[int] = []
    read = Catalog.schema

    def count(catalog: Catalog, schema_id: int, subject: str | None) -> Any:
        asked.append(schema_id)
        return read(catalog, schema_id, subject)

    monkeypatch.setattr(Catalog, "schema", count)
    return asked


def test_a_schema_is_read_once(registry: Any, user: Any, reads: list[int]) -> None:
    number = registry.register("a", user)["id"]
    first, second = (registry.http.get(f"/schemas/ids/{number}") for _ in range(2))
    assert (first.status_code, first.content, first.headers) == (second.status_code, second.content, second.headers)
    assert reads == [number]


def test_query_and_media_type_make_another_answer(registry: Any, user: Any) -> None:
    path = f"/schemas/ids/{registry.register('a', user)['id']}"
    assert "subject" not in registry.get(path)
    assert registry.get(f"{path}?subject=a")["subject"] == "a"
    for kind in (V1, "application/json", V1):
        assert registry.http.get(path, headers={"accept": kind}).headers["content-type"] == kind


def test_a_change_is_seen_at_once(registry: Any, user: Any, user_age: Any) -> None:
    path = f"/schemas/ids/{registry.register('a', user)['id']}"
    assert registry.get(path)["deleted"] is False
    assert registry.get(f"{path}?fetchMaxId=true")["maxId"] == 1
    registry.register("a", user_age)
    assert registry.get(f"{path}?fetchMaxId=true")["maxId"] == 2
    registry.delete("/subjects/a/versions/1")
    assert registry.get(path)["deleted"] is True
    registry.delete("/subjects/a/versions/1?permanent=true")
    assert registry.refused("GET", path, 404, 40403)


def test_the_change_of_another_process_is_seen_at_once(tmp_path: Path, user: Any) -> None:
    """Another connection to the file stands for it."""
    file = tmp_path / "registry.db"
    with TestClient(create_app(file)) as http:
        assert http.post("/subjects/a/versions", json={"schema": '"string"'}).status_code == 200
        assert http.get("/schemas/ids/1").json()["deleted"] is False
        Registry(Store(file)).delete_version("a", "1", Caller(), permanent=False)
        assert http.get("/schemas/ids/1").json()["deleted"] is True


def test_a_refusal_is_not_kept(registry: Any, user: Any) -> None:
    assert registry.refused("GET", "/schemas/ids/1", 404, 40403)
    registry.register("a", user)
    assert registry.get("/schemas/ids/1")["schema"]


def test_the_number_of_kept_answers_is_bounded(
    registry: Any, user: Any, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_MOST", 2)
    registry.register("a", user)
    for query in ("", "?a=1", "?a=2", "?a=2", ""):
        registry.get(f"/schemas/ids/1{query}")
    assert len(reads) == 4  # the first was let go for the third, and read again


def test_an_answer_is_kept_from_nobody_who_must_be_known(tmp_path: Path) -> None:
    from tools.registry.access import Users, hash_password

    users = Users.read(None, [f"ann:{hash_password('secret')}"])
    with TestClient(create_app(tmp_path / "registry.db", users=users)) as http:
        known = ("ann", "secret")
        assert http.post("/subjects/a/versions", json={"schema": '"string"'}, auth=known).status_code == 200
        assert [http.get("/schemas/ids/1", auth=known).status_code for _ in range(2)] == [200, 200]
        assert http.get("/schemas/ids/1").status_code == 401
