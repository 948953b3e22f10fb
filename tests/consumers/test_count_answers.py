from __future__ import annotations

import weakref
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest

from consumers.counts.answers import CountAnswers
from consumers.counts.windows import MINUTE_MS, Count, Window, Windows
from consumers.faults import Unavailable
from consumers.running import members
from consumers.running.members import Member, client_id_for, member_from
from consumers.running.progress import Progress

OTHER = Member("counts@10.0.0.2:8090", "10.0.0.2", "http://10.0.0.2:8090")


def answers(
    assigned: list[int], holders: dict[int, Member] | None = None, held: list[int] | None = None
) -> CountAnswers:
    windows = Windows({Window(0, MINUTE_MS, "click"): Count(3, 9), Window(1, MINUTE_MS, "click"): Count(4, 9)})
    windows.hold(assigned if held is None else held)
    progress = Progress("counts", "user_action", 2, assigned=assigned)

    def ask() -> dict[int, Member]:
        if holders is None:
            raise Unavailable("the brokers did not say")
        return holders

    return CountAnswers("events", windows, progress, lambda: 2, ask)


def ask(of: CountAnswers, **query: str) -> tuple[HTTPStatus, Any]:
    return of.answer(query)


def test_a_process_that_holds_all_has_the_whole_count() -> None:
    status, told = ask(answers([0, 1]), window="1970-01-01T00:01Z", key="click")
    assert status is HTTPStatus.OK
    assert told == {
        "source": "events",
        "window": "1970-01-01T00:01Z",
        "key": "click",
        "count": 7,
        "partitions": {0: 3, 1: 4},
        "complete": True,
        "restoring": [],
        "elsewhere": {},
    }


def test_one_that_holds_a_part_says_whom_to_ask_for_the_rest() -> None:
    _, told = ask(answers([0], {1: OTHER}), window="1970-01-01T00:01:30+00:00", key="click")
    assert (told["count"], told["complete"]) == (3, False)
    assert told["elsewhere"] == {1: {"client_id": OTHER.client_id, "host": "10.0.0.2", "url": "http://10.0.0.2:8090"}}


def test_a_partition_whose_counts_are_still_being_read_back_is_no_zero() -> None:
    _, told = ask(answers([0, 1], {}, held=[0]), window="1970-01-01T00:01Z", key="click")
    assert (told["count"], told["partitions"], told["complete"]) == (3, {0: 3}, False)
    assert (told["restoring"], told["elsewhere"]) == ([1], {})


def test_a_partition_that_nobody_has_now_is_said() -> None:
    _, told = ask(answers([0], {}), window="1970-01-01T00:01Z", key="click")
    assert told["elsewhere"] == {1: None}


def test_what_nobody_saw_is_zero() -> None:
    assert ask(answers([0, 1]), window="1970-01-01T00:02Z", key="click")[1]["count"] == 0


def test_brokers_that_are_away_are_no_answer() -> None:
    status, told = ask(answers([0]), window="1970-01-01T00:01Z", key="click")
    assert (status, told) == (HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the brokers did not say"})


@pytest.mark.parametrize("query", [{}, {"window": "1970-01-01T00:01Z"}, {"window": "noon", "key": "click"}])
def test_a_question_that_is_none_gets_an_example(query: dict[str, str]) -> None:
    status, told = answers([0, 1]).answer(query)
    assert status is HTTPStatus.BAD_REQUEST
    assert "/counts?window=" in told["error"]


def test_a_member_is_found_by_what_it_calls_itself() -> None:
    name = client_id_for("counts", "10.0.0.2", 8090)
    assert member_from(name, "10.0.0.2") == OTHER
    assert member_from("rdkafka", "10.0.0.2").url is None
    assert not client_id_for("counts", "0.0.0.0", 1).startswith("counts@0.0.0.0")


class Admin:
    """As the client library's: what was asked ends unanswered when the client goes."""

    def describe_consumer_groups(self, groups: list[str], **_: float) -> dict[str, Answer]:
        return {group: Answer(weakref.ref(self)) for group in groups}


class Answer:
    def __init__(self, client: weakref.ref[Admin]) -> None:
        self.client = client

    def result(self, _timeout_s: float) -> SimpleNamespace:
        if self.client() is None:
            raise TimeoutError
        place = SimpleNamespace(topic="events", partition=1)
        return SimpleNamespace(
            members=[
                SimpleNamespace(
                    client_id=OTHER.client_id,
                    host="/10.0.0.2",
                    assignment=SimpleNamespace(topic_partitions=[place, SimpleNamespace(topic="else", partition=0)]),
                )
            ]
        )


def test_the_group_is_asked_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "make_admin", Admin)
    assert members.holders_of("asked", "events") == {1: OTHER}
