"""The gate before the API: keys, quotas, rates, origins; and nothing where nothing is set."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from producer_api.allowances import Allowance, ClientAllowances
from producer_api.api_keys import add_api_key
from producer_api.app import GuardedApp, IngestionApp, create_app
from producer_api.guard import make_entrance
from producer_api.service import Service
from producer_api.settings import Settings
from tools.config import ConfigError

OpenApi = Callable[..., Awaitable[Any]]


NO_REGISTRY: Any = object()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    return tmp_path / "api-keys.toml"


def set_clock(api: Any, clock: Clock) -> None:
    """The entrance as of the start, by a clock of ours."""
    app = api.client._transport.app
    contracts = {contract.path: contract.name for contract in app.service.contracts}
    refused = app.service.metrics.requests_refused
    app._entrance = make_entrance(super(GuardedApp, app).__call__, app.service.settings, contracts, refused, clock)


def test_without_settings_there_is_no_gate() -> None:
    assert type(create_app(service=Service(Settings(), client=NO_REGISTRY))) is IngestionApp
    assert type(create_app(service=Service(Settings(client_events_per_s=1.0), client=NO_REGISTRY))) is GuardedApp


async def test_a_key_opens_and_everything_else_is_401(
    open_api: OpenApi, keys_file: Path, event: dict[str, Any]
) -> None:
    key = add_api_key(keys_file, "shop")
    api = await open_api(keys_file=str(keys_file))
    body = json.dumps(event)
    assert (await api.post(body, authorization=f"Bearer {key}")).status_code == 202
    missing = await api.post(body)
    assert missing.status_code == 401
    assert missing.headers["www-authenticate"] == 'Bearer realm="events"'
    assert missing.headers["content-type"] == "application/problem+json"
    wrong = await api.post(body, authorization="Bearer shop.guess")
    assert wrong.status_code == 401
    assert wrong.headers["www-authenticate"] == 'Bearer realm="events", error="invalid_token"'
    assert "guess" not in wrong.text
    for path in ("/metrics", "/openapi.json", "/docs", "/nowhere"):
        assert (await api.client.get(path)).status_code == 401
    assert (await api.client.get("/openapi.json", headers={"authorization": f"Bearer {key}"})).status_code == 200
    assert len(api.producer.produced) == 1
    assert api.totals()["requests_refused"] == {"unauthorized": 6}


async def test_probes_need_no_key(open_api: OpenApi, keys_file: Path) -> None:
    add_api_key(keys_file, "shop")
    api = await open_api(keys_file=str(keys_file), client_events_per_s=0.001)
    for _ in range(3):
        for path in ("/health", "/health/live", "/health/ready"):
            assert (await api.client.get(path)).status_code == 200


async def test_two_keys_at_once_are_none(open_api: OpenApi, keys_file: Path, event: dict[str, Any]) -> None:
    key = add_api_key(keys_file, "shop")
    api = await open_api(keys_file=str(keys_file))
    headers = [("content-type", "application/json"), *[("authorization", f"Bearer {key}")] * 2]
    response = await api.client.post("/events", content=json.dumps(event), headers=headers)
    assert response.status_code == 401


async def test_a_key_opens_its_contracts_alone(
    open_api: OpenApi, keys_file: Path, event: dict[str, Any], make_contract: Callable[..., Any]
) -> None:
    schema = json.dumps({"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]})
    contracts = {"order": make_contract("order", schema), "parcel": make_contract("parcel", schema)}
    key = add_api_key(keys_file, "shop", ("order",))
    api = await open_api(contracts, keys_file=str(keys_file))
    assert (await api.post('{"id": "1"}', "/order", authorization=f"Bearer {key}")).status_code == 202
    for path in ("/parcel", "/nowhere", "/order/", "//order"):
        refused = await api.post('{"id": "1"}', path, authorization=f"Bearer {key}")
        assert refused.status_code == 403
        assert refused.headers["www-authenticate"].endswith('error="insufficient_scope"')
    assert [record.topic for record in api.producer.produced] == ["order"]


def test_a_key_for_a_contract_that_is_none_stops_the_start(keys_file: Path) -> None:
    add_api_key(keys_file, "shop", ("order",))
    with pytest.raises(ConfigError, match="the key shop names the contract 'order'; those that take events here are"):
        create_app(service=Service(Settings(keys_file=str(keys_file)), client=NO_REGISTRY))


async def test_a_quota_is_of_events_and_of_the_key(open_api: OpenApi, keys_file: Path, event: dict[str, Any]) -> None:
    key = add_api_key(keys_file, "shop", (), 10)
    other = add_api_key(keys_file, "other")
    api = await open_api(keys_file=str(keys_file))
    clock = Clock()
    set_clock(api, clock)
    batch = json.dumps([event] * 30)
    assert (await api.post(batch, authorization=f"Bearer {key}")).status_code == 202
    refused = await api.post(json.dumps(event), authorization=f"Bearer {key}")
    assert refused.status_code == 429
    assert refused.json()["type"] == "/problems/too-many-events"
    assert (await api.post(batch, authorization=f"Bearer {other}")).status_code == 202
    wait_s = int(refused.headers["retry-after"])
    assert wait_s == 3  # 20 events too many, and one to be had, at ten a second
    clock.now += wait_s - 1
    assert (await api.post(json.dumps(event), authorization=f"Bearer {key}")).status_code == 429
    clock.now += 1
    assert (await api.post(json.dumps(event), authorization=f"Bearer {key}")).status_code == 202
    assert api.totals()["requests_refused"] == {"quota": 2}


async def test_a_client_is_refused_for_its_number_and_not_for_anothers(
    open_api: OpenApi, event: dict[str, Any]
) -> None:
    api = await open_api(client_events_per_s=2.0)
    clock = Clock()
    set_clock(api, clock)
    body = json.dumps(event)
    assert [(await api.post(body)).status_code for _ in range(3)] == [202, 202, 429]
    refused = await api.post("{}")
    assert refused.headers["retry-after"] == "1"
    clock.now += 1
    assert [(await api.post(body)).status_code for _ in range(3)] == [202, 202, 429]
    api.client._transport.client = ("192.0.2.9", 1)
    assert (await api.post(body)).status_code == 202
    assert api.totals()["requests_refused"] == {"client_rate": 3}


async def test_guessing_keys_is_slowed_down(open_api: OpenApi, keys_file: Path) -> None:
    add_api_key(keys_file, "shop")
    api = await open_api(keys_file=str(keys_file), client_events_per_s=1.0)
    answers = [(await api.post("{}", authorization="Bearer shop.guess")).status_code for _ in range(2)]
    assert answers == [401, 429]


def test_an_allowance_fills_up_to_one_second() -> None:
    allowance = Allowance(5.0, 0.0)
    allowance.pay(5)
    assert allowance.wait_s(0.0) == 1
    assert allowance.wait_s(100.0) == 0
    allowance.pay(5)
    assert allowance.wait_s(100.0) == 1
    slow = Allowance(0.1, 0.0)
    slow.pay(1)
    assert slow.wait_s(0.0) == 10
    assert slow.wait_s(10.0) == 0


def test_addresses_of_one_ipv6_network_are_one_client_and_the_table_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("producer_api.allowances._MAX_CLIENTS", 3)
    clients = ClientAllowances(1.0, Clock())
    first = clients.of("2001:db8:1:2::1")
    assert clients.of("2001:db8:1:2:ffff::9") is first
    assert clients.of("2001:db8:1:3::1") is not first
    assert clients.of("::ffff:192.0.2.1") is clients.of("192.0.2.1")
    assert clients.of("2001:db8:1:2::1") is first
    clients.of("192.0.2.2")
    clients.of("192.0.2.3")
    assert len(clients._clients) == 3
    assert clients.of("not an address%:") is not None


async def test_origins_are_refused_unless_set(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api()
    response = await api.post(json.dumps(event), origin="https://shop.example")
    assert response.status_code == 202
    assert not [name for name in response.headers if name.startswith("access-control")]
    preflight = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    assert (await api.client.options("/events", headers=preflight)).status_code == 405


async def test_pages_of_an_origin_may_send_and_read_refusals(
    open_api: OpenApi, keys_file: Path, event: dict[str, Any]
) -> None:
    key = add_api_key(keys_file, "shop")
    api = await open_api(keys_file=str(keys_file), cors_origins=("https://shop.example",))
    preflight = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type",
    }
    allowed = await api.client.options("/events", headers=preflight)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    stranger = await api.client.options("/events", headers={**preflight, "origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers
    sent = await api.post(json.dumps(event), origin="https://shop.example", authorization=f"Bearer {key}")
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (202, "https://shop.example")
    refused = await api.post(json.dumps(event), origin="https://shop.example")
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://shop.example")
    other = await api.post(json.dumps(event), origin="https://evil.example", authorization=f"Bearer {key}")
    assert "access-control-allow-origin" not in other.headers


async def test_the_document_says_what_the_guard_asks_for(open_api: OpenApi, keys_file: Path) -> None:
    key = add_api_key(keys_file, "shop")
    api = await open_api(keys_file=str(keys_file))
    document = (await api.client.get("/openapi.json", headers={"authorization": f"Bearer {key}"})).json()
    operation = document["paths"]["/events"]["post"]
    assert operation["security"] == [{"apiKey": []}]
    assert document["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    assert {"401", "403", "429"} <= set(operation["responses"])
