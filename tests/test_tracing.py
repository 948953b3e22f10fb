"""One trace from the request through the record to whoever handles it, with the SDK's own exporter in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from codegen.models.user_action.v2 import UserAction
from consumers.effects import Produce
from consumers.faults import TransientError
from consumers.faust_steps import FaustSteps
from consumers.options import ConsumerOptions
from consumers.record import Record
from consumers.testing import Driver
from consumers.tracing import RecordTracing
from producer_api.settings import Settings
from tests.consumers.echo import echo
from tests.consumers.fakes import user_action
from tests.producer_api.conftest import FakeProducer, OpenApi, open_api
from tools.config import ConfigError
from tools.config.tracing import start_tracing, stop_tracing

__all__ = ["open_api"]  # the fixture
TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"
EVENT = {
    "event_id": "0b8a2f2e-8f0a-4a53-9f7f-5a3df1b7f4c1",
    "user_id": "hidden-person",
    "action": "click",
    "page_url": "/hidden-page",
    "occurred_at": "2026-01-31T08:15:30.125Z",
    "properties": {"hidden-name": "hidden-value"},
}


class Spans:
    """What was exported, by name."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.records = RecordTracing(self.provider.get_tracer("test"), "a-group")

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.exporter.get_finished_spans()]

    def one(self, name: str) -> ReadableSpan:
        (span,) = (span for span in self.exporter.get_finished_spans() if span.name == name)
        return span

    def text(self) -> str:
        return "".join(span.to_json() for span in self.exporter.get_finished_spans())


@pytest.fixture
def spans() -> Iterator[Spans]:
    made = Spans()
    yield made
    made.provider.shutdown()


def header_of(span: ReadableSpan) -> tuple[str, bytes]:
    context = span.get_span_context()
    assert context is not None
    return ("traceparent", f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}".encode())


def parent_id(span: ReadableSpan) -> str:
    assert span.parent is not None
    return f"{span.parent.span_id:016x}"


def span_id(span: ReadableSpan) -> str:
    return header_of(span)[1].decode().split("-")[2]


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    return span.attributes or {}


# ---------------------------------------------------------------- the API


async def test_an_event_has_a_span_of_its_request_and_one_of_its_record(open_api: OpenApi, spans: Spans) -> None:
    api = await open_api(tracing=spans.provider)
    assert (await api.post(json.dumps(EVENT), traceparent=PARENT, tracestate="a=1")).status_code == 202
    server, producer = spans.one("POST /events"), spans.one("send events")
    assert (server.kind, parent_id(server)) == (SpanKind.SERVER, PARENT_ID)
    assert attributes(server) == {
        "http.request.method": "POST",
        "http.route": "/events",
        "url.path": "/events",
        "url.scheme": "http",
        "http.response.status_code": 202,
    }
    assert (producer.kind, parent_id(producer)) == (SpanKind.PRODUCER, span_id(server))
    assert attributes(producer) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "events",
    }
    (record,) = api.producer.produced
    assert record.headers == [header_of(producer), ("tracestate", b"a=1")]
    assert TRACE_ID in record.headers[0][1].decode()


@pytest.mark.parametrize("form", ["array", "NDJSON"])
async def test_several_events_share_the_span_of_their_request(open_api: OpenApi, spans: Spans, form: str) -> None:
    api = await open_api(tracing=spans.provider)
    events = [EVENT, EVENT, {}]
    if form == "array":
        response = await api.post(json.dumps(events))
    else:
        response = await api.post("\n".join(map(json.dumps, events)), content_type="application/x-ndjson")
    assert response.status_code == 207
    producer = spans.one("send events")
    assert attributes(producer)["messaging.batch.message_count"] == 2
    assert [record.headers for record in api.producer.produced] == [[header_of(producer)]] * 2
    assert spans.one("POST /events").parent is None


async def test_a_refused_event_sends_nothing_but_its_reject(open_api: OpenApi, spans: Spans) -> None:
    api = await open_api(tracing=spans.provider, keep_rejects=True)
    assert (await api.post(json.dumps({**EVENT, "action": 1}), traceparent=PARENT)).status_code == 422
    server = spans.one("POST /events")
    assert (server.status.status_code, attributes(server)["http.response.status_code"]) == (StatusCode.UNSET, 422)
    assert sorted(spans.names) == ["POST /events", "send events.rejects"]
    (reject,) = api.producer.produced
    assert reject.headers is not None
    assert reject.headers[-1] == header_of(spans.one("send events.rejects"))
    assert [name for name, _ in reject.headers].count("traceparent") == 1


