"""A registry in memory behind Starlette's test client, and a real one in a child process."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tools.registry.app import create_app
from tools.registry.server import EmbeddedRegistry
from tools.registry.store import Store

USER = {"type": "record", "name": "User", "fields": [{"name": "name", "type": "string"}]}
USER_AGE = {
    "type": "record",
    "name": "User",
    "fields": [{"name": "name", "type": "string"}, {"name": "age", "type": "int", "default": 0}],
}
USER_INT = {"type": "record", "name": "User", "fields": [{"name": "name", "type": "int"}]}


@pytest.fixture(autouse=True)
def closed_stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closes what a test opened and let go: from Python 3.13 on, a forgotten connection is a warning."""
    opened: list[Store] = []
    make = Store.__init__

    def remember(store: Store, path: str | Path, **options: Any) -> None:
        make(store, path, **options)
        opened.append(store)

    monkeypatch.setattr(Store, "__init__", remember)
    yield
    for store in opened:
        with contextlib.suppress(sqlite3.ProgrammingError):  # it was closed already
            store.close()


class Client:
    """Requests in the terms of the tests: a schema is given as JSON, an answer taken as JSON."""

    def __init__(self, http: TestClient) -> None:
        self.http = http

    def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        response = self.http.request(method, path, json=body)
        assert response.status_code == status, response.text
        return response.json()

    def get(self, path: str) -> Any:
        return self("GET", path)

    def delete(self, path: str) -> Any:
        return self("DELETE", path)

    def put(self, path: str, body: Any) -> Any:
        return self("PUT", path, body)

    def register(self, subject: str, schema: Any = None, *, query: str = "", status: int = 200, **rest: Any) -> Any:
        return self("POST", f"/subjects/{subject}/versions{query}", self.body(schema, rest), status=status)

    def look_up(self, subject: str, schema: Any = None, *, query: str = "", status: int = 200, **rest: Any) -> Any:
        return self("POST", f"/subjects/{subject}{query}", self.body(schema, rest), status=status)

    def test(self, path: str, schema: Any, *, status: int = 200, **rest: Any) -> Any:
        return self("POST", f"/compatibility/subjects/{path}", self.body(schema, rest), status=status)

    def refused(self, method: str, path: str, status: int, code: int, body: Any = None) -> str:
        """The message of an error that must have this status and code."""
        answer = self(method, path, body, status=status)
        assert answer.keys() == {"error_code", "message"}
        assert answer["error_code"] == code
        assert isinstance(answer["message"], str)
        return str(answer["message"])

    @staticmethod
    def body(schema: Any, rest: dict[str, Any]) -> dict[str, Any]:
        return ({} if schema is None else {"schema": json.dumps(schema)}) | rest


@pytest.fixture
def registry() -> Iterator[Client]:
    with TestClient(create_app()) as http:
        yield Client(http)


@pytest.fixture
def embedded() -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry() as running:
        yield running


@pytest.fixture
def user() -> dict[str, Any]:
    return USER


@pytest.fixture
def user_age() -> dict[str, Any]:
    """A compatible successor of `user` at every level."""
    return USER_AGE


@pytest.fixture
def user_int() -> dict[str, Any]:
    """No compatible successor of `user` at any level but NONE."""
    return USER_INT
