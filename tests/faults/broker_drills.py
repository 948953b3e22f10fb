"""Brokers that die, stand still, are rolled, or are slow."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.consumer_drills import check_faust
from tests.faults.load import Load
from tests.faults.site import Site
from tests.faults.waiting import wait_until
from tools.stack import CONSUMERS

_MIB = 1024 * 1024


def kill_the_leader(site: Site) -> None:
    with site.load(spoil_every=50) as load:
        leader = site.leader()
        site.cluster.kill(leader)
        took_s = load.wait_acknowledged(500)
        site.say(f"    killed node {leader}; 500 more events were acknowledged within {took_s:.1f} s")
        site.cluster.launch(leader)
        took_s = site.wait_in_sync()
        site.say(f"    restarted; all replicas in sync after {took_s:.1f} s")
        load.wait_acknowledged(200)
    consumers_go_on(site)


def kill_two_of_three(site: Site) -> None:
    with site.load() as load:
        for number in (1, 2):
            site.cluster.kill(number)
        refused = load.wait_status(503, within_s=30)
        assert refused.retry_after is not None
        acknowledged = load.acknowledged
        time.sleep(3)
        assert load.acknowledged - acknowledged < 100, "one broker alone is fewer than min.insync.replicas"
        for number in (1, 2):
            site.cluster.launch(number)
        took_s = load.wait_acknowledged(500, within_s=180)
        site.say(
            f"    503 came {refused.took_s:.1f} s after its request; 500 acknowledged {took_s:.1f} s after the restart"
        )
        site.wait_in_sync()
    consumers_go_on(site)


def freeze_one(site: Site) -> None:
    leader = site.leader()
    with site.load(connections=1000) as load:
        with site.cluster.frozen(leader):
            time.sleep(20)
            during = load.acknowledged
        took_s = load.wait_acknowledged(500)
        site.say(f"    frozen for 20 s: {during:,} acknowledged by then, 500 more {took_s:.1f} s after")
        site.wait_in_sync()
        load.wait_acknowledged(200)
    consumers_go_on(site)


def roll_all_three(site: Site) -> None:
    with site.load() as load:
        for number in (1, 2, 3):
            site.cluster.shut_down(number)
            site.cluster.launch(number)
            took_s = site.wait_in_sync()
            site.say(f"    node {number} rolled; in sync after {took_s:.1f} s")
            load.wait_acknowledged(200)
    consumers_go_on(site)


def consumers_go_on(site: Site) -> None:
    """Every consumer comes to the end by itself; one that leaves because it stands still is told and counted."""
    before = site.restarts.copy()
    for name in CONSUMERS:
        took_s = site.wait_caught_up(name)
        site.say(f"    {name}: lag 0 after {took_s:.1f} s, {site.restarts[name] - before[name]} restarts")
    site.check_counts()
    check_faust(site)


def slow_brokers(site: Site) -> None:
    """Memory stays under what the settings say, however slowly the brokers take the records."""
    bound, body = 4 * _MIB, 1 * _MIB
    limits = {
        "API_MAX_IN_FLIGHT_BYTES": str(bound),
        "API_MAX_BODY_BYTES": str(body),
        "API_MAX_DECOMPRESSED_BYTES": str(body),
        "API_MAX_OPEN_REQUEST_BYTES": str(2 * body),
    }
    with site.api_with(**limits):
        assert site.stack.api is not None
        pid = site.stack.api.pid
        before = resident_bytes(pid)
        with site.load(rate=6000, batch=100, padding=1500, connections=48) as load:
            load.wait_acknowledged(1000)
            with site.cluster.slow(0.05, 0.6):
                held, resident = _watch_memory(site, load, pid, 12.0)
            took_s = load.wait_acknowledged(3000)
        site.say(
            f"    high-water mark: {held / _MIB:.2f} MiB held of {(bound + 2 * body) / _MIB:.0f} allowed, resident "
            f"{resident / _MIB:.0f} MiB ({before / _MIB:.0f} before); 3,000 acknowledged {took_s:.1f} s after"
        )
        assert held <= bound + 2 * body
        # Twice the bounds: librdkafka keeps a batch that is on the wire besides its records.
        assert resident - before < 2 * (bound + 2 * body) + 64 * _MIB


def _watch_memory(site: Site, load: Load, pid: int, for_s: float) -> tuple[float, int]:
    held, resident, end = 0.0, 0, time.monotonic() + for_s
    while time.monotonic() < end:
        held = max(held, sum(site.metric("api_held_bytes").values()))
        resident = max(resident, resident_bytes(pid))
        time.sleep(0.1)
    wait_until(lambda: any(each.status == 503 for each in load.answers), "a bound was to be reached", 5)
    return held, resident


def resident_bytes(pid: int) -> int:
    """VmRSS of a process (proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no VmRSS")
