"""`pipeline schema audit`: what lies in the topics, and who can read it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from consumers.audit import audit as audit_module
from consumers.audit.audit import Audit, CouldNotAudit, audit_topics, run_audit
from consumers.audit.report import json_audit, text_audit
from consumers.decoding.frame import VALUE_SCHEMA_HEADER, frame
from consumers.faults import ConsumerError, RegistryUnavailable, Unavailable
from tests.consumers.fakes import CONTRACT, V1_ID, V2_ID, FakeRegistry, framed
from tests.consumers.running import World, world
from tools.project import this_code

GUID = UUID("01234567-89ab-cdef-0123-456789abcdef")
FOREIGN_ID = 77


class AuditedRegistry(FakeRegistry):
    """Knows which subjects hold a schema, too."""

    subjects: dict[int, list[str]] = {V1_ID: ["events-value"], V2_ID: ["events-value"], FOREIGN_ID: ["elsewhere"]}  # noqa: RUF012

    def get_subjects_by_schema_id(self, schema_id: int) -> list[str]:
        if self.away is not None:
            raise self.away
        return self.subjects.get(schema_id, [])


class FakeTopics:
    """A consumer over topics in memory: topic → partition → values, headers. `told_end` is what the broker says."""

    def __init__(self, topics: dict[str, list[list[Any]]], told_end: int | None = None) -> None:
        self.topics = topics
        self.told_end = told_end
        self.late: deque[Message] = deque()
        self.queue: deque[Any] = deque()
        self.silent = False

    def list_topics(self, topic: str, timeout: float) -> Any:
        found = self.topics.get(topic)
        metadata = {topic: SimpleNamespace(error=None, partitions=dict(enumerate(found)))} if found is not None else {}
        return SimpleNamespace(topics=metadata)

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        end = len(self.topics[place.topic][place.partition])
        return 0, end if self.told_end is None else min(end, self.told_end)

    def assign(self, places: list[TopicPartition]) -> None:
        self.queue.clear()
        for place in places:
            for offset, (value, headers) in enumerate(self.topics[place.topic][place.partition]):
                if offset >= place.offset:
                    self.queue.append(_message(place.topic, place.partition, offset, value, headers, 1000 + offset))
            self.queue.extend(self.late)
            self.queue.append(_end(place.topic, place.partition))

    def poll(self, _timeout: float) -> Message | None:
        return None if self.silent or not self.queue else self.queue.popleft()

    def pause(self, _places: list[TopicPartition]) -> None:
        """What is fetched already still comes."""

    def resume(self, _places: list[TopicPartition]) -> None:
        pass

    def unassign(self) -> None:
        self.queue.clear()

    def close(self) -> None:
        """Nothing is open."""


def _message(topic: str, partition: int, offset: int, value: bytes | None, headers: Any, at_ms: int) -> Message:
    return Message(topic=topic, partition=partition, offset=offset, value=value, headers=headers, timestamp=(1, at_ms))


def _end(topic: str, partition: int) -> Any:
    return Message(topic=topic, partition=partition, error=KafkaError(KafkaError._PARTITION_EOF))


def plain(*values: bytes | None) -> list[Any]:
    return [(value, []) for value in values]


@pytest.fixture
def registry() -> AuditedRegistry:
    return AuditedRegistry()


def audited(topics: dict[str, list[list[Any]]], registry: FakeRegistry, recorded: Any = None, **rest: Any) -> Audit:
    consumer = FakeTopics(topics, **rest)
    return audit_topics([CONTRACT], consumer, registry, recorded or {})  # type: ignore[arg-type] - fakes


def test_versions_are_counted_and_placed(registry: AuditedRegistry) -> None:
    topics = {"events": [plain(framed(1), framed(2), framed(1)), plain(framed(2))], "events.dlq": [plain()]}
    found = json_audit(audited(topics, registry))
    assert found["status"] == "yes"
    topic, dead = found["topics"]  # type: ignore[misc]
    assert (topic["topic"], topic["records"]["count"], topic["exists"]) == ("events", 4, True)  # type: ignore[index,call-overload]
    first, second = topic["schemas"]  # type: ignore[index,call-overload]
    assert first == {
        "id": V1_ID,
        "guid": None,
        "contract": "user_action",
        "version": 1,
        "record": CONTRACT.record,
        "subjects": ["events-value"],
        "foreign": False,
        "fault": None,
        "count": 2,
        "partitions": [
            {
                "partition": 0,
                "count": 2,
                "first_offset": 0,
                "first_timestamp_ms": 1000,
                "last_offset": 2,
                "last_timestamp_ms": 1002,
            }
        ],
    }
    assert (second["version"], [part["partition"] for part in second["partitions"]]) == (2, [0, 1])
    assert (dead["dead_letters"], dead["records"]["count"]) == (True, 0)  # type: ignore[index,call-overload]
    assert [(one["reader"], one["version"], one["reads_all"]) for one in found["readers"]] == [  # type: ignore[union-attr,index,call-overload]
        ("counts", 2, True),
        ("faust", 2, True),
        ("standard", 2, True),
    ]


def test_a_reader_that_cannot_read_is_named_with_the_finding(registry: AuditedRegistry) -> None:
    behind = replace(CONTRACT, readers={"old": 1, "new": 2})
    consumer = FakeTopics({"events": [plain(framed(1), framed(2))]})
    audit = audit_topics([behind], consumer, registry, {})  # type: ignore[arg-type] - fakes
    assert not audit.holds
    assert list(text_audit(audit)) == [
        "events: 2 records in 1 partition",
        "  schema id 11: version 1 of user_action: 1 record",
        "    [0] 1: 0 (1970-01-01T00:00:01.000Z) to 0 (1970-01-01T00:00:01.000Z)",
        "  schema id 12: version 2 of user_action: 1 record",
        "    [0] 1: 1 (1970-01-01T00:00:01.001Z) to 1 (1970-01-01T00:00:01.001Z)",
        "",
        "events.dlq: there is no such topic",
        "",
        "new (version 2 of user_action) can read everything",
        "old (version 1 of user_action) cannot read",
        (
            "  schema id 12 (1 record in events): READER_FIELD_MISSING_DEFAULT_VALUE at page: the writer's record "
            "com.example.activity.UserAction has no field 'page', and the reader's has no default"
        ),
        "no: 1 of 2 readers cannot read everything",
    ]


def test_recorded_readers_are_asked_too(registry: AuditedRegistry) -> None:
    recorded = {"user_action": [("billing in production", 1), ("far ahead in staging", 9)], "other": [("x", 1)]}
    audit = audited({"events": [plain(framed(2))]}, registry, recorded)
    assert [one.reader for one in audit.verdicts if one.problems] == ["billing in production"]


def test_what_nobody_can_read_decides_in_the_topic_and_is_only_told_of_dead_letters(registry: AuditedRegistry) -> None:
    poison = [*plain(b"", b"no frame", None, frame(99, b"x")), (b"x", [(VALUE_SCHEMA_HEADER, b"\x01" + GUID.bytes)])]
    for topic, holds in (("events", False), ("events.dlq", True)):
        topics = {"events": [plain(framed(2))], "events.dlq": [plain()], topic: [poison]}
        audit = audited(topics, registry)
        assert audit.holds is holds
        content = next(one for one in audit.contents if one.topic == topic)
        assert (content.records.count, content.tombstones.count, content.unframed.count) == (5, 1, 2)
        told = "\n".join(text_audit(audit))
        assert "schema id 99: the registry does not know schema id 99" in told
        assert f"schema GUID {GUID}: the registry does not know schema GUID {GUID}" in told
        assert "1 × the value is empty" in told


def test_dead_letters_of_a_known_schema_count(registry: AuditedRegistry) -> None:
    schema = {"type": "record", "name": "UserAction", "fields": []}
    registry.schemas[FOREIGN_ID] = Schema(json.dumps(schema), "AVRO")
    audit = audited({"events": [plain()], "events.dlq": [plain(frame(FOREIGN_ID, b""))]}, registry)
    assert {one.topic for verdict in audit.verdicts for one in verdict.problems} == {"events.dlq"}
    told = "\n".join(text_audit(audit))
    assert "a schema of UserAction that no contract has, foreign, under elsewhere: 1 record" in told


def test_another_contracts_record_on_the_topic_is_nobodys_problem(
    registry: AuditedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replace(CONTRACT, name="order", record="Order", subject="elsewhere")
    monkeypatch.setattr("codegen.models.CONTRACTS", {"user_action": CONTRACT, "order": order})
    registry.schemas[FOREIGN_ID] = Schema('{"type": "record", "name": "Order", "fields": []}', "AVRO")
    audit = audited({"events": [plain(frame(FOREIGN_ID, b""), framed(1))]}, registry)
    assert audit.holds
    assert json_audit(audit)["topics"][0]["schemas"][1]["foreign"] is True  # type: ignore[index,call-overload]


def test_the_schema_of_the_header_counts(registry: AuditedRegistry) -> None:
    headers = [(VALUE_SCHEMA_HEADER, b"\x00" + V1_ID.to_bytes(4, "big"))]
    audit = audited({"events": [[(b"\x00\x00\x00\x00\x63", headers)]]}, registry)
    assert list(audit.contents[0].by_ref) == [V1_ID]


def test_an_end_that_the_broker_tells_too_early_is_no_end(registry: AuditedRegistry) -> None:
    """The embedded broker tells the last batch's first offset + 1."""
    audit = audited({"events": [plain(*[framed(1)] * 5, *[framed(2)] * 5)]}, registry, told_end=6)
    assert audit.contents[0].records.count == 10


