"""An open-loop client in a process of its own: it sends at its rate, whatever the answers do.

`Flood` runs it and enters what came of it. As a program (`python -m tests.faults.flood`) it is the client: as little as
sends requests that were made beforehand and keeps the answers, so that what is measured is the server. A wait is
counted from the moment at which the request was due, so that nothing is left out where the client itself is late.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
import uvloop

from tests.faults.answers import enter_answer
from tests.faults.ledger import Ledger
from tools.project import this_code

_PATIENCE_S: Final = 20.0


class Plan(msgspec.Struct, frozen=True):
    """`rate` is requests a second, 0: as fast as they are answered. `again`: how many of the requests refused last are
    sent again, each when its Retry-After says. `run` tells the plan's events from those of others on the topic, `at` is
    the moment that all of them tell.
    """

    url: str
    run: int
    at: str
    batch: int
    connections: int
    seconds: float
    rate: float = 0.0
    again: int = 0
    padding: int = 0


class Sent(msgspec.Struct):
    """One request. Times are seconds of a monotonic clock; status 0 is no answer."""

    first: int
    due: float
    sent: float = 0.0
    done: float = 0.0
    status: int = 0
    retry_after: str | None = None
    body: str = ""
    is_again: bool = False

    @property
    def wait_s(self) -> float:
        return self.done - self.due


def make_event(plan: Plan, number: int) -> dict[str, Any]:
    """The event with this number: always the same."""
    place = number % plan.batch
    return {
        "event_id": f"{plan.run:08x}-0000-4000-8000-{number:012x}",
        "user_id": f"user-{place}",
        "action": "click",
        "page_url": f"/flood/{place}" + "x" * plan.padding,
        "occurred_at": plan.at,
        "session_id": None,
        "device": None,
        "properties": {},
    }


def run_flood(plan: Plan, folder: Path, ledger: Ledger) -> list[Sent]:
    """Run a plan to its end; every event is in the ledger with its outcome."""
    answers = folder / f"flood-{plan.run}.json"
    subprocess.run(
        [sys.executable, "-m", "tests.faults.flood", str(answers)],
        input=msgspec.json.encode(plan),
        cwd=this_code(),
        check=True,
        timeout=plan.seconds + 4 * _PATIENCE_S,
    )
    sent = msgspec.json.decode(answers.read_bytes(), type=list[Sent])
    for request in sent:
        _enter(request, plan, ledger)
    return sent


def _enter(request: Sent, plan: Plan, ledger: Ledger) -> None:
    events = [make_event(plan, request.first + index) for index in range(plan.batch)]
    for event in events:
        ledger.send(event["event_id"], json.dumps(event, sort_keys=True))
    ids = [event["event_id"] for event in events]
    if not request.status:
        for event_id in ids:
            ledger.doubt(event_id, "no answer")
        return
    enter_answer(ledger, ids, request.status, json.loads(request.body) if request.body else {})


# ---------------------------------------------------------------- the client


class _Request(NamedTuple):
    sent: Sent
    data: bytes


class _Connection(asyncio.Protocol):
    def __init__(self, client: _Client) -> None:
        self._client = client
        self._received = b""
        self._request: _Request | None = None
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, request: _Request) -> None:
        self._request = request
        request.sent.sent = time.monotonic()
        self._transport.write(request.data)

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        if len(body) < int(headers["content-length"]):
            return
        self._received = b""
        request, self._request = self._request, None
        assert request is not None, "an answer that nobody asked for"
        sent = request.sent
        sent.done = time.monotonic()
        sent.status, sent.body, sent.retry_after = int(lines[0].split()[1]), body.decode(), headers.get("retry-after")
        self._client.take_answer(request, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.lose(self, self._request)


class _Client:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        url = urlsplit(plan.url)
        self._host, self._port = url.hostname or "", url.port or 80
        self._template = _template(plan, url.path)
        self._due: deque[_Request] = deque()
        self._free: deque[_Connection] = deque()  # in rotation, so that none is idle for long, and closed
        self._refused: deque[_Request] = deque(maxlen=plan.again or 1)
        self._under_way = 0
        self._open = 0
        self._connecting: set[asyncio.Task[None]] = set()
        self._is_over = False
        self._all_answered = asyncio.Event()
        self.sent: list[Sent] = []

    def _make(self, due: float) -> _Request:
        first = len(self.sent) * self._plan.batch
        return _Request(Sent(first, due), self._template % tuple(range(first, first + self._plan.batch)))

    async def run(self) -> None:
        for _ in range(self._plan.connections):
            await self._connect()
        begin = time.monotonic()
        end = begin + self._plan.seconds
        while (now := time.monotonic()) < end:
            if self._plan.rate:
                for _ in range(int((now - begin) * self._plan.rate) - len(self.sent)):
                    self._put(self._make(begin + len(self.sent) / self._plan.rate))
            else:
                while self._free:
                    self._put(self._make(now))
            await asyncio.sleep(0.001)
        self._is_over = True
        await self._send_again()
        self._all_answered.clear()  # it was set if there was a moment without any
        if self._under_way:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_answered.wait(), _PATIENCE_S)

    async def _send_again(self) -> None:
        if not self._plan.again:
            return
        for connection in self._free:  # the server closes idle ones, perhaps just when one is used
            connection.close()
        self._free.clear()
        await asyncio.sleep(0.2)  # and the last refusals arrive
        waiting = sorted(self._refused, key=_told)
        for request in waiting:
            await asyncio.sleep(max(0.0, _told(request) - time.monotonic()))
            self._put(_Request(Sent(request.sent.first, time.monotonic(), is_again=True), request.data))

    def _put(self, request: _Request) -> None:
        self.sent.append(request.sent)
        self._under_way += 1
        self._due.append(request)
        if self._free:
            self._free.popleft().send(self._due.popleft())
        elif self._open + len(self._connecting) < self._plan.connections:  # the server has closed some that were idle
            task = asyncio.create_task(self._connect())
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(self), self._host, self._port
        )
        self._open += 1
        self._use(connection)

    def _use(self, connection: _Connection) -> None:
        if self._due:
            connection.send(self._due.popleft())
        else:
            self._free.append(connection)

    def take_answer(self, request: _Request, connection: _Connection) -> None:
        self._under_way -= 1
        if request.sent.status == 503 and not request.sent.is_again:
            self._refused.append(request)
        if not self._plan.rate and not self._due and not self._is_over:
            self._put(self._make(time.monotonic()))
        self._use(connection)
        self._note_end()

    def _note_end(self) -> None:
        if self._is_over and not self._under_way:
            self._all_answered.set()

    def lose(self, connection: _Connection, request: _Request | None) -> None:
        """A connection is gone, and with it the answer to `request`."""
        self._open -= 1
        if request is not None:
            self._under_way -= 1
            self._note_end()
        elif connection in self._free:
            self._free.remove(connection)


def _template(plan: Plan, path: str) -> bytes:
    """A request in which the numbers of its events are left out: `template % numbers`, all of twelve digits."""
    mark = "_" * 12
    prefix = f"{plan.run:08x}-0000-4000-8000-"
    body = msgspec.json.encode([{**make_event(plan, place), "event_id": prefix + mark} for place in range(plan.batch)])
    head = f"POST {path} HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body.replace(b"%", b"%%").replace(mark.encode(), b"%012x")


def _told(request: _Request) -> float:
    return request.sent.done + float(request.sent.retry_after or 0)


def main() -> None:
    client = _Client(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan))
    uvloop.run(client.run())
    Path(sys.argv[1]).write_bytes(msgspec.json.encode(client.sent))


if __name__ == "__main__":
    main()
