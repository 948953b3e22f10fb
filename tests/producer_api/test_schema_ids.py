"""The schema id: found in the registry, refused with rules, asked again while the registry is away."""

from __future__ import annotations

import asyncio
import json
import types
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryError
from confluent_kafka.schema_registry.common.schema_registry_client import RuleSet

from producer_api.registry import SchemaIds, SchemaRefused, find_schema_id, make_client
from producer_api.serializer import Serializer
from tests.frozen_contracts import CONTRACTS

OpenApi = Callable[..., Awaitable[Any]]
CONTRACT = CONTRACTS["user_action"]
RULES = RuleSet.from_dict(
    {"domainRules": [{"name": "encrypt", "kind": "TRANSFORM", "mode": "WRITE", "type": "ENCRYPT", "tags": ["PII"]}]}
)


@pytest.fixture
def registry(api: Any) -> Any:
    return api.registry


def test_the_id_of_the_pinned_version_is_found(registry: Any) -> None:
    assert find_schema_id(registry, CONTRACT.subject, CONTRACT.avsc(1)) == 102
    assert find_schema_id(registry, CONTRACT.subject, CONTRACT.avsc(2)) == 103


def test_it_is_found_where_the_registry_keeps_it_in_another_spelling(registry: Any) -> None:
    spelled = json.dumps(json.loads(CONTRACT.avsc(2)))
    registry.subjects[CONTRACT.subject][1] = (77, spelled, None)
    assert find_schema_id(registry, CONTRACT.subject, CONTRACT.avsc(2)) == 77


def test_what_is_not_registered_is_refused_with_the_way_out(registry: Any) -> None:
    with pytest.raises(SchemaRefused, match=r"not registered in the subject events-value; run `pipeline schema"):
        find_schema_id(registry, CONTRACT.subject, '{"type":"record","name":"X","fields":[]}')
    with pytest.raises(SchemaRefused, match="the subject nothing is not in the registry"):
        find_schema_id(registry, "nothing", CONTRACT.avsc(2))


def test_a_rule_set_on_the_version_or_on_a_later_one_is_refused(registry: Any) -> None:
    versions = registry.subjects[CONTRACT.subject]
    versions[1] = (103, CONTRACT.avsc(2), RULES)
    for number in (1, 2):
        with pytest.raises(SchemaRefused, match="the subject events-value carries a rule set"):
            find_schema_id(registry, CONTRACT.subject, CONTRACT.avsc(number))


@pytest.mark.parametrize(("scope", "sentence"), [(CONTRACT.subject, "config of the subject"), (None, "global config")])
def test_a_rule_set_in_a_config_is_refused(registry: Any, scope: str | None, sentence: str) -> None:
    registry.configs[scope] = types.SimpleNamespace(default_rule_set=None, override_rule_set=RULES)
    with pytest.raises(SchemaRefused, match=sentence):
        find_schema_id(registry, CONTRACT.subject, CONTRACT.avsc(2))


def test_an_empty_rule_set_is_none(registry: Any) -> None:
    registry.subjects[CONTRACT.subject][1] = (103, CONTRACT.avsc(2), RuleSet.from_dict({}))
    assert find_schema_id(registry, CONTRACT.subject, CONTRACT.avsc(2)) == 103


async def test_without_a_registry_the_api_starts_and_recovers_by_itself(
    api: Any, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    serializer = Serializer(CONTRACT.subject, 2, CONTRACT.avsc(2))
    pauses: list[float] = []
    api.registry.away = True

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        assert serializer.reason == "the registry cannot be reached (ConnectError)"
        api.registry.away = len(pauses) < 6
        await asyncio.sleep(0)

    ids = SchemaIds(api.registry, [serializer], pause=pause)
    await ids.start(patience_s=5.0)
    assert serializer.ready
    assert (serializer.schema_id, serializer.prefix) == (103, b"\0\0\0\0\x67")
    assert pauses == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    await ids.stop()


async def test_while_the_id_is_unknown_events_are_refused_with_the_reason(
    open_api: OpenApi, api: Any, event: dict[str, Any]
) -> None:
    registry = type(api.registry)()
    waiting = await open_api(registry=registry, start_patience_s=0.0)
    assert "not asked yet" in (await waiting.post("{}")).json()["detail"]
    await waiting.until(lambda: "not in the registry" in waiting.service.serializers[0].reason)
    response = await waiting.post(json.dumps(event))
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert "pipeline schema register" in response.json()["detail"]
    ready = await waiting.client.get("/health/ready")
    assert ready.status_code == 503
    assert "pipeline schema register" in ready.json()["reason"]
    health = await waiting.client.get("/health")
    assert (health.status_code, health.json()["status"], health.json()["kafka"]) == (503, "degraded", "ok")
    assert waiting.totals()["requests_refused"] == {"no_schema_id": 2}
    registry.register_all(CONTRACTS)
    waiting.service.serializers[0].resolve(find_schema_id(registry, CONTRACT.subject, CONTRACT.avsc(2)))
    assert (await waiting.post(json.dumps(event))).status_code == 202


async def test_other_errors_of_the_registry_are_told(api: Any) -> None:
    serializer = Serializer(CONTRACT.subject, 2, CONTRACT.avsc(2))

    def refuse(*_arguments: object) -> None:
        raise SchemaRegistryError(401, 40101, "Unauthorized")

    api.registry.lookup_schema = refuse
    stopped = asyncio.Event()

    async def pause(_seconds: float) -> None:
        stopped.set()
        await asyncio.Event().wait()

    ids = SchemaIds(api.registry, [serializer], pause=pause)
    await ids.start(patience_s=0.0)
    await asyncio.wait_for(stopped.wait(), 5)
    assert serializer.reason == "the registry answered 401: Unauthorized"
    await ids.stop()


def test_the_client_does_not_retry_by_itself() -> None:
    client: Any = make_client({"url": "http://127.0.0.1:9", "max.retries": 5})
    assert client._rest_client.max_retries == 0
    client.close()
