"""One record of the source topic, the same whichever client library brought it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confluent_kafka import Message

Header = tuple[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Record:
    """Key, value and headers are the bytes of the topic; `timestamp_ms` is None where the broker gave none."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()

    @property
    def place(self) -> str:
        """Where the record lies, as `topic[partition]@offset`: what a log may say of it."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


def record_from(message: Message) -> Record:
    """The record that `message` carries; only for messages without an error."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise ValueError("a message that carries an error is no record")
    kind, timestamp_ms = message.timestamp()
    return Record(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp_ms=timestamp_ms if kind else None,  # 0 is TIMESTAMP_NOT_AVAILABLE
        key=message.key(),
        value=message.value(),
        headers=headers_from(message.headers()),
    )


def headers_from(raw: object) -> tuple[Header, ...]:
    """Headers as a client library gives them: None, or a sequence of (name, bytes | None)."""
    if not raw:
        return ()
    if not isinstance(raw, list | tuple):
        raise TypeError(f"headers come as a list, not as {type(raw).__name__}")
    return tuple((str(name), value if value is None else bytes(value)) for name, value in raw)
