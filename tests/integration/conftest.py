"""One Apache Kafka broker for all tests of this room that need no other one, and a world of topics for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from tests.consumers.running import SHORT_SESSIONS, TOPICS, World, world_on
from tools.kafka_broker import KafkaBroker


@pytest.fixture(scope="session")
def kafka(java_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """It runs; groups outlive a test, so give yours names of their own."""
    log_path = tmp_path_factory.mktemp("kafka") / "broker.log"
    with KafkaBroker(log_path=log_path, security=SHORT_SESSIONS) as broker:
        yield broker


@pytest.fixture
def partitions() -> int:
    """How many each topic of `here` has."""
    return 2


@pytest.fixture
def here(kafka: KafkaBroker, partitions: int, tmp_path: Path) -> Iterator[World]:
    """Topics, registry and contracts, gone after the test."""
    with world_on(kafka, tmp_path, partitions) as made:
        yield made
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for deleted in admin.delete_topics(list(TOPICS)).values():
        deleted.result(10)
