"""POST, from the client's side: what is accepted, what is refused, and how it is told."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError

from codegen.models.user_action.v2 import UserAction

OpenApi = Callable[..., Awaitable[Any]]
NDJSON = "application/x-ndjson"
SECRET = "hidden-person"


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem document of `response`, checked for its form (RFC 9457) and for values of the event."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["type"].startswith("/problems/")
    assert document["title"]
    assert document["detail"]
    assert SECRET not in response.text
    return document


async def test_one_event_is_answered_with_its_place(api: Any, event: dict[str, Any]) -> None:
    response = await api.post(json.dumps(event))
    assert response.status_code == 202
    assert response.json() == {
        "status": "accepted",
        "event_id": event["event_id"],
        "topic": "events",
        "partition": 0,
        "offset": 0,
        "schema_id": 103,
        "schema_version": 2,
    }
    (record,) = api.producer.produced
    assert (record.topic, record.key, record.headers) == ("events", b"hidden-person", None)
    assert record.value[:5] == b"\x00\x00\x00\x00\x67"
    assert json.loads(UserAction.deserialize(record.value[5:]).model_dump_json(by_alias=True)) == {
        **event,
        "device": {**event["device"], "model": None, "advertising_id": None},
    }


async def test_an_event_of_version_1_is_written_as_version_2(api: Any, old_event: dict[str, Any]) -> None:
    response = await api.post(json.dumps(old_event))
    assert response.status_code == 202
    model = UserAction.deserialize(api.producer.produced[0].value[5:])
    assert (model.page_url, model.session_id, model.device) == ("/products/42", None, None)
    assert api.totals()["shapes"] == {"1": 1}


async def test_many_events_have_an_outcome_each(api: Any, event: dict[str, Any], old_event: dict[str, Any]) -> None:
    response = await api.post(json.dumps([event, {**event, "user_id": 5}, old_event]))
    assert response.status_code == 207
    body = response.json()
    assert (body["status"], body["accepted"], body["refused"]) == ("partial", 2, 1)
    assert (body["topic"], body["schema_id"], body["schema_version"]) == ("events", 103, 2)
    first, second, third = body["results"]
    assert first == {
        "index": 0, "status": "accepted", "event_id": event["event_id"], "partition": 0, "offset": 0,
    }  # fmt: skip
    assert third["offset"] == 1
    assert second == {
        "index": 1,
        "status": "refused",
        "stage": "validate",
        "field": "user_id",
        "message": "input should be a valid string",
        "retryable": False,
    }
    assert api.totals() == {
        "received": 3,
        "accepted": 2,
        "refused": {"validate": 1},
        "requests_refused": {},
        "shapes": {"1": 1, "2": 1},
        "rejects": {},
    }


async def test_all_or_none_of_many(api: Any, event: dict[str, Any]) -> None:
    everything = await api.post(json.dumps([event] * 300))
    assert everything.status_code == 202
    assert [entry["offset"] for entry in everything.json()["results"]] == list(range(300))
    assert all(record.batched for record in api.producer.produced)
    document = problem(await api.post(b'[{}, 5, {"user_id": "hidden-person"}]'), 422)
    assert document["type"] == "/problems/invalid-events"
    assert [entry["index"] for entry in document["errors"]] == [0, 1, 2]
    assert document["errors"][1] == {
        "index": 1, "stage": "validate", "field": None, "message": "a JSON object is expected", "retryable": False,
    }  # fmt: skip


async def test_lines_with_blank_ones_and_a_broken_one(api: Any, event: dict[str, Any]) -> None:
    line = json.dumps(event)
    response = await api.post(f"\n{line}\r\n\n{line[:-1]}\n", content_type=NDJSON)
    assert response.status_code == 207
    assert [entry["status"] for entry in response.json()["results"]] == ["accepted", "refused"]
    assert response.json()["results"][1]["stage"] == "parse"
    single = await api.post(line, content_type=NDJSON)
    assert single.status_code == 202
    assert len(single.json()["results"]) == 1


async def test_gzip_bodies(api: Any, event: dict[str, Any]) -> None:
    body = gzip.compress(json.dumps([event, event]).encode())
    assert (await api.post(body, content_encoding="gzip")).json()["accepted"] == 2
    problem(await api.post(body[:-4], content_encoding="gzip"), 400)
    problem(await api.post(body, content_encoding="br"), 415)


FAULTY: list[tuple[dict[str, Any], str | None, str, str]] = [
    ({"colour": 1}, "colour", "validate", "unknown field"),
    ({"page": "/x"}, "page", "validate", "more than once: page_url, page are names of one field"),
    ({"user_id": None}, "user_id", "validate", "valid string"),
    ({"event_id": "hidden-person"}, "event_id", "validate", "uuid in its 36 characters"),
    ({"occurred_at": 1700000000000}, "occurred_at", "validate", "RFC 3339"),
    ({"occurred_at": "2026-01-31T08:15:30"}, "occurred_at", "validate", "offset"),
    ({"action": "hidden-person"}, "action", "validate", "'page_view'"),
    ({"device": {"os": "ios", "app_version": 4}}, "device.app_version", "validate", "valid string"),
    ({"device": {"os": "ios", "app_version": "4", "zz": 1}}, "device.zz", "validate", "unknown field"),
    ({"device": []}, "device", "validate", "object is expected"),
    ({"properties": {"hidden-person": 1}}, "properties.*", "validate", "valid string"),
]


@pytest.mark.parametrize(("change", "field", "stage", "sentence"), FAULTY)
async def test_faults_name_the_field_and_never_the_value(
    api: Any, event: dict[str, Any], change: dict[str, Any], field: str, stage: str, sentence: str
) -> None:
    document = problem(await api.post(json.dumps({**event, **change})), 422)
    assert document["type"] == "/problems/invalid-event"
    (fault,) = document["errors"]
    assert (fault["index"], fault["field"], fault["stage"], fault["retryable"]) == (0, field, stage, False)
    assert sentence in fault["message"]
    assert api.producer.produced == []


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"user_id": "hidden-person", "user_id": "b"}', "user_id"),
        ('{"properties": {"hidden-person": "a", "hidden-person": "b"}}', None),
        ('{"user_id": "\\ud800"}', None),
        ('{"user_id": ', None),
        ("hidden-person", None),
    ],
)
async def test_json_that_is_none_is_a_parse_fault(api: Any, text: str, field: str | None) -> None:
    document = problem(await api.post(text), 422)
    assert {fault["stage"] for fault in document["errors"]} == {"parse"}
    assert document["errors"][0]["field"] == field
    assert api.totals()["refused"] == {"parse": 1}


async def test_not_a_number_is_refused_wherever_it_stands(api: Any, event: dict[str, Any]) -> None:
    problem(await api.post("NaN"), 422)
    problem(await api.post(json.dumps({**event, "occurred_at": float("nan")})), 422)
    problem(await api.post(json.dumps([{**event, "occurred_at": float("nan")}])), 422)
    assert api.producer.produced == []


async def test_all_faults_of_one_event_are_told(api: Any) -> None:
    document = problem(await api.post("{}"), 422)
    assert [fault["field"] for fault in document["errors"]] == ["event_id", "user_id", "page_url", "occurred_at"]
    assert document["detail"] == "event_id: the field is required (and 3 more)"


async def test_sizes(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api(max_body_bytes=1000, max_decompressed_bytes=5000, max_records=2)
    problem(await api.post(json.dumps([event] * 10)), 413)
    problem(await api.post(json.dumps([{}] * 3)), 413)
    problem(await api.post(gzip.compress(b" " * 100_000), content_encoding="gzip"), 413)
    problem(await api.post(b""), 422)
    problem(await api.post(b"[]"), 422)
    assert api.totals()["requests_refused"] == {"body_size": 1, "records": 1, "decompressed_size": 1, "empty": 2}


async def test_a_content_type_that_is_not_ours(api: Any) -> None:
    response = await api.post(b"{}", content_type="text/plain")
    problem(response, 415)
    assert response.headers["accept-post"] == "application/json, application/x-ndjson"


async def test_paths_and_methods_that_are_not_ours(api: Any) -> None:
    response = await api.client.get("/events")
    assert problem(response, 405)["type"] == "/problems/method-not-allowed"
    assert response.headers["allow"] == "POST"
    assert problem(await api.client.get("/nothing"), 404)["type"] == "/problems/not-found"
    assert problem(await api.post("{}", "/activity_count"), 404)


async def test_a_record_takes_over_traceparent_and_nothing_else(api: Any, event: dict[str, Any]) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    text = json.dumps(event)
    await api.post(text, traceparent=trace, x_other="1")
    await api.post(f"[{text},{text}]", traceparent=trace)
    for broken in ("00-0", trace.upper(), trace.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32)):
        await api.post(text, traceparent=broken)
    carried = [("traceparent", trace.encode())]
    assert [record.headers for record in api.producer.produced] == [carried] * 3 + [None] * 3


async def test_the_queue_full_is_503_and_counted(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api(max_in_flight_records=1)
    api.producer.holding = True
    first = asyncio.create_task(api.post(json.dumps(event)))
    await api.until(lambda: api.producer.produced)
    response = await api.post(json.dumps(event))
    document = problem(response, 503)
    assert response.headers["retry-after"] == "1"
    assert document["type"] == "/problems/overloaded"
    assert document["errors"][0]["stage"] == "queue"
    assert document["errors"][0]["retryable"]
    problem(await api.post(json.dumps([event, event])), 503)
    api.producer.release()
    assert (await first).status_code == 202
    totals = api.totals()
    assert totals["received"] == totals["accepted"] + totals["refused"]["queue"] == 4


async def test_a_request_larger_than_the_bound_waits_for_its_own_records(
    open_api: OpenApi, event: dict[str, Any]
) -> None:
    api = await open_api(max_in_flight_records=2)
    response = await api.post(json.dumps([event] * 7))
    assert response.status_code == 202
    assert [entry["offset"] for entry in response.json()["results"]] == list(range(7))


async def test_a_broker_that_does_not_acknowledge_is_503(api: Any, event: dict[str, Any]) -> None:
    api.producer.error = lambda _record: KafkaError(KafkaError._MSG_TIMED_OUT)
    response = await api.post(json.dumps(event))
    document = problem(response, 503)
    assert document["type"] == "/problems/undelivered"
    assert response.headers["retry-after"] == "1"
    assert document["errors"] == [
        {
            "index": 0,
            "stage": "deliver",
            "field": None,
            "message": "the broker did not acknowledge the record in time",
            "retryable": True,
        }
    ]
    problem(await api.post(json.dumps([event, {}])), 503)
    assert api.totals()["refused"] == {"deliver": 2, "validate": 1}
    assert api.totals()["accepted"] == 0


async def test_a_record_that_the_broker_refuses_for_good_is_422(api: Any, event: dict[str, Any]) -> None:
    api.producer.refuse = lambda _record: KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
    document = problem(await api.post(json.dumps(event)), 422)
    assert document["type"] == "/problems/refused-record"
    assert not document["errors"][0]["retryable"]


async def test_some_undelivered_of_many_is_207(api: Any, event: dict[str, Any]) -> None:
    lost = {**event, "user_id": "other"}
    api.producer.error = lambda record: KafkaError(KafkaError._MSG_TIMED_OUT) if record.key == b"other" else None
    body = (await api.post(json.dumps([event, lost, event]))).json()
    assert [entry["status"] for entry in body["results"]] == ["accepted", "refused", "accepted"]
    assert body["results"][1]["retryable"]


async def test_a_fault_of_our_own_is_500_without_values_in_the_log(
    api: Any, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*_arguments: object, **_named: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(api.producer, "produce", explode)
    problem(await api.post(json.dumps(event)), 500)
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text
    assert api.totals()["requests_refused"] == {"internal": 1}
    assert api.service.publisher.bound.records == 0


async def test_nothing_is_logged_of_refused_events(
    api: Any, event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await api.post(json.dumps({**event, "action": SECRET}))
    assert SECRET not in caplog.text
    assert SECRET.encode() not in (await api.client.get("/metrics")).content


async def test_the_long_way_through_fastapi_gives_the_same_answer(api: Any, event: dict[str, Any]) -> None:
    """A server may mount the application below a path, and then the short way does not match."""
    import httpx
    from starlette.applications import Starlette
    from starlette.routing import Mount

    outer = Starlette(routes=[Mount("/api", api.client._transport.app)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://api") as client:
        headers = {"content-type": "application/json"}
        accepted = await client.post("/api/events", content=json.dumps(event), headers=headers)
        refused = await client.post("/api/events", content="{}", headers=headers)
    assert accepted.status_code == 202
    assert accepted.json()["event_id"] == event["event_id"]
    problem(refused, 422)


async def test_the_shutdown_refuses_new_events(api: Any, event: dict[str, Any]) -> None:
    api.producer.holding = True
    waiting = asyncio.create_task(api.post(json.dumps(event)))
    await api.until(lambda: api.producer.produced)
    report = await api.service.stop()
    assert report == (0, 1, 0)
    problem(await waiting, 503)
    response = await api.post(json.dumps(event))
    assert "shutting down" in problem(response, 503)["detail"]
    assert api.totals()["requests_refused"] == {"shutting_down": 1}
    assert (await api.client.get("/health/ready")).status_code == 503


async def test_an_event_that_no_record_could_hold_is_refused_before_it_is_looked_at(
    open_api: OpenApi, event: dict[str, Any]
) -> None:
    api = await open_api(max_event_bytes=500)
    document = problem(await api.post(json.dumps({**event, "properties": {"k": "x" * 600}})), 422)
    assert document["errors"][0]["message"] == "an event may have 500 bytes"
    assert (await api.post(json.dumps(event))).status_code == 202


async def test_headers_that_come_more_than_once_are_one_list(api: Any, event: dict[str, Any]) -> None:
    body = gzip.compress(json.dumps(event).encode())
    headers = [("content-type", "application/json"), ("content-encoding", "identity"), ("content-encoding", "gzip")]
    response = await api.client.post("/events", content=body, headers=headers)
    assert response.status_code == 202


async def test_an_event_id_of_null_is_told_as_null(make_contract: Callable[..., Any], open_api: OpenApi) -> None:
    optional = {"name": "event_id", "type": ["null", "string"], "default": None}
    contract = make_contract("order", json.dumps({"type": "record", "name": "Order", "fields": [optional]}))
    api = await open_api({"order": contract})
    assert (await api.post("{}", "/order")).json()["event_id"] is None
    assert (await api.post('{"event_id": "a"}', "/order")).json()["event_id"] == "a"
