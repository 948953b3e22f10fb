"""Topics of the contracts: which they are, made once, compared afterwards."""

from __future__ import annotations

import io
import uuid
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient
from rich.console import Console

import tools.topics
from codegen.catalog import GeneratedContract
from tools.ports import free_port
from tools.topics import (
    TopicError,
    TopicOutcome,
    TopicSpec,
    create_contract_topics,
    create_topics,
    print_outcomes,
    topic_specs,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tools.broker import EmbeddedBroker


def _contract(name: str, topic: str, *, ingest: bool = True) -> GeneratedContract:
    return GeneratedContract(
        name=name,
        record=name,
        subject=f"{topic}-value",
        topic=topic,
        path=f"/{name}",
        key=None,
        compatibility="BACKWARD_TRANSITIVE",
        owner=None,
        ingest=ingest,
        writers={},
        readers={},
        versions=(1,),
    )


def _contracts(*contracts: GeneratedContract) -> dict[str, GeneratedContract]:
    return {contract.name: contract for contract in contracts}


def test_a_contract_gives_its_topic_and_those_of_what_went_wrong() -> None:
    contracts = _contracts(_contract("user_action", "events"), _contract("counts", "counts", ingest=False))
    specs = {spec.name: spec for spec in topic_specs(contracts, partitions=4, replication=3, retention_ms=1000)}
    assert list(specs) == ["counts", "counts.dlq", "events", "events.dlq", "events.late", "events.rejects"]
    assert {(spec.partitions, spec.replication_factor) for spec in specs.values()} == {(4, 3)}
    assert specs["counts"].config == {"cleanup.policy": "compact", "retention.ms": "1000"}
    assert {str(specs[name].config) for name in specs if name != "counts"} == {"{'retention.ms': '1000'}"}


def test_the_cleaned_topic_is_for_those_who_ask() -> None:
    contracts = _contracts(_contract("user_action", "events"), _contract("counts", "counts", ingest=False))
    extra = {spec.name for spec in topic_specs(contracts, clean=True)} - {spec.name for spec in topic_specs(contracts)}
    assert extra == {"events.clean"}


def test_contracts_may_share_a_topic() -> None:
    specs = topic_specs(_contracts(_contract("a", "events"), _contract("b", "events")))
    assert [spec.name for spec in specs] == ["events", "events.dlq", "events.late", "events.rejects"]


def test_aggregates_and_events_may_not_share_a_topic() -> None:
    with pytest.raises(TopicError, match="contracts a and b share the topic events"):
        topic_specs(_contracts(_contract("a", "events"), _contract("b", "events", ingest=False)))


@pytest.mark.parametrize("topic", ["with space", "..", "é", "a" * 246, ""])
def test_a_name_that_kafka_refuses_names_its_contract(topic: str) -> None:
    with pytest.raises(TopicError, match="contract a: Kafka takes no topic called"):
        topic_specs(_contracts(_contract("a", topic)))


@pytest.mark.parametrize(
    ("numbers", "told"),
    [((0, 1, 1), "at least 1 partition, not 0"), ((1, 0, 1), "1 replica or more, not 0"), ((1, 1, -2), "not -2")],
)
def test_numbers_out_of_range_are_refused(numbers: tuple[int, int, int], told: str) -> None:
    with pytest.raises(TopicError, match=told):
        topic_specs({}, *numbers)


def test_no_broker_is_one_sentence() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(
        TopicError, match=f"no Kafka broker answers at {address} within 0.2 s .*KAFKA_BOOTSTRAP_SERVERS"
    ):
        create_topics({"bootstrap.servers": address}, [TopicSpec("a")], timeout_s=0.2)


@pytest.mark.integration
def test_topics_are_made_once_and_then_compared(broker: EmbeddedBroker) -> None:
    name = f"topics-{uuid.uuid4().hex}"
    conf = {"bootstrap.servers": broker.bootstrap_servers}
    contracts = _contracts(_contract("a", name), _contract("b", f"{name}-counts", ingest=False))
    specs = topic_specs(contracts, 2, 1, 60_000)
    assert create_topics(conf, specs) == [TopicOutcome(spec.name, created=True) for spec in specs]
    assert create_topics(conf, specs) == [TopicOutcome(spec.name, created=False) for spec in specs]
    present = AdminClient(conf).list_topics(timeout=5).topics
    assert {spec.name: 2 for spec in specs}.items() <= {t: len(meta.partitions) for t, meta in present.items()}.items()

    other = [
        TopicSpec(name, 3, 2, {"retention.ms": "5", "max.message.bytes": "9"}),
        TopicSpec(f"{name}-counts", 2, config={"retention.ms": "60000"}),
        TopicSpec(f"{name}-new", 1),
    ]
    assert [outcome.differences for outcome in create_topics(conf, other)] == [
        (
            "partitions 2, not 3",
            "replication factor 1, not 2",
            "max.message.bytes not set, not 9",
            "retention.ms 60000, not 5",
        ),
        ("cleanup.policy compact, not delete",),
        (),
    ]
    assert len(AdminClient(conf).list_topics(timeout=5).topics[name].partitions) == 2


@pytest.mark.integration
def test_a_topic_that_somebody_else_makes_meanwhile_is_compared(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = {"bootstrap.servers": broker.bootstrap_servers}
    spec = TopicSpec(f"race-{uuid.uuid4().hex}", 2)
    create_topics(conf, [spec])
    real, looks = tools.topics._present_topics, iter([True])
    monkeypatch.setattr(tools.topics, "_present_topics", lambda *a: {} if next(looks, False) else real(*a))
    [outcome] = create_topics(conf, [TopicSpec(spec.name, 3)])
    assert outcome == TopicOutcome(spec.name, created=False, differences=("partitions 2, not 3",))


@pytest.mark.integration
def test_the_command_works_on_the_brokers_of_the_environment(
    broker: EmbeddedBroker, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers)
    name, text = f"command-{uuid.uuid4().hex}", io.StringIO()
    assert create_contract_topics(_contracts(_contract("a", name)), out=text) == 0
    assert text.getvalue() == f"{name}\tcreated\n{name}.dlq\tcreated\n{name}.late\tcreated\n{name}.rejects\tcreated\n"


def test_a_terminal_gets_a_table() -> None:
    text = io.StringIO()
    outcomes = [TopicOutcome("a", created=True), TopicOutcome("b", created=False, differences=("x 1, not 2", "y"))]
    print_outcomes(outcomes, Console(file=text, force_terminal=True, width=100, color_system=None))
    assert "│ b     │ exists, and differs: x 1, not 2; y │" in text.getvalue()
