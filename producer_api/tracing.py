"""Spans of the API: one of the request, and one of what it sends to each topic.

Loaded only where tracing is on (`tools.config.tracing`). Names and attributes are those of OpenTelemetry's semantic
conventions, HTTP 1.x and Messaging (Kafka). No span holds anything of an event, its key included, nor who sent it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context

from producer_api.bounds import Overloaded
from producer_api.publisher import Publisher
from producer_api.receipts import Delivered, Headers, Receipt, Record
from producer_api.routes import joined_headers
from tools.config.trace_context import FIELDS, fields_of, parent_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_Receipts = asyncio.Future[list[Receipt]]
_FIELDS: Final = frozenset(name.encode() for name in FIELDS)


class Sending:
    """The span of what one request sends to one topic: one for all its records, which have it for their parent."""

    def __init__(self, tracer: Tracer, topic: str, request: Span) -> None:
        self._span = tracer.start_span(
            f"send {topic}",
            context=set_span_in_context(request),
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.name": "send",
                "messaging.operation.type": "send",
                "messaging.destination.name": topic,
            },
        )
        self._fields = fields_of(self._span)
        self._count = 0
        self._failure = ""
        self._refused = False

    def send(
        self, record: Record, headers: Headers | None, produce: Callable[[Record, Headers], _Receipts]
    ) -> _Receipts:
        """Produce with the trace in the record's headers, in place of the request's. Raises Overloaded."""
        carried = [header for header in headers or () if header[0] not in FIELDS]
        self._refused = True  # unless it is taken, at once or, where its request waits for room, later
        future = produce(record, [*carried, *self._fields])
        self._refused = False
        self._count += 1
        future.add_done_callback(self._note)
        return future

    def _note(self, future: _Receipts) -> None:
        if future.cancelled() or not isinstance(receipt := future.result()[0], Delivered):
            self._failure = "CancelledError" if future.cancelled() else type(receipt).__name__

    def finish(self) -> None:
        if self._count > 1:
            self._span.set_attribute("messaging.batch.message_count", self._count)
        failure = Overloaded.__name__ if self._refused else self._failure
        if failure:
            _fail(self._span, failure)
        self._span.end()


class RequestSpans:
    """The spans of one request."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span
        self._sendings: dict[str, Sending] = {}

    def sending_to(self, topic: str) -> Sending:
        sending = self._sendings.get(topic)
        if sending is None:
            sending = self._sendings[topic] = Sending(self._tracer, topic, self._span)
        return sending

    def finish(self, status: int) -> None:
        """The request was answered with `status`; of a server's span, only 5xx are errors."""
        for sending in self._sendings.values():
            sending.finish()
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            _fail(self._span, str(status))
        self._span.end()


_request: Final[ContextVar[RequestSpans | None]] = ContextVar("request", default=None)


class TracedPublisher(Publisher):
    """Puts the trace of the request that is being worked on into the headers of its records."""

    def produce(self, record: Record, headers: Headers | None = None) -> _Receipts:
        request = _request.get()
        if request is None:
            return super().produce(record, headers)
        return request.sending_to(record.topic).send(record, headers, super().produce)


class TracedEntrance:
    """An ASGI application before another one: a span for each POST to one of `paths`, refused or not.

    Behind it, the request carries the span as `traceparent`, so that every record of it gets headers.
    """

    def __init__(self, app: ASGIApp, tracer: Tracer, paths: Collection[str]) -> None:
        self._app = app
        self._tracer = tracer
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if path not in self._paths or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        span = self._tracer.start_span(
            f"POST {path}",
            context=_parent_of(scope["headers"]),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": "POST",
                "http.route": path,
                "url.path": scope["path"],
                "url.scheme": scope["scheme"],
            },
        )
        request, status = RequestSpans(self._tracer, span), 500

        async def note(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        token = _request.set(request)
        try:
            await self._app({**scope, "headers": _carried_on(scope["headers"], span)}, receive, note)
        finally:
            _request.reset(token)
            request.finish(status)


def _parent_of(raw_headers: Iterable[tuple[bytes, bytes]]) -> Any:
    """A `traceparent` that came twice is none: joined, it has no valid form."""
    return parent_of((name.decode("latin-1"), value) for name, value in joined_headers(raw_headers).items())


def _carried_on(raw_headers: Iterable[tuple[bytes, bytes]], span: Span) -> list[tuple[bytes, bytes]]:
    fields = [(name.encode(), value) for name, value in fields_of(span)]
    return [*(header for header in raw_headers if header[0] not in _FIELDS), *fields]


def _fail(span: Span, error_class: str) -> None:
    span.set_status(StatusCode.ERROR, error_class)
    span.set_attribute("error.type", error_class)
