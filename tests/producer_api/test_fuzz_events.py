"""Events made from contracts, then spoiled: never a 5xx or a traceback; what is accepted reads back as it was sent."""

from __future__ import annotations

import gzip
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.catalog import GeneratedContract
from tests.frozen_contracts import CONTRACTS
from tests.producer_api.direct_api import JSON, NDJSON, Answered, DirectApi
from tests.producer_api.sent_and_read import read_record, says, unambiguous
from tests.producer_api.spoiled_events import events, spoiled

EXAMPLES = int(os.environ.get("FUZZED_EVENTS", "150"))
many = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize="CI" in os.environ
)
WIDE: dict[str, Any] = {
    "type": "record",
    "name": "Wide",
    "fields": [
        {"name": f"f{number}", "type": type_}
        for number, type_ in enumerate(
            [
                "boolean", "int", "long", "float", "double", "string", "bytes", ["null", "long"],
                {"type": "array", "items": "int"}, {"type": "map", "values": "double"},
                {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
                {"type": "fixed", "name": "Price", "size": 4, "logicalType": "decimal", "precision": 6, "scale": 2},
                {"type": "long", "logicalType": "timestamp-micros"}, {"type": "long", "logicalType": "timestamp-nanos"},
                {"type": "long", "logicalType": "local-timestamp-millis"}, {"type": "int", "logicalType": "date"},
                {"type": "string", "logicalType": "uuid"}, {"type": "fixed", "name": "Raw", "size": 3},
                {"type": "enum", "name": "E", "symbols": ["A", "B"]},
                {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
                    {"name": "x", "type": ["null", "string"], "default": None, "aliases": ["y"]}]}},
            ]
        )
    ],
}  # fmt: skip


@pytest.fixture
def wide(make_contract: Callable[..., GeneratedContract]) -> GeneratedContract:
    return make_contract("wide", json.dumps(WIDE, indent=2))


class Judge:
    """Looks at each answer with what was sent and what was produced."""

    def __init__(self, api: DirectApi, contract: GeneratedContract) -> None:
        self._api = api
        self._avsc = contract.avsc(api.service.pins[contract.name])
        self._schema = json.loads(self._avsc)
        self.outcomes: Counter[str] = Counter()

    def judge(self, sent: list[bytes], answered: Answered, *, many: bool) -> None:
        produced = self._api.taken()
        assert answered.status in (202, 207, 422), answered
        document = json.loads(answered.body)
        if answered.status == 422:
            assert produced == []
            assert answered.headers["content-type"] == "application/problem+json"
            self.outcomes["refused"] += 1
            return
        outcomes = document.get("results", [{"status": "accepted", "index": 0}])
        accepted = [sent[entry["index"]] for entry in outcomes if entry["status"] == "accepted"]
        assert len(accepted) == len(produced)
        assert many or len(produced) == 1
        for text, record in zip(accepted, produced, strict=True):
            _, read = read_record(self._avsc, record.value)
            assert says(self._schema, unambiguous(text), read), (text, read)
            self.outcomes["accepted"] += 1


def test_the_judge_tells_a_record_that_says_something_else() -> None:
    schema = json.loads(CONTRACTS["user_action"].avsc(1))
    example = {"event_id": "6F1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e", "user_id": "u", "action": "click", "page": "/",
               "occurred_at": "1969-12-31T23:59:59.9999+00:00", "properties": {"a": "1"}}  # fmt: skip
    read = {**example, "event_id": example["event_id"].lower(), "occurred_at": -1}
    assert says(schema, example, read)
    for name, other in (("user_id", "U"), ("occurred_at", 0), ("properties", {}), ("event_id", "x"), ("page", "")):
        assert not says(schema, example, {**read, name: other})
    assert not says(schema, {**example, "more": 1}, read)
    for text in (b'{"a":1,"a":1}', b"NaN", rb'"\ud800"', b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011 - json's, Unicode's and ours
            unambiguous(text)


@pytest.fixture(autouse=True)
def _nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING]


@pytest.mark.timeout(0)
@pytest.mark.parametrize("version", [1, 2])
def test_one_event_of_this_project(version: int) -> None:
    contract = CONTRACTS["user_action"]
    with DirectApi(CONTRACTS) as api:
        judge = Judge(api, contract)

        @many
        @given(st.data(), events(contract.model(version)))
        def check(draw: st.DataObject, event: Any) -> None:
            text = draw.draw(spoiled(event))
            judge.judge([text], api.post(text), many=False)

        check()
    assert judge.outcomes["accepted"]
    assert judge.outcomes["refused"]


@pytest.mark.timeout(0)
def test_one_event_of_many_types(wide: GeneratedContract) -> None:
    with DirectApi({"wide": wide}) as api:
        judge = Judge(api, wide)

        @many
        @given(st.data(), events(wide.model(1)))
        def check(draw: st.DataObject, event: Any) -> None:
            text = draw.draw(spoiled(event))
            judge.judge([text], api.post(text, wide.path), many=False)

        check()
    assert judge.outcomes["accepted"]
    assert judge.outcomes["refused"]


@pytest.mark.timeout(0)
def test_several_events_in_every_packing() -> None:
    contract = CONTRACTS["user_action"]
    with DirectApi(CONTRACTS) as api:
        judge = Judge(api, contract)

        @many
        @given(
            st.data(),
            st.lists(events(contract.model(2)), min_size=1, max_size=4),
            st.sampled_from(["", "gzip", "zstd"]),
        )
        def check(draw: st.DataObject, several: list[Any], coding: str) -> None:
            texts = [draw.draw(spoiled(event)) for event in several]
            lines = draw.draw(st.booleans())
            # A line break inside makes two lines of one, and an event that is none makes none of the array.
            texts = [text.replace(b"\n", b" ") if lines else text for text in texts]
            texts = [text for text in texts if text.strip(b" \t\r\n")]
            if not texts:
                return
            body = b"\n".join(texts) if lines else b"[" + b",".join(texts) + b"]"
            headers = [NDJSON if lines else JSON]
            if coding:
                body = gzip.compress(body, 1) if coding == "gzip" else zstd.compress(body)
                headers.append((b"content-encoding", coding.encode()))
            if not lines:
                texts = items_of(texts)
            judge.judge(texts, api.post(body, headers=headers), many=True)

        check()
    assert judge.outcomes["accepted"]
    assert judge.outcomes["refused"]


def items_of(texts: list[bytes]) -> list[bytes]:
    """The texts of an array's items as a strict reader tells them apart: a spoiled one may hold two."""
    try:
        items = json.JSONDecoder(parse_int=RawNumber, parse_float=RawNumber)
        found: list[bytes] = []
        text = b",".join(texts).decode()
        at = 0
        while True:
            at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n"))
            _, end = items.raw_decode(text, at)
            found.append(text[at:end].encode())
            at = end + len(text[end:]) - len(text[end:].lstrip(" \t\r\n"))
            if at >= len(text):
                return found
            if text[at] != ",":
                return texts
            at += 1
    except (ValueError, RecursionError):
        return texts


class RawNumber(str):
    """A number that is not made one: it may have thousands of digits."""

    __slots__ = ()
