"""What the topics hold, how far a group is, by the brokers' word, and what is produced past the API."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import fastavro
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from consumers.decoding.frame import VALUE_SCHEMA_HEADER
from consumers.record import Header, record_from
from tests.faults.ledger import Place
from tests.faults.poison import CONTRACT

TOPIC = CONTRACT.topic
PARTITIONS = 3
FRAME_BYTES = 5


@dataclass(slots=True)
class Found:
    """A record of the topic; `event` is None where it holds none of the written version."""

    place: Place
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    event: dict[str, Any] | None


@dataclass(slots=True)
class Records:
    """`servers` tells where the brokers are, `schema_id` is that of the written version."""

    servers: Callable[[], str]
    schema_id: int = 0
    _schema: Any = field(
        default_factory=lambda: fastavro.parse_schema(json.loads(CONTRACT.avsc(CONTRACT.latest))), repr=False
    )

    def read(self, topic: str, position: dict[int, int]) -> list[Found]:
        """The records of `topic` from `position` on, which is moved to their end."""
        consumer = self._reader("drill-reader", **{"enable.partition.eof": True, "fetch.wait.max.ms": 20})
        try:
            consumer.assign([TopicPartition(topic, number, position.get(number, 0)) for number in range(PARTITIONS)])
            open_ends, found = PARTITIONS, []
            while open_ends:
                message = consumer.poll(30)
                assert message is not None, f"{topic} has no end"
                error = message.error()
                if error is not None:
                    open_ends -= error.name() == "_PARTITION_EOF"
                    continue
                record = record_from(message)
                place = Place(record.partition, record.offset)
                position[place.partition] = place.offset + 1
                has_id_in_header = any(name == VALUE_SCHEMA_HEADER for name, _ in record.headers)
                event = None if has_id_in_header else self._event(record.value)
                found.append(Found(place, record.key, record.value, record.headers, event))
            return found
        finally:
            consumer.close()

    def _event(self, value: bytes | None) -> dict[str, Any] | None:
        """Read by fastavro, which shares no code with our own encoder."""
        if value is None or value[:FRAME_BYTES] != b"\0" + self.schema_id.to_bytes(4, "big"):
            return None
        body = io.BytesIO(value[FRAME_BYTES:])
        try:
            event: dict[str, Any] = fastavro.schemaless_reader(body, self._schema, None)  # type: ignore[assignment]
        except Exception:  # noqa: BLE001 - poison comes in many errors
            return None
        if body.read(1):
            return None
        event["event_id"] = str(event["event_id"])
        at = event["occurred_at"].astimezone(UTC)
        event["occurred_at"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return event

    def lag(self, group: str) -> int:
        """End offset - committed offset, over all partitions; -1 while the brokers do not say."""
        consumer = self._reader(group)
        places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        try:
            done = {place.partition: max(0, place.offset) for place in consumer.committed(places, timeout=20)}
            ends = [consumer.get_watermark_offsets(place, timeout=20)[1] for place in places]
        except KafkaException:
            return -1
        else:
            return sum(end - done[number] for number, end in enumerate(ends))
        finally:
            consumer.close()

    def commit_end(self, group: str) -> None:
        """Let `group` begin with what comes from now on."""
        consumer = self._reader(group)
        try:
            places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
            ends = [consumer.get_watermark_offsets(place, timeout=20)[1] for place in places]
            offsets = [TopicPartition(TOPIC, number, end) for number, end in enumerate(ends)]
            consumer.commit(offsets=offsets, asynchronous=False)
        finally:
            consumer.close()

    def produce(self, values: list[tuple[bytes | None, list[tuple[str, bytes]]]]) -> list[Place]:
        """Straight to the topic, past the API; where each lies now."""
        places: dict[int, Place] = {}
        producer = Producer({"bootstrap.servers": self.servers(), "enable.idempotence": True})
        for index, (value, headers) in enumerate(values):

            def keep(error: Any, message: Any, index: int = index) -> None:
                assert error is None, error
                places[index] = Place(message.partition(), message.offset())

            producer.produce(TOPIC, value=value, key=b"drill", headers=headers, on_delivery=keep)  # type: ignore[arg-type]
        assert producer.flush(30) == 0
        return [places[index] for index in range(len(values))]

    def _reader(self, group: str, **conf: Any) -> Consumer:
        brokers = {"bootstrap.servers": self.servers(), "log_level": 0}
        return Consumer({**brokers, "group.id": group, "enable.auto.commit": False, **conf})
