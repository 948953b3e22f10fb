"""`pipeline consume clean`: copies every record that can be read to `<topic>.clean`, its bytes unchanged.

For readers that cannot pass over a record, as Flink's tables: what cannot be read is dead-lettered on the way. A record
whose schema id stands in a header gets the frame that every reader knows instead. Tombstones and records of other
contracts on the topic are left out. Exactly once, where asked for: then a copy is there once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from consumers.decoding.deserializer import Decoded
from consumers.decoding.frame import VALUE_SCHEMA_HEADER, frame
from consumers.handler import Stateless
from consumers.options import ConsumerOptions
from consumers.outbox import Outbox, Outgoing
from consumers.running.runner import run

APP: Final = "clean"
SUFFIX: Final = ".clean"


@dataclass(frozen=True, slots=True)
class CleanHandler(Stateless):
    """Copies through `outbox`."""

    outbox: Outbox

    def handle(self, decoded: Decoded) -> None:
        """Raises ValueError for a record that names its schema by a GUID alone, and DeliveryUnconfirmed."""
        if decoded.value is not None:
            self.outbox.put(copy_of(decoded))

    def flush(self, timeout_s: float) -> None:
        self.outbox.confirm(timeout_s)


def copy_of(decoded: Decoded) -> Outgoing:
    """The record as it goes to the cleaned topic. Raises ValueError where it has no schema id."""
    record = decoded.record
    value, headers = record.value, record.headers
    if value is not None and any(name == VALUE_SCHEMA_HEADER for name, _ in headers):
        if decoded.writer is None or not isinstance(decoded.writer.ref, int):
            raise ValueError(
                "the record names its schema by a GUID in a header, and readers of the cleaned topic know ids alone: "
                "let its producer frame values with the id"
            )
        value = frame(decoded.writer.ref, value)
        headers = tuple(header for header in headers if header[0] != VALUE_SCHEMA_HEADER)
    return Outgoing(record.topic + SUFFIX, record.key, value, headers)


def run_clean(options: ConsumerOptions) -> int:
    """Copy until stopped; the exit code. Raises ConsumerError for what a person must mend."""
    return run(APP, options, lambda _setup, sending: CleanHandler(sending.outbox()))
