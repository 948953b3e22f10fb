"""What the API counts, for Prometheus and for the report at the end.

With several workers each process counts for itself; where PROMETHEUS_MULTIPROC_DIR is set, prometheus_client keeps the
counts of all workers in that folder, and any of them answers with the sums.
"""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_left
from collections import Counter as Multiset
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from producer_api.bounds import Bound
from producer_api.errors import Stage

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# Seconds: an acknowledgement takes milliseconds, and ends at the delivery time-out.
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Tally:
    """A counter to which the increments of one turn of the event loop are added as one: each costs as much as a few."""

    __slots__ = ("_counter", "_pending")

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._pending = 0

    def inc(self, amount: int = 1) -> None:
        """Belongs to the event loop."""
        if not self._pending:
            asyncio.get_running_loop().call_soon(self.enter)
        self._pending += amount

    def enter(self) -> None:
        """Add what is pending now."""
        if self._pending:
            self._counter.inc(self._pending)
            self._pending = 0


class BatchedHistogram(Histogram):
    """A histogram to which the observations of one turn of the event loop are added together."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """The same as `observe` for each of them."""
        bounds = self._upper_bounds
        self._sum.inc(sum(amounts))
        for place, count in Multiset(bisect_left(bounds, amount) for amount in amounts).items():
            self._buckets[place].inc(count)


class Observations:
    """The observations of one turn of the event loop, on their way to a histogram."""

    __slots__ = ("_histogram", "_pending")

    def __init__(self, histogram: BatchedHistogram) -> None:
        self._histogram = histogram
        self._pending: list[float] = []

    def observe(self, amount: float) -> None:
        """Belongs to the event loop."""
        if not self._pending:
            asyncio.get_running_loop().call_soon(self.enter)
        self._pending.append(amount)

    def enter(self) -> None:
        """Add what is pending now."""
        if self._pending:
            pending, self._pending = self._pending, []
            self._histogram.observe_all(pending)


class ContractMetrics:
    """The counters of one contract, looked up once."""

    def __init__(self, metrics: Metrics, contract: str, version: int, shapes: Iterable[int]) -> None:
        self.received = metrics.tally(metrics.received.labels(contract))
        self.accepted = metrics.tally(metrics.accepted.labels(contract, str(version)))
        self.refused = {stage: metrics.refused.labels(contract, stage.value) for stage in Stage}
        self.shapes = {shape: metrics.tally(metrics.shapes.labels(contract, str(shape))) for shape in shapes}
        self.produce_seconds = metrics.observations(metrics.produce_seconds.labels(contract))
        self.rejects_kept = metrics.rejects.labels(contract, "kept")
        self.rejects_lost = metrics.rejects.labels(contract, "lost")
        self._requests_refused = metrics.requests_refused
        self._contract = contract

    def refuse_request(self, reason: str) -> None:
        """A whole request was refused; its events are not known one by one."""
        self._requests_refused.labels(self._contract, reason).inc()


class Metrics:
    """All of one process, in a registry of its own."""

    def __init__(self, bounds: Sequence[Bound] = (), multiprocess_dir: str = "") -> None:
        self._multiprocess_dir = multiprocess_dir
        self.registry = CollectorRegistry(auto_describe=True)
        self._gauges = _Gauges(bounds)
        self._pending: list[Tally | Observations] = []
        self.received = self._counter("api_events_received", "Events told apart in the bodies", "contract")
        self.accepted = self._counter(
            "api_events_accepted", "Events acknowledged by the broker, by written version", "contract", "version"
        )
        self.refused = self._counter("api_events_refused", "Events refused, by stage", "contract", "stage")
        self.shapes = self._counter(
            "api_event_shapes", "Accepted events, by the oldest version whose names they use", "contract", "version"
        )
        self.requests_refused = self._counter(
            "api_requests_refused", "Requests refused before their events were looked at", "contract", "reason"
        )
        self.rejects = self._counter("api_rejects", "Refused events and the rejects topic", "contract", "outcome")
        self.produce_seconds = BatchedHistogram(
            "api_produce_seconds",
            "From the queue to the broker's acknowledgement, by call",
            ["contract"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def tally(self, counter: Counter) -> Tally:
        """For what is counted event by event."""
        tally = Tally(counter)
        self._pending.append(tally)
        return tally

    def observations(self, histogram: BatchedHistogram) -> Observations:
        """For what is measured event by event."""
        observations = Observations(histogram)
        self._pending.append(observations)
        return observations

    def _enter_pending(self) -> None:
        for pending in self._pending:
            pending.enter()

    def expose(self) -> bytes:
        """Prometheus' text format."""
        self._enter_pending()
        if not self._multiprocess_dir:
            return generate_latest(self.registry) + generate_latest(self._gauges)
        every = CollectorRegistry()
        multiprocess.MultiProcessCollector(every, path=self._multiprocess_dir)  # type: ignore[no-untyped-call]
        return generate_latest(every) + generate_latest(self._gauges)

    def close(self) -> None:
        """This worker is gone; its counts stay in the sums."""
        if self._multiprocess_dir:
            multiprocess.mark_process_dead(os.getpid(), self._multiprocess_dir)  # type: ignore[no-untyped-call]

    def report(self) -> dict[str, Any]:
        """The totals of this process: numbers, and where there is a label beside the contract, numbers by label."""
        self._enter_pending()
        return {
            "received": self._total("api_events_received"),
            "accepted": self._total("api_events_accepted"),
            "refused": self._by_label("api_events_refused", "stage"),
            "requests_refused": self._by_label("api_requests_refused", "reason"),
            "shapes": self._by_label("api_event_shapes", "version"),
            "rejects": self._by_label("api_rejects", "outcome"),
        }

    def _samples(self, name: str) -> Iterator[tuple[dict[str, str], int]]:
        for family in self.registry.collect():
            for sample in family.samples:
                if sample.name == f"{name}_total" and sample.value:
                    yield sample.labels, int(sample.value)

    def _total(self, name: str) -> int:
        return sum(value for _, value in self._samples(name))

    def _by_label(self, name: str, label: str) -> dict[str, int]:
        totals: dict[str, int] = {}
        for labels, value in self._samples(name):
            totals[labels[label]] = totals.get(labels[label], 0) + value
        return totals


class _Gauges(Collector):
    """What is held now in this process; it says which one, because another worker holds something else."""

    def __init__(self, bounds: Sequence[Bound]) -> None:
        self._bounds = bounds

    def collect(self) -> Iterator[GaugeMetricFamily]:
        records = GaugeMetricFamily("api_held_records", "Records held now", labels=["bound", "worker"])
        size = GaugeMetricFamily("api_held_bytes", "Bytes held now", labels=["bound", "worker"])
        worker = str(os.getpid())
        for bound in self._bounds:
            records.add_metric([bound.name, worker], bound.records)
            size.add_metric([bound.name, worker], bound.bytes)
        yield records
        yield size
