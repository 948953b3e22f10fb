"""Consumers that are killed, and a topic that holds what nobody can read."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from uuid import uuid4

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from codegen.runtime import AvroModel
from tests.faults.ledger import Place
from tests.faults.poison import CONTRACT, poison
from tests.faults.records import Found
from tests.faults.site import DEAD_LETTERS, Site
from tools.stack import CONSUMERS

_SPOILED = b"\x07 no frame"


def kill_consumers_mid_batch(site: Site, rounds: int = 1) -> None:
    """Nothing is skipped: the topic's poison, which is spread among the events, is dead-lettered to the last."""
    before = site.counted.total()
    spoiled: list[Place] = []
    with site.load(rate=400) as load:
        for _ in range(rounds):
            for _ in range(5):
                spoiled += site.records.produce([(_SPOILED, [])] * 4)
                load.wait_acknowledged(80)
            for name in CONSUMERS:
                site.kill_consumer(name)
            site.stack.start_consumers()
    site.wait_caught_up(*CONSUMERS)
    site.poison += len(spoiled)
    letters = site.records.read(DEAD_LETTERS, site.dead_position)
    for name in CONSUMERS:
        told = Counter(place for group, place, _ in map(origin, letters) if group == f"{CONTRACT.name}-{name}")
        again = sum(told[place] - 1 for place in spoiled if told[place])
        missing = [place for place in spoiled if not told[place]]
        site.say(f"    {name}: {len(spoiled)} of poison, {len(missing)} not dead-lettered, {again} of them again")
        assert not missing, missing[:5]
    site.say(f"    killed {rounds} times each among {site.counted.total() - before:,} events")
    site.check_counts()
    check_faust(site)


def check_faust(site: Site) -> None:
    """Faust promises no less than the truth, and no more than it and what the last commit intervals held."""
    time.sleep(1.5)  # its next progress line
    aggregate = Counter(site.progress("faust").get("aggregate") or {})
    excess = aggregate.total() - site.counted.total()
    site.say(f"    faust: {aggregate.total():,} counted, {excess:+,} (approximate after a crash)")
    assert not site.counted - aggregate, "faust counted less than there is"


def origin(letter: Found) -> tuple[str, Place, str]:
    """The group, the source record's place and the stage, as a dead letter's headers tell; the last of a name rules."""
    told = {name: (content or b"").decode() for name, content in letter.headers if name.startswith("dlq.")}
    return told["dlq.group"], Place(int(told["dlq.partition"]), int(told["dlq.offset"])), told["dlq.stage"]


def poison_in_the_topic(site: Site) -> None:
    """Every kind is dead-lettered whole, by each consumer; all of them live on, and their lag returns to zero."""
    with SchemaRegistryClient({"url": site.stack.registry_url}) as client:
        kinds = poison(
            sound_event("click").serialize(),
            site.records.schema_id,
            lambda subject, text: client.register_schema(subject, Schema(text, "AVRO")),
        )
    with site.load(rate=200) as load:
        places = site.records.produce([(kind.value, list(kind.headers)) for kind in kinds])
        load.wait_acknowledged(200)
    site.wait_caught_up(*CONSUMERS, within_s=120)
    site.poison += len(kinds)
    letters = site.records.read(DEAD_LETTERS, site.dead_position)
    for name in CONSUMERS:
        site.progress(name)  # it lives
        ours = {origin(letter)[1]: letter for letter in letters if origin(letter)[0] == f"{CONTRACT.name}-{name}"}
        for kind, place in zip(kinds, places, strict=True):
            letter = ours.get(place)
            assert letter is not None, f"{name}: {kind.name} was not dead-lettered"
            own = [header for header in letter.headers if not header[0].startswith("dlq.")]
            assert (letter.value, letter.key, own) == (kind.value, b"drill", list(kind.headers)), (name, kind.name)
            assert origin(letter)[2] == kind.stage, (name, kind.name, origin(letter)[2])
        site.say(f"    {name}: {len(kinds)} kinds of poison, each dead-lettered whole; lag 0")
    site.check_counts()


def sound_event(action: str) -> AvroModel:
    """One of the latest version."""
    return CONTRACT.model(CONTRACT.latest).model_validate(
        {
            "event_id": uuid4(),
            "user_id": "drill",
            "action": action,
            "page_url": "/poison",
            "occurred_at": datetime.now(UTC),
        },
        strict=False,
    )
