"""The body of a request: read within its bounds, its content coding undone, cut into the bytes of single events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from operator import itemgetter
from typing import Any, Final

import msgspec

from producer_api.bounds import Bound, Overloaded
from producer_api.coding import ACCEPTED_CODINGS, CODINGS, Coding, undo
from producer_api.errors import (
    INVALID_BODY,
    OVERLOADED,
    TOO_LARGE,
    TOO_SLOW,
    UNSUPPORTED_CODING,
    UNSUPPORTED_TYPE,
    Refusal,
)

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
ACCEPTED_TYPES: Final = f"{JSON}, {NDJSON}"
_UTF8: Final = {"utf-8", "utf8", "us-ascii"}
_SPACE: Final = b" \t\r\n"
_first: Final = itemgetter(0)
_BRACE: Final = frozenset(b"{")
_LARGE_STEP_BYTES: Final = 64 * 1024
_STEPS_AT_ONCE: Final = 64
# With more commas than this for each event that a request may have, the items are counted before they are cut out.
_COMMAS_OF_AN_EVENT: Final = 64
_events = msgspec.json.Decoder(list[msgspec.Raw])

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Disconnected(Exception):
    """The client went away before its body was complete; nobody reads an answer."""


@dataclass(frozen=True, slots=True)
class Events:
    """The events of one body, as bytes. `many` says whether the client sent an array or lines."""

    slices: list[bytes]
    many: bool


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Sizes in bytes, after and before the content coding is undone."""

    max_body_bytes: int
    max_decompressed_bytes: int
    max_records: int
    timeout_s: float


class BodyReader:
    """Holds what it read against `bound` until `release`; make one for each request."""

    __slots__ = ("_bound", "_headers", "_held", "_limits", "_ndjson")

    def __init__(self, headers: Mapping[bytes, bytes], limits: BodyLimits, bound: Bound) -> None:
        self._headers = headers
        self._limits = limits
        self._bound = bound
        self._held = 0
        self._ndjson = False

    def release(self) -> None:
        """Let go what was held; the bytes are not needed any more."""
        self._bound.give(0, self._held)
        self._held = 0

    async def read_body(self, receive: Receive) -> bytes:
        """The body with its coding undone. Raises Refusal or Disconnected."""
        self._ndjson = self._check_type()
        coding = self._check_coding()
        body = await self._read(receive)
        return body if coding is None else await self._decode(coding, body)

    def split(self, body: bytes) -> Events:
        """The events of what `read_body` gave. Raises Refusal."""
        return split_events(body, self._ndjson, self._limits.max_records)

    def _check_type(self) -> bool:
        """Whether the body is NDJSON."""
        given = self._headers.get(b"content-type", b"")
        if given == b"application/json":
            return False
        media_type, _, parameters = given.decode("latin-1").lower().partition(";")
        media_type = media_type.strip()
        if media_type not in (JSON, NDJSON):
            detail = f"send {JSON} or {NDJSON} in the Content-Type header"
            raise Refusal(UNSUPPORTED_TYPE, "media_type", detail, {"accept-post": ACCEPTED_TYPES})
        for parameter in parameters.split(";"):
            name, _, value = parameter.strip().partition("=")
            if name == "charset" and value.strip('"') not in _UTF8:
                detail = "JSON is sent in UTF-8 (RFC 8259, section 8.1); leave the charset out"
                raise Refusal(UNSUPPORTED_TYPE, "media_type", detail, {"accept-post": ACCEPTED_TYPES})
        return media_type == NDJSON

    def _check_coding(self) -> Coding | None:
        """What has to be undone, if anything."""
        given = self._headers.get(b"content-encoding")
        if given is None:
            return None
        codings = [coding.strip() for coding in given.decode("latin-1").lower().split(",")]
        codings = [coding for coding in codings if coding not in ("", "identity")]
        if not codings:
            return None
        if len(codings) == 1 and codings[0] in CODINGS:
            return CODINGS[codings[0]]
        detail = "send the body plain, or with Content-Encoding: gzip or zstd, once"
        raise Refusal(UNSUPPORTED_CODING, "content_encoding", detail, {"accept-encoding": ACCEPTED_CODINGS})

    async def _read(self, receive: Receive) -> bytes:
        declared = self._headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > self._limits.max_body_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                message = await receive()
                body: bytes = self._chunk(message)
                if not message.get("more_body"):
                    return body
                chunks = [body]
                size = len(body)
                while message.get("more_body"):
                    message = await receive()
                    chunk = self._chunk(message)
                    size += len(chunk)
                    if size > self._limits.max_body_bytes:
                        raise self._too_large()
                    chunks.append(chunk)
                return b"".join(chunks)
        except TimeoutError:
            detail = f"the body did not arrive within {self._limits.timeout_s:g} s"
            raise Refusal(TOO_SLOW, "slow_body", detail, {"connection": "close"}) from None

    def _chunk(self, message: Mapping[str, Any]) -> bytes:
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        if len(chunk) > self._limits.max_body_bytes:
            raise self._too_large()
        self._hold(len(chunk))
        return chunk

    def _hold(self, size: int) -> None:
        try:
            self._bound.take(0, size)
        except Overloaded as error:
            raise Refusal(OVERLOADED, "overloaded", str(error)) from None
        self._held += size

    def _too_large(self) -> Refusal:
        limit = self._limits.max_body_bytes
        return Refusal(TOO_LARGE, "body_size", f"a body may have {limit} bytes; send fewer events at once")

    async def _decode(self, coding: Coding, body: bytes) -> bytes:
        parts: list[bytes] = []
        for number, part in enumerate(undo(coding, body, self._limits.max_decompressed_bytes)):
            self._hold(len(part))
            parts.append(part)
            if len(part) >= _LARGE_STEP_BYTES or number % _STEPS_AT_ONCE == _STEPS_AT_ONCE - 1:
                await asyncio.sleep(0)  # other requests get their turn
        return b"".join(parts)


