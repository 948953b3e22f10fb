"""The API called as ASGI in this thread, one request after the other: thousands of them in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from codegen.catalog import GeneratedContract
from producer_api.app import create_app
from producer_api.service import Service
from producer_api.settings import Settings
from tests.producer_api.conftest import FakeProducer, FakeRegistry, Produced

JSON = (b"content-type", b"application/json")
NDJSON = (b"content-type", b"application/x-ndjson")


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class DirectApi:
    """`with DirectApi(contracts, max_records=5) as api: api.post(b"{}")`"""

    def __init__(self, contracts: Mapping[str, GeneratedContract], **settings: Any) -> None:
        registry = FakeRegistry()
        registry.register_all(contracts)
        self.producer = FakeProducer()
        self.service = Service(
            Settings(**settings), contracts, make_producer=lambda _conf: self.producer, client=registry
        )
        self.app = create_app(service=self.service)
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        self._loop.run_until_complete(self.service.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run_until_complete(self.service.stop())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def taken(self) -> list[Produced]:
        """What was produced since the last call."""
        produced, self.producer.produced = self.producer.produced, []
        return produced

    def post(self, body: bytes, path: str = "/events", headers: Iterable[tuple[bytes, bytes]] = (JSON,)) -> Answered:
        return self.request("POST", path, body, headers)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> Answered:
        return self._loop.run_until_complete(self._request(method, path, body, list(headers)))

    async def _request(self, method: str, path: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> Answered:
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": headers, "server": ("api", 80), "client": ("192.0.2.1", 1),
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answered(sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent[1:]))
