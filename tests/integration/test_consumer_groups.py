"""Groups of a user's consumers on Apache Kafka, by the classic protocol and by KIP-848."""

from __future__ import annotations

import shutil

import pytest

import tests.consumers.probe
from tests.consumers.running import World

pytestmark = [pytest.mark.timeout(300)]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_second_member_takes_a_share_and_nothing_is_lost(here: World, protocol: str) -> None:
    shutil.copy(tests.consumers.probe.__file__, here.folder)
    if protocol == "consumer":
        here.kafka = {"KAFKA_GROUP_PROTOCOL": protocol}
    group = f"own-{protocol}"
    here.produce_actions(300)
    with here.running("run", group=group, concurrency=4) as first:
        first.wait_seen(100)
        with here.running("run", group=group, concurrency=4) as second:
            second.wait_for(lambda line: len(line.get("assigned", [])) == 1, "a partition was to move")
            here.produce_actions(300)
            second.wait_seen(1)
            first.wait_for(lambda line: len(line["assigned"]) == 1, "one partition was to stay")
            second.kill()
        first.wait_for(lambda line: len(line["assigned"]) == 2, "the dead one's partition was to come back")
        first.wait_for(lambda line: sum(line["positions"].values()) == 600, "all was to be seen")
        first.stop()
    taken = set((here.folder / "taken.txt").read_text().split())
    assert len(taken) == 400
    places = {(h["dlq.partition"], h["dlq.offset"]) for h in (dict(m.headers()) for m in here.read_all("events.dlq"))}
    assert len(places) == 200
