"""The floor of everything over HTTP: an ASGI application that reads the body and answers; no framework, no work.

POST is answered 202 with as many bytes as the API's answer has, anything else 200 with BENCH_ANSWER_BYTES of them.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

_ACCEPTED: Final = b'{"status":"accepted","event_id":"6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e","topic":"events"}'.ljust(
    180
)
_CONTENT: Final = b" " * int(os.environ.get("BENCH_ANSWER_BYTES", "16"))


def _start(status: int, body: bytes) -> dict[str, Any]:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return {"type": "http.response.start", "status": status, "headers": headers}


_POST: Final = _start(202, _ACCEPTED)
_GET: Final = _start(200, _CONTENT)

_Message = MutableMapping[str, Any]


async def app(
    scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
) -> None:
    if scope["type"] != "http":
        return await _live(receive, send)
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    b"".join(parts)
    start, body = (_POST, _ACCEPTED) if scope["method"] == "POST" else (_GET, _CONTENT)
    await send(start)
    await send({"type": "http.response.body", "body": body})
    return None


async def _live(receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
