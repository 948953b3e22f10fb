"""OpenAPI shows the contracts' models as they are, with examples that can be sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from producer_api.openapi import valid_example
from tests.frozen_contracts import CONTRACTS


async def test_the_document_has_the_models_of_every_accepted_version(api: Any) -> None:
    response = await api.client.get("/openapi.json")
    document = response.json()
    assert set(document["paths"]) == {"/events", "/health", "/health/live", "/health/ready", "/metrics"}
    schemas = document["components"]["schemas"]
    assert "page_url" in schemas["user_action.v2"]["properties"]
    assert "page" in schemas["user_action.v1"]["properties"]
    assert schemas["user_action.v2.Device"]["required"] == ["os", "app_version"]
    operation = document["paths"]["/events"]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/json", "application/x-ndjson"}
    assert set(operation["responses"]) == {"202", "207", "400", "408", "413", "415", "422", "503"}
    references = {part.split('"')[0] for part in json.dumps(document).split('"$ref": "#/components/schemas/')[1:]}
    assert references <= set(schemas)


async def test_the_examples_are_accepted_as_they_stand(api: Any) -> None:
    document = (await api.client.get("/openapi.json")).json()
    content = document["paths"]["/events"]["post"]["requestBody"]["content"]
    examples = content["application/json"]["examples"]
    assert set(examples) == {"version 1", "version 2", "several events"}
    for example in examples.values():
        assert (await api.post(json.dumps(example["value"]))).status_code == 202
    lines = content["application/x-ndjson"]["example"]
    assert (await api.post(lines, content_type="application/x-ndjson")).json()["accepted"] == 2


async def test_the_document_is_the_same_every_time(api: Any) -> None:
    first = (await api.client.get("/openapi.json")).text
    assert (await api.client.get("/openapi.json")).text == first


def test_every_version_of_every_contract_has_an_example() -> None:
    for contract in CONTRACTS.values():
        for version in contract.versions:
            assert valid_example(contract.model(version)) is not None


def test_examples_of_many_types(make_contract: Callable[..., Any]) -> None:
    types: list[Any] = [
        "boolean", "int", "long", "float", "double", "string", "bytes", ["null", "string"],
        {"type": "array", "items": "int"}, {"type": "map", "values": "long"},
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        {"type": "long", "logicalType": "timestamp-micros"}, {"type": "string", "logicalType": "uuid"},
        {"type": "int", "logicalType": "date"}, {"type": "int", "logicalType": "time-millis"},
        {"type": "long", "logicalType": "time-micros"}, {"type": "long", "logicalType": "local-timestamp-millis"},
        {"type": "long", "logicalType": "local-timestamp-micros"}, {"type": "long", "logicalType": "timestamp-nanos"},
        {"type": "long", "logicalType": "local-timestamp-nanos"}, {"type": "fixed", "name": "Raw", "size": 3},
        {"type": "fixed", "name": "Id", "size": 16, "logicalType": "uuid"},
        {"type": "fixed", "name": "Price", "size": 4, "logicalType": "decimal", "precision": 2, "scale": 1},
        {"type": "bytes", "logicalType": "big-decimal"},
        {"type": "fixed", "name": "Span", "size": 12, "logicalType": "duration"},
        {"type": "enum", "name": "E", "symbols": ["A", "B"]},
        {"type": "record", "name": "Inner", "fields": [{"name": "x", "type": ["null", "int"]}]},
    ]  # fmt: skip
    fields = [{"name": f"f{number}", "type": each} for number, each in enumerate(types)]
    contract = make_contract("wide", json.dumps({"type": "record", "name": "Wide", "fields": fields}, indent=2))
    example = valid_example(contract.model(1))
    assert set(example) == {f"f{number}" for number in range(len(types))}


async def test_the_pages_for_people_are_there(api: Any) -> None:
    assert (await api.client.get("/docs")).status_code == 200
