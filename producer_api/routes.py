"""The way of one request: may it come in, its body, its events, its answer."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

from producer_api.body import BodyLimits, BodyReader, Disconnected, Receive
from producer_api.bounds import Bound, Overloaded
from producer_api.cloudevents import cloudevent_headers, refuse_several
from producer_api.errors import (
    INVALID_BODY,
    OVERLOADED,
    UNAVAILABLE,
    Answer,
    Fault,
    Refusal,
    Stage,
    answer_fault,
)
from producer_api.health import BrokerWatch
from producer_api.ingest import Ingestion
from producer_api.metrics import ContractMetrics
from producer_api.pace import Pace, StandingQueue
from producer_api.receipts import Headers
from producer_api.rejects import Rejects
from producer_api.serializer import Serializer

# W3C Trace Context, section "traceparent header"; all-zero ids and version ff are invalid.
_TRACEPARENT: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_BUSY: Final = "more requests come than can be worked off; try again"
_GONE: Final = Answer(499, b"")  # nobody reads it

# Where an ASGI scope carries the allowances from which the events of the request are paid.
ALLOWANCES: Final = "producer_api.allowances"

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def joined_headers(raw_headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name; those that came more than once are one list (RFC 9110, section 5.2)."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw_headers:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


@dataclass(slots=True)
class Gate:
    """Whether requests may come in at all."""

    watch: BrokerWatch
    least_retry_after_s: int
    most_retry_after_s: int
    closing: bool = False
    pace: Pace = field(default_factory=Pace)
    queue: StandingQueue = field(default_factory=StandingQueue)
    brokers_wait_s: Callable[[], float] = lambda: 0.0
    is_silent: Callable[[], bool] = lambda: False
    _open_in_turn: int = -1

    def check(self, serializer: Serializer) -> None:
        """Raises Refusal while events cannot be taken."""
        refusal = self._refusal(serializer)
        if refusal is not None:
            raise refusal

    def is_open(self, serializer: Serializer, size: int) -> bool:
        """Whether the work on `size` bytes may begin at once. What keeps events out is looked at once a turn."""
        pace = self.pace
        if self._open_in_turn != pace.turn or not serializer.ready:
            if self._refusal(serializer) is not None:
                return False
            self._open_in_turn = pace.turn
        return pace.may_begin(size)

    def _refusal(self, serializer: Serializer) -> Refusal | None:
        if self.closing:
            return Refusal(UNAVAILABLE, "shutting_down", "the service is shutting down")
        if not serializer.ready:
            return Refusal(UNAVAILABLE, "no_schema_id", serializer.reason)
        if self.watch.away:
            return Refusal(UNAVAILABLE, "kafka_away", self.watch.away)
        if self.is_silent():  # what is held tells when they are back; more of it would only be sent again
            return Refusal(UNAVAILABLE, "kafka_away", "the brokers acknowledge nothing")
        return None if self._has_room() else Refusal(OVERLOADED, "busy", _BUSY)

    async def wait_turn(self, size: int) -> None:
        """Returns when the work on a body of `size` bytes may begin. Raises Refusal if that is not soon."""
        if self.pace.may_begin(size):
            return
        if not self._has_room() or not await self.pace.wait_turn(size):
            raise Refusal(OVERLOADED, "busy", _BUSY)

    def _has_room(self) -> bool:
        """Whether neither the processor nor the brokers have more to do than a request can wait for."""
        return self.pace.has_room() and not self.queue.is_standing()

    def retry_after_s(self) -> int:
        """When what is queued now will be done: whole seconds (RFC 9110, section 10.2.3).

        Not more than `most_retry_after_s`, by when all who wait now have their answer, one way or the other.
        """
        wait_s = min(max(self.pace.wait_s(), self.brokers_wait_s()), self.most_retry_after_s)
        return max(self.least_retry_after_s, math.ceil(wait_s))


class ContractEndpoint:
    """An ASGI application that takes the events of one contract, and the same as a function that gives the answer."""

    def __init__(
        self,
        ingestion: Ingestion,
        serializer: Serializer,
        gate: Gate,
        limits: BodyLimits,
        open_requests: Bound,
        metrics: ContractMetrics,
        rejects: Rejects | None = None,
        *,
        cloudevents: bool = False,
    ) -> None:
        """`cloudevents`: whether `ce-…` headers of a request become headers of its record."""
        self._cloudevents = cloudevents
        self._ingestion = ingestion
        self._serializer = serializer
        self._gate = gate
        self._limits = limits
        self._open_requests = open_requests
        self._metrics = metrics
        self._rejects = rejects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_answer(await self.answer(scope, receive), send)

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """Never raises: a fault of our own is a 500 whose cause is in the log, without values of the request."""
        headers = joined_headers(scope["headers"])
        reader = BodyReader(headers, self._limits, self._open_requests)
        try:
            self._gate.check(self._serializer)
            body = await reader.read_body(receive)
            await self._gate.wait_turn(len(body))
            trace = carried_headers(headers)
            attributes = cloudevent_headers(scope["headers"]) if self._cloudevents else None
            if attributes is not None:
                trace = attributes + (trace or [])
            try:
                events = reader.split(body)
            except Refusal as refusal:
                self._keep(body, refusal, trace)
                raise
            if events.many:
                if attributes is not None:
                    refuse_several()
                for allowance in scope.get(ALLOWANCES, ()):
                    allowance.pay(len(events.slices) - 1)  # the first was paid at the entrance
                return await self._ingestion.accept_many(events.slices, trace)
            return await self._ingestion.accept_one(body, trace)
        except Refusal as refusal:
            self._metrics.refuse_request(refusal.reason)
            if refusal.problem.status == UNAVAILABLE.status:
                refusal.headers["retry-after"] = str(self._gate.retry_after_s())
            return refusal.answer()
        except Disconnected:
            self._metrics.refuse_request("disconnected")
            return _GONE
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the place
            self._metrics.refuse_request("internal")
            return answer_fault(error, "an event could not be taken")
        finally:
            reader.release()

    def begin(self, body: bytes, reply: Callable[[Answer], None]) -> bool:
        """The short way of one event, whose body is there, and whose headers say nothing that matters.

        False if it has to go the long way, by `answer`. `reply` is called later, once, in the event loop.
        """
        size = len(body)
        if size > self._limits.max_body_bytes or not body.startswith(b"{"):
            return False
        if not self._gate.is_open(self._serializer, size):
            return False
        try:
            self._open_requests.take(0, size)
        except Overloaded:
            return False

        def release(answer: Answer) -> None:
            self._open_requests.give(0, size)
            reply(answer)

        try:
            self._ingestion.begin_one(body, release)
        except BaseException:
            self._open_requests.give(0, size)
            raise
        return True

    def _keep(self, body: bytes, refusal: Refusal, trace: Headers | None) -> None:
        """A body in which no events can be told apart is kept as one reject."""
        if self._rejects is not None and body and refusal.problem is INVALID_BODY:
            self._rejects.keep(body, Fault(Stage.PARSE, "", refusal.detail), trace)


def carried_headers(headers: Mapping[bytes, bytes]) -> Headers | None:
    """The headers that a record takes over from its request; None if there are none, which is the fast case."""
    trace = headers.get(b"traceparent")
    if trace is None or not _TRACEPARENT.fullmatch(trace):
        return None
    return [("traceparent", trace)]


async def send_answer(answer: Answer, send: Send) -> None:
    """Send `answer` as one message of the ASGI protocol."""
    headers = [(b"content-type", answer.media_type.encode()), (b"content-length", b"%d" % len(answer.body))]
    headers.extend((name.encode(), value.encode()) for name, value in answer.headers)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