async def test_what_the_broker_does_not_take_is_an_error_with_its_class_alone(open_api: OpenApi, spans: Spans) -> None:
    producer = FakeProducer()
    producer.error = lambda _record: KafkaError(KafkaError._MSG_TIMED_OUT)
    api = await open_api(tracing=spans.provider, producer=producer)
    assert (await api.post(json.dumps(EVENT))).status_code == 503
    sent, server = spans.one("send events"), spans.one("POST /events")
    assert (sent.status.status_code, sent.status.description) == (StatusCode.ERROR, "Undelivered")
    assert (server.status.status_code, attributes(server)["error.type"]) == (StatusCode.ERROR, "503")


async def test_a_full_queue_is_an_error_of_the_sending(open_api: OpenApi, spans: Spans) -> None:
    producer = FakeProducer()
    api = await open_api(tracing=spans.provider, producer=producer, max_in_flight_bytes=10)
    assert (await api.post(json.dumps(EVENT))).status_code == 503
    assert spans.one("send events").status.description == "Overloaded"
    assert producer.produced == []


@pytest.mark.parametrize("header", ["00-0", f"{PARENT}, {PARENT}", PARENT.replace(TRACE_ID, "0" * 32), "x" * 9000])
async def test_a_traceparent_that_is_none_is_passed_over(
    open_api: OpenApi, spans: Spans, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    api = await open_api(tracing=spans.provider)
    assert (await api.post(json.dumps(EVENT), traceparent=header, tracestate="hidden!")).status_code == 202
    assert spans.one("POST /events").parent is None
    assert api.producer.produced[0].headers == [header_of(spans.one("send events"))]
    assert "hidden" not in caplog.text


async def test_a_cloudevent_keeps_its_headers_and_its_own_traceparent(open_api: OpenApi, spans: Spans) -> None:
    """The extension `traceparent` says where the event began, and is not ours (CloudEvents, Distributed Tracing)."""
    api = await open_api(tracing=spans.provider, cloudevents=True)
    sent = {"specversion": "1.0", "id": "a-1", "source": "/shop", "type": "click", "traceparent": PARENT}
    response = await api.post(json.dumps(EVENT), **{f"ce-{name}": value for name, value in sent.items()})
    assert response.status_code == 202
    assert api.producer.produced[0].headers == [
        ("content-type", b"application/avro"),
        *((f"ce_{name}", value.encode()) for name, value in sent.items()),
        header_of(spans.one("send events")),
    ]


async def test_other_paths_have_no_span(open_api: OpenApi, spans: Spans) -> None:
    api = await open_api(tracing=spans.provider)
    assert (await api.client.get("/health/live")).status_code == 200
    assert (await api.post("{}", "/hidden")).status_code == 404
    assert spans.names == []


async def test_the_gate_is_behind_the_span(open_api: OpenApi, spans: Spans) -> None:
    api = await open_api(tracing=spans.provider, client_events_per_s=0.001)
    assert [(await api.post(json.dumps(EVENT))).status_code for _ in range(2)] == [202, 429]
    told = [attributes(span) for span in spans.exporter.get_finished_spans() if span.name == "POST /events"]
    assert [each["http.response.status_code"] for each in told] == [202, 429]


async def test_the_short_way_is_for_those_that_are_not_traced(open_api: OpenApi, spans: Spans) -> None:
    from producer_api.app import create_app

    for tracing, paths in ((None, [b"/events"]), (spans.provider, [])):
        api = await open_api(tracing=tracing)
        assert [path for path in create_app(service=api.service).short_ways if path == b"/events"] == paths


# ---------------------------------------------------------------- consumers


def test_a_handled_record_has_a_span_below_the_one_that_it_names(spans: Spans) -> None:
    seen: list[int] = []

    def handle(event: UserAction, record: Record) -> list[Produce]:
        seen.append(trace.get_current_span().get_span_context().span_id)
        return echo(event, record)

    driver = Driver(handle, tracing=spans.records)
    driver.send_bytes(sent_value(driver), b"hidden-key", headers=(("traceparent", PARENT.encode()),))
    driver.run()
    span = spans.one("process events")
    assert (span.kind, parent_id(span), span.status.status_code) == (SpanKind.CONSUMER, PARENT_ID, StatusCode.UNSET)
    assert attributes(span) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "events",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "messaging.consumer.group.name": "a-group",
    }
    assert [f"{each:016x}" for each in seen] == [span_id(span)]
    (effect,) = driver.world.records("activity_count")
    assert effect.headers == (header_of(span),)


