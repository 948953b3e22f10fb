"""The fake client against an API of the test's own: answers, retries, accounts, stopping, and what a person sees."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from codegen.models import CONTRACTS
from tools.errors import UserError
from tools.fake_client import ApiUnreachableError, SendOptions, SendReport, run_send, send
from tools.fake_client.answers import Fate, read_answer, read_retry_after_s
from tools.fake_client.command import _every, _send_until_signal
from tools.fake_client.latency import Latencies
from tools.fake_client.report import format_report

START = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
MODEL = CONTRACTS["user_action"].model()
PROBLEM = "application/problem+json"
Fault = dict[str, Any]
Script = Callable[[web.Request, list[bytes]], web.Response | None]


class Api:
    """Answers as docs/http.md says. `script` may answer a request first; None lets it pass."""

    def __init__(self) -> None:
        self.requests: list[list[bytes]] = []
        self.types: Counter[str] = Counter()
        self.acknowledged: list[str] = []
        self.script: Script = lambda _request, _events: None
        self.hold: asyncio.Event | None = None
        self.reached = asyncio.Event()

    async def post(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        many = request.content_type == "application/x-ndjson"
        events = body.split(b"\n") if many else [body]
        self.requests.append(events)
        self.types[request.content_type] += 1
        self.reached.set()
        if self.hold is not None:
            await self.hold.wait()
        return self.script(request, events) or self.judge(events, many)

    def judge(self, events: list[bytes], many: bool, retry: Collection[int] = ()) -> web.Response:
        """`retry` are indexes of events that the broker did not take this time."""
        faults = {index: fault for index, event in enumerate(events) if (fault := self.fault(index, event, retry))}
        if not many:
            if faults:
                return problem(422, [faults[0]])
            return web.json_response({"status": "accepted", "partition": 0, "offset": 1}, status=202)
        if len(faults) == len(events):
            return problem(503 if retry else 422, list(faults.values()))
        results = [
            {"status": "refused", **faults[index]} if index in faults else {"status": "accepted", "index": index}
            for index in range(len(events))
        ]
        return web.json_response({"results": results}, status=207 if faults else 202)

    def fault(self, index: int, event: bytes, retry: Collection[int]) -> Fault | None:
        try:
            MODEL.model_validate_json(event)
        except ValidationError as error:
            kind, where = error.errors()[0]["type"], error.errors()[0]["loc"]
            stage = "parse" if kind in ("json_invalid", "repeated_key") else "validate"
            return fault(index, stage, str(where[0]) if where and stage == "validate" else None)
        if index in retry:
            return fault(index, "deliver", None, retryable=True)
        self.acknowledged.append(json.loads(event)["event_id"])
        return None


def fault(index: int, stage: str, field: str | None, *, retryable: bool = False) -> Fault:
    return {"index": index, "stage": stage, "field": field, "message": "no good", "retryable": retryable}


def problem(status: int, faults: list[Fault] | None = None, retry_after: str | None = None) -> web.Response:
    document: dict[str, Any] = {"title": "A problem", "status": status, "detail": "not now"}
    if faults:
        document["errors"] = faults
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return web.Response(body=json.dumps(document), status=status, content_type=PROBLEM, headers=headers)


def first(times: int, answer: Callable[[web.Request, list[bytes]], web.Response | None]) -> Script:
    """A script that plays `answer` for the first requests only."""
    left = times

    def script(request: web.Request, events: list[bytes]) -> web.Response | None:
        nonlocal left
        left -= 1
        return answer(request, events) if left >= 0 else None

    return script


def drop(request: web.Request, _events: list[bytes]) -> None:
    if request.transport is not None:
        request.transport.abort()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def url(api: Api) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/events", api.post)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


class Waits:
    """Stands in for sleeping, and keeps how long it would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


def options(url: str, **changes: Any) -> SendOptions:
    return SendOptions(**{"url": url, "seed": 7, "start": START, "users": 5, "count": 50, "concurrency": 4, **changes})


