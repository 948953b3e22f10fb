"""Transactions in the real loop, without a broker: what is committed is there once, wherever the process dies."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from confluent_kafka import KafkaError, KafkaException

from codegen.models.activity_count.v1 import ActivityCount
from codegen.models.user_action.v2 import Action, UserAction
from consumers.effects import Produce
from consumers.faults import ConsumerError, TransientError
from consumers.testing import Crash, Driver, Guarantee, crash_everywhere

AT = datetime(2026, 1, 2, tzinfo=UTC)


def action(number: int, user: str = "ann") -> UserAction:
    return UserAction(event_id=UUID(int=number), user_id=user, action=Action.LOGIN, page_url="/", occurred_at=AT)


def count_of(event: UserAction, part: str) -> Produce:
    return Produce(
        ActivityCount(
            bucket=f"{event.event_id.int}{part}",
            source_topic="events",
            source_partition=0,
            window_start=AT,
            action="login",
            count=1,
            next_offset=0,
        )
    )


def two_of_each(event: UserAction) -> list[Produce]:
    if event.user_id == "bad":
        raise ValueError("no")
    return [count_of(event, "a"), count_of(event, "b")]


def make(
    guarantee: Guarantee = Guarantee.EXACTLY_ONCE, partitions: int = 2, own_thread: bool = False
) -> Driver[object]:  # type: ignore[type-var]
    driver = Driver(
        two_of_each, partitions=partitions, guarantee=guarantee, commit_interval_s=0.5, own_thread=own_thread
    )
    for number in range(4):
        driver.send(action(number), partition=number % partitions)
    driver.send(action(4, "bad"), partition=0)
    return driver  # type: ignore[return-value]


WANTED = {f"{number}{part}": 1 for number in range(4) for part in "ab"}


def made(driver: Driver[object]) -> Counter[str]:  # type: ignore[type-var]
    return Counter(each.bucket for each in driver.produced(ActivityCount))


@pytest.mark.parametrize("own_thread", [False, True])
def test_wherever_the_process_dies_each_effect_and_each_dead_letter_is_there_once(own_thread: bool) -> None:
    crashes = 0
    for driver in crash_everywhere(lambda: make(own_thread=own_thread)):
        crashes += 1
        assert made(driver) == WANTED
        assert len(driver.dead_letters) == 1
    assert crashes > 40


def test_at_least_once_repeats_what_a_crash_cut_off() -> None:
    """So that the test above can fail."""
    repeated = [driver for driver in crash_everywhere(lambda: make(Guarantee.AT_LEAST_ONCE)) if made(driver) != WANTED]
    assert repeated


@pytest.mark.parametrize("lost", [False, True])
def test_a_partition_that_goes_and_comes_back_repeats_nothing(lost: bool) -> None:
    for steps in range(1, 12):
        driver = make()
        for _ in range(steps):
            driver.step()
        assert driver.consumer is not None
        driver.consumer.take_away(0, lost=lost)
        driver.step()
        driver.consumer.give(0)
        driver.run()
        assert (made(driver), len(driver.dead_letters), driver.unhandled) == (WANTED, 1, [])


def test_what_the_coordinator_refuses_is_done_again() -> None:
    driver = make()
    driver.start()
    transactions = driver._loop.commits.producer  # type: ignore[union-attr]
    send, refused = transactions.send_offsets_to_transaction, []

    def refuse_once(places: object, _owned: object, timeout_s: float) -> None:
        refused.append(places)
        send(places, frozenset() if len(refused) == 1 else frozenset({0, 1}), timeout_s)

    transactions.send_offsets_to_transaction = refuse_once
    driver.run()
    assert len(refused) > 1
    assert (made(driver), len(driver.dead_letters)) == (WANTED, 1)


def test_a_commit_whose_answer_is_missing_is_asked_for_again() -> None:
    driver = make()
    driver.start()
    transactions = driver._loop.commits.producer  # type: ignore[union-attr]
    commit, asked = transactions.commit_transaction, []

    def silent_twice(timeout_s: float) -> None:
        asked.append(timeout_s)
        driver.world.broker_silent = len(asked) <= 2
        commit(timeout_s)

    transactions.commit_transaction = silent_twice
    driver.run()
    assert len(asked) > 2
    assert made(driver) == WANTED


def test_while_a_dependency_is_away_no_transaction_stays_open() -> None:
    driver = make(partitions=1)
    stuck = [True]

    def unlucky(event: UserAction) -> list[Produce]:
        if event.event_id.int == 2 and stuck[0]:
            from consumers.faults import Unavailable

            raise Unavailable("the database is away")
        return two_of_each(event)

    driver.function = unlucky
    driver.start()
    for _ in range(300):
        driver.step()
    assert driver.world.points.count("abort a transaction") >= 1
    stuck[0] = False
    driver.run()
    assert made(driver) == WANTED


def test_a_retry_waits_outside_of_what_is_committed() -> None:
    failures = iter([True, True])

    def flaky(event: UserAction) -> list[Produce]:
        if event.event_id.int == 1 and next(failures, False):
            raise TransientError("again")
        return two_of_each(event)

    driver = Driver(flaky, guarantee=Guarantee.EXACTLY_ONCE, commit_interval_s=0.1)
    driver.send(*[action(number) for number in range(4)])
    driver.run()
    assert made(driver) == WANTED


def test_a_crash_between_two_transactions_needs_nothing_done_again() -> None:
    driver = make()
    driver.run()
    committed = driver.world.points.index("transaction committed")
    again = make()
    again.crash_at(committed)
    with pytest.raises(Crash):
        again.run()
    before = made(again)
    again.run()
    assert made(again) == WANTED
    assert before <= made(again)


def test_a_producer_that_was_fenced_ends_the_process_with_a_sentence() -> None:
    """As the client tells it: a fatal error in the midst of its callbacks, of which the next makes a SystemError."""
    driver = make()
    driver.start()
    transactions = driver._loop.commits.producer  # type: ignore[union-attr]

    def fenced(_timeout_s: float) -> int:
        cause = KafkaException(KafkaError(KafkaError._FENCED, "fenced by a newer instance", True))
        raise SystemError("a result with an exception set") from cause

    transactions.flush = fenced
    with pytest.raises(ConsumerError, match=r"cannot go on \(fenced by a newer instance\)"):
        driver.run()