def test_a_handler_that_names_a_trace_has_the_word(spans: Spans) -> None:
    own = (("traceparent", PARENT.encode()),)

    def handle(event: UserAction, record: Record) -> list[Produce]:
        return [Produce(each.value, headers=own) for each in echo(event, record)]

    driver = Driver(handle, tracing=spans.records)
    driver.send(user_action(2))
    driver.run()
    assert driver.world.records("activity_count")[0].headers == own


def test_attempts_are_one_span_and_a_dead_letter_keeps_the_trace(spans: Spans) -> None:
    def handle(_event: UserAction) -> None:
        raise TransientError("hidden-person is away")

    driver = Driver(handle, tracing=spans.records, attempts=3)
    driver.send_bytes(sent_value(driver), headers=(("traceparent", PARENT.encode()),))
    driver.run()
    span = spans.one("process events")
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == [
        ("retry", {"error.type": "TransientError"})
    ] * 2
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "TransientError")
    assert attributes(span)["error.type"] == "TransientError"
    (letter,) = driver.dead_letters
    assert ("traceparent", PARENT.encode()) in letter.record.headers
    assert "hidden" not in spans.text()


def test_a_record_that_comes_through_at_the_second_attempt_is_no_error(spans: Spans) -> None:
    calls: list[UserAction] = []

    def handle(event: UserAction) -> None:
        calls.append(event)
        if len(calls) == 1:
            raise ConnectionError

    driver = Driver(handle, tracing=spans.records)
    driver.send(user_action(2))
    driver.run()
    span = spans.one("process events")
    assert (len(span.events), span.status.status_code) == (1, StatusCode.UNSET)


@pytest.mark.parametrize("value", [b"hidden poison", b"", None])
def test_poison_and_tombstones_have_a_span_as_well(spans: Spans, value: bytes | None) -> None:
    driver = Driver(echo, tracing=spans.records, dead_letter_limit=100)
    driver.send_bytes(value, headers=(("traceparent", b"\xff not text"), ("tracestate", None)))
    driver.run()
    span = spans.one("process events")
    assert span.parent is None
    tombstone = attributes(span).get("messaging.kafka.message.tombstone", False)
    assert (tombstone, span.status.status_code is StatusCode.ERROR) == (value is None, value is not None)
    assert "hidden" not in spans.text()


def test_an_event_that_was_there_before_has_a_span_without_a_handler(spans: Spans) -> None:
    driver = Driver(echo, tracing=spans.records, dedupe_field="event_id")
    driver.send(user_action(2), user_action(2))
    driver.run()
    assert spans.names == ["process events"] * 2
    assert len(driver.world.records("activity_count")) == 1


async def test_the_steps_inside_faust_make_the_same_span(spans: Spans) -> None:
    driver = Driver(echo, tracing=spans.records)
    driver.send_bytes(sent_value(driver), headers=(("traceparent", PARENT.encode()),))
    driver.send_bytes(b"poison")
    driver.start()
    assert driver._loop is not None
    steps = FaustSteps(driver._loop.steps, ConsumerOptions(), driver.progress, in_thread=True)
    for record in driver.world.records("events"):
        assert await steps.take(record)
    handled, given_up = (span for span in spans.exporter.get_finished_spans() if span.name == "process events")
    assert (parent_id(handled), handled.status.status_code) == (PARENT_ID, StatusCode.UNSET)
    assert given_up.status.status_code is StatusCode.ERROR
    (effect,) = driver.world.records("activity_count")
    assert effect.headers == (header_of(handled),)


def test_without_tracing_an_effect_has_no_headers(spans: Spans) -> None:
    driver = Driver(echo)
    driver.send_bytes(sent_value(driver), headers=(("traceparent", PARENT.encode()),))
    driver.run()
    assert (driver.world.records("activity_count")[0].headers, spans.names) == ((), [])


def sent_value(driver: Driver[Any]) -> bytes:
    """A framed event, as the driver's registry knows it."""
    other: Driver[Any] = Driver(driver.function)
    other.send(user_action(2))
    (record,) = other.world.records("events")
    assert record.value is not None
    return record.value


# ---------------------------------------------------------------- all the way