class TestAccount:
    async def test_single_events_are_posted_as_json(self, api: Api, url: str) -> None:
        report = await send(options(url))
        assert (report.sent, report.accepted, report.is_good) == (50, 50, True)
        assert api.types == {"application/json": 50}
        assert report.totals == Counter(json.loads(event)["action"] for (event,) in api.requests)
        assert report.shapes == {CONTRACTS["user_action"].latest: 50}
        assert report.latencies.count == 50

    async def test_batches_are_posted_as_lines(self, api: Api, url: str) -> None:
        report = await send(options(url, batch=20))
        assert api.types == {"application/x-ndjson": 3}
        assert sorted(map(len, api.requests)) == [10, 20, 20]
        assert report.accepted == len(set(api.acknowledged)) == 50

    @pytest.mark.parametrize("batch", [1, 10, 200])
    async def test_what_is_wrong_on_purpose_is_refused_and_no_surprise(self, api: Api, url: str, batch: int) -> None:
        report = await send(options(url, count=180, batch=batch, invalid_ratio=0.1))
        assert (report.accepted, report.refused.total(), report.surprises) == (162, 18, 0)
        assert set(report.mistakes_refused.values()) == {2}
        assert len(report.mistakes_refused) == 9
        assert report.refused["parse"] >= 4
        assert report.refused["validate no_such_field"] == 2
        assert report.is_good

    async def test_a_batch_of_which_nothing_is_good_is_refused(self, api: Api, url: str) -> None:
        report = await send(options(url, batch=10, invalid_ratio=1.0))
        assert (report.accepted, report.refused.total(), report.is_good) == (0, 50, True)

    async def test_an_older_shape_is_posted(self, api: Api, url: str) -> None:
        report = await send(options(url, schema_version=1))
        assert all("page" in json.loads(event) for (event,) in api.requests)
        assert report.shapes == {1: 50}

    async def test_a_good_event_that_is_refused_is_a_surprise(self, api: Api, url: str) -> None:
        api.script = first(1, lambda _r, _e: problem(422, [fault(0, "validate", "page_url")]))
        report = await send(options(url))
        assert (report.good_but_refused, report.surprises, report.is_good) == (1, 1, False)
        assert "refused although nothing is wrong with it: validate page_url" in report.examples[0]

    async def test_a_wrong_event_that_is_accepted_is_a_surprise(self, api: Api, url: str) -> None:
        api.script = lambda _r, _e: web.json_response({}, status=202)
        report = await send(options(url, invalid_ratio=0.1))
        assert (report.wrong_but_accepted, report.is_good) == (5, False)
        assert "missing field" in report.examples[0]

    async def test_the_same_options_send_the_same_bytes(self, api: Api, url: str) -> None:
        await send(options(url, concurrency=1, invalid_ratio=0.2))
        await send(options(url, concurrency=1, invalid_ratio=0.2))
        assert api.requests[:50] == api.requests[50:]


