"""The API without a broker and without a registry: both are played by objects of this process."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.schema_registry import RegisteredSchema, Schema, SchemaRegistryError

from codegen.catalog import GeneratedContract
from codegen.contract import read_contracts
from codegen.render import render_version
from producer_api.app import create_app
from producer_api.service import Service
from producer_api.settings import Settings
from producer_api.short_way import EventHttp
from tests.frozen_contracts import CONTRACTS

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

EVENT_ID = "0b8a2f2e-8f0a-4a53-9f7f-5a3df1b7f4c1"


async def until(condition: Callable[[], object]) -> None:
    """Give way to other tasks and threads until `condition` holds."""
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not happen")


@dataclass
class FakeMessage:
    number: int

    def partition(self) -> int:
        return self.number % 3

    def offset(self) -> int:
        return self.number


@dataclass
class Produced:
    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]] | None
    batched: bool


class FakeProducer:
    """confluent_kafka.Producer as far as the API knows it; callbacks run in whichever thread polls."""

    def __init__(self, conf: Mapping[str, Any] | None = None) -> None:
        self.conf = dict(conf or {})
        self.produced: list[Produced] = []
        self.holding = False
        self.away = False
        self.error: Callable[[Produced], KafkaError | None] = lambda _record: None
        self.refuse: Callable[[Produced], KafkaError | None] = lambda _record: None
        self.topics: dict[str, object] = {"events": object()}
        self.asked_for_topics = 0
        self._due: list[tuple[Any, KafkaError | None, FakeMessage]] = []
        self._lock = threading.Condition()

    def produce(
        self, topic: str, value: Any = None, key: Any = None, *, on_delivery: Any = None, headers: Any = None
    ) -> None:
        record = Produced(topic, key, value, headers, batched=False)
        refusal = self.refuse(record)
        if refusal is not None:
            if refusal.name() == "_QUEUE_FULL":
                raise BufferError("Local: Queue full")
            raise KafkaException(refusal)
        self._take(record, on_delivery)

    def produce_batch(self, topic: str, messages: list[dict[str, Any]]) -> int:
        taken = 0
        for message in messages:
            record = Produced(topic, message["key"], message["value"], None, batched=True)
            refusal = self.refuse(record)
            if refusal is None:
                self._take(record, message["callback"])
                taken += 1
            else:
                message["_error"] = refusal
        return taken

    def _take(self, record: Produced, callback: Any) -> None:
        with self._lock:
            self.produced.append(record)
            self._due.append((callback, self.error(record), FakeMessage(len(self.produced) - 1)))
            self._lock.notify_all()

    def release(self) -> None:
        with self._lock:
            self.holding = False
            self._lock.notify_all()

    def report_error(self, error: KafkaError) -> None:
        """librdkafka's error callback, from a thread that is not the event loop's."""
        thread = threading.Thread(target=self.conf["error_cb"], args=(error,))
        thread.start()
        thread.join()

    def poll(self, timeout: float) -> int:
        with self._lock:
            self._lock.wait_for(lambda: self._due and not self.holding, timeout=min(timeout, 0.02))
            if self.holding:
                return 0
            due, self._due = self._due, []
        for callback, error, message in due:
            callback(error, None if error else message)
        return len(due)

    def flush(self, timeout: float) -> int:
        self.poll(0)
        return len(self._due)

    def purge(self) -> None:
        with self._lock:
            purged = KafkaError(KafkaError._PURGE_QUEUE)
            self._due = [(callback, purged, message) for callback, _, message in self._due]
            self.holding = False

    def list_topics(self, *, timeout: float) -> Any:
        self.asked_for_topics += 1
        if self.away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return types.SimpleNamespace(topics=self.topics)


class FakeRegistry:
    """SchemaRegistryClient as far as the API knows it. `versions` of a subject are (id, schema text, rule set)."""

    def __init__(self) -> None:
        self.subjects: dict[str, list[tuple[int, str, Any]]] = {}
        self.configs: dict[str | None, Any] = {
            None: types.SimpleNamespace(default_rule_set=None, override_rule_set=None)
        }
        self.away = False
        self.knows_lookup = True

    def register_all(self, contracts: Mapping[str, GeneratedContract]) -> None:
        number = 100
        for contract in contracts.values():
            for version in contract.versions:
                number += 1
                self.subjects.setdefault(contract.subject, []).append((number, contract.avsc(version), None))

    def lookup_schema(self, subject_name: str, schema: Schema) -> RegisteredSchema:
        for index, (number, text, _) in enumerate(self._versions(subject_name), start=1):
            if text == schema.schema_str and self.knows_lookup:
                return RegisteredSchema(subject_name, index, number, None, schema)
        raise SchemaRegistryError(404, 40403, "Schema not found")

    def get_versions(self, subject_name: str) -> list[int]:
        return list(range(1, len(self._versions(subject_name)) + 1))

    def get_version(self, subject_name: str, version: Any = "latest") -> RegisteredSchema:
        versions = self._versions(subject_name)
        position = len(versions) if version == "latest" else int(version)
        number, text, rules = versions[position - 1]
        return RegisteredSchema(subject_name, position, number, None, Schema(text, "AVRO", rule_set=rules))

    def get_config(self, subject_name: str | None = None) -> Any:
        self._check_there()
        if subject_name not in self.configs:
            raise SchemaRegistryError(404, 40408, "Subject does not have subject-level compatibility configured")
        return self.configs[subject_name]

    def _check_there(self) -> None:
        if self.away:
            raise httpx.ConnectError("refused")

    def _versions(self, subject: str) -> list[tuple[int, str, Any]]:
        self._check_there()
        if subject not in self.subjects:
            raise SchemaRegistryError(404, 40401, "Subject not found")
        return self.subjects[subject]


@dataclass
class Api:
    """A started API and what it stands on."""

    client: httpx.AsyncClient
    service: Service
    producer: FakeProducer
    registry: FakeRegistry

    async def post(self, content: bytes | str, path: str = "/events", **headers: str) -> httpx.Response:
        """POST with the content type of JSON, unless `headers` (with _ for -) say otherwise."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(path, content=content, headers={"content-type": "application/json", **named})

    async def until(self, condition: Callable[[], object]) -> None:
        await until(condition)

    def totals(self) -> dict[str, Any]:
        return self.service.metrics.report()


