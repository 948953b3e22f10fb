"""uvicorn's HTTP/1.1 protocol with what it leaves open: how large a request's head may be and how long it may take, and
what becomes of a request that offers another protocol.

`python -m producer_api` serves with it. Without it a client can hold a connection for ever with a head that never ends,
or fill the memory with one.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from producer_api.errors import HEADERS_TOO_LARGE, PROBLEM_JSON, TOO_SLOW, ProblemType, problem_answer
from producer_api.http_parsing import ParserWithoutUpgrade
from producer_api.settings import HeadLimits, head_limits
from tools import config

_REASONS: Final = {408: "Request Timeout", 431: "Request Header Fields Too Large"}


@lru_cache(maxsize=1)
def read_head_limits() -> HeadLimits:
    """Read once for each process; the application has read the same when it started, and would have refused it."""
    return head_limits(config.environment())


class BoundedHttp(HttpToolsProtocol):
    """One connection. A head is under way from its first byte, or from the connection on, until its last."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser = self._parser = ParserWithoutUpgrade(self)  # type: ignore[assignment]  # as much of one as is used
        self._limits = read_head_limits()
        self._head_bytes = 0
        self._head_done = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_done or not self._head_bytes:
            return
        # A header that is not complete is in the parser, which tells nobody of it: so bytes are counted here.
        if self._head_bytes > self._limits.max_bytes:
            self._refuse(HEADERS_TOO_LARGE, f"the head of a request may have {self._limits.max_bytes} bytes")
        elif self._deadline is None:
            self._start_deadline()

    def wants_upgrade(self) -> bool:
        """For the parser: to a WebSocket, whose handshake is answered by the application."""
        return self._should_upgrade()

    def on_headers_complete(self) -> None:
        if self.transport.is_closing():
            return  # what was sent behind a refused request
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._limits.max_bytes:
            self._refuse(HEADERS_TOO_LARGE, f"the head of a request may have {self._limits.max_bytes} bytes")
            return
        if self._parser.is_passing_over():
            return
        self._head_done = True
        self._stop_deadline()
        self._begin_request()

    def _begin_request(self) -> None:
        """The head is complete, and what it should be."""
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._head_done:
            super().on_body(body)
            if self._deadline is None and self.cycle.response_complete:
                self._start_deadline()  # the rest of a body that nobody waits for

    def on_message_complete(self) -> None:
        if self._head_done:
            self._head_done = False
            self._head_bytes = 0
            self._stop_deadline()
            super().on_message_complete()

    def _start_deadline(self) -> None:
        self._deadline = self.loop.call_later(self._limits.timeout_s, self._expire)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self._head_done or not self._head_bytes:
            self.transport.close()  # there is nothing to answer
        else:
            self._refuse(TOO_SLOW, f"the head of the request did not arrive within {self._limits.timeout_s:g} s")

    def _refuse(self, problem: ProblemType, detail: str) -> None:
        """Answer and close, unless an answer to an earlier request of this connection is still under way."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            body = problem_answer(problem, detail).body
            self.transport.write(
                f"HTTP/1.1 {problem.status} {_REASONS[problem.status]}\r\ncontent-type: {PROBLEM_JSON}\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                + body
            )
        self.transport.close()
