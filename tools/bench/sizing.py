"""How many workers, consumers, partitions and brokers for N events a second, computed from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final, NamedTuple

from tools.bench.runner import Outcome
from tools.errors import UserError

HEADROOM: Final = 0.6  # of what was measured at the limit, so that peaks and a lost worker find room
REPLICAS: Final = 3
LEAST_BROKERS: Final = 3
RATES: Final = (1_000, 10_000, 100_000, 1_000_000)


class NothingMeasured(UserError):
    """A row that the sizing needs is not in the run."""


class Inputs(NamedTuple):
    """Measured: events a second of one worker or process, bytes of one event on the wire and in the topic."""

    single: float
    batch: float
    consumer: float
    produced: float
    json_bytes: float
    record_bytes: float


class Size(NamedTuple):
    """What N events a second need."""

    events: int
    single_workers: int
    batch_workers: int
    consumers: int
    partitions: int
    brokers: int
    megabytes: float


def inputs_from(outcomes: Sequence[Outcome], json_bytes: float, record_bytes: float) -> Inputs:
    """The figures of the rows `single`, `batch` and `consume`. Raises NothingMeasured."""

    def figure(row: str, case: str, contender: str) -> float:
        for outcome in outcomes:
            if outcome.row == row and outcome.case.name == case:
                return outcome.spread(contender, "rate").median
        raise NothingMeasured(f"the sizing needs the row {row} ({case}), which this run has not: run all rows")

    return Inputs(
        single=figure("single", "256 connections", "product"),
        batch=figure("batch", "1 worker", "product"),
        consumer=figure("consume", "standard", "standard"),
        produced=figure("batch", "1 worker", "produce_batch"),
        json_bytes=json_bytes,
        record_bytes=record_bytes,
    )


def size_for(events: int, inputs: Inputs) -> Size:
    """Each part by its own measured limit.

    A partition is read by one consumer of a group, so there are as many as consumers at least; a broker takes each
    record as often as it is replicated, divided among all brokers.
    """
    consumers = _parts(events, inputs.consumer)
    brokers = max(LEAST_BROKERS, _parts(events * REPLICAS, inputs.produced))
    return Size(
        events,
        single_workers=_parts(events, inputs.single),
        batch_workers=_parts(events, inputs.batch),
        consumers=consumers,
        partitions=max(brokers, consumers),
        brokers=brokers,
        megabytes=events * inputs.record_bytes / 1e6,
    )


def _parts(events: float, limit: float) -> int:
    return max(1, ceil(events / (HEADROOM * limit)))


def sizing_page(inputs: Inputs, machine: str) -> str:
    """docs/sizing.md."""
    rows = "\n".join(
        f"| {size.events:,} | {size.single_workers} | {size.batch_workers} | {size.consumers} | {size.partitions} "
        f"| {size.brokers} | {size.megabytes:,.1f} |"
        for size in (size_for(events, inputs) for events in RATES)
    )
    return _PAGE.format(
        machine=machine,
        rows=rows,
        headroom=HEADROOM,
        replicas=REPLICAS,
        least=LEAST_BROKERS,
        **{name: f"{value:,.0f}" for name, value in inputs._asdict().items()},
    )


_PAGE: Final = """\
# Sizing

Written by `make bench-full` (`tools/bench/sizing.py`) from the figures of [benchmarks.md](benchmarks.md); do not edit.

Measured on {machine}, where the broker, the API or consumer and the load share the cores, so that on machines of their
own each part does more:

| input | figure |
|---|---|
| one API worker, one event a request | {single} events/s |
| one API worker, NDJSON of 500 | {batch} events/s |
| one standard consumer | {consumer} records/s |
| one broker, fed by one process with `produce_batch` | {produced} records/s |
| an event as JSON | {json_bytes} bytes |
| its record: frame, Avro and key | {record_bytes} bytes |

Of each limit {headroom:.0%} are planned with. Records are replicated {replicas} times; a replica costs a broker what
the record itself costs. There are {least} brokers at least, so that one may fail.

| events/s | workers, single events | workers, NDJSON | consumers | partitions | brokers | MB/s into the topic |
|---:|---:|---:|---:|---:|---:|---:|
{rows}

How each column is made, for N events a second:

- workers = N / ({headroom:g} × events/s of a worker), and consumers likewise, rounded up. A worker or consumer is one
  process, and wants a core.
- brokers = N × {replicas} / ({headroom:g} × records/s of a broker), rounded up, {least} at least.
- partitions = the consumers of the largest group, and one for each broker at least. Keys stay where they are only while
  the number of partitions stays: take the number of the rate that is expected in the end.
- MB/s = N × bytes of a record, before the broker's replication and without compression.

What is not measured here, and is assumed: that workers on further machines add up (they share nothing but the brokers),
that the network carries the MB/s, and that keys spread evenly over the partitions.
"""
