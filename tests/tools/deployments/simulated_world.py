"""The truth about deployments, found without our code: bytes that fastavro writes, and whether fastavro can read them.

A world has instances that run and topics that hold bytes. It knows of no rule: whether a step is safe is found by
letting every writer write every kind of datum that it can, and every reader read all that lies there.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, NamedTuple

import fastavro


def _order(*fields: tuple[str, Any], **rest: Any) -> dict[str, Any]:
    shown = [{"name": name, "type": kind, **rest.get(name, {})} for name, kind in fields]
    return {"type": "record", "name": "Order", "fields": shown}


def _state(symbols: str, **rest: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "State", "symbols": list(symbols), **rest}


AB, ABCD = _state("AB"), _state("ABCD", default="A")
NOTE = ("note", ["null", "string"])
NO_NOTE = {"default": None}
HISTORIES: dict[str, dict[int, dict[str, Any]]] = {
    "orders": {
        1: _order(("id", "string"), ("state", AB), ("n", "int")),
        2: _order(("id", "string"), ("state", AB), ("n", "int"), NOTE, note=NO_NOTE),
        # Reads what came before, and cannot be read by it.
        3: _order(("id", "string"), ("state", AB), ("n", "long"), NOTE, note=NO_NOTE),
        # The other way round.
        4: _order(("id", "string"), ("state", AB), ("n", "long"), ("tenant", "string")),
        5: _order(("id", "string"), ("state", AB), ("n", "long"), ("tenant", "string"), tenant={"default": ""}),
        6: _order(("id", "string"), ("state", _state("ABC")), ("n", "long")),
        7: _order(("id", "string"), ("state", ABCD), ("n", "double")),
        8: _order(("id", "string"), ("status", ABCD), ("n", "double"), status={"aliases": ["state"]}),
    },
    "prices": {
        1: _order(("x", "int")),
        2: _order(("x", "string")),
        3: _order(("x", ["int", "string"])),
        4: _order(("x", ["null", "int", "string"])),
    },
}
READS, WRITES = "reads", "writes"


class Instance(NamedTuple):
    app: str
    contract: str
    role: str
    version: int


def data_of(kind: Any) -> Iterator[Any]:
    """One datum for everything that a reader may or may not know: every symbol, every branch."""
    match kind:
        case {"type": "record", "fields": fields}:
            for values in itertools.product(*[list(data_of(field["type"])) for field in fields]):
                yield {field["name"]: value for field, value in zip(fields, values, strict=True)}
        case {"type": "enum", "symbols": symbols}:
            yield from symbols
        case list():
            for branch in kind:
                yield from data_of(branch)
        case _:
            yield {"null": None, "string": "text", "int": 7, "long": 2**40, "double": 1.5}[kind]


@cache
def written(contract: str, version: int) -> tuple[bytes, ...]:
    """All that a writer of this version may write."""
    schema = fastavro.parse_schema(HISTORIES[contract][version])
    found = []
    for datum in data_of(HISTORIES[contract][version]):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, datum)
        found.append(out.getvalue())
    return tuple(found)


@cache
def can_read(contract: str, reader: int, writer: int, data: bytes) -> bool:
    """Whether these bytes can be read, by doing it."""
    schemas = HISTORIES[contract]
    try:
        fastavro.schemaless_reader(
            io.BytesIO(data), fastavro.parse_schema(schemas[writer]), fastavro.parse_schema(schemas[reader])
        )
    except Exception:  # noqa: BLE001 - whatever it raises, the reader has no record
        return False
    return True


@dataclass
class World:
    """One environment. `topics` hold (contract, version that wrote it, bytes)."""

    instances: set[Instance] = field(default_factory=set)
    topics: set[tuple[str, int, bytes]] = field(default_factory=set)

    def all_write(self) -> None:
        for one in self.instances:
            if one.role == WRITES:
                self.topics |= {(one.contract, one.version, data) for data in written(one.contract, one.version)}

    def unreadable(self) -> int:
        """How many records some running reader cannot read."""
        return sum(
            not can_read(contract, one.version, version, data)
            for one in self.instances
            if one.role == READS
            for contract, version, data in self.topics
            if contract == one.contract
        )

    def after(self, *more: Instance) -> World:
        """The world in which these run, too, and everybody has written again."""
        world = World(self.instances | set(more), set(self.topics))
        world.all_write()
        return world

    def versions_in(self, contract: str) -> set[int]:
        return {version for name, version, _ in self.topics if name == contract}

    def forget(self, contract: str, version: int) -> None:
        """The retention time of these records is over."""
        self.topics = {one for one in self.topics if one[:2] != (contract, version)}


def random_roles(draw: Random, apps: int) -> list[tuple[str, str, str]]:
    """(app, contract, role) of every application; some read and write."""
    roles = []
    for number in range(apps):
        contract = draw.choice(["orders", "orders", "prices"])
        own = draw.choice([[READS], [READS], [WRITES], [READS, WRITES]])
        roles += [(f"app-{number}", contract, role) for role in own]
    return roles
