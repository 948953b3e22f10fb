"""Plain events go from the parsed request to the producer without ASGI, and are answered as on the long way."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError

from producer_api.api_keys import add_api_key
from producer_api.routes import ContractEndpoint

Serve = Callable[..., Any]
# A trace header that is none is passed over, but asks for the long way.
LONG = "traceparent: none"


def request(body: bytes, *headers: str, path: str = "/events", content_type: str = "application/json") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: api", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def answers(received: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Status, headers without the date, and body of each answer."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers["content-length"])
        headers.pop("date")
        found.append((int(first.split()[1]), headers, rest[:length]))
        received = rest[length:]
    return found


@pytest.fixture
def long_ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of requests that went through ASGI."""
    taken: list[str] = []
    call = ContractEndpoint.__call__

    async def spy(self: Any, scope: Any, receive: Any, send: Any) -> None:
        taken.append(scope["path"])
        await call(self, scope, receive, send)

    monkeypatch.setattr(ContractEndpoint, "__call__", spy)
    return taken


def test_a_plain_event_takes_the_short_way(serve_api: Serve, event: dict[str, Any], long_ways: list[str]) -> None:
    api = serve_api()
    body = json.dumps(event).encode()
    (short,) = answers(api.exchange(request(body, "Connection: close")))
    assert not long_ways
    (long,) = answers(api.exchange(request(body, "Connection: close", LONG)))
    assert long_ways == ["/events"]
    assert short[0] == long[0] == 202
    assert list(short[1]) == list(long[1]), "the same headers in the same order"
    assert short[1]["connection"] == "close"
    assert {**json.loads(short[2]), "offset": 0, "partition": 0} == {**json.loads(long[2]), "offset": 0, "partition": 0}
    assert [(record.key, record.value) for record in api.producer.produced[:1]] * 2 == [
        (record.key, record.value) for record in api.producer.produced
    ]
    totals = api.totals()
    assert (totals["received"], totals["accepted"], totals["shapes"]) == (2, 2, {"2": 2})


