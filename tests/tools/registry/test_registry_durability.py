"""Many writers at once, a power cut, a full disk: one truth, and nothing lost that was answered."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.tools.registry.asking import ask, fixed, register
from tools.registry.app import create_app
from tools.registry.figures import measure_memory, measure_start
from tools.registry.server import EmbeddedRegistry
from tools.registry.snapshot_store import read_store
from tools.registry.store import Store

pytestmark = pytest.mark.integration

_WRITERS = 50


def _at_once(write: Callable[[int], tuple[int, Any]]) -> list[tuple[int, Any]]:
    """The answers of 50 writers, all of which wait for the last one before they begin."""
    start = threading.Barrier(_WRITERS)

    def wait_and_write(number: int) -> tuple[int, Any]:
        start.wait(60)
        return write(number)

    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(wait_and_write, range(_WRITERS)))


def test_equal_schemas_leave_one_version(embedded: EmbeddedRegistry) -> None:
    answers = _at_once(lambda _: register(embedded.url, "a", fixed("F")))
    assert {(status, answer["id"], answer["version"]) for status, answer in answers} == {(200, 1, 1)}
    assert ask(f"{embedded.url}/subjects/a/versions") == (200, [1])


def test_equal_schemas_of_many_subjects_have_one_id(embedded: EmbeddedRegistry) -> None:
    answers = _at_once(lambda number: register(embedded.url, f"s{number}", fixed("F")))
    assert {(status, answer["id"], answer["version"]) for status, answer in answers} == {(200, 1, 1)}
    assert len(ask(f"{embedded.url}/schemas/ids/1/versions")[1]) == _WRITERS


def test_clashing_schemas_leave_one_truth(embedded: EmbeddedRegistry) -> None:
    answers = _at_once(lambda number: register(embedded.url, "a", fixed(f"F{number}")))
    winners = [answer for status, answer in answers if status == 200]
    losers = [(status, answer["error_code"]) for status, answer in answers if status != 200]
    assert (len(winners), losers) == (1, [(409, 40901)] * (_WRITERS - 1))
    versions = ask(f"{embedded.url}/schemas")[1]
    assert [(version["id"], version["version"], version["schema"]) for version in versions] == [
        (1, 1, winners[0]["schema"])
    ]


def test_compatible_schemas_get_versions_and_ids_without_gaps_or_doubles(embedded: EmbeddedRegistry) -> None:
    ask(f"{embedded.url}/config", {"compatibility": "NONE"}, "PUT")
    answers = _at_once(lambda number: register(embedded.url, "a", fixed(f"F{number}")))
    pairs = sorted((answer["version"], answer["id"]) for _, answer in answers)
    assert pairs == [(number, number) for number in range(1, _WRITERS + 1)]


def test_an_id_is_never_given_twice(tmp_path: Path) -> None:
    given = []
    for number in range(3):
        with TestClient(create_app(tmp_path / "registry.db")) as http:
            body = {"schema": json.dumps(fixed(f"F{number}"))}
            given.append(http.post("/subjects/a/versions", json=body).json()["id"])
            http.delete("/subjects/a")
            assert http.delete("/subjects/a?permanent=true").json() == [1]
    assert given == [1, 2, 3]


def test_kill_9_during_2000_registrations_loses_none_that_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    registry = EmbeddedRegistry(path).start()
    url, pid = registry.url, registry.pid
    assert pid is not None
    answered: dict[int, str] = {}
    enough = threading.Event()

    def write(worker: int) -> None:
        with suppress(OSError):  # the connection breaks when the process is killed
            for number in range(250):
                name = f"F{worker}_{number}"
                status, answer = register(url, f"s{worker}_{number}", fixed(name))
                assert status == 200
                assert answer["id"] not in answered
                answered[answer["id"]] = name
                if len(answered) >= 1000:
                    enough.set()

    workers = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for worker in workers:
        worker.start()
    assert enough.wait(100)
    os.kill(pid, signal.SIGKILL)
    for worker in workers:
        worker.join()
    registry.kill()
    assert 1000 <= len(answered) < 2000
    store = Store(path)
    snapshot = read_store(store)
    with store.reading("looking") as rows:
        log = rows.audit_log()
    store.close()
    kept = {schema_id: json.loads(content.text)["name"] for schema_id, content in snapshot.contents.items()}
    assert answered.items() <= kept.items()
    assert len(log) == len(kept) == len(snapshot.subjects)  # a registration and its line, or neither
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with EmbeddedRegistry(path) as again:
        assert register(again.url, "new", fixed("New"))[1]["id"] == max(kept) + 1


def test_a_full_disk_answers_500_and_harms_nothing(tmp_path: Path) -> None:
    app = create_app(tmp_path / "registry.db")
    limit = app.state.registry.store._connection.execute
    limit("PRAGMA max_page_count = 40")
    with TestClient(app) as http:
        answered = 0
        while True:
            body = {"schema": json.dumps(fixed(f"F{answered}"))}
            response = http.post(f"/subjects/s{answered}/versions", json=body)
            if response.status_code != 200:
                break
            answered += 1
        assert answered > 10
        assert response.status_code == 500
        assert response.json() == {
            "error_code": 50001,
            "message": "Error in the backend data store while registering a schema",
        }
        assert len(http.get("/subjects").json()) == len(http.get("/schemas").json()) == answered
        assert http.get("/subjects/s0/versions/1").json()["id"] == 1
        limit("PRAGMA max_page_count = 4000")  # room again: it goes on as if nothing had been
        assert http.post(f"/subjects/s{answered}/versions", json=body).json()["id"] == answered + 1


def test_it_is_small_and_its_start_can_be_measured() -> None:
    ready_s, cpu_s = measure_start()
    assert ready_s > 0
    assert cpu_s > 0  # how long they are is for `python -m tools.registry.figures` to tell, on a quiet machine
    assert measure_memory() < 80