class TestRetry:
    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    @pytest.mark.parametrize("batch", [1, 25])
    async def test_a_passing_refusal_is_sent_again_unchanged(self, api: Api, url: str, status: int, batch: int) -> None:
        api.script = first(2, lambda _r, _e: problem(status, retry_after="3"))
        waits = Waits()
        report = await send(options(url, concurrency=1, batch=batch), sleep=waits)
        assert api.requests[0] == api.requests[1] == api.requests[2]
        assert (report.retried, report.accepted, report.is_good) == (2 * batch, 50, True)
        assert len(api.acknowledged) == 50
        assert all(3 <= seconds <= 5 for seconds in waits.seconds)
        assert len(waits.seconds) == 2

    async def test_only_the_retryable_of_a_batch_are_sent_again(self, api: Api, url: str) -> None:
        api.script = first(1, lambda _r, events: api.judge(events, True, {1, 4}))
        report = await send(options(url, count=18, batch=18, invalid_ratio=0.5), sleep=Waits())
        assert [len(events) for events in api.requests] == [18, 1]
        assert api.requests[1] == [api.requests[0][4]]  # the other is wrong on purpose
        assert (report.accepted, report.refused.total(), report.retried, report.is_good) == (9, 9, 1, True)

    async def test_a_batch_that_the_broker_did_not_take_is_sent_again_without_its_wrong_events(
        self, api: Api, url: str
    ) -> None:
        api.script = first(1, lambda _r, events: api.judge(events, True, set(range(10))))
        report = await send(options(url, count=10, batch=10, invalid_ratio=0.2), sleep=Waits())
        assert [len(events) for events in api.requests] == [10, 8]
        assert (report.accepted, report.refused.total(), report.is_good) == (8, 2, True)

    async def test_a_broken_connection_is_doubtful_and_sent_again(self, api: Api, url: str) -> None:
        api.script = first(3, drop)
        report = await send(options(url, concurrency=1), sleep=Waits())
        assert (report.accepted, report.retried, report.in_doubt, report.is_good) == (50, 3, 3, True)
        assert api.requests[0] == api.requests[3]

    async def test_a_time_out_is_doubtful_and_sent_again(self, api: Api, url: str) -> None:
        api.hold = asyncio.Event()

        async def go_on(_seconds: float) -> None:
            assert api.hold is not None
            api.hold.set()

        report = await send(options(url, count=1, timeout_s=0.05), sleep=go_on)
        assert (report.accepted, report.in_doubt, report.is_good) == (1, report.retried, True)
        assert report.in_doubt >= 1

    async def test_waits_grow_and_have_an_end(self, api: Api, url: str) -> None:
        api.script = first(8, lambda _r, _e: problem(503))
        waits = Waits()
        await send(options(url, count=1, retry_base_s=0.1, retry_cap_s=1.0), sleep=waits)
        longest = [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0]
        for seconds, most in zip(waits.seconds, longest, strict=True):
            assert most / 2 <= seconds <= most

    async def test_an_event_is_given_up_when_its_time_is_over(self, api: Api, url: str) -> None:
        api.script = lambda _r, _e: problem(503, retry_after="60")
        report = await send(options(url, concurrency=1), sleep=Waits())
        assert (report.sent, report.failed, report.is_good) == (1, {"503": 1}, False)
        assert report.stopped == "not now, and no event was accepted in the meantime"

    async def test_one_event_given_up_does_not_end_a_run_that_goes_well(self, api: Api, url: str) -> None:
        others_are_in = asyncio.Event()
        first_wait = True

        def script(_request: web.Request, events: list[bytes]) -> web.Response | None:
            if len(api.requests) == 20:
                others_are_in.set()
            if events != api.requests[0]:
                return None
            return problem(503, retry_after="1" if first_wait else "60")

        async def wait(_seconds: float) -> None:
            nonlocal first_wait
            await others_are_in.wait()
            first_wait = False

        api.script = script
        report = await send(options(url), sleep=wait)
        assert (report.sent, report.accepted, report.failed, report.stopped) == (50, 49, {"503": 1}, None)
        assert not report.is_good

    async def test_a_server_that_is_no_such_api_is_left_alone(self, api: Api, url: str) -> None:
        api.script = lambda _r, _e: web.Response(status=404, text="nothing here")
        report = await send(options(url, count=1000))
        assert report.stopped is not None
        assert "answers 404" in report.stopped
        assert 10 <= report.sent < 100
        assert report.failed == {"404": report.sent}


