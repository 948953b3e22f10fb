"""The loop in random worlds: whatever happens, no record is skipped and no offset passes work that is not done.

The world itself refuses a commit that passes a record which is neither handled nor in the dead-letter topic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.runtime import AvroModel
from consumers.effects import Produce
from consumers.faults import ConsumerError, TransientError
from consumers.record import Record
from consumers.testing import Crash, Driver, crash_everywhere
from tests.consumers.fakes import CONTRACT

PARTITIONS = 3
V1, V2 = CONTRACT.model(1), CONTRACT.model(2)


def event(number: int, user: int, version: int = 2) -> AvroModel:
    page = "page" if version == 1 else "page_url"
    return CONTRACT.model(version).model_validate(
        {
            "event_id": UUID(int=number),
            "user_id": f"u-{user}",
            "action": "click",
            page: "/",
            "occurred_at": datetime(2026, 1, 2, tzinfo=UTC),
        },
        strict=False,
    )


class Shop:
    """Fails as it is told, and keeps what it has taken, per key in the order in which it came."""

    def __init__(self) -> None:
        self.taken: dict[bytes | None, list[int]] = defaultdict(list)
        self.failures: list[Exception] = []

    def __call__(self, found: AvroModel, record: Record) -> list[Produce]:
        if self.failures:
            raise self.failures.pop()
        self.taken[record.key].append(record.offset)
        return []


Act = Callable[[Driver[Shop]], None]


def send(driver: Driver[Shop], users: list[int], version: int) -> None:
    for user in users:
        driver.send(event(len(driver.world.records("events")), user, version))


def rebalance(driver: Driver[Shop], partition: int, lost: bool) -> None:
    if driver.consumer is not None:
        driver.consumer.take_away(partition, lost=lost)
        driver.consumer.give(partition)


def steps(driver: Driver[Shop], count: int) -> None:
    with suppress(ConsumerError, Crash):
        for _ in range(count):
            driver.step()


def stop(driver: Driver[Shop]) -> None:
    with suppress(ConsumerError, Crash):
        driver.stop()


ACTS = st.one_of(
    st.builds(
        lambda users, version: lambda d: send(d, users, version),
        st.lists(st.integers(0, 9), min_size=1, max_size=8),
        st.sampled_from([1, 2]),
    ),
    st.builds(lambda partition: lambda d: d.send_bytes(b"junk", b"k", partition), st.integers(0, PARTITIONS - 1)),
    st.builds(lambda: lambda d: d.send_bytes(None, b"k", 0)),
    st.builds(lambda n: lambda d: steps(d, n), st.integers(1, 12)),
    st.builds(
        lambda e, n: lambda d: d.function.failures.extend([e("told so")] * n),
        st.sampled_from([TransientError, ValueError, ConnectionError]),
        st.integers(1, 6),
    ),
    st.builds(lambda p, lost: lambda d: rebalance(d, p, lost), st.integers(0, PARTITIONS - 1), st.booleans()),
    st.builds(lambda n: lambda d: d.crash_at(len(d.world.points) + n), st.integers(0, 30)),
    st.just(lambda d: d.kill()),
    st.just(stop),
    st.builds(lambda away: lambda d: setattr(d.world, "registry_away", away), st.booleans()),
    st.builds(lambda silent: lambda d: setattr(d.world, "broker_silent", silent), st.booleans()),
)


@given(
    users=st.lists(st.integers(0, 9), max_size=30),
    acts=st.lists(ACTS, max_size=25),
    concurrency=st.sampled_from([0, 1, 4]),
    interval_s=st.sampled_from([0.0, 1.0]),
    seed=st.integers(0, 999),
)
def test_no_record_is_skipped_and_commits_are_contiguous(
    users: list[int], acts: list[Act], concurrency: int, interval_s: float, seed: int
) -> None:
    driver = Driver(
        Shop(),
        CONTRACT,
        partitions=PARTITIONS,
        concurrency=concurrency,
        own_thread=not concurrency,
        commit_interval_s=interval_s,
        seed=seed,
        dead_letter_limit=100,
    )
    send(driver, users, 2)
    for act in acts:
        act(driver)
    driver.world.registry_away = driver.world.broker_silent = False
    driver.world.crash_at = None
    driver.function.failures.clear()
    driver.run()
    assert driver.unhandled == []
    assert driver.world.caught_up


@given(users=st.lists(st.integers(0, 5), min_size=1, max_size=40), seed=st.integers(0, 999), failing=st.integers(0, 4))
def test_lanes_keep_the_order_of_each_key(users: list[int], seed: int, failing: int) -> None:
    driver = Driver(Shop(), CONTRACT, partitions=PARTITIONS, concurrency=4, seed=seed)
    driver.send(*[event(number, user) for number, user in enumerate(users)])
    driver.function.failures.extend([TransientError("busy")] * failing)
    driver.run()
    assert sum(map(len, driver.function.taken.values())) == len(users)
    for offsets in driver.function.taken.values():
        assert offsets == sorted(offsets)


@pytest.mark.parametrize("concurrency", [0, 1, 3])
def test_a_crash_at_every_point_loses_nothing(concurrency: int) -> None:
    def make() -> Driver[Shop]:
        driver = Driver(Shop(), CONTRACT, partitions=2, concurrency=concurrency, own_thread=not concurrency)
        driver.send(*[event(number, number % 3, 1 + number % 2) for number in range(5)])
        driver.send_bytes(b"junk", b"k", 1)
        return driver

    crashes = 0
    for driver in crash_everywhere(make):
        crashes += 1
        assert len({(letter.facts["partition"], letter.facts["offset"]) for letter in driver.dead_letters}) == 1
    assert crashes > 20


def test_the_world_refuses_a_commit_that_passes_work() -> None:
    driver = Driver(Shop(), CONTRACT)
    driver.send(event(1, 1), event(2, 2))
    driver.world.settled.add((0, 1))
    with pytest.raises(AssertionError, match=r"events\[0\] was committed up to 2, and the record at 0"):
        driver.world.commit(0, 2)


def test_an_event_that_was_there_before_is_passed_over_also_after_a_restart() -> None:
    def make() -> Driver[Shop]:
        driver = Driver(Shop(), CONTRACT, dedupe_field="event_id", dedupe_window=3)
        driver.send(*[event(number, number) for number in (1, 2, 1, 3, 4, 5, 1, 4)])
        return driver

    for driver in crash_everywhere(make):
        offsets = [offset for taken in driver.function.taken.values() for offset in taken]
        assert set(offsets) == {0, 1, 3, 4, 5, 6}, "the window is three records long"


def test_more_than_can_be_handled_waits_at_the_broker() -> None:
    driver = Driver(Shop(), CONTRACT)
    driver.send(*[event(number, 1) for number in range(900)])
    driver.function.failures.extend([TransientError("busy")] * 4)
    most = 0
    while not driver.world.caught_up:
        driver.step()
        assert driver._loop is not None
        most = max(most, driver._loop._assignment.in_hand)
    assert most <= 500
    driver.stop()
    assert [len(taken) for taken in driver.function.taken.values()] == [900]


def test_virtual_time_passes_without_waiting() -> None:
    driver = Driver(Shop(), CONTRACT, attempts=50)
    driver.send(event(1, 1))
    driver.function.failures.extend([TransientError("busy")] * 40)
    before = driver.now
    driver.run()
    assert (driver.now - before).total_seconds() > 100
    assert driver.unhandled == []


@pytest.mark.parametrize("lost", [False, True])
def test_a_partition_that_goes_while_all_are_paused_brings_records_when_it_comes_back(lost: bool) -> None:
    """In librdkafka a pause outlives the assignment: the consumer stood still after brokers had been killed."""
    driver = Driver(Shop(), CONTRACT, partitions=PARTITIONS)
    send(driver, [0, 1, 2, 3, 4, 5], 2)
    driver.world.registry_away = True
    steps(driver, 5)
    assert driver.progress.state == "paused"
    driver.consumer.take_away(*range(PARTITIONS), lost=lost)
    steps(driver, 2)
    driver.world.registry_away = False
    steps(driver, 20)
    driver.consumer.give(*range(PARTITIONS))
    driver.run()
    assert driver.world.caught_up
