"""A consumer that cannot read what is written or carried does not start, and says what to move."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryError

from codegen.catalog import GeneratedContract
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import RegistryUnavailable
from consumers.options import ReaderChoice
from consumers.running.start_check import UnreadableVersion, pinned_schemas, refuse_unreadable, registered_schemas
from tests.consumers.fakes import CONTRACT, V1_ID, V2_ID, FakeRegistry

# Version 1 cannot read version 2, whose page_url it does not know; version 2 reads both.
OLD = replace(CONTRACT, writers={"producer_api": 1}, readers={"standard": 1})


def choice(version: int, contract: GeneratedContract = CONTRACT, **rest: Any) -> ReaderChoice:
    return ReaderChoice("standard", contract, version, **rest)


def refused_pins(chosen: ReaderChoice) -> str:
    with pytest.raises(UnreadableVersion) as caught:
        refuse_unreadable(chosen, pinned_schemas(chosen.contract), tuple)
    assert caught.value.exit_code == 2
    return str(caught.value)


def check_registry(chosen: ReaderChoice, registry: FakeRegistry, latest: Collection[Any] = ()) -> None:
    writers = WriterSchemas(registry, chosen.contract)  # type: ignore[arg-type] - a fake
    carried = registered_schemas(chosen.contract, registry, writers)  # type: ignore[arg-type] - a fake
    refuse_unreadable(chosen, carried, lambda: latest)


def test_a_reader_of_what_is_pinned_may_start() -> None:
    refuse_unreadable(choice(2), pinned_schemas(CONTRACT), tuple)
    refuse_unreadable(choice(1, OLD), pinned_schemas(OLD), tuple)


def test_a_pin_that_cannot_read_a_pinned_writer_is_told_both_ways_out() -> None:
    behind = replace(CONTRACT, readers={"standard": 1})
    assert refused_pins(choice(1, behind)) == (
        "standard reads version 1 of user_action, which cannot read version 2, which producer_api is pinned to write "
        "(READER_FIELD_MISSING_DEFAULT_VALUE at page: the writer's record com.example.activity.UserAction has no field "
        "'page', and the reader's has no default): let it read version 2: set standard = 2 under [readers] in "
        "schemas/user_action/contract.toml and run `python -m codegen`, or start it with --reader-version 2; or let "
        "producer_api write version 1 ([writers] in schemas/user_action/contract.toml)"
    )


@pytest.mark.parametrize("origin", ["--reader-version", "READER_VERSION"])
def test_whoever_overruled_the_pin_is_named(origin: str) -> None:
    assert f"let it read version 2 ({origin} 2, or leave {origin} out); or" in refused_pins(choice(1, origin=origin))


def test_an_unpinned_api_writes_the_latest_version() -> None:
    assert "which producer_api is pinned to write" in refused_pins(choice(1, replace(CONTRACT, writers={})))
    assert pinned_schemas(replace(CONTRACT, writers={}, ingest=False)) == []


def test_a_declared_expiry_is_no_excuse_before_a_writer() -> None:
    assert "producer_api" in refused_pins(choice(1, expired=frozenset({2})))


def test_a_subject_that_is_not_registered_yet_holds_nothing(registry: FakeRegistry) -> None:
    check_registry(choice(2), registry)


def other_first_version(registry: FakeRegistry) -> None:
    """Version 1 as another project registered it, without the page."""
    schema = json.loads(CONTRACT.avsc(1))
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "page"]
    registry.schemas[70] = Schema(json.dumps(schema), "AVRO")
    registry.subject = {1: 70, 2: V2_ID}


def test_what_the_topic_may_still_carry_is_refused_until_it_is_declared_gone(registry: FakeRegistry) -> None:
    other_first_version(registry)
    with pytest.raises(UnreadableVersion) as caught:
        check_registry(choice(2), registry)
    assert "cannot read version 1, which the subject events-value holds (READER_FIELD_MISSING" in str(caught.value)
    assert str(caught.value).endswith(
        "once `pipeline schema audit user_action` finds no record of version 1, start it with --expired-version 1"
    )
    check_registry(choice(2, expired=frozenset({1})), registry)


def test_a_version_that_is_registered_before_anybody_writes_it_stops_nobody(
    registry: FakeRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    registry.subject = {1: V1_ID, 2: V2_ID}
    check_registry(choice(1, OLD), registry, latest=[json.loads(CONTRACT.avsc(1))])
    assert "version 1 of user_action cannot read version 2, which is registered and not written yet" in caplog.text


def test_a_version_beyond_the_pins_that_is_written_already_is_refused(registry: FakeRegistry) -> None:
    registry.subject = {1: V1_ID, 2: V2_ID}
    with pytest.raises(UnreadableVersion, match="let it read version 2"):
        check_registry(choice(1, OLD), registry, latest=[json.loads(CONTRACT.avsc(2))])


def test_a_version_that_no_release_here_can_read_asks_for_another_release(registry: FakeRegistry) -> None:
    schema = json.loads(CONTRACT.avsc(2).replace('"page_url"', '"location"'))
    registry.schemas[70] = Schema(json.dumps(schema), "AVRO")
    registry.subject = {1: V1_ID, 2: V2_ID, 3: 70}
    with pytest.raises(UnreadableVersion) as caught:
        check_registry(choice(2), registry, latest=[schema])
    assert "): move it to a release of this project whose user_action has a version that reads both; or once" in str(
        caught.value
    )


def test_the_topic_is_not_asked_where_the_answer_does_not_depend_on_it(registry: FakeRegistry) -> None:
    registry.subject = {1: V1_ID, 2: V2_ID}
    writers = WriterSchemas(registry, CONTRACT)  # type: ignore[arg-type] - a fake
    carried = registered_schemas(CONTRACT, registry, writers)  # type: ignore[arg-type] - a fake
    refuse_unreadable(choice(2), carried, lambda: pytest.fail("the topic was read"))


def test_what_is_no_avro_schema_in_the_subject_is_named(registry: FakeRegistry) -> None:
    registry.schemas[70] = Schema("syntax = 'proto3';", "PROTOBUF")
    registry.subject = {1: 70}
    with pytest.raises(UnreadableVersion, match=r"version 1 of the subject events-value cannot be used .*PROTOBUF"):
        check_registry(choice(2), registry)


def test_another_contracts_record_under_the_subject_is_passed_over(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replace(CONTRACT, name="order", record="Order")
    monkeypatch.setattr("codegen.models.CONTRACTS", {"user_action": CONTRACT, "order": order})
    registry.schemas[70] = Schema('{"type": "record", "name": "Order", "fields": []}', "AVRO")
    registry.subject = {1: V1_ID, 2: 70}
    check_registry(choice(2), registry)


@pytest.mark.parametrize("error", [ConnectionError("refused"), SchemaRegistryError(401, 401, "who are you")])
def test_a_registry_that_is_away_is_waited_for(registry: FakeRegistry, error: Exception) -> None:
    registry.away = error
    with pytest.raises(RegistryUnavailable, match="the registry did not say what events-value holds"):
        check_registry(choice(2), registry)
