"""Single events over connections, from few to more than a server usually has."""

from __future__ import annotations

from collections.abc import Generator

from tools.bench.case import Case, Scale
from tools.bench.rows.single_row import fastest_case, make_targets
from tools.bench.served import serving


def open_cases(scale: Scale) -> Generator[Case]:
    with serving(scale.broker) as served:
        targets = make_targets(served)
        for connections in (10, 100, 1_000, 5_000) if scale.full else (10, 1_000):
            case = fastest_case(served, targets, connections, scale)
            yield case._replace(aims=(), x=connections)
