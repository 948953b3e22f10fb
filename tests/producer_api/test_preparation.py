"""Plain events take the short way, and come out as by the models; all others are left to the models."""

from __future__ import annotations

import json
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.native import build as native
from producer_api.preparation import Preparation, Prepared
from producer_api.serializer import Serializer
from producer_api.shapes import AcceptedShapes, InvalidEvent
from tests.codegen.json_strategies import ACTION, changed_bytes, near_valid, spellings
from tests.frozen_contracts import CONTRACTS

CONTRACT = CONTRACTS["user_action"]
V1 = {name: ACTION[name] for name in ("event_id", "user_id", "action", "occurred_at", "properties")} | {"page": "/é"}


def preparation(*, plain: bool, pinned: int = 2) -> Preparation:
    contract = CONTRACT if plain else replace(CONTRACT, transcoders=())
    shapes = AcceptedShapes(contract, pinned)
    serializer = Serializer(contract.subject, pinned, shapes.model.AVSC)
    serializer.resolve(7)
    return Preparation(contract, shapes, serializer, 10_000)


LONG = preparation(plain=False)


def outcome(way: Preparation, text: bytes) -> Prepared | list[Any]:
    try:
        return way.prepare(text)
    except InvalidEvent as error:
        return error.faults


@pytest.fixture(scope="module")
def ways(native_engine: ModuleType) -> list[Preparation]:
    """In pure Python, and by the compiled engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "load_engine", lambda: None)
        pure = preparation(plain=True)
        patch.setattr(native, "load_engine", lambda: native_engine)
        return [pure, preparation(plain=True)]


@settings(max_examples=400)
@given(st.data())
def test_both_ways_give_the_same(ways: list[Preparation], data: st.DataObject) -> None:
    event = data.draw(st.sampled_from([ACTION, V1]))
    text = spellings(data.draw(st.one_of(st.just(event), near_valid(event))), data)
    text = data.draw(st.one_of(st.just(text), changed_bytes(text)))
    expected = outcome(LONG, text)
    assert [outcome(way, text) for way in ways] == [expected, expected]


# Plain, of another version, left to the models, and refused; too long for the transcoder and for all.
TEXTS = [
    json.dumps(event).encode()
    for event in (ACTION, V1, {**ACTION, "event_id": ACTION["event_id"].upper()}, {**ACTION, "action": 5}, {})
] + [b"{", json.dumps({**ACTION, "user_id": "u" * 10_000}).encode()]


@given(st.lists(st.sampled_from(TEXTS), max_size=12), st.integers(0, 12), st.integers(0, 14))
def test_several_events_are_prepared_as_each_by_itself_and_in_order(
    ways: list[Preparation], texts: list[bytes], start: int, stop: int
) -> None:
    expected = {index: outcome(LONG, texts[index]) for index in range(start, min(stop, len(texts)))}
    for way in ways:
        refused: dict[int, list[Any]] = {}
        ready = way.prepare_many(texts, start, stop, lambda index, error, to=refused: to.update({index: error.faults}))
        columns = zip(ready.values, ready.keys, ready.event_ids, ready.shapes, strict=True)
        accepted = dict(zip(ready.indexes, map(Prepared._make, columns), strict=True))
        assert list(accepted) == sorted(accepted)
        assert accepted | refused == expected


@pytest.mark.parametrize("event", [ACTION, V1, {**ACTION, "user_id": "漢😀"}, {**ACTION, "properties": {}}])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_ordinary_events_take_the_short_way(
    ways: list[Preparation], event: dict[str, Any], is_ascii: bool, monkeypatch: Any
) -> None:
    text = json.dumps(event, ensure_ascii=is_ascii).encode()
    expected = LONG.prepare(text)
    monkeypatch.setattr(CONTRACT.model(2), "model_validate_json", None)
    assert [way.prepare(text) for way in ways] == [expected, expected]


def test_the_shape_is_that_of_the_names(ways: list[Preparation]) -> None:
    for way in ways:
        assert way.prepare(json.dumps(V1).encode()).shape == 1
        assert way.prepare(json.dumps(ACTION).encode()).shape == 2


def test_a_version_that_was_pinned_before_is_written() -> None:
    way = preparation(plain=True, pinned=1)
    text = json.dumps(V1).encode()
    assert way.prepare(text) == preparation(plain=False, pinned=1).prepare(text)
