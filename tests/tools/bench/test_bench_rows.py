"""The rows: each can be loaded, contenders do the same job, and a tiny run gives figures."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import MutableMapping
from importlib import import_module
from io import BytesIO
from typing import Any

import fastavro
import msgspec
import pytest
from confluent_kafka import KafkaError
from pydantic import ValidationError

from tools.bench import acked_app
from tools.bench.bare_app import app
from tools.bench.case import Scale
from tools.bench.events import activity, versions
from tools.bench.plain_types import msgspec_type, pydantic_type
from tools.bench.rows import GROWTH, ROWS
from tools.bench.runner import run_rows
from tools.bench.wide import sized_bodies, wide_events

TINY = Scale(seconds=0.001, rounds=1)


@pytest.mark.parametrize("name", ROWS)
def test_each_row_has_its_module(name: str) -> None:
    module = import_module(f"tools.bench.rows.{name.replace('-', '_')}_row")
    assert callable(module.open_cases)
    assert (name in GROWTH) == name.startswith("grow-")


@pytest.mark.parametrize("name", ["json", "encode", "decode", "consumer"])
def test_a_tiny_run_gives_figures(name: str) -> None:
    run = run_rows([ROWS[name]], TINY, lambda _: None, lambda _: None)
    assert not run.failed
    assert len(run.outcomes) >= len(versions())
    for outcome in run.outcomes:
        assert len(outcome.case.contenders) >= 2
        assert all(value > 0 for figures in outcome.samples.values() for value in figures["rate"])


@pytest.mark.parametrize("version", versions())
def test_the_floors_take_the_same_events_as_the_product(version: int) -> None:
    events = activity(version, 20)
    typed = msgspec.json.Decoder(msgspec_type(events.schema))
    plain = pydantic_type(events.schema)
    schema = fastavro.parse_schema(events.schema)
    for body, avro in zip(events.bodies, events.avro, strict=True):
        out = BytesIO()
        fastavro.schemaless_writer(out, schema, plain.model_validate_json(body).model_dump())
        assert out.getvalue() == avro
        assert str(typed.decode(body).event_id) == json.loads(body)["event_id"]


def test_the_floors_refuse_unknown_fields_as_the_product_does() -> None:
    events = activity(versions()[-1], 1)
    body = events.bodies[0][:-1] + b',"unknown":1}'
    with pytest.raises(msgspec.ValidationError, match="unknown"):
        msgspec.json.decode(body, type=msgspec_type(events.schema))
    with pytest.raises(ValidationError, match="unknown"):
        pydantic_type(events.schema).model_validate_json(body)


def test_an_array_has_a_plain_type_and_a_fixed_has_none() -> None:
    fields = [{"name": "a", "type": {"type": "array", "items": "int"}}]
    schema = {"type": "record", "name": "R", "fields": fields}
    assert msgspec.json.decode(b'{"a":[1,2]}', type=msgspec_type(schema)).a == [1, 2]
    fields[0]["type"] = {"type": "fixed", "name": "F", "size": 2}
    with pytest.raises(ValueError, match="no plain type"):
        msgspec_type(schema)


def test_wide_records_go_through_generated_models() -> None:
    events = wide_events(7, 2)
    assert events.contract.transcoder() is not None
    assert set(events.contract.model().WIRE_NAMES) == {f"field_{number}" for number in range(7)}
    assert [events.contract.model().deserialize(data).serialize() for data in events.avro] == events.avro


@pytest.mark.parametrize("size", [300, 1_000, 20_000])
def test_bodies_have_the_size_that_was_asked_for(size: int) -> None:
    assert all(abs(len(body) - size) < 20 for body in sized_bodies(size, 5))


async def _answers(method: str, *chunks: bytes, of: Any = app) -> list[MutableMapping[str, Any]]:
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1}
        for number, chunk in enumerate(chunks)
    ]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return waiting.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await of({"type": "http", "method": method}, receive, send)
    assert not waiting
    return sent


async def test_the_bare_application_reads_the_whole_body_and_answers_202() -> None:
    start, body = await _answers("POST", b"{", b"}")
    assert start["status"] == 202
    assert (b"content-length", str(len(body["body"])).encode()) in start["headers"]


async def test_the_bare_application_answers_a_get() -> None:
    start, _ = await _answers("GET", b"")
    assert start["status"] == 200


class _Broker:
    """A producer whose records are acknowledged, or refused, when `answer` is called."""

    def __init__(self, _conf: object) -> None:
        self.produced: list[dict[str, Any]] = []

    def produce(self, topic: str, **record: Any) -> None:
        self.produced.append({"topic": topic, **record})

    def poll(self, timeout_s: float) -> None:
        time.sleep(timeout_s)

    def answer(self, error: Any) -> None:
        for record in self.produced:
            record["on_delivery"](error, None)


@pytest.mark.parametrize("error", [None, KafkaError(KafkaError._MSG_TIMED_OUT)])
async def test_the_floor_that_waits_for_kafka_answers_behind_the_acknowledgement(
    monkeypatch: pytest.MonkeyPatch, error: KafkaError | None
) -> None:
    monkeypatch.setenv("BENCH_TOPIC", "events")
    monkeypatch.setenv("BENCH_SCHEMA_ID", "7")
    monkeypatch.setattr(acked_app, "Producer", _Broker)
    monkeypatch.setattr(acked_app, "_acked", [])
    answering = asyncio.create_task(_answers("POST", b"{}", of=acked_app.app))
    await asyncio.sleep(0.01)
    assert not answering.done()
    broker: Any = acked_app._acked[0]._producer
    (record,) = broker.produced
    assert (record["topic"], record["value"][:5]) == ("events", b"\0\0\0\0\7")
    broker.answer(error)
    acked_app._acked[0].stopped.set()
    if error is None:
        assert [message["type"] for message in await answering] == ["http.response.start", "http.response.body"]
    else:
        with pytest.raises(RuntimeError, match="Local: Message timed out"):
            await answering
