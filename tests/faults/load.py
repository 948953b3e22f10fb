"""A steady client over HTTP that enters every attempt, and what it was told, in a ledger."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import uuid4

import aiohttp

from tests.faults.answers import enter_answer
from tests.faults.ledger import Ledger

ACTIONS = ("click", "search", "purchase", "page_view")
_CONNECTIONS = 64
_RETRY_PAUSE_S = 0.3
_JSON = {"Content-Type": "application/json"}


def canonical(event: dict[str, Any]) -> str:
    """The content of an event as a text that can be compared."""
    return json.dumps(event, sort_keys=True)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """`rate` is events a second, `batch` events a request (1: a lone object); each `spoil_every`-th is no valid event.

    With `retry`, what was not taken is sent again with the same id until the load ends; and each `repeat_every`-th
    event whatever the answer was, as by a client that never got it.
    """

    rate: float = 300.0
    batch: int = 1
    spoil_every: int = 0
    repeat_every: int = 0
    retry: bool = True
    timeout_s: float = 20.0
    connections: int = _CONNECTIONS
    padding: int = 0


@dataclass(slots=True)
class Answered:
    """One request: when it was sent (monotonic), how long it took, its status and Retry-After."""

    at: float
    took_s: float
    status: int
    retry_after: str | None
    events: int


class _Request(NamedTuple):
    """`contents` are what the ledger compares."""

    events: list[dict[str, Any]]
    contents: list[str]
    data: bytes


@dataclass(slots=True)
class Load:
    """Runs in a thread of its own while the `with` block lasts; at its end every attempt has its outcome."""

    url: str
    options: LoadOptions = field(default_factory=LoadOptions)
    ledger: Ledger = field(default_factory=Ledger)
    answers: deque[Answered] = field(default_factory=deque)
    acknowledged: int = 0
    made: int = 0
    _answered: int = 0
    _again: deque[dict[str, Any]] = field(default_factory=deque)
    _ready: deque[_Request] = field(default_factory=deque)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _error: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()
        if kind is None and self._error is not None:
            raise self._error

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def prepare(self, events: int) -> None:
        """Make requests ahead: a client that made them on the way would be slower than the API."""
        self._ready.extend(self._next() for _ in range(events // self.options.batch))

    def wait_acknowledged(self, more: int, within_s: float = 60.0) -> float:
        """Wait until `more` further events are acknowledged; gives back how long that took, in seconds."""
        started, wanted = time.monotonic(), self.acknowledged + more
        while self.acknowledged < wanted:
            if self._error is not None:
                raise self._error
            if time.monotonic() - started > within_s:
                last = [(each.status, round(each.took_s, 3)) for each in list(self.answers)[-5:]]
                done = self.acknowledged - wanted + more
                raise AssertionError(f"{done} and not {more} were acknowledged within {within_s:g} s; answers: {last}")
            time.sleep(0.02)
        return time.monotonic() - started

    def wait_status(self, status: int, within_s: float = 60.0) -> Answered:
        """Wait until an answer with this status comes; gives it back."""
        started = time.monotonic()
        while True:
            for answer in reversed(list(self.answers)):
                if answer.at < started:
                    break
                if answer.status == status:
                    return answer
            assert time.monotonic() - started < within_s, f"no answer {status} within {within_s:g} s"
            time.sleep(0.02)

    def _run(self) -> None:
        try:
            asyncio.run(self._send_all())
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self._error = error

    async def _send_all(self) -> None:
        options = self.options
        timeout = aiohttp.ClientTimeout(total=options.timeout_s)
        connector = aiohttp.TCPConnector(limit=options.connections)
        free = asyncio.Semaphore(options.connections)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session, asyncio.TaskGroup() as tasks:
            due = time.monotonic()
            while not self._stop.is_set():
                await free.acquire()
                request = self._ready.popleft() if self._ready else self._next()
                task = tasks.create_task(self._post(session, request))
                task.add_done_callback(lambda _task: free.release())
                due = max(due + options.batch / options.rate, time.monotonic() - 1.0)
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _next(self) -> _Request:
        batch = self.options.batch
        events = [self._again.popleft() if self._again else self._make() for _ in range(batch)]
        return _Request(events, list(map(canonical, events)), json.dumps(events if batch > 1 else events[0]).encode())

    def _make(self) -> dict[str, Any]:
        self.made += 1
        event: dict[str, Any] = {
            "event_id": str(uuid4()),
            "user_id": f"user-{self.made % 97}",
            "action": ACTIONS[self.made % len(ACTIONS)],
            "page_url": f"/products/{self.made}" + "x" * self.options.padding,
            "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "session_id": None if self.made % 3 else f"visit {self.made} \N{SNOWMAN}",
            "device": None,
            "properties": {"number": str(self.made)},
        }
        if self.options.spoil_every and self.made % self.options.spoil_every == 0:
            event["action"] = "no such action"
        return event

    async def _post(self, session: aiohttp.ClientSession, request: _Request) -> None:
        events = request.events
        for event, content in zip(events, request.contents, strict=True):
            self.ledger.send(event["event_id"], content)
        started = time.monotonic()
        try:
            async with session.post(self.url, data=request.data, headers=_JSON) as response:
                body = await response.read()
                status, retry_after = response.status, response.headers.get("Retry-After")
        except aiohttp.ClientConnectorError:
            await self._unsent(events, "no connection")
            return
        except TimeoutError:
            await self._undecided(events, "time-out")
            return
        except (aiohttp.ClientError, OSError):
            await self._undecided(events, "connection lost")
            return
        self.answers.append(Answered(started, time.monotonic() - started, status, retry_after, len(events)))
        await self._enter(events, status, json.loads(body) if body else {})

    async def _unsent(self, events: list[dict[str, Any]], reason: str) -> None:
        for event in events:
            self.ledger.refuse(event["event_id"], reason)
        await self._send_again(events)

    async def _undecided(self, events: list[dict[str, Any]], reason: str) -> None:
        for event in events:
            self.ledger.doubt(event["event_id"], reason)
        await self._send_again(events)

    async def _send_again(self, events: Sequence[dict[str, Any]]) -> None:
        if self.options.retry:
            await asyncio.sleep(_RETRY_PAUSE_S)
            self._again.extend(events)

    async def _enter(self, events: list[dict[str, Any]], status: int, document: dict[str, Any]) -> None:
        again = enter_answer(self.ledger, [event["event_id"] for event in events], status, document)
        self.acknowledged = self.ledger.acknowledged
        if self.options.repeat_every:
            again += [index for index in range(len(events)) if self._is_repeated() and index not in again]
        if again:
            await self._send_again([events[index] for index in again])

    def _is_repeated(self) -> bool:
        self._answered += 1
        return self._answered % self.options.repeat_every == 0
