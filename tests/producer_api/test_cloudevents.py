"""CloudEvents in binary mode: attributes in headers of the request are headers of the record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer_api.cloudevents import cloudevent_headers
from producer_api.errors import Refusal

OpenApi = Callable[..., Awaitable[Any]]
REQUIRED = {"specversion": "1.0", "id": "a-1", "source": "/shop", "type": "com.example.click"}


def raw(**attributes: str) -> list[tuple[bytes, bytes]]:
    return [(f"ce-{name}".encode(), value.encode()) for name, value in attributes.items()]


def named(**attributes: str) -> dict[str, str]:
    return {f"ce-{name}": value for name, value in attributes.items()}


async def test_attributes_become_headers_of_the_record(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api(cloudevents=True)
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    sent = named(**REQUIRED, time="2026-01-31T08:15:30Z", subject="caf%C3%A9", myextension="7")
    response = await api.post(json.dumps(event), traceparent=trace, **sent)
    assert response.status_code == 202
    (record,) = api.producer.produced
    # Kafka protocol binding, section 3.2: the prefix is ce_, and content-type says what the value is.
    assert record.headers == [
        ("content-type", b"application/avro"),
        ("ce_specversion", b"1.0"),
        ("ce_id", b"a-1"),
        ("ce_source", b"/shop"),
        ("ce_type", b"com.example.click"),
        ("ce_time", b"2026-01-31T08:15:30Z"),
        ("ce_subject", "café".encode()),
        ("ce_myextension", b"7"),
        ("traceparent", trace.encode()),
    ]


async def test_an_event_without_attributes_is_taken_as_before(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api(cloudevents=True)
    assert (await api.post(json.dumps([event, event]))).status_code == 202
    assert all(record.headers is None and record.batched for record in api.producer.produced)


async def test_attributes_are_nothing_to_an_api_that_was_not_asked(api: Any, event: dict[str, Any]) -> None:
    assert (await api.post(json.dumps(event), **named(specversion="0.3"))).status_code == 202
    assert api.producer.produced[0].headers is None


@pytest.mark.parametrize("missing", REQUIRED)
async def test_a_cloudevent_without_a_required_attribute_is_400(
    open_api: OpenApi, event: dict[str, Any], missing: str
) -> None:
    api = await open_api(cloudevents=True)
    sent = named(**{name: value for name, value in REQUIRED.items() if name != missing})
    response = await api.post(json.dumps(event), **sent)
    assert response.status_code == 400
    assert response.json()["type"] == "/problems/invalid-cloudevent"
    assert f"ce-{missing}" in response.json()["detail"]
    assert api.producer.produced == []
    assert api.totals()["requests_refused"] == {"cloudevent": 1}


async def test_several_events_cannot_share_attributes(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api(cloudevents=True)
    response = await api.post(json.dumps([event, event]), **named(**REQUIRED))
    assert (response.status_code, api.producer.produced) == (400, [])
    lines = await api.post(json.dumps(event), content_type="application/x-ndjson", **named(**REQUIRED))
    assert lines.status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"subject": "%FF"},
        {"subject": "a%00b"},
        {"subject": "secret%0Aline"},
        {"time": "yesterday"},
        {"time": "2026-01-31T08:15:30"},
        {"Type": "x"},
        {"my_extension": "x"},
        {"x" * 65: "x"},
        {"data": "x"},
        {"datacontenttype": "text/plain"},
        {"big": "x" * 9000},
    ],
)
def test_attributes_that_are_none_are_refused_without_their_value(wrong: dict[str, str]) -> None:
    with pytest.raises(Refusal) as caught:
        cloudevent_headers(raw(**{**REQUIRED, **wrong}))
    assert caught.value.problem.status == 400
    assert "secret" not in caught.value.detail


def test_an_attribute_that_came_twice_is_refused() -> None:
    with pytest.raises(Refusal, match="more than once"):
        cloudevent_headers([*raw(**REQUIRED), *raw(id="other")])


def test_quoted_values_are_unquoted() -> None:
    headers = dict(cloudevent_headers(raw(**{**REQUIRED, "subject": '"a \\"b\\" %20c"'})) or [])
    assert headers["ce_subject"] == b'a "b"  c'


@given(
    text=st.text(
        st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters='"\ufffe\uffff'),
        min_size=1,
        max_size=50,
    )
)
def test_what_was_encoded_as_the_binding_says_comes_out(text: str) -> None:
    headers = dict(cloudevent_headers(raw(**{**REQUIRED, "subject": quote(text, safe="")})) or [])
    assert headers["ce_subject"].decode() == text


async def test_the_bytes_of_headers_count_as_held(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api(cloudevents=True)
    api.producer.holding = True
    bound = api.service.publisher.bound
    held: list[int] = []
    for sent in ({}, named(**REQUIRED, note="x" * 5000)):
        before = bound.bytes
        task = asyncio.create_task(api.post(json.dumps(event), **sent))
        await api.until(lambda before=before: bound.bytes > before)
        held.append(bound.bytes - before)
        api.producer.release()
        await task
        api.producer.holding = True
    assert held[1] - held[0] > 5000
