"""CloudEvents 1.0 in binary mode: attributes that come as `ce-…` headers of a request are `ce_…` headers of its record.

Sources: CloudEvents, HTTP protocol binding 1.0.2, section 3.1, and Kafka protocol binding 1.0.2, section 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NoReturn
from urllib.parse import unquote_to_bytes

from producer_api.errors import INVALID_CLOUDEVENT, Refusal
from producer_api.receipts import Headers

_HTTP_PREFIX: Final = b"ce-"
_KAFKA_PREFIX: Final = "ce_"
_REQUIRED: Final = ("specversion", "id", "source", "type")
_ATTRIBUTE: Final = re.compile(r"[a-z0-9]{1,64}")  # CloudEvents, "Attribute naming convention"
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"')  # RFC 9110, section 5.6.4
_TIME: Final = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
)
# Characters that no attribute may hold (CloudEvents, "Type system", String).
_FORBIDDEN: Final = re.compile("[\0-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_MAX_BYTES: Final = 8 * 1024
# The value of the record is the event as Avro, whatever the request sent it as.
_CONTENT_TYPE: Final = ("content-type", b"application/avro")


def cloudevent_headers(raw_headers: Iterable[tuple[bytes, bytes]]) -> Headers | None:
    """The record's headers for a request that is a CloudEvent; None for one that has no `ce-…` header.

    Raises Refusal for a CloudEvent that is none by the specification. No message repeats a value.
    """
    attributes: dict[str, str] = {}
    size = 0
    for name, value in raw_headers:
        if name.startswith(_HTTP_PREFIX):
            attribute = name.removeprefix(_HTTP_PREFIX).decode("latin-1")
            size += len(name) + len(value)
            if not _ATTRIBUTE.fullmatch(attribute) or attribute in ("data", "datacontenttype"):
                raise _refusal("a ce-… header names no attribute: names have lower-case letters and digits alone")
            if attribute in attributes:
                raise _refusal(f"the header ce-{attribute} came more than once")
            if size > _MAX_BYTES:
                raise _refusal(f"the attributes may have {_MAX_BYTES} bytes")
            attributes[attribute] = _decode(attribute, value)
    if not attributes:
        return None
    _check(attributes)
    return [_CONTENT_TYPE, *((_KAFKA_PREFIX + name, text.encode()) for name, text in attributes.items())]


def _decode(attribute: str, value: bytes) -> str:
    """HTTP binding, section 3.1.3.2: a quoted string is unquoted, then percent-decoded once, then UTF-8."""
    quoted = _QUOTED.fullmatch(value)
    if quoted is not None:
        value = re.sub(rb"\\(.)", rb"\1", quoted[1])
    try:
        text = unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise _refusal(f"the header ce-{attribute} is no UTF-8 once percent-decoded") from None
    if not text or _FORBIDDEN.search(text):
        raise _refusal(f"the header ce-{attribute} is empty or holds a control character")
    return text


def _check(attributes: dict[str, str]) -> None:
    for name in _REQUIRED:
        if name not in attributes:
            raise _refusal(f"a CloudEvent needs the header ce-{name}")
    if attributes["specversion"] != "1.0":
        raise _refusal("ce-specversion is 1.0 here")
    if "time" in attributes and not _TIME.fullmatch(attributes["time"]):
        raise _refusal("ce-time is no RFC 3339 date-time")


def _refusal(detail: str) -> Refusal:
    return Refusal(INVALID_CLOUDEVENT, "cloudevent", detail)


def refuse_several() -> NoReturn:
    """Binary mode has one event in a message (HTTP binding, section 3.1). Raises Refusal."""
    raise _refusal("a request with ce-… headers is one event: send one JSON object, or several without them")
