"""Outcomes of made-up work, for tests of what is made from them."""

from __future__ import annotations

from tools.bench.case import Aim, Case, Contender, Metric, Scale
from tools.bench.record import Record, make_record
from tools.bench.runner import Outcome, Run

RATE = Metric("rate", "/s")


def outcome(row: str, name: str, rates: dict[str, list[float]], *aims: Aim, x: float | None = None) -> Outcome:
    """An outcome with the rounds of each contender; the first is the product."""
    contenders = tuple(Contender(contender, dict) for contender in rates)
    case = Case(name, (RATE,), contenders, aims, "a note", x)
    return Outcome(row, case, {contender: {"rate": rounds} for contender, rounds in rates.items()})


def measured() -> Record:
    """All that the sizing needs, a row that grows, and one that was left out."""
    outcomes = [
        outcome("encode", "v1", {"product": [30.0, 20.0], "fastavro": [10.0, 10.0]}, Aim("rate", "fastavro", 1.5)),
        outcome("single", "256 connections", {"product": [2_000.0], "bare ASGI": [4_000.0]}),
        outcome("batch", "1 worker", {"product": [10_000.0], "produce_batch": [50_000.0]}),
        outcome("consume", "standard", {"standard": [20_000.0], "loop": [10_000.0]}),
        outcome("grow-fields", "1 field", {"product": [900.0], "msgspec": [5_000.0]}, x=1),
        outcome("grow-fields", "500 fields", {"product": [9.0], "msgspec": [50.0]}, x=500),
    ]
    run = Run(outcomes, {"memory": "it is read from /proc"}, {"registry": "it was answered 500"})
    return make_record({"processor": "a test, 2 cores", "Java": ""}, Scale(), run)
