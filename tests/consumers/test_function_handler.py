from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime import AvroModel
from consumers.decoding.deserializer import Decoded
from consumers.decoding.frame import parse_frame
from consumers.effects import EffectWriter, Produce
from consumers.faults import ConsumerError
from consumers.function import function_handler, load_function
from consumers.outbox import Outbox
from consumers.record import Record
from tests.consumers.fakes import CONTRACT, FakeProducer, record, user_action
from tests.frozen_contracts import CONTRACTS

MODEL = CONTRACT.model(2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in ("mine", "broken"):
        sys.modules.pop(name, None)


def plain(event: AvroModel) -> None: ...


def with_record(event: AvroModel, record: Record) -> None: ...


def no_argument() -> None: ...


def three(event: AvroModel, record: Record, more: int) -> None: ...


def keyword_only(event: AvroModel, *, more: int) -> None: ...


async def waiting(event: AvroModel) -> None: ...


def of_version_1(event: Any) -> None: ...


of_version_1.__annotations__["event"] = CONTRACT.model(1)


def of_version_2(event: Any) -> None: ...


of_version_2.__annotations__["event"] = MODEL


def test_the_event_alone_or_with_its_record() -> None:
    assert not function_handler(plain, MODEL).with_record
    assert function_handler(with_record, MODEL).with_record
    assert not function_handler(of_version_2, MODEL).with_record


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (no_argument, "takes 0 arguments"),
        (three, "takes 3 arguments"),
        (keyword_only, "takes 1 arguments"),
        (waiting, "is async"),
        (of_version_1, "wants com.example.activity.UserAction version 1, and this consumer reads"),
        (AvroModel, "is no function"),
        (7, "is no function"),
    ],
)
def test_a_function_that_does_not_fit_is_refused_with_a_sentence(function: Any, sentence: str) -> None:
    with pytest.raises(ConsumerError, match=sentence):
        function_handler(function, MODEL)


def test_a_tombstone_is_not_handled() -> None:
    def refuse(_event: AvroModel) -> None:
        raise AssertionError

    assert function_handler(refuse, MODEL).handle(Decoded(record(None), None, None)) == ()


def test_what_is_no_effect_is_refused() -> None:
    def wrong(_event: AvroModel) -> list[str]:
        return ["done"]

    with pytest.raises(TypeError, match="one of these is a str"):
        function_handler(wrong, MODEL).handle(Decoded(record(b""), user_action(2), None))


def test_a_handler_is_found_in_the_current_folder(folder: Path) -> None:
    (folder / "mine.py").write_text("def take(event): ...\n")
    assert load_function("mine:take").__name__ == "take"


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("mine", "names no handler"),
        (":take", "names no handler"),
        ("nowhere_at_all:take", "there is no module nowhere_at_all"),
        ("mine:other", "has no other; its functions are: take"),
        ("broken:take", r"cannot be loaded \(ZeroDivisionError"),
    ],
)
def test_a_handler_that_is_not_there_is_one_sentence(folder: Path, place: str, sentence: str) -> None:
    (folder / "mine.py").write_text("def take(event): ...\n")
    (folder / "broken.py").write_text("1 / 0\n")
    with pytest.raises(ConsumerError, match=sentence):
        load_function(place)


def test_an_effect_goes_to_its_contracts_topic_framed_and_keyed(producer: FakeProducer) -> None:
    asked = []

    def schema_id(contract: Any, model: Any) -> int:
        asked.append((contract.subject, model.VERSION))
        return 41

    writer = EffectWriter(Outbox(producer), CONTRACTS, schema_id)  # type: ignore[arg-type] - a fake
    value = user_action(2)
    writer.put(Produce(value))
    writer.put(Produce(value, key="another", headers=(("traceparent", b"00"),)))
    writer.confirm(1)
    assert [(sent["topic"], sent["key"], sent["headers"]) for sent in producer.delivered] == [
        ("events", b"someone", []),
        ("events", b"another", [("traceparent", b"00")]),
    ]
    assert parse_frame(producer.delivered[0]["value"]) == (41, value.serialize())
    assert asked == [("events-value", 2)]


def test_a_model_of_no_contract_cannot_be_produced(producer: FakeProducer) -> None:
    writer = EffectWriter(Outbox(producer), {}, lambda _contract, _model: 1)  # type: ignore[arg-type] - a fake
    with pytest.raises(ConsumerError, match="the record of no contract"):
        writer.put(Produce(user_action(2)))