def split_events(body: bytes, ndjson: bool, max_records: int) -> Events:
    """Cut a body into its events, without a look into them. Raises Refusal."""
    if ndjson:
        slices = _lines(body, max_records)
        many = True
    else:
        start = body.lstrip(_SPACE)[:1] if body[:1] in b" \t\r\n" else body[:1]
        if start != b"[":
            if not start:
                raise Refusal(INVALID_BODY, "empty", "the body is empty; send an event, an array or lines of JSON")
            return Events([body], many=False)
        if body.count(b",") > max_records * _COMMAS_OF_AN_EVENT:
            _refuse_long_array(body, max_records)
        slices = _split_array(body)
        many = True
    if not slices:
        raise Refusal(INVALID_BODY, "empty", "the body holds no events")
    if len(slices) > max_records:
        raise _too_many(max_records)
    return Events(slices, many)


def _too_many(max_records: int) -> Refusal:
    return Refusal(TOO_LARGE, "records", f"a request may have {max_records} events; send fewer at once")


def _lines(body: bytes, max_records: int) -> list[bytes]:
    """The lines that hold something; no more are looked at than a request may have."""
    slices = body.split(b"\n", max_records + 1)
    if len(slices) <= max_records + 1:
        if not slices[-1]:
            slices.pop()
        # Lines that begin with a brace are not looked at any further, and mostly all of them do.
        if all(slices) and set(map(_first, slices)) == _BRACE:
            return slices
        return [line for line in slices if line.strip(_SPACE)]
    slices = []
    for line in BytesIO(body):
        if line.strip(_SPACE):
            if len(slices) == max_records:
                raise _too_many(max_records)
            slices.append(line.rstrip(b"\n"))
    return slices


def _refuse_long_array(body: bytes, max_records: int) -> None:
    """Count the items of an array that may be very many, before each is cut out and costs memory."""
    try:
        _counter(max_records).decode(body)
    except msgspec.ValidationError:
        raise _too_many(max_records) from None
    except (msgspec.DecodeError, RecursionError):
        return  # no JSON: the cutting says so


@lru_cache(maxsize=1)
def _counter(max_items: int) -> msgspec.json.Decoder[Any]:
    """Reads an array at the speed of C and stops at the first item too many, as for a row with that many columns."""
    columns = [(f"item_{number}", msgspec.Raw, msgspec.UNSET) for number in range(max_items)]
    row = msgspec.defstruct("Row", columns, array_like=True, forbid_unknown_fields=True)
    return msgspec.json.Decoder(row)


def _split_array(body: bytes) -> list[bytes]:
    try:
        return [bytes(raw) for raw in _events.decode(body)]
    except msgspec.DecodeError as error:
        reason = str(error)  # such as "JSON is malformed: expected ',' or ']' (byte 8)": a place, no value
        raise Refusal(INVALID_BODY, "parse", f"the array is no JSON: {reason}") from None
    except RecursionError:
        raise Refusal(INVALID_BODY, "parse", "the array is nested too deeply") from None
