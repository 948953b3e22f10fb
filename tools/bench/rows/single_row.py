"""`POST /events`, one event a request, against a bare ASGI application on the same server.

Beside them, without an aim, the bare application that waits for Kafka: what no service can be below that answers
behind the acknowledgement.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from tools.bench.case import Aim, Case, Contender, Metric, Scale
from tools.bench.events import CONTRACT, activity, versions
from tools.bench.load import WARM_UP_S, Report, Target, run_load
from tools.bench.produced import registered
from tools.bench.served import ACKED, API, BARE, Served, linger_ms, serving

RATE = Metric("rate", "requests/s")
P50 = Metric("p50", "ms", more_is_better=False)
P99 = Metric("p99", "ms", more_is_better=False)
P999 = Metric("p99.9", "ms", more_is_better=False)
PRODUCT = "product"
FLOOR = "bare ASGI"
ACKNOWLEDGED = "bare ASGI that waits for Kafka"
CONNECTIONS = (32, 256)
SHARES = (0.1, 0.5, 0.9)
_OPENED_A_SECOND = 500  # far less than a machine does, so that opening is a small part


def open_cases(scale: Scale) -> Generator[Case]:
    """As fast as the answers come at each number of connections, then at fixed shares of the most."""
    with serving(scale.broker) as served:
        targets = make_targets(served)
        targets[ACKNOWLEDGED] = _acknowledged(served, targets[FLOOR])
        for connections in CONNECTIONS:
            yield fastest_case(served, targets, connections, scale)
        most = run_load(targets[PRODUCT], CONNECTIONS[-1], scale.load_seconds).rate
        for share in SHARES:
            yield _fixed(served, targets, share, most, scale)


def make_targets(served: Served, environment: Mapping[str, str] | None = None) -> dict[str, Target]:
    """The API and the bare application, asked with the same events; a broker that has just started is slow.

    `environment` is the API's, on top of the stack's.
    """
    events = activity(versions()[-1])
    body = served.write_bodies("events.json", events.bodies)
    api, _ = served.serve(API, environment=environment)
    bare, _ = served.serve(BARE)
    urls = {PRODUCT: api, FLOOR: bare}
    targets = {name: Target(url + events.contract.path, body, lines=True) for name, url in urls.items()}
    for target in targets.values():
        run_load(target, CONNECTIONS[0], WARM_UP_S)
    return targets


def _acknowledged(served: Served, like: Target) -> Target:
    """The bare application that produces ready bytes, and answers behind the acknowledgement."""
    contract = activity(versions()[-1]).contract
    own = {"BENCH_TOPIC": contract.topic, "BENCH_SCHEMA_ID": str(registered(served, CONTRACT))}
    url, _ = served.serve(ACKED, environment=own)
    target = like._replace(url=url + contract.path)
    run_load(target, CONNECTIONS[0], WARM_UP_S)
    return target


def figures(report: Report) -> Mapping[str, float]:
    return {
        RATE.name: report.rate,
        P50.name: report.p50_ms,
        P99.name: report.p99_ms,
        P999.name: report.p999_ms,
    }


def fastest_case(served: Served, targets: Mapping[str, Target], connections: int, scale: Scale) -> Case:
    """As fast as the answers come; the more connections, the longer, because they are opened in the same time."""
    seconds = max(scale.load_seconds, connections / _OPENED_A_SECOND)

    def contender(name: str) -> Contender:
        return Contender(name, lambda: figures(run_load(targets[name], connections, seconds)))

    linger = linger_ms(served.stack.environment)
    # The aim for the rate is set at many connections; at few, each waits for its broker.
    aims = (Aim(RATE.name, FLOOR, 0.70),) if connections == CONNECTIONS[-1] else ()
    return Case(
        f"{connections} connections",
        (RATE, P50, P99),
        tuple(contender(name) for name in targets),
        (*aims, Aim(P99.name, FLOOR, 2.0, linger)),
        f"on {served.broker}, acks=all, idempotent; one worker",
    )


def _fixed(served: Served, targets: Mapping[str, Target], share: float, most: float, scale: Scale) -> Case:
    def contender(name: str) -> Contender:
        seconds = scale.load_seconds
        return Contender(name, lambda: figures(run_load(targets[name], CONNECTIONS[-1], seconds, rate=share * most)))

    return Case(
        f"fixed, {share:.0%} of the most",
        (RATE, P50, P99, P999),
        tuple(contender(name) for name in targets),
        (Aim(P99.name, FLOOR, 2.0, linger_ms(served.stack.environment)),),
        f"on {served.broker}; {share * most:.0f} requests/s, latencies from when a request was due",
    )
