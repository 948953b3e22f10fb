"""Records and fakes for consumers: what a broker, a registry and a producer would say, without one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from confluent_kafka import KafkaError, Message
from confluent_kafka.schema_registry import RegisteredSchema, Schema, SchemaRegistryError

from codegen.runtime import AvroModel
from consumers.decoding.frame import frame
from consumers.record import Header, Record
from tests.frozen_contracts import CONTRACTS

V1_ID, V2_ID = 11, 12
CONTRACT = CONTRACTS["user_action"]
TOPIC = CONTRACT.topic
EVENT_ID = UUID("6b9a4b1e-6d7e-4b8f-9d37-0c5b8f0f6a01")


def user_action(version: int, action: str = "click", at: datetime | None = None) -> AvroModel:
    page = "page" if version == 1 else "page_url"
    return CONTRACT.model(version).model_validate(
        {
            "event_id": EVENT_ID,
            "user_id": "someone",
            "action": action,
            page: "/start",
            "occurred_at": at or datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        },
        strict=False,
    )


def framed(version: int, action: str = "click", at: datetime | None = None) -> bytes:
    return frame({1: V1_ID, 2: V2_ID}[version], user_action(version, action, at).serialize())


def record(
    value: bytes | None, offset: int = 0, partition: int = 0, headers: tuple[Header, ...] = (), key: bytes | None = b"k"
) -> Record:
    return Record(TOPIC, partition, offset, 1_700_000_000_000, key, value, headers)


def message(value: bytes | None, offset: int = 0, partition: int = 0, headers: list[Any] | None = None) -> Message:
    return Message(
        topic=TOPIC, partition=partition, offset=offset, key=b"k", value=value, headers=headers, timestamp=(1, 1000)
    )


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeRegistry:
    """Knows the two versions of user_action by id; `away` makes it raise as a client without network does.

    `subject` has the schema id of each version of the one subject, `others` the schema of each version of others.
    """

    def __init__(self) -> None:
        self.schemas: dict[Any, Any] = {number: Schema(CONTRACT.avsc(v), "AVRO") for v, number in ((1, 11), (2, 12))}
        self.away: Exception | None = None
        self.asked: list[Any] = []
        self.subject: dict[int, int] = {}
        self.cleared = 0
        self.others: dict[str, dict[int, Schema]] = {}

    def get_versions(self, _subject: str) -> list[int]:
        if self.away is not None:
            raise self.away
        if not self.subject:
            raise SchemaRegistryError(404, 40401, "Subject not found")
        return list(self.subject)

    def get_version(self, subject: str, number: int | str, deleted: bool = False) -> RegisteredSchema:
        if subject in self.others or deleted:
            return self._get_other(subject, number)
        assert isinstance(number, int)
        schema_id = self.subject[number]
        return RegisteredSchema(
            subject=subject, version=number, schema_id=schema_id, guid=None, schema=self.schemas[schema_id]
        )

    def _get_other(self, subject: str, number: int | str) -> RegisteredSchema:
        self.asked.append((subject, number))
        if self.away is not None:
            raise self.away
        if subject not in self.others:
            raise SchemaRegistryError(404, 40401, f"Subject '{subject}' not found.")
        version = max(self.others[subject]) if number == "latest" else int(number)
        if version not in self.others[subject]:
            raise SchemaRegistryError(404, 40402, f"Version {version} not found.")
        schema = self.others[subject][version]
        return RegisteredSchema(subject=subject, version=version, schema_id=None, guid=None, schema=schema)

    def _answer(self, ref: Any) -> Any:
        self.asked.append(ref)
        if self.away is not None:
            raise self.away
        if ref not in self.schemas:
            raise SchemaRegistryError(404, 40403, "Schema not found")
        return self.schemas[ref]

    def clear_caches(self) -> None:
        self.cleared += 1

    def get_schema(self, schema_id: int) -> Any:
        return self._answer(schema_id)

    def get_schema_by_guid(self, guid: str) -> Any:
        return self._answer(guid)


class FakeProducer:
    """Delivers on flush; `verdicts` holds one error (or None) per delivery to come, then all succeed."""

    def __init__(self) -> None:
        self.queued: list[tuple[dict[str, Any], Callable[..., None]]] = []
        self.delivered: list[dict[str, Any]] = []
        self.verdicts: deque[KafkaError | None] = deque()
        self.silent = False
        self.full = 0
        self.refusal: Exception | None = None
        self.fatal: Exception | None = None

    def produce(self, topic: str, on_delivery: Callable[..., None], **parts: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        if self.full:
            self.full -= 1
            raise BufferError("Local: Queue full")
        self.queued.append(({"topic": topic, **parts}, on_delivery))

    def poll(self, _timeout: float) -> int:
        if self.fatal is not None:
            raise self.fatal
        return 0

    def flush(self, _timeout: float) -> int:
        if self.fatal is not None:
            raise self.fatal
        if self.silent:
            return len(self.queued)
        queued, self.queued = self.queued, []
        for parts, on_delivery in queued:
            verdict = self.verdicts.popleft() if self.verdicts else None
            if verdict is None:
                self.delivered.append(parts)
            on_delivery(verdict, None)
        return 0