def test_events_of_one_turn_are_produced_together(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    calls: list[int] = []
    produce = api.producer.produce_batch
    api.producer.produce_batch = lambda topic, messages: calls.append(len(messages)) or produce(topic, messages)
    body = request(json.dumps(event).encode())
    connections = [socket.create_connection(("127.0.0.1", api.port), 10) for _ in range(20)]
    try:
        for connection in connections:
            connection.sendall(body)
        assert all(connection.recv(65536).startswith(b"HTTP/1.1 202 ") for connection in connections)
    finally:
        for connection in connections:
            connection.close()
    assert sum(calls) == 20
    assert all(record.batched for record in api.producer.produced)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"{", b'{"a":1}', b"nonsense", b'{"event_id":"0b8a2f2e-8f0a-4a53-9f7f-5a3df1b7f4c1"}',
        b" {}", b"[{}]", b"{}{}", b"\xff", b"{" + b" " * 3000 + b"}", b"{" + b" " * 6000 + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_what_is_refused_is_refused_alike(serve_api: Serve, body: bytes) -> None:
    api = serve_api(max_event_bytes=2000, max_body_bytes=5000)
    short, long = (answers(api.exchange(request(body, "Connection: close", *headers))) for headers in ((), (LONG,)))
    assert short == long
    assert not api.producer.produced


@pytest.mark.parametrize("is_valid", [True, False])
def test_an_event_that_is_not_plain_is_tried_once(
    serve_api: Serve, event: dict[str, Any], is_valid: bool, monkeypatch: pytest.MonkeyPatch, long_ways: list[str]
) -> None:
    api = serve_api()
    preparation = api.service.endpoints["/events"]._ingestion._preparation
    tried: list[bytes] = []
    reader = preparation._reader
    spied = reader._replace(read=lambda data, prefix: tried.append(data) or reader.read(data, prefix))
    monkeypatch.setattr(preparation, "_reader", spied)
    # The models take a uuid in upper case, the transcoder does not.
    changed = {"event_id": event["event_id"].upper()} if is_valid else {"event_id": 5}
    body = json.dumps({**event, **changed}).encode()
    (answer,) = answers(api.exchange(request(body, "Connection: close")))
    assert answer[0] == (202 if is_valid else 422)
    assert tried == [body]
    assert not long_ways
    assert api.service._open_requests.bytes == 0


@pytest.mark.parametrize("error", [KafkaError.MSG_SIZE_TOO_LARGE, KafkaError._MSG_TIMED_OUT])
@pytest.mark.parametrize("at", ["error", "refuse"])
def test_what_the_broker_refuses_is_answered_alike(
    serve_api: Serve, event: dict[str, Any], error: int, at: str
) -> None:
    api = serve_api()
    setattr(api.producer, at, lambda _record: KafkaError(error))
    body = json.dumps(event).encode()
    short, long = (answers(api.exchange(request(body, "Connection: close", *headers))) for headers in ((), (LONG,)))
    assert short == long
    assert short[0][0] in (422, 503)
    assert api.service.publisher.bound.records == 0
    assert api.service._open_requests.bytes == 0


def test_no_room_is_told_alike(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    api.service.publisher.bound.max_records = 0
    body = json.dumps(event).encode()
    short, long = (answers(api.exchange(request(body, "Connection: close", *headers))) for headers in ((), (LONG,)))
    assert short == long
    assert short[0][0] == 503
    assert "retry-after" in short[0][1]
    assert api.totals()["received"] == 2


def test_requests_on_one_connection_are_answered_in_order(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    bodies = [json.dumps({**event, "event_id": event["event_id"][:-2] + f"{n:02}"}).encode() for n in range(12)]
    mixed = b"".join(request(body, *([LONG] if n % 3 == 1 else [])) for n, body in enumerate(bodies))
    received = api.exchange(mixed + request(b"{}", "Connection: close"))
    found = answers(received)
    assert [status for status, _, _ in found] == [202] * 12 + [422]
    assert [json.loads(body)["event_id"] for _, _, body in found[:12]] == [
        event["event_id"][:-2] + f"{n:02}" for n in range(12)
    ]


def test_a_body_in_pieces(serve_api: Serve, event: dict[str, Any], long_ways: list[str]) -> None:
    api = serve_api()
    whole = request(json.dumps(event).encode(), "Connection: close")
    with socket.create_connection(("127.0.0.1", api.port), 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(whole[:-50])
        while not long_ways:
            time.sleep(0.001)
        connection.sendall(whole[-50:])
        assert re.match(rb"HTTP/1\.1 202 ", connection.recv(65536))


def test_a_client_that_leaves_is_not_answered(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    api.producer.holding = True
    with socket.create_connection(("127.0.0.1", api.port), 10) as connection:
        connection.sendall(request(json.dumps(event).encode()))
        while not api.producer.produced:
            time.sleep(0.001)
    api.producer.release()
    assert len(answers(api.exchange(request(json.dumps(event).encode(), "Connection: close")))) == 1
    assert api.service._open_requests.bytes == 0


def test_keys_close_the_short_way(serve_api: Serve, event: dict[str, Any], tmp_path: Any) -> None:
    file = tmp_path / "keys.toml"
    key = add_api_key(file, "shop")
    api = serve_api(keys_file=str(file))
    body = json.dumps(event).encode()
    assert answers(api.exchange(request(body, "Connection: close")))[0][0] == 401
    assert answers(api.exchange(request(body, "Connection: close", f"Authorization: Bearer {key}")))[0][0] == 202


def test_a_fault_of_ours_is_answered(
    serve_api: Serve, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    api = serve_api()
    ingestion = api.service.endpoints["/events"]._ingestion

    def fail(*_: Any) -> None:
        raise ZeroDivisionError(event["user_id"])

    monkeypatch.setattr(ingestion, "_fill_template", fail)
    (answer,) = answers(api.exchange(request(json.dumps(event).encode(), "Connection: close")))
    assert (answer[0], json.loads(answer[2])["type"]) == (500, "/problems/internal")
    assert event["user_id"] not in caplog.text
    monkeypatch.undo()
    assert answers(api.exchange(request(json.dumps(event).encode(), "Connection: close")))[0][0] == 202
