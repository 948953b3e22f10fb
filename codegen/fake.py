"""Made-up data of a schema, as a decoder would give them: small, finite where the schema allows it, and never the same.

Everything is drawn from one Faker, which `seed_instance` makes repeat itself.
"""

from __future__ import annotations

import math
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from faker import Faker

from codegen.branches import Chosen, is_simple
from codegen.decoding.datum import round_float
from codegen.duration import UINT_MAX, Duration
from codegen.nanos import LocalNanoTimestamp, NanoTimestamp
from codegen.nodes import (
    Array,
    Enum,
    Field,
    Fixed,
    LogicalType,
    Map,
    Node,
    Primitive,
    Record,
    Union,
    branch_name,
    named_types,
)

FAKER: Final = Faker()
# From here on arrays are empty and unions take the shortest way out.
_DEPTH: Final = 3
_ENDLESS: Final = math.inf
_START: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SECONDS: Final = 1_500_000_000
_BILLION: Final = 1_000_000_000


class NoFiniteDatum(ValueError):
    """Every datum of the record needs another of its kind inside, so there is none."""


class DataMaker:
    """Makes data of one record."""

    def __init__(self, root: Record) -> None:
        self._root = root
        self._heights = _heights(root)

    def make(self, given: frozenset[str] = frozenset()) -> dict[str, Any]:
        """A datum without the fields that are `given` elsewhere. Raises NoFiniteDatum where there is none."""
        fields = [field for field in self._root.fields if field.name not in given]
        if any(self._height(field.type) == _ENDLESS for field in fields):
            raise NoFiniteDatum(f"no finite datum of {self._root.full_name} exists: each one needs another inside")
        return {field.name: self._field(field, 0) for field in fields}

    def _field(self, field: Field, depth: int) -> Any:
        return self._node(field.type, depth)

    def _node(self, node: Node, depth: int) -> Any:
        match node:
            case Primitive() | Fixed():
                return _scalar(node)
            case Enum():
                return FAKER.random_element(node.symbols)
            case Array():
                return [self._node(node.items, depth + 1) for _ in range(self._size(node.items, depth))]
            case Map():
                return {FAKER.word(): self._node(node.values, depth + 1) for _ in range(self._size(node.values, depth))}
            case Union():
                branch = self._branch(node, depth)
                value = self._node(branch, depth + 1)
                return value if value is None or is_simple(node) else Chosen(branch_name(branch), value)
            case Record():
                return {field.name: self._field(field, depth + 1) for field in node.fields}

    def _size(self, inner: Node, depth: int) -> int:
        if depth >= _DEPTH or self._height(inner) == _ENDLESS:
            return 0
        return FAKER.random_int(1, 2)

    def _branch(self, union: Union, depth: int) -> Node:
        finite = [branch for branch in union.branches if self._height(branch) < _ENDLESS]
        if depth >= _DEPTH:
            return min(finite, key=self._height)
        found: Node = FAKER.random_element(finite)
        return found

    def _height(self, node: Node) -> float:
        return _height(node, self._heights)


def _heights(root: Record) -> dict[Record, float]:
    """How many records stand inside each other at least, in the smallest datum of each record."""
    records = [node for node in named_types(root) if isinstance(node, Record)]
    heights = dict.fromkeys(records, _ENDLESS)
    while True:
        grown = {
            record: 1 + max((_height(field.type, heights) for field in record.fields), default=0) for record in records
        }
        if grown == heights:
            return heights
        heights = grown


def _height(node: Node, heights: dict[Record, float]) -> float:
    match node:
        case Record():
            return heights[node]
        case Union():
            return min((_height(branch, heights) for branch in node.branches), default=_ENDLESS)
        case _:
            return 0


def _scalar(node: Primitive | Fixed) -> Any:
    if node.logical is not None:
        return _logical(node.logical)
    if isinstance(node, Fixed):
        return _bytes(node.size)
    match node.name:
        case "null":
            return None
        case "boolean":
            return FAKER.boolean()
        case "int":
            return FAKER.random_int(-1000, 1_000_000)
        case "long":
            return FAKER.random_int(-1000, 10**12)
        case "float":
            return round_float(FAKER.random.uniform(-1000, 1000))
        case "double":
            return FAKER.random.uniform(-1000, 1000)
        case "bytes":
            return _bytes(FAKER.random_int(0, 16))
        case _:
            return FAKER.word()


def _logical(logical: LogicalType) -> Any:
    moment = _START + timedelta(seconds=FAKER.random_int(0, _SECONDS), microseconds=1000 * FAKER.random_int(0, 999))
    match logical.name:
        case "uuid":
            return uuid.UUID(int=FAKER.random.getrandbits(128), version=4)
        case "decimal":
            limit = 10 ** min(logical.precision or 1, 18)
            return _decimal(FAKER.random_int(1 - limit, limit - 1), logical.scale or 0)
        case "big-decimal":
            return _decimal(FAKER.random_int(-(10**9), 10**9), FAKER.random_int(0, 4))
        case "date":
            return moment.date()
        case "time-millis" | "time-micros":
            return moment.time()
        case "timestamp-millis" | "timestamp-micros":
            return moment
        case "local-timestamp-millis" | "local-timestamp-micros":
            return moment.replace(tzinfo=None)
        case "timestamp-nanos":
            return NanoTimestamp(int(moment.timestamp()) * _BILLION + FAKER.random_int(0, _BILLION - 1))
        case "local-timestamp-nanos":
            return LocalNanoTimestamp(int(moment.timestamp()) * _BILLION + FAKER.random_int(0, _BILLION - 1))
        case _:
            return Duration(*(FAKER.random_int(0, limit) for limit in (24, 60, min(UINT_MAX, 86_400_000))))


def _bytes(size: int) -> bytes:
    data: bytes = FAKER.random.randbytes(size)
    return data


def _decimal(unscaled: int, scale: int) -> Decimal:
    """Made of its digits, because arithmetic would round to the 28 digits of the default context."""
    return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))
