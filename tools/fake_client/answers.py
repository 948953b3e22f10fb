"""What the API's answers say of each event (docs/http.md): accepted, refused for good, or to be sent again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec

# Statuses that speak of the moment, not of the request: RFC 9110, section 15.6, and RFC 6585, section 4.
RETRYABLE_STATUSES: Final = frozenset({408, 425, 429, 502, 503, 504})
_REFUSED: Final = 422


class Fate(Enum):
    """What became of one event in one request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY = "retry"
    UNANSWERED = "unanswered"  # an answer that is none about the event, such as 404 or 500


class Verdict(NamedTuple):
    """`reason` is one of few (stage and field, or status); `message` says more."""

    fate: Fate
    reason: str = ""
    message: str = ""


ACCEPTED: Final = Verdict(Fate.ACCEPTED)


def read_answer(status: int, body: bytes, count: int) -> list[Verdict]:
    """One verdict for each of the `count` events of a request."""
    if status == 202:
        return [ACCEPTED] * count
    document = _decode(body)
    if status == 207:
        faults = _by_index(document.get("results"))
        return [_judge_result(faults.get(index)) for index in range(count)]
    faults = _by_index(document.get("errors"))
    rest = _judge_status(status, document)
    return [_judge_fault(faults[index]) if index in faults else rest for index in range(count)]


def _decode(body: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _by_index(entries: object) -> dict[int, Mapping[str, Any]]:
    """The first entry of each event; an event may have several faults."""
    found: dict[int, Mapping[str, Any]] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("index"), int):
            found.setdefault(entry["index"], entry)
    return found


def _judge_result(result: Mapping[str, Any] | None) -> Verdict:
    if result is None:
        return Verdict(Fate.UNANSWERED, "207", "the answer has no result for this event")
    return ACCEPTED if result.get("status") == "accepted" else _judge_fault(result)


def _judge_fault(fault: Mapping[str, Any]) -> Verdict:
    reason = f"{fault.get('stage', 'refused')} {fault.get('field') or ''}".strip()
    fate = Fate.RETRY if fault.get("retryable") is True else Fate.REFUSED
    return Verdict(fate, reason, str(fault.get("message", "")))


def _judge_status(status: int, document: Mapping[str, Any]) -> Verdict:
    """For an answer that speaks of the request as a whole."""
    message = str(document.get("detail") or document.get("title") or f"HTTP status {status}")
    if status in RETRYABLE_STATUSES:
        return Verdict(Fate.RETRY, str(status), message)
    return Verdict(Fate.REFUSED if status == _REFUSED else Fate.UNANSWERED, str(status), message)


def read_retry_after_s(value: str | None, now: datetime | None = None) -> float:
    """Seconds to wait by a `Retry-After` header, a number or a date (RFC 9110, section 10.2.3); 0 if there is none."""
    if value is None:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
