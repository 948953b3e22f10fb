"""The API's memory at full load, and while the broker hangs: its growth against the bounds that are configured."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Final

from producer_api.settings import Settings
from tools.bench.case import Aim, Case, Contender, Metric, NotHere, Scale
from tools.bench.load import run_load
from tools.bench.rows.batch_row import ndjson_target
from tools.bench.served import Served, serving
from tools.kafka_broker import KafkaBroker

GROWTH = Metric("growth", "MiB", more_is_better=False)
PEAK = Metric("peak", "MiB", more_is_better=False)
PRODUCT = "product"
BOUNDS = "configured bounds"
_CONNECTIONS: Final = 256
_MIB: Final = 2**20
_HANG_S: Final = 6.0  # less than the delivery time-out: what is in flight stays there


def open_cases(scale: Scale) -> Generator[Case]:
    """Raises NotHere where the system is not Linux."""
    if not Path("/proc/self/status").exists():
        raise NotHere(
            "the memory of a process at its highest is read from /proc, which only Linux has: leave out memory"
        )
    with serving(scale.broker) as served:
        bounds = configured_bounds_mib()
        floor = Contender(BOUNDS, lambda: {GROWTH.name: bounds})
        aims = (Aim(GROWTH.name, BOUNDS, 1.0),)
        note = f"over what a fresh API holds; {_CONNECTIONS} connections; bounds: records in flight, open requests"
        for name, hangs, seconds in (
            ("full load", False, 2 * scale.load_seconds),
            ("broker stopped", True, _HANG_S),
        ):
            product = Contender(PRODUCT, partial(_watch, served, hangs, seconds))
            yield Case(name, (GROWTH, PEAK), (product, floor), aims, note)


def configured_bounds_mib() -> float:
    """What the API's own bounds let it hold: as bytes of records in flight and of open requests."""
    settings = Settings()
    return (settings.max_in_flight_bytes + settings.max_open_request_bytes) / _MIB


def high_water_mib(pid: int) -> float:
    """The most that the process has held since its start (proc(5), VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def _watch(served: Served, hangs: bool, seconds: float) -> Mapping[str, float]:
    """An API of its own for each measurement: what another one has learnt to hold would hide what this one needs."""
    target, api = ndjson_target(served, 1)
    try:
        idle = high_water_mib(api.pid)
        with _broker_hangs(served) if hangs else nullcontext():
            run_load(target, _CONNECTIONS, seconds, may_fail=True)
        api.check()
        peak = high_water_mib(api.pid)
    finally:
        api.kill()  # it would wait for a broker that stood still
    return {GROWTH.name: peak - idle, PEAK.name: peak}


@contextmanager
def _broker_hangs(served: Served) -> Iterator[None]:
    """The broker stands still: it holds its connections and answers nothing, the worst that it can do."""
    broker = served.stack.broker
    pids = broker.pids if isinstance(broker, KafkaBroker) else [broker.pid]
    for pid in filter(None, pids):
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in filter(None, pids):
            os.kill(pid, signal.SIGCONT)
