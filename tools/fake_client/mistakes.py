"""Events that are wrong on purpose, each in one way, so that the client knows which of its events must be refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Event = dict[str, Any]
_INSTANTS: Final = ("timestamp-millis", "timestamp-micros", "timestamp-nanos")


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one version of a contract, by what can be got wrong about them; all are wire names.

    `types` has each field's Avro type as parsed JSON; `required` are those without a default.
    """

    types: Mapping[str, Any]
    required: tuple[str, ...]
    uuids: tuple[str, ...]
    instants: tuple[str, ...]
    enums: tuple[str, ...]

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Shape:
        """The shape of a record schema (parsed JSON)."""
        types = {field["name"]: field["type"] for field in schema["fields"]}
        return cls(
            types=types,
            required=tuple(field["name"] for field in schema["fields"] if "default" not in field),
            uuids=tuple(name for name, type_ in types.items() if _attribute(type_, "logicalType") == "uuid"),
            instants=tuple(name for name, type_ in types.items() if _attribute(type_, "logicalType") in _INSTANTS),
            enums=tuple(name for name, type_ in types.items() if _attribute(type_, "type") == "enum"),
        )


def _attribute(type_: object, name: str) -> object:
    return type_.get(name) if isinstance(type_, dict) else None


def _write(event: Event) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


def _missing_field(event: Event, shape: Shape, turn: int) -> bytes:
    missing = shape.required[turn % len(shape.required)]
    return _write({name: value for name, value in event.items() if name != missing})


def _unknown_field(event: Event, shape: Shape, _turn: int) -> bytes:
    name = "no_such_field"
    while name in shape.types:
        name += "_"
    return _write({**event, name: "x"})


def _wrong_type(event: Event, shape: Shape, turn: int) -> bytes:
    names = list(shape.types)
    name = names[turn % len(names)]
    type_ = shape.types[name]
    if "boolean" in json.dumps(type_):
        wrong: object = "neither yes nor no"
    else:
        wrong = 12345 if type_ == "string" else True
    return _write({**event, name: wrong})


def _bad_uuid(event: Event, shape: Shape, turn: int) -> bytes:
    return _write({**event, shape.uuids[turn % len(shape.uuids)]: "not-a-uuid"})


def _no_offset(event: Event, shape: Shape, turn: int) -> bytes:
    return _write({**event, shape.instants[turn % len(shape.instants)]: "2026-01-31T08:15:30.125"})


def _unknown_symbol(event: Event, shape: Shape, turn: int) -> bytes:
    return _write({**event, shape.enums[turn % len(shape.enums)]: "no_such_symbol"})


def _repeated_key(event: Event, _shape: Shape, turn: int) -> bytes:
    name = list(event)[turn % len(event)]
    again = json.dumps({name: event[name]}, separators=(",", ":"))
    return _write(event)[:-1] + b"," + again[1:].encode()


def _broken_json(event: Event, _shape: Shape, turn: int) -> bytes:
    written = _write(event)
    return written[: 1 + turn * 7 % (len(written) - 1)]


def _nan(event: Event, shape: Shape, turn: int) -> bytes:
    names = list(shape.types)
    return _write({**event, names[turn % len(names)]: float("nan")})


def _always(_shape: Shape) -> bool:
    return True


_Make = Callable[[Event, Shape, int], bytes]
_MISTAKES: Final[dict[str, tuple[_Make, Callable[[Shape], object]]]] = {
    # What makes the mistake, and what a shape must have for it.
    "missing field": (_missing_field, lambda shape: shape.required),
    "unknown field": (_unknown_field, _always),
    "wrong type": (_wrong_type, lambda shape: shape.types),
    "bad uuid": (_bad_uuid, lambda shape: shape.uuids),
    "timestamp without offset": (_no_offset, lambda shape: shape.instants),
    "unknown enum symbol": (_unknown_symbol, lambda shape: shape.enums),
    "repeated key": (_repeated_key, lambda shape: shape.types),
    "broken JSON": (_broken_json, _always),
    "NaN": (_nan, lambda shape: shape.types),
}


class Mistakes:
    """Makes mistakes in turn: every kind that the shape allows equally often, always in the same order."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.kinds = tuple(kind for kind, (_, possible) in _MISTAKES.items() if possible(shape))
        self._made = 0

    def spoil(self, data: bytes) -> tuple[str, bytes]:
        """The next kind of mistake, and the event `data` (JSON) with it."""
        turn, index = divmod(self._made, len(self.kinds))
        self._made += 1
        kind = self.kinds[index]
        return kind, _MISTAKES[kind][0](json.loads(data), self._shape, turn)
