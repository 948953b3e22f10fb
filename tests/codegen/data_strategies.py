"""Hypothesis strategies: data of a schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from codegen.branches import Chosen, is_null, is_simple
from codegen.duration import UINT_MAX, Duration
from codegen.nanos import LocalNanoTimestamp, NanoTimestamp
from codegen.nodes import Array, Enum, Fixed, LogicalType, Map, Node, Primitive, Record, Union, branch_name
from tests.codegen.schema_strategies import TEXT

_NANOS = {"timestamp-nanos": NanoTimestamp, "local-timestamp-nanos": LocalNanoTimestamp}
_COUNTS = st.integers(0, UINT_MAX)


# From here on a recursive datum comes to an end.
_MAX_DEPTH = 4


def data(node: Node, depth: int = 0) -> st.SearchStrategy[Any]:
    """Data of a schema as a model takes them through lax validation; `raw_data` has them as fastavro does."""
    match node:
        case Record():
            return st.fixed_dictionaries({entry.name: data(entry.type, depth + 1) for entry in node.fields})
        case Enum():
            return st.sampled_from(node.symbols)
        case Array():
            return st.just([]) if depth > _MAX_DEPTH else st.lists(data(node.items, depth + 1), max_size=3)
        case Map():
            return (
                st.just({}) if depth > _MAX_DEPTH else st.dictionaries(TEXT, data(node.values, depth + 1), max_size=3)
            )
        case Union():
            return st.one_of(*(_branch(node, branch, depth) for branch in _branches(node, depth)))
        case Primitive():
            return _scalars(node)
        case Fixed() if node.logical is not None:
            return _logical_fixed(node.logical)
        case Fixed():
            return st.binary(min_size=node.size, max_size=node.size)


def _branches(union: Union, depth: int) -> Sequence[Node]:
    if depth <= _MAX_DEPTH:
        return union.branches
    scalars = [branch for branch in union.branches if isinstance(branch, Primitive | Enum | Fixed)]
    return scalars or union.branches[:1]


def _branch(union: Union, branch: Node, depth: int) -> st.SearchStrategy[Any]:
    values = data(branch, depth + 1)
    return (
        values if is_simple(union) or is_null(branch) else values.map(lambda value: Chosen(branch_name(branch), value))
    )


def _logical_fixed(logical: LogicalType) -> st.SearchStrategy[Any]:
    if logical.name == "decimal":
        return _decimals(logical)
    return st.uuids() if logical.name == "uuid" else st.builds(Duration, _COUNTS, _COUNTS, _COUNTS)


def _decimals(logical: LogicalType) -> st.SearchStrategy[Decimal]:
    limit, scale = 10 ** (logical.precision or 1) - 1, logical.scale or 0
    numbers = st.integers(-limit, limit).filter(lambda number: not _has_a_longer_form(number))
    return numbers.map(lambda number: Decimal(_scaled(number, scale)))


def _scalars(node: Primitive) -> st.SearchStrategy[Any]:
    logical = node.logical
    if logical is None:
        return {
            "null": st.none(),
            "boolean": st.booleans(),
            "int": st.integers(-(2**31), 2**31 - 1),
            "long": st.integers(-(2**63), 2**63 - 1),
            "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
            "double": st.floats(allow_nan=False, allow_infinity=False),
            "bytes": st.binary(max_size=8),
            "string": TEXT,
        }[node.name]
    if logical.name == "uuid":
        return st.uuids()
    if logical.name == "decimal":
        return _decimals(logical)
    if logical.name == "big-decimal":
        return st.builds(lambda number, scale: Decimal(_scaled(number, scale)), st.integers(), st.integers(0, 40))
    if logical.name in _NANOS:
        return st.builds(_NANOS[logical.name], st.integers(-(2**63), 2**63 - 1))
    if logical.name == "date":
        return st.dates()
    unit = 1000 if logical.name.endswith("-millis") else 1
    if logical.name.startswith("time-"):
        return st.times().map(lambda clock: clock.replace(microsecond=clock.microsecond // unit * unit))
    zones = st.none() if logical.name.startswith("local-") else st.just(UTC)
    moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 - as asked
    return moments.map(lambda moment: moment.replace(microsecond=moment.microsecond // unit * unit))


def _has_a_longer_form(number: int) -> bool:
    """-128, -32768 …: fastavro writes these one byte longer than they need (test_binary.py has them)."""
    bits = (-number).bit_length()
    return number < 0 and bits % 8 == 0 and number == -(2 ** (bits - 1))


def _scaled(number: int, scale: int) -> str:
    digits = f"{abs(number):0{scale + 1}d}"
    text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
    return f"-{text}" if number < 0 else text
