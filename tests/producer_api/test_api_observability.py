"""Metrics, the report at the end, and the rejects topic."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError
from prometheus_client.parser import text_string_to_metric_families

from producer_api.app import _tell
from producer_api.publisher import FlushReport

OpenApi = Callable[..., Awaitable[Any]]


async def read_metrics(api: Any) -> dict[tuple[str, ...], float]:
    response = await api.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_every_event_is_counted_once(api: Any, event: dict[str, Any], old_event: dict[str, Any]) -> None:
    await api.post(json.dumps(event))
    await api.post(json.dumps([old_event, {}, "x"]))
    await api.post("{")
    await api.post("")
    metrics = await read_metrics(api)
    assert metrics["api_events_received_total", "user_action"] == 5
    assert metrics["api_events_accepted_total", "user_action", "2"] == 2
    assert metrics["api_events_refused_total", "user_action", "validate"] == 2
    assert metrics["api_events_refused_total", "user_action", "parse"] == 1
    assert metrics["api_event_shapes_total", "user_action", "1"] == 1
    assert metrics["api_event_shapes_total", "user_action", "2"] == 1
    assert metrics["api_requests_refused_total", "user_action", "empty"] == 1
    assert metrics["api_produce_seconds_count", "user_action"] == 2


async def test_what_is_held_is_a_gauge(api: Any) -> None:
    api.service.publisher.bound.take(3, 300)
    metrics = await read_metrics(api)
    held = {name[:2]: value for name, value in metrics.items() if name[0].startswith("api_held")}
    assert held["api_held_records", "records in flight"] == 3
    assert held["api_held_bytes", "records in flight"] == 300
    assert held["api_held_bytes", "open requests"] == 0
    api.service.publisher.bound.give(3, 300)


async def test_the_report_is_one_line(
    open_api: OpenApi, event: dict[str, Any], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    api = await open_api(report=True)
    await api.post(json.dumps([event, {}]))
    _tell(api.service, FlushReport(1, 0, 0))
    (line,) = capsys.readouterr().out.splitlines()
    report = json.loads(line)["api"]
    assert report.pop("pid") > 0
    assert report == {
        "received": 2,
        "accepted": 1,
        "refused": {"validate": 1},
        "requests_refused": {},
        "shapes": {"2": 1},
        "rejects": {},
        "produced": 1,
        "undelivered": 0,
        "unknown": 0,
    }
    assert "flushed: 1 records delivered, 0 not delivered, 0 of unknown fate" in caplog.text


async def test_refused_events_are_kept_whole(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api(keep_rejects=True)
    broken = json.dumps({**event, "colour": "red"}, indent=1).encode()
    await api.post(broken)
    await api.post(b"[" + broken + b"," + json.dumps(event).encode() + b"]")
    await api.post(b"[1, 2")
    rejects = [record for record in api.producer.produced if record.topic == "events.rejects"]
    assert [record.value for record in rejects] == [broken, broken, b"[1, 2"]
    assert rejects[0].headers == [
        ("contract", b"user_action"),
        ("stage", b"validate"),
        ("field", b"colour"),
        ("reason", b"unknown field"),
    ]
    assert dict(rejects[2].headers)["stage"] == b"parse"
    await api.service.publisher.close(1.0)
    assert api.totals()["rejects"] == {"kept": 3}


async def test_what_may_be_sent_again_is_not_kept(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api(keep_rejects=True)
    api.producer.error = lambda _record: KafkaError(KafkaError._MSG_TIMED_OUT)
    await api.post(json.dumps(event))
    assert [record.topic for record in api.producer.produced] == ["events"]


async def test_a_reject_that_cannot_be_kept_is_counted_as_lost(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api(keep_rejects=True, max_in_flight_records=1)
    api.producer.error = lambda _record: KafkaError(KafkaError._MSG_TIMED_OUT)
    await api.post("{}")
    await api.service.publisher.close(1.0)
    assert api.totals()["rejects"] == {"lost": 1}
    await api.post("{}")
    api.service._gate.closing = False
    await api.post("{}")
    assert api.totals()["rejects"]["lost"] >= 2


async def test_rejects_are_off_unless_asked_for(api: Any) -> None:
    await api.post("{}")
    assert api.producer.produced == []
