from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import SchemaRegistryError

from consumers.clients import TopicSize, make_consumer, make_producer, partition_count, registered_id, topic_size
from consumers.faults import ConsumerError, RegistryUnavailable, Unavailable
from consumers.options import ConsumerOptions
from consumers.running import sending
from tools.broker import EmbeddedBroker
from tools.ports import free_port


class AnsweringRegistry:
    def __init__(self, answer: Any, *versions: str) -> None:
        self.answer = answer
        self.versions = versions

    def lookup_schema(self, _subject: str, _schema: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return type("Found", (), {"schema_id": self.answer})

    def get_versions(self, _subject: str) -> list[int]:
        if not self.versions:
            raise SchemaRegistryError(404, 40401, "not found")
        return list(range(1, len(self.versions) + 1))

    def get_version(self, _subject: str, number: int) -> Any:
        schema = type("Found", (), {"schema_str": self.versions[number - 1]})
        return type("Found", (), {"schema_id": number * 10, "schema": schema})


def test_the_id_of_what_is_written_is_looked_up() -> None:
    assert registered_id(AnsweringRegistry(7), "s", '"int"') == 7  # type: ignore[arg-type] - a fake


def test_a_registry_that_compares_texts_is_asked_for_its_versions() -> None:
    registry = AnsweringRegistry(SchemaRegistryError(404, 40401, "not found"), '"int"', '{"type": "long"}', '"string"')
    assert registered_id(registry, "s", '{"type":"long"}') == 20  # type: ignore[arg-type] - a fake
    with pytest.raises(ConsumerError, match="pipeline schema register"):
        registered_id(registry, "s", '"bytes"')  # type: ignore[arg-type] - a fake


@pytest.mark.parametrize("code", [40401, 40403])
def test_a_schema_that_is_not_registered_is_told_with_the_way_out(code: int) -> None:
    registry = AnsweringRegistry(SchemaRegistryError(404, code, "not found"))
    with pytest.raises(ConsumerError, match="pipeline schema register"):
        registered_id(registry, "s", '"int"')  # type: ignore[arg-type] - a fake


@pytest.mark.parametrize("answer", [ConnectionError("refused"), SchemaRegistryError(500, 50001, "ill"), None])
def test_a_registry_that_does_not_answer_is_asked_again(answer: object) -> None:
    with pytest.raises(RegistryUnavailable):
        registered_id(AnsweringRegistry(answer), "s", '"int"')  # type: ignore[arg-type] - a fake


@pytest.mark.usefixtures("clean_environment")
def test_without_a_broker_a_start_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    consumer = make_consumer("nobody")
    with pytest.raises(Unavailable, match=r"no Kafka broker answered within 0\.2 s"):
        partition_count(consumer, "events", timeout_s=0.2)
    consumer.close()


@pytest.mark.integration
def test_partitions_are_counted_and_a_missing_topic_is_not_made(
    broker: EmbeddedBroker, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    for created in admin.create_topics([NewTopic("clients-three", 3, 1)]).values():
        created.result(10)
    consumer = make_consumer("clients-group")
    assert topic_size(consumer, "clients-three") == TopicSize(partitions=3, replicas=1)
    with pytest.raises(ConsumerError, match="clients-missing does not exist: create it"):
        partition_count(consumer, "clients-missing")
    consumer.close()
    assert "clients-missing" not in admin.list_topics(timeout=10).topics


@pytest.mark.usefixtures("clean_environment")
def test_what_correctness_needs_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    class Spy:
        def __init__(self, conf: dict[str, Any], **_: object) -> None:
            seen.append(conf)

        def close(self) -> None:
            """As a consumer's."""

    for name in ("Consumer", "Producer"):
        monkeypatch.setattr(f"confluent_kafka.{name}", Spy)
    monkeypatch.setenv("KAFKA_ENABLE_AUTO_COMMIT", "true")
    monkeypatch.setenv("KAFKA_GROUP_ID", "theirs")
    monkeypatch.setenv("KAFKA_ACKS", "1")
    monkeypatch.setenv("KAFKA_LINGER_MS", "50")
    make_consumer("ours", overrides={"enable.partition.eof": True})
    consumer = seen[-1]
    make_producer()
    producer = seen[-1]
    assert (consumer["group.id"], consumer["enable.auto.commit"], consumer["enable.partition.eof"]) == (
        "ours",
        False,
        True,
    )
    assert (producer["acks"], producer["enable.idempotence"], int(producer["linger.ms"])) == ("all", True, 50)
    assert producer["partitioner"] == "murmur2_random"


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_consumer_can_be_made_for_both_group_protocols(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """librdkafka refuses the classic protocol's timings and strategy where the brokers assign (KIP-848)."""
    monkeypatch.setenv("KAFKA_GROUP_PROTOCOL", protocol)
    make_consumer("a-group").close()


@pytest.mark.parametrize(("protocol", "wanted"), [("classic", {"group.instance.id": "a"}), ("consumer", {})])
def test_a_name_is_a_static_member_where_that_lets_its_next_process_in(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, wanted: dict[str, str]
) -> None:
    monkeypatch.setenv("KAFKA_GROUP_PROTOCOL", protocol)
    given: list[dict[str, str]] = []
    monkeypatch.setattr(sending, "make_consumer", lambda _group, _on_commit, overrides: given.append(overrides))
    sending.open_sending("events", "ours", ConsumerOptions(instance="a"))
    assert given == [wanted]
