"""A registry that is away, and one that answers nonsense."""

from __future__ import annotations

import time
from uuid import uuid4

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from consumers.decoding.frame import frame
from tests.faults.consumer_drills import origin, sound_event
from tests.faults.poison import with_field
from tests.faults.site import DEAD_LETTERS, Site
from tests.faults.unruly_registry import NONSENSE, UnrulyRegistry, unruly
from tests.faults.waiting import wait_until
from tools.child import Child
from tools.stack import CONSUMERS

_EMPTY_MAP = b"\0"


def registry_away_at_start(site: Site) -> None:
    """The API starts, says why it is not ready, refuses events, and comes up by itself; so do the consumers."""
    site.stack.stop_api()
    site.stack.stop_consumers()
    site.kill_registry()
    site.stack.api = site.api_child()
    for name in CONSUMERS:
        site.stack.consumers[name] = site.consumer_child(name)
    wait_until(lambda: _reason(site).startswith("not ready"), "/health/ready was to say 503", 30)
    wait_until(lambda: "registry" in _reason(site), f"the reason was to name the registry: {_reason(site)}", 10)
    site.say(f"    /health/ready: {_reason(site)}")
    assert site.post_one() == 503
    wait_until(lambda: all(_state(site, name) == "paused" for name in CONSUMERS), "consumers were to wait", 60)
    site.start_registry()
    took_s = wait_until(site.is_ready, "the API was to come up by itself", 30)
    site.say(f"    ready {took_s:.1f} s after the registry came back")
    with site.load() as load:
        load.wait_acknowledged(200)
    site.wait_ready()
    site.check_counts()


def registry_away_while_running(site: Site) -> None:
    """Nothing happens: ids and schemas are known."""
    with site.load() as load:
        site.wait_moving(*CONSUMERS)  # who has read a record of today has its schema
        site.kill_registry()
        load.wait_acknowledged(600)
        assert site.is_ready()
        assert {each.status for each in load.answers} == {202}
        site.wait_moving(*CONSUMERS)
        site.start_registry()
    site.check_counts()
    site.say(f"    {load.acknowledged:,} acknowledged and counted, none refused")


def registry_away_while_an_unknown_id_arrives(site: Site) -> None:
    """The consumers pause, go on when it is back, and dead-letter nothing."""
    site.wait_caught_up(*CONSUMERS)
    site.records.read(DEAD_LETTERS, site.dead_position)
    value = _value_of_new_schema(site)
    site.kill_registry()
    site.records.produce([(value, [])])
    wait_until(lambda: all(_state(site, name) == "paused" for name in CONSUMERS), "consumers were to pause", 60)
    with site.load() as load:
        load.wait_acknowledged(300)
        time.sleep(6)  # longer than an id that the registry does not know would be waited for
        assert all(_state(site, name) == "paused" for name in CONSUMERS)
        site.start_registry()
        took_s = site.wait_ready()
    site.say(f"    paused, and went on {took_s:.1f} s after the registry came back")
    site.counted["share"] += 1
    site.wait_caught_up(*CONSUMERS)
    assert not site.records.read(DEAD_LETTERS, site.dead_position), "something was dead-lettered"
    site.check_counts()


def registry_answers_nonsense(site: Site) -> None:
    """As if it were away, whatever it says: the consumer pauses, goes on afterwards, and dead-letters nothing."""
    with unruly(site.stack.registry_url) as registry:
        group = f"drill-{uuid4()}"
        site.records.commit_end(group)
        child = site.child(
            "consumer of nonsense",
            ["consume", "standard", "--json", "--group", group],
            {"SCHEMA_REGISTRY_URL": registry.url},
        )
        try:
            _wait_state(child, "ready", "an honest registry")
            for nonsense in NONSENSE:
                registry.nonsense, registry.spoiled = nonsense, 0
                site.records.produce([(_value_of_new_schema(site), [])])
                site.counted["share"] += 1
                _wait_state(child, "paused", nonsense.name)
                assert registry.spoiled
                registry.nonsense = None
                _wait_state(child, "ready", nonsense.name)
            letters = site.records.read(DEAD_LETTERS, site.dead_position)
            assert not [origin(letter) for letter in letters if origin(letter)[0] == group]
            site.say(f"    {len(NONSENSE)} kinds of nonsense: paused each time, went on, nothing dead-lettered")
        finally:
            child.tell_to_stop()
            assert child.wait_stopped(), child.last_words()
        _start_api_on_nonsense(site, registry)
    site.check_counts()


def _start_api_on_nonsense(site: Site, registry: UnrulyRegistry) -> None:
    """The API takes no nonsense for an id: it stays up, is not ready, and is as soon as the answers make sense."""
    registry.nonsense = NONSENSE[0]
    site.stack.stop_api()
    site.stack.api = site.api_child({"SCHEMA_REGISTRY_URL": registry.url})
    wait_until(lambda: _reason(site).startswith("not ready"), "/health/ready was to say 503", 30)
    for nonsense in NONSENSE[:6]:  # it asks every four seconds
        registry.nonsense, registry.spoiled = nonsense, 0
        wait_until(lambda: registry.spoiled, f"{nonsense.name}: the API was to ask again", 30)
        site.stack.api.check()
        assert _reason(site).startswith("not ready"), nonsense.name
        assert site.post_one() == 503
    registry.nonsense = None
    wait_until(site.is_ready, "the API was to come up by itself", 30)
    site.stack.stop_api()
    site.stack.start_api()
    site.say("    the API: not ready on each of them, ready by itself afterwards")


def _value_of_new_schema(site: Site) -> bytes:
    """A sound event of a schema that nobody has met: registered now, with one field behind ours."""
    name = f"extra_{uuid4().hex}"
    text = with_field(name, {"type": "map", "values": "string"}, default={})
    with SchemaRegistryClient({"url": site.stack.registry_url}) as client:
        schema_id = client.register_schema(f"drill-{name}", Schema(text, "AVRO"))
    return frame(schema_id, sound_event("share").serialize() + _EMPTY_MAP)


def _state(site: Site, name: str) -> str:
    return str(site.progress(name).get("state"))


def _wait_state(child: Child, state: str, when: str) -> None:
    def reached() -> bool:
        child.check()
        return (child.latest or {}).get("state") == state

    wait_until(reached, f"{when}: the consumer was to be {state}")


def _reason(site: Site) -> str:
    try:
        status, document = site.get("/health/ready")
    except OSError:
        return "no answer"
    return f"not ready, {document['reason']}" if status == 503 else "ready"
