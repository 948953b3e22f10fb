"""A registry that answers nonsense: it stands before an honest one, and passes on what it is not told to spoil."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

_TIMEOUT_S = 10


class Nonsense(NamedTuple):
    """What is answered instead; `length` is what Content-Length says where that is a lie."""

    name: str
    status: int
    media_type: str
    body: bytes
    length: int | None = None


NONSENSE = (
    Nonsense("a page", 200, "text/html", b"<html>Welcome to nginx!</html>"),
    Nonsense("nothing", 200, "application/json", b""),
    Nonsense("an empty object", 200, "application/json", b"{}"),
    Nonsense("a list", 200, "application/json", b"[1, 2, 3]"),
    Nonsense("null", 200, "application/json", b"null"),
    Nonsense("half a document", 200, "application/json", b'{"schema": "{\\"type\\"'),
    Nonsense("a schema that is a number", 200, "application/json", b'{"schema": 7}'),
    Nonsense("no UTF-8", 200, "application/json", b'{"schema": "\xff\xfe"}'),
    Nonsense("less than it promised", 200, "application/json", b'{"sch', 5000),
    Nonsense("a page that is not there", 404, "text/html", b"<html>Not found</html>"),
    Nonsense("a 404 of another code", 404, "application/json", b'{"error_code": 404, "message": "HTTP 404"}'),
    Nonsense("a login", 401, "text/html", b"<html>Who are you?</html>"),
    Nonsense("a fault", 500, "text/plain", b"Traceback (most recent call last):"),
    Nonsense("too many requests", 429, "application/json", b'{"message": "later"}'),
)


class UnrulyRegistry:
    """Listens on a free port while the `with` block of `unruly` lasts; `nonsense` is None while it is honest."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.nonsense: Nonsense | None = None
        self.spoiled = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._take(None)

            def do_POST(self) -> None:
                self._take(self.rfile.read(int(self.headers["Content-Length"])))

            def _take(self, body: bytes | None) -> None:
                nonsense = registry.nonsense
                if nonsense is None:
                    self._answer(*registry.ask(self.path, body))
                else:
                    registry.spoiled += 1
                    self._answer(nonsense.status, nonsense.media_type, nonsense.body, nonsense.length)

            def _answer(self, status: int, media_type: str, body: bytes, length: int | None = None) -> None:
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Handler

    def ask(self, path: str, body: bytes | None) -> tuple[int, str, bytes]:
        """The honest answer; a lookup has a body."""
        headers = {} if body is None else {"Content-Type": "application/vnd.schemaregistry.v1+json"}
        request = urllib.request.Request(self.upstream + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read()


@contextmanager
def unruly(upstream: str) -> Iterator[UnrulyRegistry]:
    """Before `upstream`, honest at first."""
    registry = UnrulyRegistry(upstream)
    thread = threading.Thread(target=registry.serve, name="unruly registry")
    thread.start()
    try:
        yield registry
    finally:
        registry.close()
        thread.join()
