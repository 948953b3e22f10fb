"""The consumers as processes that report often: the product's, and the floor, which is the loop that others write.

`python -m tools.bench.consuming NAME GROUP`: NAME is standard or counts, or floor for confluent-kafka's
AvroDeserializer in a loop that polls, decodes into dicts, counts, and commits every second.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import closing
from time import monotonic
from typing import Final

from confluent_kafka.schema_registry import topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from codegen.models import CONTRACTS
from consumers.clients import make_consumer, make_registry
from consumers.counts.app import run_counts
from consumers.options import ConsumerOptions
from consumers.running.stopping import stop_on_signals
from consumers.standard import run_standard
from tools.bench.events import CONTRACT

FLOOR: Final = "floor"
PRODUCTS: Final = {"standard": run_standard, "counts": run_counts}
REPORT_S: Final = 0.05
_COMMIT_S: Final = 1.0


def run_floor(group: str, stop: threading.Event) -> None:
    """Poll, decode, count, commit."""
    contract = CONTRACTS[CONTRACT]
    consumer = make_consumer(group, overrides={"enable.auto.offset.store": True})
    context = SerializationContext(contract.topic, MessageField.VALUE)
    consumer.subscribe([contract.topic])
    seen = 0
    report_due = commit_due = monotonic()
    with closing(consumer), make_registry() as registry:
        conf = {"subject.name.strategy": topic_subject_name_strategy}
        deserialize = AvroDeserializer(registry, contract.avsc(), conf=conf)
        while not stop.is_set():
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                deserialize(message.value(), context)
                seen += 1
            now = monotonic()
            if now >= report_due:
                report_due = now + REPORT_S
                print(json.dumps({"seen": seen}), flush=True)
            if now >= commit_due and seen:
                commit_due = now + _COMMIT_S
                consumer.commit(asynchronous=True)


def main(name: str, group: str) -> None:
    stop = threading.Event()
    if name == FLOOR:
        with stop_on_signals(stop):
            run_floor(group, stop)
    else:
        PRODUCTS[name](ConsumerOptions(group=group, json=True, report_interval_s=REPORT_S, stop=stop))


if __name__ == "__main__":
    main(*sys.argv[1:])