class TestPaceAndEnd:
    async def test_no_connection_is_one_sentence(self) -> None:
        with pytest.raises(
            ApiUnreachableError, match=r"the API at http://127\.0\.0\.1:1 \(Connection refused\)"
        ) as caught:
            await send(options("http://127.0.0.1:1"))
        assert isinstance(caught.value, UserError)

    async def test_a_stop_waits_for_what_is_under_way(self, api: Api, url: str) -> None:
        api.hold = asyncio.Event()
        stop = asyncio.Event()
        sending = asyncio.create_task(send(options(url, count=None), stop=stop))
        await api.reached.wait()
        stop.set()
        await asyncio.sleep(0)
        api.hold.set()
        report = await sending
        assert 1 <= report.sent <= 4
        assert report.accepted == report.sent
        assert report.is_good

    async def test_what_is_not_answered_after_the_drain_is_given_up(self, api: Api, url: str) -> None:
        api.hold = asyncio.Event()
        stop = asyncio.Event()
        sending = asyncio.create_task(send(options(url, count=None, drain_s=0.0), stop=stop))
        await api.reached.wait()
        stop.set()
        report = await sending
        api.hold.set()
        assert report.sent == report.in_doubt == report.failed["stopped"] >= 1
        assert not report.is_good

    async def test_a_run_ends_with_its_duration(self, api: Api, url: str) -> None:
        report = await send(options(url, count=None, duration_s=0.1))
        assert report.sent == report.accepted > 0
        assert report.is_good

    async def test_the_rate_holds_events_back(self, api: Api, url: str) -> None:
        # One is due at once and the next in an hour, far behind the end.
        report = await send(options(url, count=None, rate=1 / 3600, duration_s=0.05))
        assert (report.sent, report.accepted) == (1, 1)

    async def test_a_stop_does_not_wait_for_the_next_turn(self, api: Api, url: str) -> None:
        stop = asyncio.Event()

        def stop_when_answered(report: SendReport) -> None:
            if report.accepted:
                stop.set()

        report = await send(options(url, count=None, rate=1 / 3600), stop_when_answered, stop)
        assert (report.sent, report.accepted, report.is_good) == (1, 1, True)

    async def test_progress_is_told_from_first_to_last(self, api: Api, url: str) -> None:
        told: list[int] = []
        await send(options(url), lambda report: told.append(report.accepted))
        assert told[0] == 0
        assert told[-1] == 50


class TestAnswers:
    def test_several_faults_of_one_event_are_one_refusal(self) -> None:
        body = json.dumps({"errors": [fault(0, "validate", "a"), fault(0, "validate", "b")]}).encode()
        assert [(v.fate, v.reason) for v in read_answer(422, body, 1)] == [(Fate.REFUSED, "validate a")]

    def test_a_422_without_details_refuses_all(self) -> None:
        assert [v.fate for v in read_answer(422, b'{"detail":"no"}', 2)] == [Fate.REFUSED] * 2

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"results":3}', b'{"results":[{"index":"0"}]}'])
    def test_an_answer_that_says_nothing_of_an_event_is_no_answer(self, body: bytes) -> None:
        assert [v.fate for v in read_answer(207, body, 1)] == [Fate.UNANSWERED]

    @pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 500])
    def test_a_fault_of_the_request_is_no_answer(self, status: int) -> None:
        (verdict,) = read_answer(status, b'{"title":"Too large"}', 1)
        assert verdict == (Fate.UNANSWERED, str(status), "Too large")

    def test_retry_after_is_seconds_or_a_date(self) -> None:
        assert read_retry_after_s("7") == 7
        assert read_retry_after_s("Sat, 31 Jan 2026 08:00:09 GMT", START) == 9
        assert read_retry_after_s("Sat, 31 Jan 2026 08:00:09 GMT", START + timedelta(hours=1)) == 0
        assert read_retry_after_s("soon") == read_retry_after_s(None) == 0


class TestLatencies:
    def test_percentiles_are_exact_to_one_percent(self) -> None:
        latencies = Latencies()
        times = [number / 1000 for number in range(1, 1001)]
        random.Random(1).shuffle(times)
        for seconds in times:
            latencies.add(seconds)
        for percent in (50, 90, 99):
            assert latencies.percentile_s(percent) == pytest.approx(percent / 100, rel=0.011)
        assert latencies.percentile_s(100) == latencies.longest_s == 1.0

    def test_nothing_measured_is_zero(self) -> None:
        assert Latencies().to_json() == {"p50": 0, "p90": 0, "p99": 0, "max": 0}


