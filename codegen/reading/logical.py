"""Which logical types are known, and on which base types (Avro specification 1.12, section "Logical Types").

An unknown logical type, or a known one with wrong attributes, is ignored and leaves its base type.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from codegen.nodes import Json, LogicalType

_BASES: Final[dict[str, frozenset[str]]] = {
    "decimal": frozenset({"bytes", "fixed"}),
    "big-decimal": frozenset({"bytes"}),
    "uuid": frozenset({"string", "fixed"}),
    "date": frozenset({"int"}),
    "time-millis": frozenset({"int"}),
    "time-micros": frozenset({"long"}),
    "timestamp-millis": frozenset({"long"}),
    "timestamp-micros": frozenset({"long"}),
    "timestamp-nanos": frozenset({"long"}),
    "local-timestamp-millis": frozenset({"long"}),
    "local-timestamp-micros": frozenset({"long"}),
    "local-timestamp-nanos": frozenset({"long"}),
    "duration": frozenset({"fixed"}),
}
_FIXED_SIZES: Final = {"uuid": 16, "duration": 12}


def logical_type(properties: Mapping[str, Json], base: str, size: int | None) -> tuple[LogicalType | None, str | None]:
    """The logical type that `properties` give to `base`, and a complaint when a known one does not fit.

    `size` is the number of bytes of a fixed, else None.
    """
    name = properties.get("logicalType")
    if not isinstance(name, str) or name not in _BASES:
        return None, None
    if base not in _BASES[name]:
        return None, f"the logical type {name!r} does not go with {base}"
    if base == "fixed" and name in _FIXED_SIZES and size != _FIXED_SIZES[name]:
        return None, f"the logical type {name!r} needs a fixed of {_FIXED_SIZES[name]} bytes"
    if name == "decimal":
        return _decimal(properties, size)
    return LogicalType(name), None


def _decimal(properties: Mapping[str, Json], size: int | None) -> tuple[LogicalType | None, str | None]:
    precision = properties.get("precision")
    scale = properties.get("scale", 0)
    if not isinstance(precision, int) or isinstance(precision, bool) or precision < 1:
        return None, 'a decimal needs "precision", an integer above 0'
    if not isinstance(scale, int) or isinstance(scale, bool) or not 0 <= scale <= precision:
        return None, 'the "scale" of a decimal is an integer from 0 to its precision'
    if size is not None and precision > max_precision(size):
        return None, f"a fixed of {size} bytes holds at most {max_precision(size)} digits, not {precision}"
    return LogicalType("decimal", precision, scale), None


def max_precision(size: int) -> int:
    """How many decimal digits always fit into `size` bytes of two's complement."""
    return math.floor(math.log10(2) * (8 * size - 1)) if size > 0 else 0
