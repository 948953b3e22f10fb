"""Hostile input over a real socket: each test is a row of the table in SECURITY.md, and each row is a test.

Every one ends with an ordinary event that is accepted: whatever was sent, the service is as before.
"""

from __future__ import annotations

import gzip
import json
import logging
import re
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from producer_api.api_keys import add_api_key
from producer_api.settings import HeadLimits

SECURITY = Path(__file__).resolve().parents[2] / "SECURITY.md"
ROWS: dict[str, tuple[str, str]] = {}

Serve = Callable[..., Any]
TINY = HeadLimits(max_bytes=4096, timeout_s=0.3)


def row(sent: str, answer: str) -> Callable[[Any], Any]:
    """The row of SECURITY.md that a test stands for."""

    def note(test: Any) -> Any:
        ROWS[test.__name__] = (sent, answer)
        return test

    return note


@pytest.fixture(autouse=True)
def _nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Any:
    """No traceback, and nothing that is worse than a warning."""
    yield
    for record in [*caplog.get_records("setup"), *caplog.get_records("call")]:
        assert record.levelno < logging.ERROR, record.getMessage()
        assert record.exc_info is None


@pytest.fixture
def tiny_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producer_api.bounded_http.read_head_limits", lambda: TINY)


def request(body: bytes, *headers: str, close: bool = True, length: bool = True) -> bytes:
    lines = ["POST /events HTTP/1.1", "Host: api"]
    if not any(header.lower().startswith("content-type") for header in headers):
        lines.append("Content-Type: application/json")
    if length:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


def status(api: Any, body: bytes, *headers: str) -> int:
    (answered,) = statuses(api.exchange(request(body, *headers)))
    return answered


def status_meanwhile(api: Any, data: bytes) -> int:
    """The answer that comes while the body is still on its way: the connection stays, so that it can be read."""
    with socket.create_connection(("127.0.0.1", api.port), 30) as connection:
        connection.sendall(data)
        (answered,) = statuses(connection.recv(65536))
        return answered


def text_of(event: dict[str, Any], **changed: str) -> bytes:
    """The event with fields set to raw JSON text."""
    fields = {name: json.dumps(value) for name, value in event.items()} | changed
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode(
        errors="surrogateescape"
    )


def still_works(api: Any, event: dict[str, Any]) -> None:
    before = len(api.producer.produced)
    assert status(api, json.dumps(event).encode()) == 202
    assert len(api.producer.produced) == before + 1
    assert api.service.publisher.bound.records == 0
    assert api.service._open_requests.bytes == 0


# ---------------------------------------------------------------- JSON


