"""Handlers on threads of their own, whether they make progress, and who may ask."""

from __future__ import annotations

import io
import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from consumers.effects import Produce
from consumers.faults import ConsumerError
from consumers.loop.assignment import Assignment, Item, lane_of
from consumers.loop.attempts import Attempts
from consumers.loop.lanes import Outcome, Threads
from consumers.loop.liveness import Liveness
from consumers.running.http import answers_of, serve
from consumers.running.metrics import ConsumerMetrics
from consumers.running.progress import Progress, Reporter
from tests.consumers.fakes import Clock, record


def items(count: int) -> list[Item]:
    return [Item(record(b"", offset), offset, Attempts()) for offset in range(count)]


def wait_for(lanes: Threads, count: int) -> list[Outcome]:
    found: list[Outcome] = []
    deadline = time.monotonic() + 30
    while len(found) < count:
        assert time.monotonic() < deadline
        found += lanes.finished(1.0)
    return found


def test_lanes_work_at_once_and_tell_what_became_of_it() -> None:
    lanes, both = Threads(2), threading.Barrier(2)
    first, second = items(2)

    def meet() -> tuple[Produce, ...]:
        both.wait(30)  # passes only if the other is at work, too
        return ()

    def meet_and_fail() -> tuple[Produce, ...]:
        both.wait(30)
        raise ZeroDivisionError

    lanes.start(first, meet)
    lanes.start(second, meet_and_fail)
    outcomes = {outcome.item.lane: outcome for outcome in wait_for(lanes, 2)}
    assert outcomes[0].error is None
    assert isinstance(outcomes[1].error, ZeroDivisionError)
    assert lanes.finished() == []
    lanes.close()


def test_what_ends_a_process_is_told_to_the_loop_and_does_not_end_the_lane() -> None:
    lanes, (item,) = Threads(1), items(1)

    def leave() -> tuple[Produce, ...]:
        raise SystemExit(3)

    lanes.start(item, leave)
    assert isinstance(wait_for(lanes, 1)[0].error, SystemExit)
    lanes.start(item, lambda: ())
    assert wait_for(lanes, 1)[0].error is None
    lanes.close()


def test_an_offset_waits_for_all_before_it() -> None:
    ours = Assignment(3)
    ours.add({0})
    by_lane = {lane_of(record(b"", key=b"%d" % number), 3): b"%d" % number for number in range(50)}
    for offset, key in ((4, by_lane[0]), (7, by_lane[1]), (8, by_lane[2])):
        ours.take(record(b"", offset, key=key), Attempts())
    lanes = [ours._partitions[0][number] for number in range(3)]
    ours.finish(lanes[2])
    assert ours.done == {}
    ours.finish(lanes[0])
    assert ours.done == {0: 5}
    ours.finish(lanes[1])
    assert (ours.done, ours.in_hand) == ({0: 9}, 0)


def test_what_comes_back_after_its_partition_went_moves_nothing() -> None:
    ours = Assignment()
    ours.add({0})
    ours.take(record(b"", 4), Attempts())
    item = ours.next_item(0.0)
    assert item is not None
    item.running = True
    ours.remove({0})
    ours.add({0})
    ours.take(record(b"", 4), Attempts())
    assert ours.next_item(0.0) is None, "the lane is still at work on the old one"
    ours.finish(item)
    assert ours.done == {}
    assert ours.next_item(0.0) is not item


def get(port: int, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


def test_stuck_fails_the_probe_and_idle_does_not(clock: Clock) -> None:
    liveness = Liveness(60, clock)
    reporter = Reporter(Progress("mine", "user_action", 2), as_json=True, out=io.StringIO())
    reporter.report()
    metrics = ConsumerMetrics(reporter.progress, "user_action-mine", "1.0")
    with serve("127.0.0.1", 0, answers_of(liveness, reporter, metrics)) as port:
        clock.advance(1000)
        assert get(port, "/live") == (200, {"status": "alive"}), "it waits for its start"
        for _ in range(100):
            clock.advance(10)
            liveness.come_round(None)
        assert get(port, "/live")[0] == 200, "idle"
        started = clock.now
        for _ in range(7):
            clock.advance(10)
            liveness.come_round(started)
        assert get(port, "/live") == (
            503,
            {"status": "stuck", "reason": "a handler has been at work on one record for 70 s (limit 60 s)"},
        )
        liveness.come_round(None)
        clock.advance(61)
        assert get(port, "/live")[1]["reason"].startswith("the loop has not come round for 61 s")
        assert get(port, "/progress")[1]["consumer"] == "mine"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert b'consumer_records_seen_total{consumer="mine"' in answer.read()
        assert get(port, "/nothing")[0] == 404
        with pytest.raises(ConsumerError, match="choose another --http-port"), serve("127.0.0.1", port, {}):
            pass
