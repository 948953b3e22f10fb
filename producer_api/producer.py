"""The part of confluent_kafka.Producer that the API uses."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Producer

# A record of a batch by its index, and why the queue did not take it; None where it is full.
Refused = tuple[int, KafkaError | None]


class ProducerLike(Protocol):
    """What is used of it."""

    def produce(
        self, topic: str, value: Any = ..., key: Any = ..., *, on_delivery: Any = ..., headers: Any = ...
    ) -> None: ...
    def produce_batch(self, topic: str, messages: list[dict[str, Any]]) -> int: ...
    def poll(self, timeout: float) -> int: ...
    def flush(self, timeout: float) -> int: ...
    def purge(self) -> None: ...
    def list_topics(self, *, timeout: float) -> Any: ...


def make_producer_of(conf: dict[str, Any]) -> ProducerLike:
    """A producer with these properties, which connects by itself."""
    producer: ProducerLike = Producer(conf, logger=logging.getLogger("producer_api.librdkafka"))
    return producer


def queue_batch(producer: ProducerLike, topic: str, messages: list[dict[str, Any]]) -> list[Refused]:
    """Queue records in one call, without headers, which it does not take. Those that are refused have no callback."""
    try:
        if producer.produce_batch(topic, messages) == len(messages):
            return []
    except KafkaException as error:
        return [(index, error.args[0]) for index in range(len(messages))]
    return [(index, message["_error"]) for index, message in enumerate(messages) if "_error" in message]
