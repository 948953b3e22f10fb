"""What is told to a client whose request or event is refused: faults of events, and RFC 9457 problem documents.

No sentence here repeats a value of the request: it may be personal data.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec

_log: Final = logging.getLogger(__name__)
PROBLEM_JSON: Final = "application/problem+json"
MAX_TOLD_FAULTS: Final = 20


class Stage(StrEnum):
    """Where on its way an event was refused."""

    PARSE = "parse"
    VALIDATE = "validate"
    ENCODE = "encode"
    QUEUE = "queue"
    DELIVER = "deliver"


class Fault(NamedTuple):
    """One thing wrong with one event. `field` is a dotted path in wire names; empty for the event as a whole."""

    stage: str
    field: str
    message: str
    retryable: bool = False

    def describe(self, index: int) -> dict[str, Any]:
        """The fault as it stands in an answer; `index` counts the events of the request from 0."""
        return {
            "index": index,
            "stage": self.stage,
            "field": self.field or None,
            "message": self.message,
            "retryable": self.retryable,
        }


class ProblemType(NamedTuple):
    """A kind of problem. `type` is a stable URI reference (RFC 9457, section 3.1.1), explained in docs/http.md."""

    type: str
    title: str
    status: int


INVALID_EVENT: Final = ProblemType("/problems/invalid-event", "The event does not fit the contract", 422)
INVALID_EVENTS: Final = ProblemType("/problems/invalid-events", "None of the events was accepted", 422)
INVALID_BODY: Final = ProblemType("/problems/invalid-body", "The body holds no events that can be told apart", 422)
UNDECODABLE_BODY: Final = ProblemType("/problems/undecodable-body", "The content coding is broken", 400)
UNSUPPORTED_TYPE: Final = ProblemType("/problems/unsupported-media-type", "The content type is not accepted", 415)
UNSUPPORTED_CODING: Final = ProblemType("/problems/unsupported-encoding", "The content coding is not accepted", 415)
UNAUTHORIZED: Final = ProblemType("/problems/unauthorized", "An API key is needed", 401)
FORBIDDEN: Final = ProblemType("/problems/forbidden", "The API key does not open this path", 403)
TOO_MANY: Final = ProblemType("/problems/too-many-events", "The allowance is used up", 429)
TOO_LARGE: Final = ProblemType("/problems/too-large", "The request is too large", 413)
TOO_SLOW: Final = ProblemType("/problems/too-slow", "The request did not arrive in time", 408)
HEADERS_TOO_LARGE: Final = ProblemType("/problems/headers-too-large", "The head of the request is too large", 431)
INVALID_CLOUDEVENT: Final = ProblemType("/problems/invalid-cloudevent", "The headers make no CloudEvent", 400)
REFUSED_RECORD: Final = ProblemType("/problems/refused-record", "The broker refused the record for good", 422)
UNAVAILABLE: Final = ProblemType("/problems/unavailable", "The service cannot take events now", 503)
OVERLOADED: Final = ProblemType("/problems/overloaded", "Too much is under way", 503)
UNDELIVERED: Final = ProblemType("/problems/undelivered", "The broker did not acknowledge", 503)
NOT_FOUND: Final = ProblemType("/problems/not-found", "There is nothing at this path", 404)
METHOD_NOT_ALLOWED: Final = ProblemType("/problems/method-not-allowed", "The path does not take this method", 405)
INTERNAL: Final = ProblemType("/problems/internal", "The service met a fault of its own", 500)


class Answer(NamedTuple):
    """A whole HTTP answer; header names in lower case."""

    status: int
    body: bytes
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(Exception):
    """The request as a whole is refused, before its events were looked at one by one.

    `reason` is a short word for the metrics; `headers` go into the answer.
    """

    def __init__(
        self, problem: ProblemType, reason: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = problem
        self.reason = reason
        self.detail = detail
        self.headers = dict(headers or {})

    def answer(self) -> Answer:
        return problem_answer(self.problem, self.detail, headers=self.headers)


def problem_answer(
    problem: ProblemType,
    detail: str,
    errors: Sequence[Mapping[str, Any]] = (),
    *,
    headers: Mapping[str, str] | None = None,
    status: int | None = None,
) -> Answer:
    """A problem document (RFC 9457, section 3); `errors` is our extension member, one entry for each fault."""
    number = status or problem.status
    document: dict[str, Any] = {"type": problem.type, "title": problem.title, "status": number, "detail": detail}
    if errors:
        document["errors"] = errors
    return Answer(number, msgspec.json.encode(document), PROBLEM_JSON, tuple((headers or {}).items()))


def answer_fault(error: Exception, what: str) -> Answer:
    """For a fault of our own: the log says what failed and where, without values; the client, that it was ours."""
    _log.error("%s: %s\n%s", what, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return problem_answer(INTERNAL, "the service met a fault of its own; its log says which")
