"""Bodies: cut into events, inflated within bounds, refused with a reason."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from typing import Any

import pytest
from backports import zstd

from producer_api.body import BodyLimits, BodyReader, Disconnected, split_events
from producer_api.bounds import Bound
from producer_api.errors import Refusal

LIMITS = BodyLimits(max_body_bytes=1000, max_decompressed_bytes=10_000, max_records=3, timeout_s=5.0)


def receive_of(*chunks: bytes) -> Callable[[], Any]:
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages[-1]["more_body"] = False
    queue = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(queue)

    return receive


async def read(body: bytes, limits: BodyLimits = LIMITS, bound: Bound | None = None, **headers: str) -> bytes:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    named.setdefault(b"content-type", b"application/json")
    reader = BodyReader(named, limits, bound or Bound("open", 0, 100_000))
    try:
        return await reader.read_body(receive_of(*(body[at : at + 100] for at in range(0, len(body) or 1, 100))))
    finally:
        reader.release()


def test_a_body_is_one_event_unless_it_starts_with_a_bracket() -> None:
    assert split_events(b' \n{"a": [1]}', False, 3).slices == [b' \n{"a": [1]}']
    events = split_events(b'\r\n [ {"a":1} , 2,"x"]', False, 3)
    assert events.many
    assert events.slices == [b'{"a":1}', b"2", b'"x"']


def test_lines_may_be_blank_and_end_as_they_like() -> None:
    events = split_events(b'{"a":1}\r\n\n  \n{"a":2}', True, 3)
    assert [line.strip() for line in events.slices] == [b'{"a":1}', b'{"a":2}']
    assert split_events(b'{"a":1}\n', True, 3).many


@pytest.mark.parametrize(
    ("body", "ndjson", "reason", "status"),
    [
        (b"", False, "empty", 422),
        (b" \n ", False, "empty", 422),
        (b"[]", False, "empty", 422),
        (b"\n\n", True, "empty", 422),
        (b"[1,2", False, "parse", 422),
        (b'[{"a":NaN}]', False, "parse", 422),
        (b"[1] 2", False, "parse", 422),
        (b"[" * 100_000, False, "parse", 422),
        (b"[1,2,3,4]", False, "records", 413),
        (b"1\n2\n3\n4", True, "records", 413),
    ],
)
def test_bodies_without_events_that_can_be_told_apart(body: bytes, ndjson: bool, reason: str, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        split_events(body, ndjson, 3)
    assert (caught.value.reason, caught.value.problem.status) == (reason, status)


async def test_codings_are_undone_and_others_refused() -> None:
    assert await read(gzip.compress(b"{}"), content_encoding="gzip") == b"{}"
    assert await read(gzip.compress(b"{}"), content_encoding="identity, X-GZIP") == b"{}"
    assert await read(zstd.compress(b"{}"), content_encoding="zstd") == b"{}"
    assert await read(b"{}", content_encoding="identity") == b"{}"
    for coding in ("br", "gzip, gzip", "deflate", "zstd, gzip"):
        with pytest.raises(Refusal) as caught:
            await read(b"{}", content_encoding=coding)
        assert caught.value.problem.status == 415
        assert caught.value.headers == {"accept-encoding": "gzip, zstd"}


async def test_content_types() -> None:
    for media_type in ("application/json; charset=UTF-8", "Application/JSON", 'application/json; charset="utf-8"'):
        assert await read(b"{}", content_type=media_type) == b"{}"
    for media_type in ("text/plain", "", "application/json; charset=latin-1", "application/x-www-form-urlencoded"):
        with pytest.raises(Refusal) as caught:
            await read(b"{}", content_type=media_type)
        assert caught.value.problem.status == 415
        assert "application/x-ndjson" in caught.value.headers["accept-post"]


async def test_a_body_is_too_large_by_its_header_or_by_its_bytes() -> None:
    for length in ("1001", "1", "unknown"):
        with pytest.raises(Refusal) as caught:
            await read(b"x" * 1001, content_length=length)
        assert caught.value.problem.status == 413
    assert len(await read(b"x" * 1000, content_length="1000")) == 1000


async def test_what_all_requests_hold_is_bounded_and_given_back() -> None:
    bound = Bound("open", 0, 1500)
    first = BodyReader({b"content-type": b"application/json"}, LIMITS, bound)
    await first.read_body(receive_of(b"x" * 900))
    with pytest.raises(Refusal) as caught:
        await read(b"x" * 900, bound=bound)
    assert (caught.value.reason, caught.value.problem.status) == ("overloaded", 503)
    assert bound.bytes == 900
    first.release()
    assert bound.bytes == 0
    assert len(await read(b"x" * 900, bound=bound)) == 900


async def test_inflated_bytes_are_held_too() -> None:
    bound = Bound("open", 0, 1500)
    with pytest.raises(Refusal) as caught:
        await read(gzip.compress(b" " * 5000), bound=bound, content_encoding="gzip")
    assert caught.value.reason == "overloaded"
    assert bound.bytes == 0


async def test_a_body_that_does_not_arrive_is_408() -> None:
    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    limits = BodyLimits(1000, 1000, 3, timeout_s=0.01)
    reader = BodyReader({b"content-type": b"application/json"}, limits, Bound("open", 0, 1000))
    with pytest.raises(Refusal) as caught:
        await reader.read_body(never)
    assert caught.value.problem.status == 408


async def test_a_client_that_goes_away() -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    reader = BodyReader({b"content-type": b"application/json"}, LIMITS, Bound("open", 0, 1000))
    with pytest.raises(Disconnected):
        await reader.read_body(gone)


@pytest.mark.parametrize(
    ("body", "ndjson"),
    [
        (b"[" + b"1," * 200_000 + b"1]", False),
        (b'[{"a":"],[,{"},' + b'{"a":[1,2,{}]},' * 50_000 + b"{}]", False),
        (b"1\n" * 200_000, True),
    ],
)
def test_too_many_events_are_refused_before_each_is_cut_out(body: bytes, ndjson: bool) -> None:
    with pytest.raises(Refusal, match="a request may have 100 events"):
        split_events(body, ndjson, 100)


def test_an_array_of_wide_events_is_taken_although_it_has_many_commas() -> None:
    event = b'{"a":[' + b"1," * 500 + b'1],"b":",,,"}'
    assert len(split_events(b"[" + b",".join([event] * 10) + b"]", False, 10).slices) == 10
