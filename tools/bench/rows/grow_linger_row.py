"""Single events over the producer's linger: how long a record waits for company, and what that buys."""

from __future__ import annotations

from collections.abc import Generator

from tools.bench.case import Case, Scale
from tools.bench.load import WARM_UP_S, run_load
from tools.bench.rows.single_row import CONNECTIONS, PRODUCT, fastest_case, make_targets
from tools.bench.served import API, serving


def open_cases(scale: Scale) -> Generator[Case]:
    """At many connections a turn of the event loop is company already; at few, each waits for its own record."""
    few, many = CONNECTIONS
    with serving(scale.broker) as served:
        targets = make_targets(served)
        path = targets[PRODUCT].url.rpartition("/")[2]
        for linger_ms in (0, 1, 2, 5, 10) if scale.full else (0, 5):
            url, child = served.serve(API, environment={"KAFKA_LINGER_MS": str(linger_ms)})
            lingering = {**targets, PRODUCT: targets[PRODUCT]._replace(url=f"{url}/{path}")}
            run_load(lingering[PRODUCT], few, WARM_UP_S)
            case, at_few = (fastest_case(served, lingering, connections, scale) for connections in (many, few))
            beside = at_few.contenders[0]._replace(name=f"{PRODUCT}, {few} connections")
            yield case._replace(name=f"{linger_ms} ms", contenders=(*case.contenders, beside), aims=(), x=linger_ms)
            child.tell_to_stop()
            child.wait_stopped()
