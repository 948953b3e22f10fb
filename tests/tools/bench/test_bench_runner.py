"""Contenders take turns, aims are judged, and a row that fails keeps no other back."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import pytest

from tools.bench.case import Aim, Case, Contender, Metric, NotHere, Row, Scale
from tools.bench.runner import Outcome, run_case, run_rows
from tools.errors import UserError

RATE = Metric("rate", "/s")
WAIT = Metric("wait", "ms", more_is_better=False)


def _fixed(name: str, calls: list[str], **figures: float) -> Contender:
    def measure() -> Mapping[str, float]:
        calls.append(name)
        return figures

    return Contender(name, measure)


def _case(calls: list[str], *aims: Aim) -> Case:
    contenders = (_fixed("ours", calls, rate=60.0, wait=5.0), _fixed("floor", calls, rate=100.0, wait=2.0))
    return Case("case", (RATE, WAIT), contenders, aims)


def test_contenders_take_turns_and_none_is_always_first() -> None:
    calls: list[str] = []
    run_case("row", _case(calls), 3)
    assert calls == ["ours", "floor", "floor", "ours", "ours", "floor"]


def test_a_round_of_pieces_has_their_mean_as_its_figure() -> None:
    calls: list[str] = []
    counted = iter(range(1, 100))
    ours = Contender("ours", lambda: {"rate": float(next(counted))})
    case = Case("case", (RATE,), (ours, _fixed("floor", calls, rate=4.0)), pieces=3)
    outcome = run_case("row", case, 2)
    assert outcome.samples == {"ours": {"rate": [2.0, 5.0]}, "floor": {"rate": [4.0, 4.0]}}
    assert len(calls) == 6


@pytest.mark.parametrize(
    ("aim", "met"),
    [
        (Aim("rate", "floor", 0.6), True),
        (Aim("rate", "floor", 0.61), False),
        (Aim("wait", "floor", 2.5), True),
        (Aim("wait", "floor", 2.4), False),
        (Aim("wait", "floor", 2.0, allowance=1.0), True),
    ],
)
def test_an_aim_is_judged_by_what_is_better(aim: Aim, met: bool) -> None:
    (verdict,) = run_case("row", _case([], aim), 2).verdicts
    assert verdict.met is met


def _row(name: str, *cases: Case, error: Exception | None = None, x_name: str = "") -> Row:
    def open_cases(_scale: Scale) -> Generator[Case]:
        yield from cases
        if error is not None:
            raise error

    return Row(name, name, x_name, open_cases)


def test_a_row_that_fails_or_cannot_be_run_keeps_no_other_back() -> None:
    rows = [
        _row("missing", error=NotHere("no wrk")),
        _row("broken", _case([]), error=UserError("it was refused")),
        _row("mistaken", error=KeyError("our own")),
        _row("good", _case([])),
    ]
    said: list[str] = []
    shown: list[Outcome] = []
    run = run_rows(rows, Scale(rounds=1), said.append, shown.append)
    assert [outcome.row for outcome in run.outcomes] == ["broken", "good"]
    assert run.outcomes == shown
    assert (run.left_out, run.failed) == (
        {"missing": "no wrk"},
        {"broken": "it was refused", "mistaken": "KeyError('our own')"},
    )
    assert any("left out: no wrk" in line for line in said)
    assert any("FAILED: it was refused" in line for line in said)


def test_a_row_is_closed_where_a_case_breaks() -> None:
    closed: list[bool] = []

    def break_down() -> Mapping[str, float]:
        raise UserError("void")

    def open_cases(_scale: Scale) -> Generator[Case]:
        try:
            yield Case("case", (RATE,), (Contender("ours", break_down),))
        finally:
            closed.append(True)

    run = run_rows([Row("row", "row", "", open_cases)], Scale(), lambda _: None, lambda _: None)
    assert closed == [True]
    assert run.failed == {"row": "void"}


def test_a_row_that_grows_takes_fewer_rounds() -> None:
    calls: list[str] = []
    run_rows([_row("grows", _case(calls), x_name="fields")], Scale(rounds=7), lambda _: None, lambda _: None)
    assert calls.count("ours") == 3
