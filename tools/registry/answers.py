"""Answers that are kept until the registry changes: clients ask for the same few schemas again and again.

A schema by its id is asked for by each process that starts, and by those without a cache for each record. What is kept
is the whole answer, so that nothing of routing, SQL and JSON is done twice.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tools.registry.store import Store

_MOST: Final = 1_024
_LARGEST_BYTES: Final = 256 * 1024  # with the number of answers, the bound of memory
_PATHS: Final = b"/schemas/"
_ASKED_BY: Final = b"accept"  # the one header on which the answer of a read depends


class _Kept(NamedTuple):
    state: object
    start: Message
    body: Message


class KeptAnswers:
    """Middleware for reads of `/schemas/…`. It stands behind the authentication, for an answer is the same to all."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store
        self._kept: dict[tuple[bytes, bytes, bytes], _Kept] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes = (scope.get("raw_path") or b"") if scope["type"] == "http" else b""
        if not raw.startswith(_PATHS) or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        accept = b",".join(value for name, value in scope["headers"] if name == _ASKED_BY)
        key = (raw, scope["query_string"], accept)
        state = self._store.state
        kept = self._kept.get(key)
        if kept is None or kept.state != state:
            await self._ask(key, state, scope, receive, send)
        else:
            await send(kept.start)
            await send(kept.body)

    async def _ask(
        self, key: tuple[bytes, bytes, bytes], state: object, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Pass the request on, and keep its answer with the state from before: a change meanwhile makes it void."""
        sent: list[Message] = []

        async def note(message: Message) -> None:
            sent.append(message)
            await send(message)

        await self._app(scope, receive, note)
        match sent:
            case [{"status": 200} as start, {"body": bytes(body)} as end] if len(body) <= _LARGEST_BYTES:
                self._kept.pop(key, None)
                while len(self._kept) >= _MOST:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = _Kept(state, start, end)