OpenApi = Callable[..., Awaitable[Api]]


@pytest.fixture
async def open_api() -> AsyncIterator[OpenApi]:
    """Starts an API: `await open_api(max_records=2, …)`; whatever a test opened is closed behind it."""
    opened: list[Api] = []

    async def open_one(
        contracts: Mapping[str, GeneratedContract] = CONTRACTS,
        *,
        registry: FakeRegistry | None = None,
        producer: FakeProducer | None = None,
        tracing: Any = None,
        **settings: Any,
    ) -> Api:
        chosen = Settings(**settings)
        fake = producer or FakeProducer()
        if registry is None:
            registry = FakeRegistry()
            registry.register_all(contracts)

        def make(conf: Mapping[str, Any]) -> FakeProducer:
            fake.conf = dict(conf)
            return fake

        service = Service(chosen, contracts, make_producer=make, client=registry, tracing=tracing)
        app = create_app(service=service)
        await service.start()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://api")
        opened.append(Api(client, service, fake, registry))
        return opened[-1]

    yield open_one
    for api in opened:
        api.producer.release()
        await api.client.aclose()
        await api.service.stop()


@pytest.fixture
async def api(open_api: OpenApi) -> Api:
    """The API of the contracts of this project, with the settings as they come."""
    return await open_api()


@pytest.fixture
def event() -> dict[str, Any]:
    """An event as a client of the newest version sends it."""
    return {
        "event_id": EVENT_ID,
        "user_id": "hidden-person",
        "action": "click",
        "page_url": "/products/42",
        "occurred_at": "2026-01-31T08:15:30.125Z",
        "session_id": "s-1",
        "device": {"os": "ios", "app_version": "4.2.0"},
        "properties": {"colour": "red"},
    }


@pytest.fixture
def old_event() -> dict[str, Any]:
    """An event as a client of version 1 sends it."""
    return {
        "event_id": EVENT_ID,
        "user_id": "hidden-person",
        "action": "click",
        "page": "/products/42",
        "occurred_at": "2026-01-31T08:15:30.125Z",
        "properties": {},
    }


MakeContract = Callable[..., GeneratedContract]


@pytest.fixture
def make_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeContract:
    """Makes a contract of schema texts: `make_contract("order", v1, v2, toml='key = "id"')`, models included."""

    def make(name: str, *schemas: str, toml: str = "") -> GeneratedContract:
        folder = tmp_path / "schemas" / name
        folder.mkdir(parents=True)
        (folder / "contract.toml").write_text(toml)
        for number, text in enumerate(schemas, start=1):
            (folder / f"v{number}.avsc").write_text(text)
        contract = next(entry for entry in read_contracts(tmp_path / "schemas") if entry.name == name)
        for version in contract.versions:
            module_name = f"codegen.models.{name}.v{version.number}"
            module = types.ModuleType(module_name)
            monkeypatch.setitem(sys.modules, module_name, module)
            exec(compile(render_version(contract, version), module_name, "exec"), module.__dict__)  # noqa: S102
        return GeneratedContract(
            name=name,
            record=contract.versions[-1].record.full_name,
            subject=contract.subject,
            topic=contract.topic,
            path=contract.path,
            key=contract.key,
            compatibility=contract.compatibility,
            owner=contract.owner,
            ingest=contract.ingest,
            writers=contract.writers,
            readers=contract.readers,
            versions=tuple(version.number for version in contract.versions),
        )

    return make


@dataclass
class LiveApi:
    """An API behind a real socket of uvicorn, in a thread of its own; broker and registry are played as above."""

    port: int
    app: FastAPI
    service: Service
    producer: FakeProducer

    def exchange(self, *pieces: bytes, timeout_s: float = 30.0) -> bytes:
        """Send pieces over one connection, then read until the server closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout_s) as connection:
            for piece in pieces:
                connection.sendall(piece)
            return read_until_closed(connection)

    def totals(self) -> dict[str, Any]:
        return self.service.metrics.report()


def read_until_closed(connection: socket.socket) -> bytes:
    received = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not piece:
            return received
        received += piece


ServeApi = Callable[..., LiveApi]


@pytest.fixture
def serve_api() -> Iterator[ServeApi]:
    """Serves an API: `serve_api(body_timeout_s=0.2, …)`; whatever a test served is stopped behind it."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serve(uvicorn_options: Mapping[str, Any] | None = None, **settings: Any) -> LiveApi:
        registry, producer = FakeRegistry(), FakeProducer()
        registry.register_all(CONTRACTS)
        service = Service(
            Settings(start_patience_s=5.0, **settings), CONTRACTS, make_producer=lambda _conf: producer, client=registry
        )
        app = create_app(service=service)
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            http=EventHttp,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            **uvicorn_options or {},
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        running.append((server, thread))
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        assert server.started
        return LiveApi(listener.getsockname()[1], app, service, producer)

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join()
