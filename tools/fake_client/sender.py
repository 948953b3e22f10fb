"""Posts bodies, sends again what may be sent again, and accounts for every event."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from tools.errors import UserError
from tools.fake_client.answers import Fate, Verdict, read_answer, read_retry_after_s
from tools.fake_client.bodies import Body, BodyBuffer, make_bodies
from tools.fake_client.options import SendOptions
from tools.fake_client.people import seeded
from tools.fake_client.report import SendReport

Progress = Callable[[SendReport], None]
Sleep = Callable[[float], Awaitable[None]]

MADE_AHEAD: Final = 20_000  # about 10 MB
_SLICE: Final = 64  # bodies made in one go: a third of a millisecond in which no answer is read
_IDLE_S: Final = 0.01
_TICK_S: Final = 0.2
_CONNECT_TIMEOUT_S: Final = 5.0
_MAX_DEBT_S: Final = 1.0
_HOPELESS: Final = 10  # events without an answer of their own, before any that has one: this is no such API


class ApiUnreachableError(UserError):
    """Nothing listens where the API should be."""


async def send(
    options: SendOptions,
    progress: Progress | None = None,
    stop: asyncio.Event | None = None,
    *,
    sleep: Sleep = asyncio.sleep,
) -> SendReport:
    """Send events as `options` say, until they are all answered or `stop` is set.

    `progress` gets the live report about five times a second, and once at the end. After `stop` nothing new is sent,
    and what is under way has `drain_s` seconds to be answered. `sleep` is how to wait before sending again. Raises
    SendOptionsError, and ApiUnreachableError if no connection can be made at the start.
    """
    contract = options.find_contract()
    report = SendReport(seed=options.seed or 0, schema_version=options.schema_version or contract.latest)
    show = progress or (lambda _report: None)
    show(report)
    await _check_reachable(options.url)
    buffer = BodyBuffer(make_bodies(options), MADE_AHEAD, options.count)
    while (stop is None or not stop.is_set()) and buffer.fill(_SLICE):
        if options.count is None and options.rate is not None:
            break  # a paced, endless run makes its bodies on the way
        await asyncio.sleep(0)
    sender = _Sender(options, options.endpoint(contract.path), buffer, report, stop or asyncio.Event(), sleep)
    ticker = asyncio.create_task(_tick(sender, show))
    try:
        await sender.run()
    finally:
        ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticker
        sender.take_time()
        show(report)
    return report


async def _check_reachable(url: str) -> None:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError) as error:
        reason = os.strerror(error.errno) if error.errno else "no answer"
        raise ApiUnreachableError(
            f"cannot connect to the API at {url} ({reason}): start it with `python -m producer_api`, "
            "or say with --url where it is"
        ) from None
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _tick(sender: _Sender, show: Progress) -> None:
    while True:
        await asyncio.sleep(_TICK_S)
        sender.take_time()
        show(sender.report)


class _Sender:
    def __init__(
        self,
        options: SendOptions,
        endpoint: str,
        buffer: BodyBuffer,
        report: SendReport,
        stop: asyncio.Event,
        sleep: Sleep,
    ) -> None:
        self.report = report
        self._options = options
        self._endpoint = endpoint
        self._buffer = buffer
        self._stop = stop
        self._sleep = sleep
        self._many = options.batch > 1
        self._headers = {"Content-Type": "application/x-ndjson" if self._many else "application/json"}
        self._jitter: random.Random = seeded(options.seed or 0, "jitter")
        self._loop = asyncio.get_running_loop()
        self._started = self._due = self._loop.time()

    def take_time(self) -> None:
        self.report.duration_s = self._loop.time() - self._started

    async def run(self) -> None:
        """Until every event that was taken is settled."""
        timeout = aiohttp.ClientTimeout(total=self._options.timeout_s)
        connector = aiohttp.TCPConnector(limit=self._options.concurrency)
        self._started = self._due = self._loop.time()
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        ) as session:
            workers = [asyncio.create_task(self._work(session)) for _ in range(self._options.concurrency)]
            refill = asyncio.create_task(self._refill())
            drain = asyncio.create_task(self._end_drain(workers))
            try:
                await asyncio.gather(*workers, return_exceptions=False)
            except asyncio.CancelledError:
                if not drain.done():
                    raise
            finally:
                for task in (refill, drain, *workers):
                    task.cancel()
                await asyncio.gather(refill, drain, *workers, return_exceptions=True)

    async def _refill(self) -> None:
        while True:
            made = self._buffer.fill(_SLICE)
            await asyncio.sleep(0 if made else _IDLE_S)

    async def _end_drain(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """What is not answered `drain_s` after the stop is given up."""
        await self._stop.wait()
        await asyncio.sleep(self._options.drain_s)
        for worker in workers:
            worker.cancel()

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while bodies := await self._take():
            self.report.sent += len(bodies)
            await self._settle(session, bodies)

    async def _take(self) -> list[Body]:
        """The next request's bodies, when it is their turn; none when the run is over."""
        options = self._options
        end = float("inf") if options.duration_s is None else self._started + options.duration_s
        now = self._loop.time()
        if options.rate is not None and not self._stop.is_set():
            # A client that was held up makes up for a second of it, and does not flood the API with the rest.
            due = self._due = max(self._due, now - _MAX_DEBT_S)
            self._due += options.batch / options.rate
            if due > now:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), min(due, end) - now)
                now = max(due, now)
        if self._stop.is_set() or now >= end:
            return []
        return self._buffer.take(options.batch)

    async def _settle(self, session: aiohttp.ClientSession, bodies: list[Body]) -> None:
        """Send until each of `bodies` has its final answer, or there is no more time for it."""
        options, report = self._options, self.report
        give_up_at = self._loop.time() + options.retry_for_s
        accepted_before = report.accepted
        attempt = 0
        again = [
            (body, Verdict(Fate.UNANSWERED, "stopped", "the run was stopped before the answer")) for body in bodies
        ]
        try:
            while True:
                verdicts, retry_after_s = await self._post(session, [body for body, _ in again])
                again = self._account(again, verdicts)
                if not again:
                    break
                delay_s = self._backoff_s(attempt, retry_after_s)
                if self._loop.time() + delay_s > give_up_at:
                    break
                await self._sleep(delay_s)
                attempt += 1
                report.retried += len(again)
        finally:
            for body, verdict in again:
                report.give_up(body, verdict.reason, verdict.message)
        if again and report.accepted == accepted_before:
            self._stop_early(f"{again[0][1].message}, and no event was accepted in the meantime")

    def _account(self, sent: list[tuple[Body, Verdict]], verdicts: Sequence[Verdict]) -> list[tuple[Body, Verdict]]:
        """Enter final answers; gives back what is to be sent again."""
        report = self.report
        again: list[tuple[Body, Verdict]] = []
        for (body, _), verdict in zip(sent, verdicts, strict=True):
            if verdict.fate is Fate.ACCEPTED:
                report.accept(body)
            elif verdict.fate is Fate.REFUSED:
                report.refuse(body, verdict.reason, verdict.message)
            elif verdict.fate is Fate.RETRY:
                again.append((body, verdict))
            else:
                report.give_up(body, verdict.reason, verdict.message)
        if report.unanswered >= _HOPELESS and not report.accepted and not report.refused:
            self._stop_early(f"the API answers {verdicts[0].reason} at {self._endpoint}: {verdicts[0].message}")
        return again

    def _stop_early(self, why: str) -> None:
        if not self._stop.is_set():
            self.report.stopped = why
            self._stop.set()

    def _backoff_s(self, attempt: int, retry_after_s: float) -> float:
        """What the server asks for, and up to twice as much again with each attempt, at random."""
        options = self._options
        longest_s: float = min(options.retry_cap_s, options.retry_base_s * 2.0**attempt)
        return retry_after_s + longest_s * (0.5 + self._jitter.random() / 2)

    async def _post(self, session: aiohttp.ClientSession, bodies: Sequence[Body]) -> tuple[list[Verdict], float]:
        """One request: a verdict for each body, and the seconds of `Retry-After`."""
        data = b"\n".join([body.data for body in bodies]) if self._many else bodies[0].data
        started = perf_counter()  # uvloop's clock has whole milliseconds
        try:
            async with session.post(self._endpoint, data=data, headers=self._headers) as response:
                answer = await response.read()
                status, retry_after = response.status, response.headers.get("Retry-After")
        except aiohttp.ClientConnectorError:
            return [Verdict(Fate.RETRY, "connection", "the API takes no connection")] * len(bodies), 0.0
        except TimeoutError:
            message = f"the API did not answer within {self._options.timeout_s:g} s"
            self.report.in_doubt += len(bodies)
            return [Verdict(Fate.RETRY, "time-out", message)] * len(bodies), 0.0
        except asyncio.CancelledError:
            self.report.in_doubt += len(bodies)
            raise
        except (aiohttp.ClientError, OSError):
            self.report.in_doubt += len(bodies)
            return [Verdict(Fate.RETRY, "connection", "the API broke the connection off")] * len(bodies), 0.0
        self.report.latencies.add(perf_counter() - started)
        return read_answer(status, answer, len(bodies)), read_retry_after_s(retry_after)
