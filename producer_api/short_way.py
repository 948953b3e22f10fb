"""The short way of plain events: from the parsed request to the producer and back, without ASGI.

A task, a scope and two messages for each request cost more than its event. So a POST of one event that has come in one
piece, with a head that asks for nothing in particular, is given to its endpoint as it is, and the answer is written as
it comes. Whatever is not plain, and what is refused before its event is looked at, goes the way of all other requests:
nothing is decided here, and nothing answered that the long way would answer otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from producer_api.bounded_http import BoundedHttp
from producer_api.errors import answer_fault

if TYPE_CHECKING:
    from producer_api.errors import Answer
    from producer_api.routes import ContractEndpoint

_JSON: Final = b"application/json"
# Headers that change what becomes of a request.
_TOLD: Final = frozenset({b"content-encoding", b"transfer-encoding", b"traceparent", b"expect", b"upgrade"})


class _NoEvent:
    def set(self) -> None:
        """Nobody waits."""


_NO_EVENT: Final = _NoEvent()


class _ShortCycle:
    """One request on the short way, as uvicorn's protocol sees it: in place of its RequestResponseCycle."""

    __slots__ = ("_protocol", "disconnected", "keep_alive", "message_event", "more_body", "response_complete")

    def __init__(self, protocol: EventHttp, keep_alive: bool) -> None:
        self._protocol = protocol
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False
        self.message_event = _NO_EVENT
        self.more_body = False

    def reply(self, answer: Answer) -> None:
        """Write the answer, and let the protocol go on with what has come meanwhile."""
        self.response_complete = True
        protocol = self._protocol
        if protocol.transport.is_closing():
            return
        protocol.transport.write(protocol.framed(answer, self.keep_alive))
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()


class EventHttp(BoundedHttp):
    """One connection. `--http producer_api.short_way:EventHttp` serves any ASGI application, and is short for ours."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # An access log wants every request.
        self._ways = {} if self.access_log or self.root_path else _short_ways(self.config.loaded_app)
        self._way: ContractEndpoint | None = None
        self._chunks: list[bytes] = []
        self._stays = False
        self._default_headers: list[tuple[bytes, bytes]] | None = None
        self._fixed = b""

    def _begin_request(self) -> None:
        way = self._ways.get(self.url)
        if way is not None and self._is_plain():
            self._way = way
            self._stays = self.parser.should_keep_alive()
            self._chunks.clear()
        else:
            super()._begin_request()

    def _is_plain(self) -> bool:
        cycle: Any = self.cycle  # None at first
        if cycle is not None and not cycle.response_complete:
            return False  # pipelined: answers have an order
        if self.parser.get_method() != b"POST" or self.parser.get_http_version() != "1.1" or self.flow.write_paused:
            return False
        limit = self.limit_concurrency
        if limit is not None and (len(self.connections) >= limit or len(self.tasks) >= limit):
            return False
        types = 0
        for name, value in self.headers:
            if name == b"content-type":
                types += 1 if value == _JSON else 2
            elif name in _TOLD or name.startswith(b"ce-"):
                return False
        return types == 1

    def on_body(self, body: bytes) -> None:
        if self._way is not None:
            self._chunks.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        way, self._way = self._way, None
        if way is not None and not self._take(way):
            self._go_the_long_way()
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._way is not None:  # the rest of the body is still on its way
            self._way = None
            self._go_the_long_way()

    def _take(self, way: ContractEndpoint) -> bool:
        cycle = _ShortCycle(self, self._stays)
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        try:
            if not way.begin(body, cycle.reply):
                return False
        except Exception as error:  # noqa: BLE001 - a fault of ours, which the long way answers
            answer_fault(error, "the short way failed")
            return False
        self.cycle = cycle  # type: ignore[assignment]  # as much of one as the protocol uses
        return True

    def _go_the_long_way(self) -> None:
        super()._begin_request()
        for chunk in self._chunks:
            super().on_body(chunk)

    def framed(self, answer: Answer, keep_alive: bool) -> bytes:
        """The answer as HTTP/1.1, as uvicorn writes it."""
        defaults = self.server_state.default_headers
        if defaults is not self._default_headers:  # uvicorn makes them anew when the date changes
            self._default_headers = defaults
            self._fixed = b"".join(b"%b: %b\r\n" % header for header in defaults)
        more = "".join(f"{name}: {value}\r\n" for name, value in answer.headers) if answer.headers else ""
        if not keep_alive:
            more += "connection: close\r\n"
        return b"%b%bcontent-type: %b\r\ncontent-length: %d\r\n%b\r\n%b" % (
            STATUS_LINE[answer.status],
            self._fixed,
            answer.media_type.encode(),
            len(answer.body),
            more.encode(),
            answer.body,
        )


def _short_ways(app: Any) -> Mapping[bytes, ContractEndpoint]:
    if isinstance(app, ProxyHeadersMiddleware):  # it changes who the client is, which no endpoint asks
        app = app.app
    ways: Mapping[bytes, ContractEndpoint] = getattr(app, "short_ways", {})
    return ways