class TestCommand:
    @pytest.fixture
    def served(self, api: Api) -> Any:
        """The API in a process of its own: run_send has the loop of this one."""
        code = (
            "from aiohttp import web\n"
            "async def post(request):\n"
            "    body = await request.read()\n"
            "    if b'no_such_field' in body: return web.json_response({'errors': []}, status=422)\n"
            "    return web.json_response({}, status=202)\n"
            "async def up(app):\n"
            "    site = web.TCPSite(runner, '127.0.0.1', 0); await site.start()\n"
            "    print(site._server.sockets[0].getsockname()[1], flush=True)\n"
            "import asyncio\n"
            "app = web.Application(); app.router.add_post('/events', post)\n"
            "runner = web.AppRunner(app)\n"
            "async def main():\n"
            "    await runner.setup(); await up(app); await asyncio.Event().wait()\n"
            "asyncio.run(main())\n"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
            process.kill()

    def test_exit_codes_and_reports(self, served: str, capsys: pytest.CaptureFixture[str]) -> None:
        out = io.StringIO()
        assert run_send(options(served), out) == 0
        assert "sent" in out.getvalue()
        assert "latency" in out.getvalue()
        out = io.StringIO()
        assert run_send(options(served, invalid_ratio=0.2), out, as_json=True) == 1
        final = json.loads(out.getvalue().splitlines()[-1])
        assert (final["final"], final["good"], final["wrong_but_accepted"]) == (True, False, 9)
        assert run_send(options("http://127.0.0.1:1"), io.StringIO()) == 2
        assert capsys.readouterr().err.startswith("error: cannot connect to the API at http://127.0.0.1:1 ")

    def test_a_terminal_gets_a_bar(self, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "xterm")

        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        out = Terminal()
        assert run_send(options(served), out) == 0
        assert "50 accepted" in out.getvalue()
        monkeypatch.setenv("TERM", "dumb")
        out = Terminal()
        assert run_send(options(served), out) == 0
        assert "50 accepted" not in out.getvalue()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_an_endless_run_with_its_report(self, served: str, number: signal.Signals) -> None:
        code = (
            "import sys, signal; from tools.fake_client import *\n"
            "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"  # as in a background job
            f"sys.exit(run_send(SendOptions(url={served!r}, seed=1, users=5, rate=50), sys.stdout, as_json=True))"
        )
        command = [sys.executable, "-c", code]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()  # the first of its lines: it is sending
            os.kill(process.pid, number)
            final = json.loads(process.stdout.readlines()[-1])
            assert process.wait() == 0
        assert final["final"] is True
        assert final["sent"] == final["accepted"] > 0

    async def test_a_second_signal_does_not_wait(self, api: Api, url: str) -> None:
        api.hold = asyncio.Event()
        sending = asyncio.create_task(_send_until_signal(options(url, count=None), lambda _report: None))
        await api.reached.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.01)  # the loop calls the handler of each
        assert not sending.done()
        os.kill(os.getpid(), signal.SIGTERM)
        report = await sending
        api.hold.set()
        assert report.sent == report.in_doubt == report.failed["stopped"] >= 1
        assert not report.is_good

    def test_lines_come_no_more_often_than_wanted(self) -> None:
        now = 0.0
        shown: list[float] = []
        show = _every(2.0, lambda _report: shown.append(now), lambda: now)
        for now in (0.5, 1.9, 2.0, 2.5, 3.9, 4.1):  # noqa: B007 - the clock reads it
            show(SendReport())
        assert shown == [2.0, 4.1]

    def test_the_report_names_what_went_wrong(self) -> None:
        report = SendReport(seed=3, sent=2, in_doubt=1, stopped="the API answers 404")
        report.failed["503"] += 1
        text = format_report(report)
        assert "! stopped early: the API answers 404" in text
        assert "answers lost on the way: 1;" in text
        assert "seed 3" in text
        assert json.loads(json.dumps(report.to_json()))["failed"] == {"503": 1}
