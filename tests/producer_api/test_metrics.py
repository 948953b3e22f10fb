"""What is counted and measured turn by turn is the same as one by one."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, generate_latest

from producer_api.metrics import BatchedHistogram, Observations

AMOUNTS = (0.0, 0.1, 0.25, 0.25, 1.0, 7.5)


def exposed(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


async def test_observations_of_a_turn_are_entered_together() -> None:
    registries = [CollectorRegistry(), CollectorRegistry()]
    one, all_ = (
        BatchedHistogram("s", "seconds", ["c"], buckets=(0.1, 0.25, 1.0), registry=registry).labels("x")
        for registry in registries
    )
    observations = Observations(all_)
    for amount in AMOUNTS:
        one.observe(amount)
        observations.observe(amount)
    assert 's_count{c="x"} 0.0' in exposed(registries[1])
    await asyncio.sleep(0)
    assert exposed(registries[1]) == exposed(registries[0])
    observations.enter()
    assert exposed(registries[1]) == exposed(registries[0]), "each is entered once"