def test_a_topic_that_grows_faster_than_it_is_read_comes_to_an_end(registry: AuditedRegistry) -> None:
    consumer = FakeTopics({"events": [plain(framed(1))]})
    now_ms = 4_000_000_000_000  # later than any audit starts
    consumer.late.extend(_message("events", 0, 1 + number, framed(2), [], now_ms) for number in range(3))
    audit = audit_topics([CONTRACT], consumer, registry, {})  # type: ignore[arg-type] - fakes
    assert [content.records.count for content in audit.contents] == [1, 0]


def test_a_topic_that_is_not_there_is_a_sentence(registry: AuditedRegistry) -> None:
    with pytest.raises(ConsumerError, match="the topic events does not exist"):
        audited({}, registry)


def test_brokers_that_fall_silent_are_no_answer(registry: AuditedRegistry) -> None:
    consumer = FakeTopics({"events": [plain(framed(1))]})
    consumer.silent = True
    with pytest.raises(Unavailable, match="brought nothing of events for 10 s before its end"):
        audit_topics([CONTRACT], consumer, registry, {})  # type: ignore[arg-type] - fakes


def test_brokers_that_do_not_tell_the_end_are_no_answer(
    registry: AuditedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = FakeTopics({"events": [plain(framed(1))]})

    def refuse(*_: Any, **__: Any) -> Any:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    monkeypatch.setattr(consumer, "get_watermark_offsets", refuse)
    with pytest.raises(Unavailable, match=r"no broker told where events\[0\] ends"):
        audit_topics([CONTRACT], consumer, registry, {})  # type: ignore[arg-type] - fakes
    monkeypatch.setattr(consumer, "get_watermark_offsets", lambda *_, **__: None)
    with pytest.raises(Unavailable, match=r"within 10 s"):
        audit_topics([CONTRACT], consumer, registry, {})  # type: ignore[arg-type] - fakes


def test_a_registry_that_is_away_is_no_answer(registry: AuditedRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.away = ConnectionError("refused")
    with pytest.raises(RegistryUnavailable):
        audited({"events": [plain(framed(1))]}, registry)

    monkeypatch.setattr(audit_module, "make_registry", lambda: nullcontext(registry))
    monkeypatch.setattr(audit_module, "make_consumer", lambda *_, **__: FakeTopics({"events": [plain(framed(1))]}))
    with pytest.raises(CouldNotAudit, match="could not audit: the registry did not give schema 11") as caught:
        run_audit(["user_action"], "text", io.StringIO())
    assert caught.value.exit_code == 2


@pytest.mark.usefixtures("clean_environment")
def test_the_group_can_be_named_where_not_every_one_is_allowed(
    registry: AuditedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[str] = []

    def make_consumer(group: str, **_: Any) -> FakeTopics:
        groups.append(group)
        return FakeTopics({"events": [plain(framed(2))]})

    monkeypatch.setattr(audit_module, "make_registry", lambda: nullcontext(registry))
    monkeypatch.setattr(audit_module, "make_consumer", make_consumer)
    for name in ("", "mine"):
        monkeypatch.setenv("KAFKA_GROUP_ID", name)
        assert run_audit(["user_action"], "text", io.StringIO()) == 0
    assert groups == ["schema-audit", "mine"]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.mark.integration
def test_the_command_on_a_broker(here: World) -> None:
    def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
        command = [sys.executable, "-P", "-m", "tools.cli", "--root", str(this_code()), "schema", "audit", *arguments]
        own = {**here.environment(), **environment}
        done = subprocess.run(command, cwd=here.folder, env=own, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    here.produce_actions(300)
    code, text, error = run()
    assert (code, error, text.splitlines()[-1]) == (0, "", "yes: all 4 readers can read everything")
    with SchemaRegistryClient({"url": here.registry.url}) as client:
        schema = Schema('{"type": "record", "name": "Elsewhere", "fields": []}', "AVRO")
        foreign = client.register_schema("elsewhere-value", schema)
    here.produce(b"no frame", frame(foreign, b""), None, partition=1)
    with here.running("standard") as process:
        process.wait_seen(303)
        process.stop()
    code, text, _ = run("user_action", "--format", "json")
    found = json.loads(text)
    assert (code, found["status"]) == (1, "no")
    events, dead = found["topics"]
    assert {one["version"]: one["count"] for one in events["schemas"]} == {1: 150, 2: 150, None: 1}
    assert (events["records"]["count"], events["tombstones"]["count"], events["unframed"]["count"]) == (303, 1, 1)
    assert (dead["records"]["count"], dead["unframed"]["count"], dead["schemas"][0]["id"]) == (2, 1, foreign)
    assert {part["last_offset"] + 1 for part in events["records"]["partitions"]} == {
        part["count"] for part in events["records"]["partitions"]
    }
    code, text, error = run(SCHEMA_REGISTRY_URL="http://127.0.0.1:1")
    assert (code, text) == (2, "")
    assert error.startswith("error: could not audit: the registry did not give schema ")
    code, text, error = run("nothing")
    assert (code, error.startswith("error: there is no contract 'nothing'")) == (2, True)
