"""The dead-letter topic: what cannot be decoded or handled is kept whole, with the story of why in its headers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from codegen.incompatibility import Incompatibility
from consumers.faults import RecordFault
from consumers.outbox import Outbox, Outgoing
from consumers.record import Header, Record

log = logging.getLogger(__name__)

PREFIX: Final = "dlq."
_MESSAGE_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True)
class Reader:
    """Who could not take it: consumer group, version of this software, fingerprint of the reader schema."""

    group: str
    app_version: str
    fingerprint: str


class DeadLetterQueue:
    """Sends to `<source topic>.dlq`: key, value and headers of the source untouched, headers `dlq.…` behind them.

    All values of our headers are UTF-8 text. A record that was dead-lettered before has older ones too: the last of a
    name is the newest. At least once: a crash between the dead letter and the offset's commit sends it again, with
    the same `dlq.topic`, `dlq.partition` and `dlq.offset`.
    """

    def __init__(self, outbox: Outbox, reader: Reader) -> None:
        self._outbox = outbox
        self._reader = reader

    def put(self, record: Record, finding: RecordFault) -> None:
        """Produce the dead letter; it is safe when `confirm` has returned. Raises DeliveryUnconfirmed."""
        headers = (*record.headers, *describe(record, finding, self._reader))
        self._outbox.put(Outgoing(dead_letter_topic(record.topic), record.key, record.value, headers))
        log.warning("dead-lettered %s: stage %s, %s", record.place, finding.stage, finding.error_class)

    def confirm(self, timeout_s: float) -> None:
        """Return when every dead letter is safe. Raises DeliveryUnconfirmed or ConsumerError, as Outbox.confirm."""
        self._outbox.confirm(timeout_s)

    @property
    def unconfirmed(self) -> int:
        return self._outbox.unconfirmed


def dead_letter_topic(topic: str) -> str:
    return f"{topic}.dlq"


def describe(record: Record, finding: RecordFault, reader: Reader) -> tuple[Header, ...]:
    """The headers that tell where a record came from and why it could not be dealt with."""
    facts = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "writer_schema_id": finding.schema_ref,
        "reader_fingerprint": reader.fingerprint,
        "stage": finding.stage,
        "error_class": finding.error_class,
        "error_message": finding.reason[:_MESSAGE_LIMIT],
        "attempts": finding.attempts,
        **_incompatibility_facts(finding.incompatibility),
        "group": reader.group,
        "app_version": reader.app_version,
    }
    return tuple(
        (PREFIX + name, str(value).encode(errors="replace")) for name, value in facts.items() if value is not None
    )


def _incompatibility_facts(found: Incompatibility | None) -> dict[str, str]:
    """What schema resolution found, in the words that `pipeline schema check` uses."""
    if found is None:
        return {}
    return {
        "incompatibility_type": found.type.value,
        "incompatibility_pointer": found.pointer[:_MESSAGE_LIMIT],
        "incompatibility_message": found.message[:_MESSAGE_LIMIT],
        "incompatibility_hint": found.hint[:_MESSAGE_LIMIT],
    }
