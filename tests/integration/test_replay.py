"""`pipeline replay` on Apache Kafka, as the person on call types it, beside counts written in transactions."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime
from typing import Any

import pytest

import tests.consumers.echo
from codegen.models import CONTRACTS
from consumers.decoding.frame import frame
from tests.consumers.running import START, World, run
from tests.faults.exactly_once import committed

pytestmark = [pytest.mark.timeout(300)]


def replay(here: World, *arguments: str, code: int = 0) -> dict[str, Any]:
    ended, text, error = run(here, "replay", "--json", *arguments)
    assert (ended, error) == (code, "")
    told: dict[str, Any] = json.loads(text)
    return told


def test_a_replay_by_offset_and_by_time_says_what_would_change_and_changes_nothing(here: World) -> None:
    shutil.copy(tests.consumers.echo.__file__, here.folder)
    here.produce_actions(60)
    time.sleep(0.005)  # no two records of the parts share a millisecond
    moment = datetime.now(UTC)
    time.sleep(0.005)
    here.produce_actions(40)
    with here.running("counts", guarantee="exactly-once", instance="replayed") as live:
        live.wait_seen(100)
        live.stop()
    written = len(committed(here))

    told = replay(here, "--from", moment.isoformat(), "--into", "by-time")
    assert (told["read"], sum(told["totals"]["shadow"].values())) == (40, 40)
    assert (told["equal"], told["differences"]) == (6, [])
    told = replay(here, "--from", "0@5,1@7", "--into", "by-offset", "--handler", "echo:echo")
    assert (told["read"], told["effects"]) == (88, {CONTRACTS["activity_count"].record: 88})
    assert len(committed(here)) == written
    assert here.lag("user_action-counts") == here.lag("by-time") == here.lag("by-offset") == 0

    here.produce_actions(20)
    with here.running("counts", group="by-time") as mended:  # the cut-over: it goes on where the span ended
        mended.wait_seen(20)
        assert mended.stop()["seen"] == 20
    assert (here.lag("by-time"), here.lag("user_action-counts")) == (0, 20)

    wrong = CONTRACTS["activity_count"].model(1)(
        bucket="events/0|2026-01-02T03:00Z|click",
        source_topic="events",
        source_partition=0,
        window_start=START,
        action="click",
        count=1000,
        next_offset=told["span"]["0"]["end"],
    )
    here.produce(frame(here.ids["activity_count", 1], wrong.serialize()), topic="activity_count", partition=0)
    told = replay(
        here,
        "--to",
        ",".join(f"{number}@{each['end']}" for number, each in told["span"].items()),
        "--into",
        "all",
        code=1,
    )
    assert told["totals"]["shadow"] == {"click": 34, "purchase": 33, "search": 33}
    differs = [each for each in told["differences"] if each["verdict"] == "differs"]
    assert [(each["partition"], each["value"], each["live"]) for each in differs] == [(0, "click", 1000)]
