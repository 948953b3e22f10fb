"""NDJSON over workers: how far one machine goes."""

from __future__ import annotations

from collections.abc import Generator

from tools.bench.case import Case, Scale
from tools.bench.rows.batch_row import batch_case
from tools.bench.served import serving


def open_cases(scale: Scale) -> Generator[Case]:
    """More workers than cores are among them, which shows where it ends."""
    with serving(scale.broker) as served:
        for workers in (1, 2, 3, 4) if scale.full else (1, 2):
            case = batch_case(served, workers, scale)
            yield case._replace(aims=(), x=workers)
