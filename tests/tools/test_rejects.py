"""What becomes of refused events that are looked at again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumers.on_call.letters import Letter, reject
from consumers.on_call.redrive import RedriveOptions
from consumers.record import Header, Record
from producer_api.preparation import Preparation
from producer_api.serializer import Serializer
from producer_api.shapes import AcceptedShapes
from tests.frozen_contracts import CONTRACTS
from tools.rejects import plan_rejects, prepared

CONTRACT = CONTRACTS["user_action"]
EVENT = {
    "event_id": "6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e",
    "user_id": "ann@example.com",
    "action": "click",
    "page_url": "/",
    "occurred_at": "2026-11-23T08:15:30Z",
}


@pytest.fixture
def preparation() -> Preparation:
    shapes = AcceptedShapes(CONTRACT, 2)
    serializer = Serializer(CONTRACT.subject, 2, shapes.model.AVSC)
    serializer.resolve(77)
    return Preparation(CONTRACT, shapes, serializer, 10_000)


def refused(offset: int, body: Any, stage: str = "validate", contract: str = "user_action") -> Letter:
    value = body if isinstance(body, bytes) else json.dumps(body).encode()
    story: dict[str, str] = {"contract": contract, "stage": stage, "field": "action", "reason": "no such symbol"}
    headers: tuple[Header, ...] = tuple((name, text.encode()) for name, text in story.items())
    return reject(Record("events.rejects", 0, offset, 1000 - offset, None, value, (*headers, ("traceparent", b"00-1"))))


def test_what_the_api_takes_today_is_sent_and_the_rest_says_why_not(preparation: Preparation) -> None:
    old_shape = {("page" if name == "page_url" else name): value for name, value in EVENT.items()}
    letters = [
        refused(0, EVENT),
        refused(1, old_shape),
        refused(2, {**EVENT, "action": "fly"}),
        refused(3, b"ann@example.com"),
        refused(4, EVENT),
        refused(5, EVENT, contract="order"),
        refused(6, EVENT, stage="parse"),
    ]
    done = {"events.rejects[0]@4"}
    plan = plan_rejects(letters, CONTRACT, preparation, RedriveOptions(stage="validate"), done)
    assert dict(plan.fates) == {
        "send: accepted today, in the shape of version 2": 1,
        "send: accepted today, in the shape of version 1": 1,
        "left: refused today as well (validate, action)": 1,
        "left: refused today as well (parse)": 1,
        "left: redriven before": 1,
        "left: it was no event of user_action": 1,
        "left: not chosen by --stage": 1,
    }
    assert [source.offset for _, source in plan.sendings] == [1, 0], "oldest first"
    assert "ann" not in "".join(plan.fates), "what a client sent is not quoted"
    limited = plan_rejects(letters, CONTRACT, preparation, RedriveOptions(limit=1), set())
    assert (len(limited.sendings), limited.fates["left: beyond --limit"]) == (1, 3)


def test_what_is_sent_is_what_the_api_would_have_produced(preparation: Preparation) -> None:
    ready = prepared(refused(3, EVENT).record, CONTRACT, preparation)
    assert (ready.topic, ready.place) == ("events", "events[0]@3")
    assert ready.key == b"ann@example.com"
    assert ready.value is not None
    assert ready.value[:5] == b"\0" + (77).to_bytes(4, "big")
    assert str(CONTRACT.model(2).deserialize(ready.value[5:]).event_id) == EVENT["event_id"]  # type: ignore[attr-defined]
    assert ready.headers == (("traceparent", b"00-1"),)
