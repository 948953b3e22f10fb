"""NDJSON, 500 events a request, against `Producer.produce_batch` of ready bytes, by workers.

Beside them, without an aim, the same `produce_batch` with a delivery report for each record: what no service can be
above that tells a client what became of its records.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from tools.bench.case import Aim, Case, Contender, Metric, Scale
from tools.bench.events import CONTRACT, activity, versions
from tools.bench.load import WARM_UP_S, Target, run_load
from tools.bench.produced import produce_with, registered
from tools.bench.served import API, Served, serving
from tools.child import Child

RATE = Metric("rate", "events/s")
PRODUCT = "product"
FLOOR = "produce_batch"
REPORTED = "produce_batch with reports"
EVENTS = 500
CONNECTIONS = 8


def open_cases(scale: Scale) -> Generator[Case]:
    with serving(scale.broker) as served:
        for workers in (1, 2):
            yield with_reports(served, batch_case(served, workers, scale), workers, scale)


def ndjson_target(served: Served, workers: int) -> tuple[Target, Child]:
    """The API with so many workers, asked with a body of 500 events."""
    events = activity(versions()[-1])
    body = served.write_bodies("batch.ndjson", events.bodies[:EVENTS])
    url, child = served.serve(API, workers)
    return Target(url + events.contract.path, body, content_type="application/x-ndjson"), child


def with_reports(served: Served, case: Case, workers: int, scale: Scale) -> Case:
    """The same case, with a third contender."""
    schema_id = registered(served, CONTRACT)

    def reported() -> Mapping[str, float]:
        return {RATE.name: produce_with(served, workers, schema_id, seconds=scale.load_seconds, reports=True)}

    return case._replace(contenders=(*case.contenders, Contender(REPORTED, reported)))


def batch_case(served: Served, workers: int, scale: Scale) -> Case:
    """Batches to so many workers, against as many producing processes."""
    target, _ = ndjson_target(served, workers)
    run_load(target, CONNECTIONS, WARM_UP_S)
    schema_id = registered(served, CONTRACT)

    # Twice as long, because what is under way at the end is not counted, and a request is much.
    def product() -> Mapping[str, float]:
        return {RATE.name: EVENTS * run_load(target, CONNECTIONS, 2 * scale.load_seconds).rate}

    def floor() -> Mapping[str, float]:
        return {RATE.name: produce_with(served, workers, schema_id, seconds=scale.load_seconds)}

    return Case(
        f"{workers} worker{'s' if workers > 1 else ''}",
        (RATE,),
        (Contender(PRODUCT, product), Contender(FLOOR, floor)),
        (Aim(RATE.name, FLOOR, 0.60),),
        f"on {served.broker}; {CONNECTIONS} connections; the floor has as many processes as there are workers",
    )
