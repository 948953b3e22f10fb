"""The registry: a GET by id against a bare ASGI application, and a registration against one commit of SQLite."""

from __future__ import annotations

import http.client
import json
import sqlite3
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

from tools.bench.case import Aim, Case, Contender, Metric, Scale
from tools.bench.events import activity, versions
from tools.bench.served import BARE, wait_until_ready
from tools.child import Child, stop_children
from tools.errors import UserError
from tools.ports import LOCALHOST, free_port
from tools.project import project_environment, this_code
from tools.registry.server import EmbeddedRegistry
from tools.run import work_folder

P50 = Metric("p50", "ms", more_is_better=False)
PRODUCT = "product"
BARE_NAME = "bare ASGI"
COMMIT = "SQLite commit"
_TYPE: Final = {"content-type": "application/vnd.schemaregistry.v1+json"}


class RegistryRefused(UserError):
    """The registry did not answer 200, so the figure is void."""


class Connection:
    """One connection that is kept; each request waits for the answer to the one before it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or LOCALHOST, parts.port, timeout=30)

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The answer's body. Raises RegistryRefused."""
        self._connection.request(method, path, body, _TYPE)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RegistryRefused(f"{method} {path} was answered {answer.status}: {content.decode(errors='replace')}")
        return content

    def close(self) -> None:
        self._connection.close()


def open_cases(scale: Scale) -> Generator[Case]:
    """Both on a file of this disk, with nothing else asking."""
    with work_folder(this_code(), "bench") as work, ExitStack() as stack:
        registry = stack.enter_context(EmbeddedRegistry(work.folder / "registry.db"))
        asked = stack.enter_context(closing(Connection(registry.url)))
        schema = json.dumps(activity(versions()[-1]).schema)
        number = json.loads(asked.ask("POST", "/subjects/bench-value/versions", _document(schema)))["id"]
        answer = asked.ask("GET", f"/schemas/ids/{number}")
        bare = stack.enter_context(closing(Connection(_serve_bare(stack, work.folder, len(answer)))))
        yield Case(
            "GET by id",
            (P50,),
            (
                Contender(PRODUCT, lambda: _p50(lambda: asked.ask("GET", f"/schemas/ids/{number}"), scale)),
                Contender(BARE_NAME, lambda: _p50(lambda: bare.ask("GET", "/"), scale)),
            ),
            (Aim(P50.name, BARE_NAME, 2.0),),
            f"{len(answer)} bytes, one connection, one request after the other",
        )
        database = stack.enter_context(closing(_database(work.folder / "commits.db")))
        fresh = count(1)
        yield Case(
            "register",
            (P50,),
            (
                Contender(PRODUCT, lambda: _p50(lambda: _register(asked, schema, next(fresh)), scale)),
                Contender(COMMIT, lambda: _p50(lambda: _commit(database, schema, next(fresh)), scale)),
            ),
            (Aim(P50.name, COMMIT, 3.0),),
            "each a schema that is new, the first of its subject; the commit writes one row of that text, as durable",
        )


def _p50(work: Callable[[], object], scale: Scale) -> Mapping[str, float]:
    took: list[float] = []
    end = perf_counter() + scale.seconds
    while perf_counter() < end or not took:
        started = perf_counter()
        work()
        took.append(perf_counter() - started)
    return {P50.name: 1000 * median(took)}


def _serve_bare(stack: ExitStack, folder: Path, answer_bytes: int) -> str:
    """The bare application as the registry is served: uvicorn's own choices, no access log."""
    port = free_port()
    arguments = [sys.executable, "-P", "-m", "uvicorn", BARE, "--host", LOCALHOST, "--port", str(port)]
    child = Child(
        "bare",
        [*arguments, "--no-access-log", "--log-level", "warning", "--ws", "none", "--lifespan", "on"],
        environment={**project_environment(this_code()), "BENCH_ANSWER_BYTES": str(answer_bytes)},
        folder=this_code(),
        log=folder / "bare.log",
    )
    stack.callback(stop_children, [child])
    url = f"http://{LOCALHOST}:{port}"
    wait_until_ready(url, child)
    return url


def _document(schema: str) -> bytes:
    return json.dumps({"schema": schema}).encode()


def _renamed(schema: str, number: int) -> str:
    made: dict[str, Any] = json.loads(schema)
    made["name"] = f"Bench{number}"
    return json.dumps(made)


def _register(registry: Connection, schema: str, number: int) -> None:
    registry.ask("POST", f"/subjects/bench-{number}-value/versions", _document(_renamed(schema, number)))


def _database(path: Path) -> sqlite3.Connection:
    """As durable as the registry's file: each commit is on the disk when it returns."""
    database = sqlite3.connect(path, isolation_level=None)
    for statement in (
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE texts (number INTEGER PRIMARY KEY, text TEXT)",
    ):
        database.execute(statement)
    return database


def _commit(database: sqlite3.Connection, schema: str, number: int) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO texts VALUES (?, ?)", (number, _renamed(schema, number)))
    database.execute("COMMIT")
