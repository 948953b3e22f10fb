"""The API that is killed, stopped, half killed, and asked for more than it can do."""

from __future__ import annotations

import dataclasses
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.load import Answered, Load
from tests.faults.site import Site, wait_until


def kill_the_api(site: Site) -> None:
    """What was acknowledged is there; what was not is sent again, with the same event_id."""
    with site.load(batch=5) as load:
        for _ in range(2):
            assert site.stack.api is not None
            site.stack.api.kill()
            time.sleep(0.3)
            site.stack.start_api()
            load.wait_acknowledged(300)


def stop_the_api(site: Site) -> None:
    """SIGTERM: every request under way is answered, and no record's fate is unknown."""
    with site.load(spoil_every=50) as load:
        assert site.stack.api is not None
        api = site.stack.api
        started = time.monotonic()
        site.stack.stop_api()
        took_s = time.monotonic() - started
        last = api.finals[-1]["api"]
        site.say(f"    drained in {took_s:.1f} s: {last}")
        assert last["undelivered"] == last["unknown"] == 0, last
        assert api not in site.stack.unclean, "the API did not end by itself"
        site.stack.start_api()
        load.wait_acknowledged(300)
    # A request on a connection that is being closed for idleness is lost before it is read (RFC 9112, section 9.6).
    assert not load.ledger.balance().repeated, "a record was acknowledged by the broker, and its client not told"


def kill_one_of_two_workers(site: Site) -> None:
    with _two_workers(site), site.load() as load:
        assert site.stack.api is not None
        pid = site.stack.api.pid
        victim = workers_of(pid)[0]
        os.kill(victim, signal.SIGKILL)
        took_s = load.wait_acknowledged(300)
        site.say(f"    killed worker {victim}; 300 more acknowledged within {took_s:.1f} s")
        took_s = wait_until(lambda: len(set(workers_of(pid)) - {victim}) == 2, "another worker was to start", 30)
        site.say(f"    another worker runs after {took_s:.1f} s")
        load.wait_acknowledged(300)


@contextmanager
def _two_workers(site: Site) -> Iterator[None]:
    alone = site.stack.options
    with tempfile.TemporaryDirectory(prefix="metrics-") as folder:
        site.stack.options = dataclasses.replace(alone, workers=2)
        try:
            with site.api_with(PROMETHEUS_MULTIPROC_DIR=folder):
                yield
                site.stack.options = alone
        finally:
            site.stack.options = alone


def workers_of(pid: int) -> list[int]:
    """The children that serve: those of uvicorn's that are no resource tracker."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


# ---------------------------------------------------------------- overload


def overload(site: Site, for_s: float = 10.0) -> None:
    """Three times the capacity: short waits for what is taken, an honest 503 for the rest, full speed right after."""
    site.say("    first the capacity, by requests one after the other on few connections:")
    capacity = _capacity(site)
    site.say(f"    {capacity:,.0f} events a second; now three times as many for {for_s:.0f} s")
    with site.load(rate=3 * capacity, batch=_BATCH, connections=2000, timeout_s=60) as load:
        time.sleep(for_s)
        answers = list(load.answers)
        load.stop()
    taken = sorted(each.took_s for each in answers if each.status == 202)
    refused = [each for each in answers if each.status == 503]
    offered = sum(each.events for each in answers) / for_s
    site.say(
        f"    offered {offered:,.0f} a second; accepted {len(taken) * _BATCH / for_s:,.0f} a second, waiting "
        f"{_at(taken, 0.5):.3f} s (median), {_at(taken, 0.99):.3f} s (99 %); {len(refused)} requests refused, "
        f"Retry-After {sorted({each.retry_after for each in refused}, key=str)}"
    )
    after = _speed(site, 3.0)
    site.say(f"    full speed again: {after:,.0f} events a second in the seconds right after")


_BATCH = 50


def _capacity(site: Site) -> float:
    return _speed(site, 3.0)


def _speed(site: Site, for_s: float) -> float:
    with site.load(rate=1e9, batch=_BATCH, connections=8) as load:
        time.sleep(0.5)
        before, started = load.acknowledged, time.monotonic()
        time.sleep(for_s)
        return (load.acknowledged - before) / (time.monotonic() - started)


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def _is_late(answer: Answered, bound_s: float) -> bool:
    return answer.took_s > bound_s


def _unused(load: Load) -> None:
    """Kept for readers."""
