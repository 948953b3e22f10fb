"""A ledger that could not find a loss would prove nothing: each kind of fault is put in, and must be found."""

from __future__ import annotations

import pytest

from tests.faults.ledger import Ledger, Place

HERE, THERE = Place(0, 7), Place(1, 3)


@pytest.fixture
def ledger() -> Ledger:
    """One event, sent once."""
    ledger = Ledger()
    ledger.send("a", "click")
    return ledger


def faults_of(ledger: Ledger) -> dict[str, list[str]]:
    return {kind: ids for kind, ids in ledger.balance().faults.items() if ids}


def test_an_acknowledged_event_that_is_there_once_holds(ledger: Ledger) -> None:
    ledger.acknowledge("a", HERE)
    ledger.find("a", "click", HERE)
    balance = ledger.balance()
    assert balance.holds
    assert (balance.events, balance.acknowledged, balance.records, balance.repeated) == (1, 1, 1, 0)


def test_an_acknowledged_event_that_is_not_there_is_missing(ledger: Ledger) -> None:
    ledger.acknowledge("a", HERE)
    assert faults_of(ledger) == {"missing": ["a"]}


def test_two_acknowledgements_are_two_records(ledger: Ledger) -> None:
    ledger.acknowledge("a", HERE)
    ledger.send("a", "click")
    ledger.acknowledge("a", THERE)
    ledger.find("a", "click", HERE)
    assert faults_of(ledger) == {"missing": ["a"]}


def test_a_second_record_without_a_second_attempt_is_doubled(ledger: Ledger) -> None:
    ledger.acknowledge("a", HERE)
    ledger.find("a", "click", HERE)
    ledger.find("a", "click", THERE)
    assert faults_of(ledger) == {"doubled": ["a"]}


def test_a_retry_after_a_doubt_may_leave_two_records_and_no_third(ledger: Ledger) -> None:
    ledger.doubt("a", "connection")
    ledger.send("a", "click")
    ledger.acknowledge("a", THERE)
    ledger.find("a", "click", HERE)
    ledger.find("a", "click", THERE)
    assert ledger.balance().holds
    assert ledger.balance().repeated == 1
    ledger.find("a", "click", Place(2, 2))
    assert faults_of(ledger) == {"doubled": ["a"]}


def test_what_is_in_doubt_may_be_there_or_not(ledger: Ledger) -> None:
    ledger.doubt("a", "time-out")
    assert ledger.balance().holds
    ledger.find("a", "click", HERE)
    assert ledger.balance().holds


def test_a_record_that_says_something_else_is_changed(ledger: Ledger) -> None:
    ledger.acknowledge("a", HERE)
    ledger.find("a", "purchase", HERE)
    assert faults_of(ledger) == {"changed": ["a"]}


def test_a_record_at_another_place_than_was_told_is_misplaced(ledger: Ledger) -> None:
    ledger.acknowledge("a", HERE)
    ledger.find("a", "click", THERE)
    assert faults_of(ledger) == {"misplaced": ["a"]}


def test_a_refused_event_must_not_be_there(ledger: Ledger) -> None:
    ledger.refuse("a", "invalid-event")
    assert ledger.balance().holds
    ledger.find("a", "click", HERE)
    assert faults_of(ledger) == {"unfounded": ["a"]}


def test_a_record_that_nobody_sent_is_unfounded(ledger: Ledger) -> None:
    ledger.refuse("a", "invalid-event")
    ledger.find("b", "click", HERE)
    assert faults_of(ledger) == {"unfounded": ["b"]}


def test_an_attempt_without_an_outcome_is_unaccounted(ledger: Ledger) -> None:
    assert faults_of(ledger) == {"unaccounted": ["a"]}


def test_a_retry_with_another_content_is_the_drills_own_mistake(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="a retry repeats the event"):
        ledger.send("a", "purchase")


def test_reading_the_same_record_twice_doubles_nothing(ledger: Ledger) -> None:
    ledger.acknowledge("a", HERE)
    ledger.find("a", "click", HERE)
    ledger.find("a", "click", HERE)
    assert ledger.balance().holds


def test_balances_add_up_and_are_printed(ledger: Ledger) -> None:
    ledger.acknowledge("a", HERE)
    other = Ledger()
    other.send("b", "click")
    other.refuse("b", "overloaded")
    total = ledger.balance()
    total.add(other.balance())
    assert (total.events, total.attempts, total.acknowledged) == (2, 2, 1)
    text = "\n".join(total.lines())
    assert "overloaded 1" in text
    assert "missing                          1   a" in text


def test_the_places_of_an_event_are_told_first_record_first(ledger: Ledger) -> None:
    assert ledger.places() == {}, "an event that is not in the topic has none"
    ledger.find("a", "click", THERE)
    ledger.find("a", "click", HERE)
    assert ledger.places() == {"a": [HERE, THERE]}
