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

from tests.faults.ledger import Ledger
from tests.faults.load import Answered
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
        assert last["received"] == last["accepted"] + sum(last["refused"].values()), last
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


def overload(site: Site, for_s: float = 10.0) -> None:
    """Three times the capacity: a bounded wait for what is taken, an honest 503 for the rest, then full speed."""
    site.stack.stop_consumers()  # they would take the processor from the client, whose part is to ask for too much
    ledger = Ledger()
    with site.api_with():
        assert site.stack.api is not None
        # The client measures, so it must not be the one that waits for the processor.
        os.setpriority(os.PRIO_PROCESS, site.stack.api.pid, 10)
        capacity = _speed(site, ledger, 3.0)
        site.say(f"    capacity {capacity:,.0f} events a second; now three times as many for {for_s:.0f} s")
        flood = site.make_load(ledger, rate=3 * capacity, batch=_BATCH, connections=3000, retry=False, timeout_s=60)
        flood.prepare(min(100_000, int(3.3 * capacity * for_s)))
        with flood:
            time.sleep(for_s)
            answers = list(flood.answers)
            flood.stop()
        after = _speed(site, ledger, 3.0, warm_s=1.0)
        site.close_books(ledger)
    site.stack.start_consumers()
    _check_overload(site, answers, capacity, for_s)
    site.say(f"    a second after: {after:,.0f} events a second")
    assert after > 0.6 * capacity


def _check_overload(site: Site, answers: list[Answered], capacity: float, for_s: float) -> None:
    taken = sorted(each.took_s for each in answers if each.status == 202)
    refused = [each for each in answers if each.status == 503]
    offered, accepted = (len(each) * _BATCH / for_s for each in (answers, taken))
    site.say(
        f"    answered {offered:,.0f} a second; accepted {accepted:,.0f}, which took {_at(taken, 0.5):.2f} s (median), "
        f"{_at(taken, 0.99):.2f} s (99 %), {taken[-1]:.2f} s (at most); {len(refused)} requests refused within "
        f"{_at(sorted(each.took_s for each in refused), 0.99):.2f} s (99 %)"
    )
    assert len(taken) + len(refused) == len(answers), "there was another answer than 202 and 503"
    assert refused, "nothing was refused: that was no overload"
    assert {each.retry_after for each in refused} == {"1"}, "it has room again within a second"
    assert _at(taken, 0.99) < _BOUND_S
    assert accepted > 0.3 * capacity, "refusing took the time that the work needed"


_BATCH = 100
# A few times API_MAX_WAIT_S and API_MAX_BUSY_S, by the clock of a machine that has other work too.
_BOUND_S = 6.0


def _speed(site: Site, ledger: Ledger, for_s: float, warm_s: float = 1.0) -> float:
    """Acknowledged events a second, with as many requests at a time as keep it busy."""
    with site.make_load(ledger, rate=1e9, batch=_BATCH, connections=24) as load:
        time.sleep(warm_s)
        before, started = load.acknowledged, time.monotonic()
        time.sleep(for_s)
        return (load.acknowledged - before) / (time.monotonic() - started)


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0
