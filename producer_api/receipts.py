"""A record on its way to the broker, and what became of it."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
from confluent_kafka import KafkaError

# The broker judged the record itself; sending it again changes nothing.
_FINAL_ERRORS: Final = {"MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_MSG"}
QUEUE_FULL: Final = "the queue to the broker is full"
_LATE: Final = "the broker did not acknowledge the record in time"
# librdkafka's own errors, for which "the broker refused" would be untrue.
_SENTENCES: Final = {
    "_PURGE_QUEUE": _LATE,
    "_PURGE_INFLIGHT": _LATE,
    "_MSG_TIMED_OUT": _LATE,
    "_QUEUE_FULL": QUEUE_FULL,
}


class Record(NamedTuple):
    """What one event becomes on its topic. `value` is framed already."""

    topic: str
    key: bytes | None
    value: bytes


class Delivered(msgspec.Struct, frozen=True, gc=False):
    """The broker has acknowledged the record here. Of these there are many; the garbage collector passes them by."""

    partition: int
    offset: int


class Undelivered(NamedTuple):
    """The broker has not acknowledged the record. `stage` is `queue` or `deliver`."""

    stage: str
    message: str
    retryable: bool


Receipt = Delivered | Undelivered
IN_DOUBT: Final = Undelivered("deliver", _LATE, True)
Headers = list[tuple[str, bytes]]


def undelivered(error: KafkaError, stage: str) -> Undelivered:
    """librdkafka's error as one sentence for a client; it names neither hosts nor values."""
    name = error.name()
    message = _SENTENCES.get(name, f"the broker refused the record ({name})")
    return Undelivered(stage, message, name not in _FINAL_ERRORS)
