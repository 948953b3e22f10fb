"""Single events over the size of a body: the same event with a property that grows."""

from __future__ import annotations

from collections.abc import Generator

from tools.bench.case import Case, Scale
from tools.bench.rows.single_row import fastest_case, make_targets
from tools.bench.served import serving
from tools.bench.wide import sized_bodies

_CONNECTIONS = 64


def open_cases(scale: Scale) -> Generator[Case]:
    with serving(scale.broker) as served:
        targets = make_targets(served)
        for size in (200, 1_000, 5_000, 20_000) if scale.full else (200, 20_000):
            body = served.write_bodies(f"body-{size}.json", sized_bodies(size, 200))
            sized = {name: target._replace(body=body) for name, target in targets.items()}
            case = fastest_case(served, sized, _CONNECTIONS, scale)
            yield case._replace(name=f"{size} bytes", aims=(), x=size)
