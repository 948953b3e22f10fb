"""The bytes that are posted, made from the options alone: events of one contract's version, some wrong on purpose."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tools.fake_client.activity import Activity, Clock
from tools.fake_client.mistakes import Mistakes, Shape
from tools.fake_client.options import DEFAULT_PACE, SendOptions
from tools.fake_client.people import make_world, seeded

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract
    from codegen.runtime import AvroModel

ACTIVITY_CONTRACT: Final = "user_action"
# Where each part of an activity event comes from, by the name of its field in any version.
_SOURCES: Final = {
    "event_id": '"{0.event_id}"',
    "user_id": "{0.user.user_id}",
    "action": '"{0.action}"',
    "page": "{0.page}",
    "occurred_at": '"{0.occurred_at}"',
    "session_id": '"{0.session_id}"',
    "device": "{0.user.device}",
    "properties": "{0.properties}",
}


class Body(NamedTuple):
    """One event as it is posted. `label` is how to find it again; `mistake` is what is wrong with it on purpose."""

    data: bytes
    label: str
    action: str
    mistake: str | None = None


def make_bodies(options: SendOptions) -> Iterator[Body]:
    """An endless stream of bodies, the same for the same options. Raises SendOptionsError."""
    contract = options.find_contract()
    model = contract.model(options.schema_version)
    schema = json.loads(model.AVSC)
    made = _activity(options, model, schema) if contract.name == ACTIVITY_CONTRACT else _anything(options, contract)
    if not options.invalid_ratio:
        return made
    return _spoil(made, Mistakes(Shape.of(schema)), options.invalid_ratio)


def _spoil(bodies: Iterator[Body], mistakes: Mistakes, ratio: float) -> Iterator[Body]:
    """`bodies` with `ratio` of them spoiled, evenly spread: a body is spoiled when the share owed reaches the next."""
    # As a fraction of the digits that were given: 0.29 as a float would spoil 28 of 100.
    parts, whole = Fraction(str(ratio)).as_integer_ratio()
    owed = 0
    for number, body in enumerate(bodies, start=1):
        if number * parts // whole > owed:
            owed += 1
            kind, data = mistakes.spoil(body.data)
            yield body._replace(data=data, mistake=kind)
        else:
            yield body


def _activity(options: SendOptions, model: type[AvroModel], schema: Mapping[str, Any]) -> Iterator[Body]:
    seed, start, pace = _settled(options)
    symbols: list[str] = next((field["type"]["symbols"] for field in schema["fields"] if field["name"] == "action"), [])
    template = _event_template(model, schema)
    for event in Activity(make_world(seed, options.users), seed, symbols, start, pace):
        yield Body(template.format(event).encode(), event.event_id, event.action)


def _event_template(model: type[AvroModel], schema: Mapping[str, Any]) -> str:
    """A format of an activity event in this version's names. A renamed field is known by its alias."""
    parts: list[str] = []
    sample: dict[str, Any] | None = None
    for field in schema["fields"]:
        name = field["name"]
        source = next((_SOURCES[known] for known in (name, *field.get("aliases", ())) if known in _SOURCES), None)
        if source is None:
            if "default" in field:
                continue
            # A later version may require what activity does not have: one value for all then.
            sample = sample or json.loads(_fake(model, "sample"))
            source = json.dumps(sample[name]).replace("{", "{{").replace("}", "}}")
        parts.append(f'"{name}":{source}')
    return "{{" + ",".join(parts) + "}}"


def _anything(options: SendOptions, contract: GeneratedContract) -> Iterator[Body]:
    """Events of any contract, as its model fakes them; timestamps of the root record advance as activity's do."""
    seed, start, pace = _settled(options)
    model = contract.model(options.schema_version)
    instants = Shape.of(json.loads(model.AVSC)).instants
    rng = seeded(seed, contract.name)
    clock = Clock()
    now_ms = start.timestamp() * 1000
    for number in range(1, 2**63):
        event = json.loads(_fake(model, f"{seed}/{number}"))
        event.update(dict.fromkeys(instants, clock.show(int(now_ms))))
        now_ms += rng.expovariate(1.0) * 1000 / pace
        label = str(event.get("event_id", f"number {number}"))
        yield Body(json.dumps(event, separators=(",", ":")).encode(), label, str(event.get("action", contract.name)))


def _fake(model: type[AvroModel], seed: str) -> str:
    """A made-up event as JSON, the same for the same seed."""
    from codegen.fake import FAKER

    FAKER.seed_instance(seed)
    return model.fake().model_dump_json(by_alias=True)


def _settled(options: SendOptions) -> tuple[int, Any, float]:
    return options.seed or 0, options.start, options.pace or options.rate or DEFAULT_PACE


class BodyBuffer:
    """Bodies made ahead: at most `capacity`, and `limit` in all (None for no end)."""

    def __init__(self, bodies: Iterator[Body], capacity: int, limit: int | None) -> None:
        self._bodies = bodies if limit is None else islice(bodies, limit)
        self._capacity = capacity
        self._ready: deque[Body] = deque()

    def fill(self, count: int) -> bool:
        """Make up to `count` more; False if there is nothing to do now."""
        room = min(count, self._capacity - len(self._ready))
        made = list(islice(self._bodies, room)) if room > 0 else []
        self._ready.extend(made)
        return bool(made)

    def take(self, count: int) -> list[Body]:
        """The next bodies, at most `count`; what is not there yet is made at once. Empty when all are taken."""
        ready = self._ready
        taken = [ready.popleft() for _ in range(min(count, len(ready)))]
        return taken if len(taken) == count else [*taken, *islice(self._bodies, count - len(taken))]
