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

from tests.faults.site import Site
from tests.faults.waiting import wait_until


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
