"""What a running consumer tells over HTTP: whether it is alive, how far it is, and what its handler has to answer.

    GET /live        200, or 503 with the reason when it is stuck; idle, paused and rebalancing are alive
    GET /progress    the last progress line
    GET /metrics     the same numbers for Prometheus

A handler may have answers of its own, by path.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from consumers.faults import ConsumerError
from consumers.loop.liveness import Liveness
from consumers.running.metrics import CONTENT_TYPE, ConsumerMetrics
from consumers.running.progress import Reporter

log = logging.getLogger(__name__)

# From the query (each name's last value) to a status and what is sent: bytes as Prometheus' text, all else as JSON.
Answer = Callable[[Mapping[str, str]], tuple[HTTPStatus, Any]]

_PATIENCE_S: Final = 10.0


def answers_of(liveness: Liveness, reporter: Reporter, metrics: ConsumerMetrics) -> dict[str, Answer]:
    """The answers that every consumer has."""

    def live(_query: Mapping[str, str]) -> tuple[HTTPStatus, Any]:
        complaint = liveness.complaint
        if complaint is not None:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "stuck", "reason": complaint}
        return HTTPStatus.OK, {"status": "alive"}

    def progress(_query: Mapping[str, str]) -> tuple[HTTPStatus, Any]:
        return HTTPStatus.OK, json.loads(reporter.latest)

    def exposed(_query: Mapping[str, str]) -> tuple[HTTPStatus, Any]:
        return HTTPStatus.OK, metrics.expose()

    return {"/live": live, "/progress": progress, "/metrics": exposed}


@contextmanager
def serve(host: str, port: int, answers: Mapping[str, Answer]) -> Iterator[int]:
    """Answer on `port` (0: a free one, which is given back) until the end of the block. Raises ConsumerError."""

    class Requests(BaseHTTPRequestHandler):
        timeout = _PATIENCE_S

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            answer = answers.get(parts.path)
            if answer is None:
                known = ", ".join(sorted(answers))
                self._send(HTTPStatus.NOT_FOUND, {"error": f"there is no {parts.path} here; there is: {known}"})
                return
            self._send(*answer({name: values[-1] for name, values in parse_qs(parts.query).items()}))

        def _send(self, status: HTTPStatus, content: Any) -> None:
            is_text = isinstance(content, bytes)
            body = content if is_text else json.dumps(content).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE if is_text else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            log.debug(format, *args)

    try:
        server = ThreadingHTTPServer((host, port), Requests)
    except (OSError, OverflowError) as error:
        raise ConsumerError(
            f"HTTP cannot be served on {host}:{port} ({error}): choose another --http-port or --http-host"
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="http", daemon=True)
    thread.start()
    try:
        log.info("HTTP on %s:%s: %s", host, server.server_port, ", ".join(sorted(answers)))
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
