"""Single events over connections, from few to more than a server usually has.

5,000 that all ask at once wait for half a second by themselves, which the API refuses unless it is told to be patient.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from tools.bench.case import Case, Scale
from tools.bench.rows.single_row import fastest_case, make_targets
from tools.bench.served import serving

_PATIENT: Final = {"API_MAX_BUSY_S": "10", "API_MAX_WAIT_S": "10"}


def open_cases(scale: Scale) -> Generator[Case]:
    with serving(scale.broker) as served:
        targets = make_targets(served, _PATIENT)
        for connections in (10, 100, 1_000, 5_000) if scale.full else (10, 1_000):
            case = fastest_case(served, targets, connections, scale)
            yield case._replace(aims=(), x=connections)
