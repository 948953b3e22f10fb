"""A consumer's progress for Prometheus: the same numbers as its progress lines, under `consumer_…` names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from consumers.faults import Stage
from consumers.running.progress import Progress, State

# By the values of the labels that a metric has beside the common ones.
_Values = Mapping[tuple[str, ...], float]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class ConsumerMetrics(Collector):
    """What one process counts; read by the HTTP thread while the loop goes on counting."""

    def __init__(self, progress: Progress, group: str, app_version: str) -> None:
        self._progress = progress
        self._app_version = app_version
        self._labels = {"contract": progress.contract, "consumer": progress.consumer, "group": group}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def expose(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """All families, in the order of the table in docs/consumers.md."""
        progress = self._progress
        yield self._counter("records_seen", "Records read, each once for this process", {(): progress.seen})
        yield self._counter(
            "records_decoded",
            "Records decoded, by the version that wrote them",
            {(version,): count for version, count in dict(progress.by_schema_version).items()},
            "version",
        )
        passed: _Values = {
            ("tombstone",): progress.tombstones,
            ("foreign",): progress.foreign,
            ("repeated",): progress.repeated,
        }
        yield self._counter("records_passed_over", "Records not given to the handler, by reason", passed, "reason")
        yield self._counter(
            "records_dead_lettered",
            "Records given up, by the step that could not be done",
            # Each from the start: a series that begins at 1 has no rate.
            {(stage.value,): progress.dead_letters_by_stage[stage] for stage in Stage},
            "stage",
        )
        yield self._counter(
            "records_redelivered", "Deliveries beyond the first in this process", {(): progress.redelivered}
        )
        yield self._counter("retries", "Attempts that failed for a passing cause", {(): progress.retries})
        yield self._latency()
        lag: _Values = {(str(number),): records for number, records in sorted(dict(progress.lag).items())}
        yield self._gauge("lag_records", "Records behind the end of the partition", lag, "partition")
        states: _Values = {(state.value,): int(state is progress.state) for state in State}
        yield self._gauge("state", "1 for the state that the consumer is in", states, "state")
        yield self._gauge(
            "info",
            "Always 1: the versions that run",
            {(self._app_version, str(progress.reader_version)): 1},
            "app_version",
            "reader_version",
        )

    def _counter(self, name: str, meaning: str, values: _Values, *labels: str) -> CounterMetricFamily:
        family = CounterMetricFamily(f"consumer_{name}", meaning, labels=[*self._labels, *labels])
        for own, value in values.items():
            family.add_metric([*self._labels.values(), *own], value)
        return family

    def _gauge(self, name: str, meaning: str, values: _Values, *labels: str) -> GaugeMetricFamily:
        family = GaugeMetricFamily(f"consumer_{name}", meaning, labels=[*self._labels, *labels])
        for own, value in values.items():
            family.add_metric([*self._labels.values(), *own], value)
        return family

    def _latency(self) -> HistogramMetricFamily:
        family = HistogramMetricFamily(
            "consumer_latency_seconds", "From the moment in the record until it was done", labels=list(self._labels)
        )
        latency = self._progress.latency
        buckets = [("+Inf" if bound == math.inf else str(bound), float(n)) for bound, n in latency.cumulative()]
        family.add_metric(list(self._labels.values()), buckets, latency.sum_s)
        return family