@row("JSON nested 100,000 deep: as the event, in an array, in a field", "422")
def test_deep_nesting(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    deep = "[" * 100_000 + "]" * 100_000
    objects = '{"a":' * 100_000 + "1" + "}" * 100_000
    for body in (deep, objects, f"[{objects}]", deep[:100_000], "[" + '{"a":' * 100_000):
        assert status(api, body.encode()) == 422
    assert status(api, text_of(event, properties=objects)) == 422
    assert status(api, text_of(event, page_url=deep)) == 422
    still_works(api, event)


@row("Numbers that are huge: a million digits, `1e400`, `1e999999999`, `-0`", "422")
def test_huge_numbers(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    for number in ("9" * 900_000, "1e400", "1e999999999", "0." + "9" * 900_000, "-0", "1" + "0" * 400, "0" * 1000):
        assert status(api, text_of(event, page_url=number)) == 422
        assert status(api, f"[{number}]".encode()) == 422
    still_works(api, event)


@row("`NaN`, `Infinity`, and other words that are no JSON", "422")
def test_no_json_numbers(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    for word in ("NaN", "-Infinity", "Infinity", "undefined", "0x1", "1.", "+1", "'a'", "/**/1", "None", "True"):
        assert status(api, text_of(event, page_url=word)) == 422
        assert status(api, word.encode()) == 422
        assert status(api, f"[{word}]".encode()) == 422
    still_works(api, event)


@row('A lone surrogate, escaped: `"\\ud800"`', "422")
def test_lone_surrogates(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    for text in (r"\ud800", r"\udfff", r"\ud800\ud800", r"\udc00\ud800", r"\ud83dx", r"\uD83D\u0041"):
        assert status(api, text_of(event, page_url=f'"{text}"')) == 422
        assert status(api, text_of(event, properties=f'{{"{text}":"x"}}')) == 422
    assert status(api, text_of(event, page_url=r'"\ud83d\ude00"')) == 202
    still_works(api, event)


@row("A key that stands twice in one object, spelled alike or with escapes", "422")
def test_duplicate_keys(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    plain = text_of(event)
    for second in (b'"user_id":"other"', b'"\\u0075ser_id":"other"', b'"page":"/other"'):
        assert status(api, plain[:-1] + b"," + second + b"}") == 422
    assert status(api, text_of(event, properties='{"a":"1","a":"2"}')) == 422
    assert status(api, text_of(event, properties=r'{"a":"1","\u0061":"2"}')) == 422
    assert status(api, b'{"user_id":1,' * 1 + b'"x":1,' * 100_000 + plain[1:]) == 422
    still_works(api, event)


@row("Bytes that are no UTF-8: overlong, surrogates, cut short, a byte order mark, UTF-16", "422")
def test_invalid_utf8(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    for piece in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80"):
        text = text_of(event, page_url='"X"').replace(b"X", piece)
        assert status(api, text) == 422
        assert status(api, b"[" + text + b"]") == 422
        assert status(api, text + b"\n", "Content-Type: application/x-ndjson") == 422
    whole = text_of(event)
    assert status(api, b"\xef\xbb\xbf" + whole) == 422
    assert status(api, whole.decode().encode("utf-16")) == 422
    assert status(api, text_of(event, page_url='"\0"')) == 422
    still_works(api, event)


@row("Text behind the event, or two events in one body without a line of their own", "422")
def test_text_behind_the_event(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    whole = text_of(event)
    for behind in (whole, b"x", b"\0", b"]", b"}", b","):
        assert status(api, whole + behind) == 422
        assert status(api, b"[" + whole + b"]" + behind) == 422
    assert status(api, b"[" + whole + b",]") == 422
    still_works(api, event)


# ---------------------------------------------------------------- sizes


@row("A gzip or zstd bomb: a few KiB that stand for hundreds of MiB", "413")
def test_decompression_bombs(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    zeros = bytes(10_000_000)
    gzipped, zstandard = gzip.compress(zeros) * 50, zstd.compress(zeros) * 50
    assert status(api, gzipped, "Content-Encoding: gzip") == 413
    assert status(api, zstandard, "Content-Encoding: zstd") == 413
    assert status(api, zstd.compress(zstandard), "Content-Encoding: zstd, zstd") == 415
    assert status(api, gzip.compress(gzipped), "Content-Encoding: gzip") == 422  # undone once, and then no JSON
    still_works(api, event)


@row("Hundreds of thousands of empty gzip members or zstd frames", "413")
def test_empty_members(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    for coding, empty in (("gzip", gzip.compress(b"")), ("zstd", zstd.compress(b""))):
        assert status(api, empty * (4_000_000 // len(empty)), f"Content-Encoding: {coding}") == 413
    still_works(api, event)


@row("Compressed data that is broken, cut short, or asks for a window of more than 8 MiB", "400")
def test_broken_codings(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    wide = zstd.compress(
        bytes(range(256)) * 70_000,
        options={zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0},
    )
    assert status(api, wide, "Content-Encoding: zstd") == 400
    for coding, whole in (("gzip", gzip.compress(text_of(event))), ("zstd", zstd.compress(text_of(event)))):
        for broken in (whole[:-1], whole[:3], b"x" + whole, whole + b"x", text_of(event)):
            assert status(api, broken, f"Content-Encoding: {coding}") == 400
        assert status(api, whole, f"Content-Encoding: {coding}") == 202
    still_works(api, event)


@row("More events than a request may have, also as 16 MiB of commas in 16 KiB", "413, or 422 if it is no JSON")
def test_too_many_events(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    assert status(api, b"[" + b"1," * 20_000 + b"1]") == 413
    assert status(api, b"1\n" * 20_000, "Content-Type: application/x-ndjson") == 413
    for inside, expected in ((b"1,", 422), (b",", 422), (b"[],", 422)):
        bomb = gzip.compress(b"[[" + inside * (16_000_000 // len(inside)) + b"1]]", 1)
        began = time.process_time()
        assert status(api, bomb, "Content-Encoding: gzip") == expected
        assert time.process_time() - began < 5  # it was 16 s for commas; now 0.1 s
    still_works(api, event)


@row("A body or an event that is larger than it may be", "413, or 422 for one event")
def test_large_bodies(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    assert status_meanwhile(api, request(b" " * 5_000_000, close=False)) == 413
    assert status(api, text_of(event, page_url=f'"{"x" * 1_500_000}"')) == 422
    promised = request(b"", "Content-Length: 99999999999999999999", length=False)
    assert statuses(api.exchange(promised)) in ([413], [400])
    still_works(api, event)


@row("A content type or a content coding that is none of ours", "415")
def test_other_content_types(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    for header in (
        "Content-Type: text/plain", "Content-Type: multipart/form-data; boundary=x", "Content-Type: ",
        "Content-Type: application/json; charset=utf-16", "Content-Encoding: br", "Content-Encoding: gzip, gzip",
    ):  # fmt: skip
        assert status(api, text_of(event), header) == 415
    still_works(api, event)


# ---------------------------------------------------------------- connections


@row("A body that does not arrive, or arrives byte by byte", "408, and the connection is closed")
def test_slow_bodies(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api(body_timeout_s=0.3)
    whole = request(text_of(event), close=False)
    assert statuses(api.exchange(whole[:-10])) == [408]
    with socket.create_connection(("127.0.0.1", api.port), 10) as slow:
        slow.sendall(whole[:-100])
        answered = drip(slow, whole[-100:])
    assert statuses(answered) in ([408], [])
    assert api.totals()["requests_refused"] == {"slow_body": 2}
    still_works(api, event)


def drip(connection: socket.socket, rest: bytes) -> bytes:
    """Send a byte every 20 ms until the server has closed; what it said."""
    connection.settimeout(0.02)
    received = b""
    for byte in rest:
        try:
            connection.send(bytes([byte]))
            piece = connection.recv(65536)
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            break
        if not piece:
            break
        received += piece
    else:
        raise AssertionError("the server waited for all of it")
    return received


@row("A head that does not arrive, or arrives byte by byte", "408, and the connection is closed")
def test_slow_heads(serve_api: Serve, event: dict[str, Any], tiny_heads: None) -> None:
    api = serve_api()
    whole = request(text_of(event))
    assert statuses(api.exchange(whole[:20])) == [408]
    assert api.exchange(b"") == b""  # nothing was asked: it is closed without an answer
    with socket.create_connection(("127.0.0.1", api.port), 10) as slow:
        slow.sendall(b"POST /events HTTP/1.1\r\n")
        answered = drip(slow, b"X-A: b\r\n" * 50)
    assert statuses(answered) == [408]
    with socket.create_connection(("127.0.0.1", api.port), 10) as slow:
        slow.sendall(request(text_of(event), close=False))
        assert statuses(slow.recv(65536)) == [202]
        drip(slow, b"\r\n" * 100)  # empty lines before a request are no request
    still_works(api, event)


@row("A flood of headers: many, one without end, or a long request line", "431, and the connection is closed")
def test_header_floods(serve_api: Serve, event: dict[str, Any], tiny_heads: None) -> None:
    api = serve_api()
    many = [f"X-{number}: {'v' * 20}" for number in range(1000)]
    assert statuses(flood(api, request(text_of(event), *many))) == [431]
    assert statuses(flood(api, b"POST /events HTTP/1.1\r\nX-A: " + b"v" * 1_000_000)) == [431]
    assert statuses(flood(api, b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n")) == [431]
    assert api.producer.produced == []
    assert status(api, text_of(event), *many[:50]) == 202
    still_works(api, event)


def flood(api: Any, data: bytes) -> bytes:
    """What the server says; it may close while the flood goes on."""
    with socket.create_connection(("127.0.0.1", api.port), 10) as connection:
        received = b""
        try:
            for at in range(0, len(data), 8192):
                connection.sendall(data[at : at + 8192])
        except (ConnectionResetError, BrokenPipeError):
            pass
        connection.settimeout(5)
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return received


@row("A body that goes on and on after its request was refused", "the answer, and the connection is closed in time")
def test_bodies_that_go_on_after_the_answer(serve_api: Serve, event: dict[str, Any], tiny_heads: None) -> None:
    api = serve_api()
    with socket.create_connection(("127.0.0.1", api.port), 10) as connection:
        connection.sendall(request(b"", "Content-Length: 100000000", close=False, length=False))
        assert statuses(connection.recv(65536)) == [413]
        drip(connection, b"x" * 1000)
    still_works(api, event)


@row("Requests that do not wait for answers (pipelining)", "each its answer, in order")
def test_pipelining(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    good, bad = text_of(event), b"{}"
    pieces = [request(good if number % 3 else bad, close=number == 59) for number in range(60)]
    answers = api.exchange(b"".join(pieces))
    assert statuses(answers) == [202 if number % 3 else 422 for number in range(60)]
    offsets = [int(offset) for offset in re.findall(rb'"offset":(\d+)', answers)]
    assert offsets == sorted(offsets)
    assert len(api.producer.produced) == 40
    still_works(api, event)


@row("A client that leaves before its body is complete", "nothing is produced; counted as `disconnected`")
def test_clients_that_leave_in_the_body(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    whole = request(json.dumps([event] * 1000).encode())
    for cut in (100, 1000, len(whole) // 2, len(whole) - 1):
        leave(api, whole[:cut])
    wait_until(lambda: api.totals()["requests_refused"].get("disconnected", 0) >= 3)  # a head alone is no request
    assert api.producer.produced == []
    still_works(api, event)


@row("A client that leaves after its batch, before the answer", "the whole batch is produced; nobody reads the answer")
def test_clients_that_leave_before_the_answer(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    api.producer.holding = True
    leave(api, request(json.dumps([event] * 1000).encode()))
    wait_until(lambda: len(api.producer.produced) == 1000)
    api.producer.release()
    wait_until(lambda: api.totals()["accepted"] == 1000)
    assert api.totals()["received"] == 1000
    still_works(api, event)


def leave(api: Any, data: bytes) -> None:
    """Send and reset, without a word."""
    with socket.create_connection(("127.0.0.1", api.port), 10) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(data)
        # Not before it has arrived: a reset takes what is on its way with it.
        wait_until(lambda: not api.service.metrics.report()["received"] or True)
        time.sleep(0.05)


def wait_until(condition: Callable[[], object], limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


@row("Heads that proxies and servers read differently (request smuggling), and heads that are no HTTP", "400")
def test_ambiguous_heads(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    for headers in (
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -1",),
        ("Content-Length: 5x",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding : chunked",),
        ("X-A: b\x00c",),
        (" folded: line",),
        ("no colon",),
    ):
        answers = api.exchange(request(b"", *headers, length=False) + b"0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n")
        assert statuses(answers) == [400], headers
    for line in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET\r\n\r\n"):
        assert statuses(api.exchange(line)) == [400]
    chunked = request(b"", "Transfer-Encoding: chunked", length=False)
    assert 202 not in statuses(api.exchange(chunked + b"zz\r\n{}\r\n0\r\n\r\n"))
    assert api.producer.produced == []
    still_works(api, event)


@row("More connections than `--limit-concurrency`", "503")
def test_too_many_connections(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api({"limit_concurrency": 10})
    idle = [socket.create_connection(("127.0.0.1", api.port), 10) for _ in range(20)]
    try:
        wait_until(lambda: status(api, text_of(event)) == 503)
    finally:
        for connection in idle:
            connection.close()
    wait_until(lambda: status(api, text_of(event)) == 202)
    still_works(api, event)


@row("A WebSocket", "403")
def test_upgrades(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api()
    websocket = (
        b"GET /events HTTP/1.1\r\nHost: api\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert statuses(api.exchange(websocket)) == [403]
    still_works(api, event)


OFFERS = (
    ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
    ("Connection: upgrade", "Upgrade: TLS/1.0"),
    ("Connection: keep-alive", "Connection: Upgrade", "Upgrade: h2c"),
)


@row("An offer of another protocol: `Upgrade: h2c` as Java's client sends it, `TLS/1.0`", "as without it, in HTTP/1.1")
@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer[1])
def test_offers_of_another_protocol(serve_api: Serve, event: dict[str, Any], offer: tuple[str, ...]) -> None:
    api = serve_api()
    body = text_of(event)
    alone = request(body, *offer, close=False)
    chunked = request(b"", *offer, "Transfer-Encoding: chunked", close=False, length=False)
    chunked += b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    last = request(body)
    assert statuses(api.exchange(alone + chunked + last)) == [202, 202, 202]
    for cut in (20, len(alone) - len(body), len(alone) - 3):
        assert statuses(api.exchange(alone[:cut], alone[cut:] + last)) == [202, 202]
    assert len(api.producer.produced) == 9
    still_works(api, event)


# ---------------------------------------------------------------- who may


@row("No API key, a wrong one, one for another contract (where keys are set)", "401, 401, 403")
def test_keys(serve_api: Serve, event: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    key = add_api_key(file, "shop")
    api = serve_api(keys_file=str(file))
    body = text_of(event)
    assert status(api, body) == 401
    assert status(api, body, f"Authorization: Bearer {key}x") == 401
    assert status(api, body, f"Authorization: Basic {key}") == 401
    assert status(api, body, f"Authorization: Bearer {key}", f"Authorization: Bearer {key}") == 401
    promised = request(b"", "Content-Length: 1000000", close=False, length=False)
    assert status_meanwhile(api, promised) == 401  # before a body is read
    assert api.producer.produced == []
    assert status(api, body, f"Authorization: Bearer {key}") == 202
    limited = add_api_key(tmp_path / "other.toml", "other", ("activity_count",))
    assert "activity_count" not in {contract.name for contract in api.service.contracts}
    assert status(api, body, f"Authorization: Bearer {limited}") == 401


@row("More events than the API key or the client may send (where that is set)", "429 with `Retry-After`")
def test_rates(serve_api: Serve, event: dict[str, Any]) -> None:
    api = serve_api(client_events_per_s=0.01)
    assert status(api, text_of(event)) == 202
    answers = api.exchange(request(text_of(event)))
    assert statuses(answers) == [429]
    assert 0 < int(re.findall(rb"retry-after: (\d+)", answers)[0]) <= 100
    assert len(api.producer.produced) == 1


def test_the_table_and_the_tests_are_the_same() -> None:
    text = SECURITY.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| `(test_\w+)` \|$", text, re.MULTILINE)
    assert {test: (sent, answer) for sent, answer, test in rows} == ROWS
    assert [test for _, _, test in rows] == list(ROWS)
