"""The books of a run: what adds up, and what is said when it does not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from rich.console import Console

from tools.reconciliation import Reconciliation, flow_table, totals_table


def report(name: str, decoded: int, dead: int = 0, **totals: int) -> dict[str, Any]:
    return {
        "consumer": name,
        "seen": decoded + dead,
        "decoded": decoded,
        "dead_lettered": dead,
        "tombstones": 0,
        "totals": totals,
        "by_schema_version": {"2": decoded},
    }


def sound_books() -> Reconciliation:
    books = Reconciliation(
        sent=10,
        acknowledged=8,
        totals=Counter(click=5, login=3),
        reasons=Counter({"validate user_id": 2}),
        received=10,
        accepted=8,
        refused=Counter(validate=2),
        produced=8,
    )
    books.add_consumer(report("standard", 8, click=5, login=3))
    books.add_consumer(report("counts", 8, click=5, login=3))
    return books


def test_books_that_add_up_have_no_problem() -> None:
    assert sound_books().problems() == []


def test_a_consumer_that_was_restarted_is_added_up() -> None:
    books = sound_books()
    books.consumers.pop("counts")
    books.add_consumer(report("counts", 3, click=3))
    books.add_consumer(report("counts", 5, click=2, login=3))
    assert books.problems() == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"received": 11}, "the API received 11 but accepted 8 and refused 2"),
        ({"produced": 7}, "the API accepted 8 but the broker acknowledged 7"),
        ({"acknowledged": 9}, "the client was acknowledged 9 events, the API accepted 8"),
        ({"reasons": Counter(parse=1)}, "the client was refused 1 events, the API refused 2"),
        ({"unanswered": 1}, "1 events got no final answer"),
        ({"surprises": 2}, "2 events were answered otherwise than they deserved"),
    ],
)
def test_a_sum_that_does_not_hold_is_a_sentence(change: dict[str, object], sentence: str) -> None:
    books = sound_books()
    for name, value in change.items():
        setattr(books, name, value)
    assert books.problems() == [sentence]


def test_an_event_that_a_consumer_missed_is_named() -> None:
    books = sound_books()
    books.add_consumer(report("faust", 7, click=4, login=3))
    assert books.problems() == [
        "8 events were accepted, but faust read 7",
        "the totals per action of faust differ: {'click': 4, 'login': 3} instead of {'click': 5, 'login': 3}",
    ]


def test_a_dead_letter_is_a_problem_although_it_was_seen() -> None:
    books = sound_books()
    books.add_consumer(report("faust", 8, dead=1, click=5, login=3))
    assert books.problems() == ["faust dead-lettered 1 records"]


def test_without_the_fake_client_the_consumers_are_held_against_each_other() -> None:
    books = sound_books()
    books.sent = books.acknowledged = books.totals = books.reasons = None
    assert books.problems() == []
    books.consumers["counts"].totals["click"] -= 1
    assert len(books.problems()) == 1


def test_the_tables_say_everything() -> None:
    console = Console(width=100, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(flow_table(sound_books()))
        table = totals_table(sound_books())
        assert table is not None
        console.print(table)
    text = captured.get()
    for word in (
        "sent by the fake client",
        "refused",
        "validate",
        "seen by standard",
        "seen by counts",
        "click",
        "all",
    ):
        assert word in text
