"""What Prometheus is told of a consumer."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from consumers.record import Record
from consumers.running.lag_meter import LagMeter
from consumers.running.latency import Latency
from consumers.running.metrics import ConsumerMetrics
from consumers.running.progress import Progress, State
from consumers.running.tally import Tally
from tests.consumers.fakes import Clock


def samples(progress: Progress) -> dict[tuple[str, ...], float]:
    """By name and the labels beside those that all have."""
    text = ConsumerMetrics(progress, "the-group", "1.2.3").expose().decode()
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            own = dict(sample.labels)
            assert [own.pop(name) for name in ("contract", "consumer", "group")] == ["order", "mine", "the-group"]
            found[sample.name, *own.values()] = sample.value
    return found


def test_the_numbers_are_those_of_the_progress_lines() -> None:
    progress = Progress("mine", "order", 2, state=State.PAUSED, seen=9, tombstones=1, foreign=2)
    progress.dead_letters_by_stage.update(payload=2, handle=1)
    progress.by_schema_version.update({"1": 4, "id:77": 1})
    progress.lag, progress.retries, progress.redelivered, progress.repeated = {0: 5, 3: 0}, 6, 7, 8
    found = samples(progress)
    assert {name: value for name, value in found.items() if "latency" not in name[0]} == {
        ("consumer_records_seen_total",): 9,
        ("consumer_records_decoded_total", "1"): 4,
        ("consumer_records_decoded_total", "id:77"): 1,
        ("consumer_records_passed_over_total", "tombstone"): 1,
        ("consumer_records_passed_over_total", "foreign"): 2,
        ("consumer_records_passed_over_total", "repeated"): 8,
        ("consumer_records_dead_lettered_total", "frame"): 0,
        ("consumer_records_dead_lettered_total", "schema"): 0,
        ("consumer_records_dead_lettered_total", "resolve"): 0,
        ("consumer_records_dead_lettered_total", "payload"): 2,
        ("consumer_records_dead_lettered_total", "handle"): 1,
        ("consumer_records_redelivered_total",): 7,
        ("consumer_retries_total",): 6,
        ("consumer_lag_records", "0"): 5,
        ("consumer_lag_records", "3"): 0,
        ("consumer_state", "starting"): 0,
        ("consumer_state", "ready"): 0,
        ("consumer_state", "paused"): 1,
        ("consumer_state", "stopped"): 0,
        ("consumer_info", "1.2.3", "2"): 1,
    }


def old(offset: int, timestamp_ms: int | None) -> Record:
    return Record("orders", 0, offset, timestamp_ms, None, b"")


def test_latency_is_from_the_moment_in_the_record_to_its_end_and_only_once(clock: Clock) -> None:
    progress = Progress("mine", "order", 1)
    progress.latency = Latency(clock=lambda: 100.0)
    tally = Tally(progress, None)
    for offset, timestamp_ms in enumerate([99_980, 99_000, 101_000, None, 10]):
        tally.take_dead(old(offset, timestamp_ms), "payload")
    tally.take_dead(old(0, 99_980), "payload")
    found = samples(progress)
    assert found["consumer_latency_seconds_bucket", "0.005"] == 1, "a clock that is ahead is no age"
    assert found["consumer_latency_seconds_bucket", "0.025"] == 2
    assert found["consumer_latency_seconds_bucket", "1.0"] == 3
    assert found["consumer_latency_seconds_bucket", "+Inf"] == found["consumer_latency_seconds_count",] == 4
    assert found["consumer_latency_seconds_sum",] == pytest.approx(0.02 + 1 + 99.99)
    assert progress.latency.as_json() == {
        "count": 4,
        "sum_s": 101.01,
        "half_within_s": 0.025,
        "99_of_100_within_s": 300.0,
    }


class Ends:
    """A client that was told these ends; None: it has fetched nothing."""

    def __init__(self, ends: dict[int, int | None], committed: dict[int, int]) -> None:
        self.ends, self.committed_offsets, self.asked = ends, committed, 0

    def get_watermark_offsets(self, place: TopicPartition, cached: bool) -> tuple[int, int]:
        assert cached, "the loop does not wait for a broker"
        end = self.ends[place.partition]
        if end is None:
            raise KafkaException
        return 0, end

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout <= 1
        self.asked += 1
        return [TopicPartition(each.topic, each.partition, self.committed_offsets[each.partition]) for each in places]


def test_lag_is_what_lies_between_the_next_record_and_the_end(clock: Clock) -> None:
    progress = Progress("mine", "order", 1, assigned=[0, 1, 2, 3])
    progress.positions.update({0: 7, 3: 9})
    client: Any = Ends({0: 10, 1: 50, 2: None, 3: 8}, {1: 45, 2: -1001})
    meter = LagMeter(client, "orders", progress, clock)
    meter.measure()
    assert progress.lag == {0: 3, 1: 5, 3: 0}, "2 is not known yet"
    client.ends[2] = 4
    progress.assigned = [0, 2]
    meter.measure()
    assert progress.lag == {0: 3, 2: 4}, "nothing committed: from the beginning"
    assert client.asked == 1