async def test_one_trace_from_the_request_to_the_effect(open_api: OpenApi, spans: Spans) -> None:
    api = await open_api(tracing=spans.provider)
    assert (await api.post(json.dumps(EVENT), traceparent=PARENT)).status_code == 202
    (record,) = api.producer.produced
    driver = Driver(echo, tracing=spans.records)
    value = bytes([0]) + (102).to_bytes(4, "big") + record.value[5:]  # the driver's registry has its own ids
    driver.send_bytes(value, record.key, headers=tuple(record.headers or ()))
    driver.run()
    chain = [spans.one(name) for name in ("POST /events", "send events", "process events")]
    assert [parent_id(span) for span in chain] == [PARENT_ID, span_id(chain[0]), span_id(chain[1])]
    (effect,) = driver.world.records("activity_count")
    assert effect.headers == (header_of(chain[2]),)
    assert {header_of(span)[1].decode().split("-")[1] for span in chain} == {TRACE_ID}
    for value_of_event in ("hidden", EVENT["event_id"], "click"):
        assert str(value_of_event) not in spans.text()


# ---------------------------------------------------------------- the switch


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
    ],
)
def test_tracing_is_off_unless_an_exporter_is_named(environ: dict[str, str]) -> None:
    assert start_tracing("here", environ) is None


@pytest.mark.parametrize(("environ", "name"), [({}, "here"), ({"OTEL_SERVICE_NAME": "shop"}, "shop")])
def test_a_process_has_its_name(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], name: str) -> None:
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)  # where the SDK reads it
    provider = start_tracing("here", {"OTEL_TRACES_EXPORTER": "console, otlp", **environ})
    assert provider is not None
    assert provider.resource.attributes["service.name"] == name
    provider.shutdown()


def test_the_switch_is_asked_by_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    from producer_api.app import create_app

    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    service = create_app(Settings(registry={"url": "http://127.0.0.1:9"})).service
    assert service.tracing is not None
    service.tracing.shutdown()


def test_the_switch_is_asked_by_a_consumer_and_a_handlers_own_spans_go_the_same_way() -> None:
    """In a process of its own, which has one provider for good."""
    code = (
        "from opentelemetry import trace\n"
        "from consumers.options import ConsumerOptions\n"
        "from consumers.running.runner import set_up\n"
        "with set_up('standard', ConsumerOptions()) as setup:\n"
        "    assert setup.tracing is not None and setup.tracing.group == setup.group\n"
        "    trace.get_tracer('a.handler').start_span('price it').end()\n"
    )
    environ = {**os.environ, "OTEL_TRACES_EXPORTER": "console"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert '"name": "price it"' in done.stderr
    assert '"service.name": "standard"' in done.stderr


def test_a_dotenv_file_reaches_the_sdk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTEL_TRACES_EXPORTER=console\nOTEL_SERVICE_NAME=shop\n")
    monkeypatch.chdir(tmp_path)
    for variable in ("OTEL_TRACES_EXPORTER", "OTEL_SERVICE_NAME"):
        monkeypatch.setenv(variable, "")  # so that it is put back afterwards
        monkeypatch.delenv(variable)
    provider = start_tracing("here")
    assert provider is not None
    assert provider.resource.attributes["service.name"] == "shop"
    stop_tracing(provider)


def test_spans_reach_a_collector_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[tuple[str, str | None, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append((self.path, self.headers["content-type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing on stderr."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        provider = start_tracing("here", {"OTEL_TRACES_EXPORTER": "otlp"})
        assert provider is not None
        provider.get_tracer("test").start_span("process events").end()
        stop_tracing(provider)
        server.shutdown()
        thread.join()
    ((path, content_type, body),) = came
    assert (path, content_type) == ("/v1/traces", "application/x-protobuf")
    assert b"process events" in body
    assert b"here" in body


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"OTEL_TRACES_EXPORTER": "jaeger"},
            "OTEL_TRACES_EXPORTER names 'jaeger'; exporters are otlp, console and none",
        ),
        (
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL is not http/protobuf",
        ),
    ],
)
def test_what_is_not_there_is_refused_by_name(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        start_tracing("here", environ)


def test_without_the_sdk_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("opentelemetry.sdk")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    with pytest.raises(ConfigError, match=r"OTEL_TRACES_EXPORTER=otlp needs OpenTelemetry's SDK .* extra `tracing`"):
        start_tracing("here", {"OTEL_TRACES_EXPORTER": "otlp"})


def test_off_loads_nothing_of_the_sdk() -> None:
    code = (
        "import sys, producer_api.app, consumers.running.runner, tools.config.tracing as t\n"
        "assert t.start_tracing('here', {}) is None\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk') or name.endswith('.tracing')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['tools.config.tracing']"
