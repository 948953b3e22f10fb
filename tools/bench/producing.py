"""The floor of batches, run as a process: ready bytes to the broker by `Producer.produce_batch`, as fast as it goes.

`python -m tools.bench.producing TOPIC VERSION SCHEMA_ID SECONDS RECORDS REPORTS` ends after so many seconds or records
and says in one line of JSON what it did; its producer has the API's properties. With REPORTS 1 it hears of each record.
"""

from __future__ import annotations

import json
import sys
from itertools import count, cycle
from time import perf_counter
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from consumers.decoding.frame import frame
from producer_api.settings import read_settings
from tools.bench.events import activity

BATCH = 500
_MOST_IN_FLIGHT = 20_000


def ready_batches(version: int, schema_id: int) -> list[list[dict[str, Any]]]:
    """Framed records with their keys, as `produce_batch` takes them."""
    events = activity(version)
    model = events.contract.model(version)
    key = events.contract.key or "user_id"
    messages = [
        {"value": frame(schema_id, data), "key": str(getattr(model.deserialize(data), key)).encode()}
        for data in events.avro
    ]
    return [messages[start : start + BATCH] for start in range(0, len(messages), BATCH)]


def produce(
    topic: str, batches: list[list[dict[str, Any]]], seconds: float, most: float, *, reports: bool
) -> tuple[int, float]:
    """How many records were acknowledged, in which time. Raises RuntimeError where some were not."""
    reported = count()

    def report(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            raise RuntimeError(f"a record was not acknowledged: {error.str()}")
        next(reported)

    options: dict[str, Any] = {"on_delivery": report} if reports else {}
    producer = Producer(dict(read_settings().kafka))
    producer.list_topics(topic, timeout=10)
    queued = 0
    started = perf_counter()
    for batch in cycle(batches):
        while len(producer) > _MOST_IN_FLIGHT:
            producer.poll(0.001)
        queued += producer.produce_batch(topic, batch, **options)
        producer.poll(0)
        if perf_counter() - started >= seconds or queued >= most:
            break
    left = producer.flush(30)
    took = perf_counter() - started
    if left:
        raise RuntimeError(f"{left} of {queued} records were not acknowledged")
    if reports and (heard := next(reported)) != queued:
        raise RuntimeError(f"{heard} of {queued} records had a delivery report")
    return queued, took


def main(topic: str, version: str, schema_id: str, seconds: str, most: str, reports: str) -> None:
    batches = ready_batches(int(version), int(schema_id))
    queued, took = produce(topic, batches, float(seconds), float(most), reports=bool(int(reports)))
    print(json.dumps({"records": queued, "seconds": took}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
