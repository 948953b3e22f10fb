"""JSON defaults as Python: the expression of the value that a default stands for.

What defaults of rare types need is imported where it is used: a cold check of the models renders without it.
"""

from __future__ import annotations

import keyword
from datetime import date, timedelta
from typing import Final, NamedTuple, assert_never

from codegen.nodes import Array, Enum, Fixed, Json, LogicalType, Map, Node, Primitive, Record, Union
from codegen.reading.defaults import matching_branch
from codegen.rendering.python_names import member_names
from codegen.rendering.python_types import UnsupportedType, bytes_literal, float_literal, quote, wrapper_name
from codegen.rendering.type_names import TypeNames

_DAY_US: Final = 86_400_000_000


class Default(NamedTuple):
    """A default as an expression; `mutable` ones need a factory, so that no two models share them."""

    expression: str
    mutable: bool = False


def default_expression(node: Node, value: Json, names: TypeNames) -> Default:
    """The Python value that the JSON default `value` of `node` stands for.

    Raises ValueError with a sentence for a default that no value of the Python type can be.
    """
    match node:
        case Primitive():
            return Default(_primitive_default(node, value))
        case Enum():
            return Default(f"{names.type(node)}.{member_names(node.symbols)[str(value)]}")
        case Array():
            items = value if isinstance(value, list) else []
            parts = ", ".join(default_expression(node.items, item, names).expression for item in items)
            return Default(f"[{parts}]", mutable=True)
        case Map():
            members = value if isinstance(value, dict) else {}
            parts = ", ".join(
                f"{quote(key)}: {default_expression(node.values, item, names).expression}"
                for key, item in members.items()
            )
            return Default(f"{{{parts}}}", mutable=True)
        case Record():
            return Default(_record_default(node, value if isinstance(value, dict) else {}, names), mutable=True)
        case Union():
            index = matching_branch(node, value)
            if index is None:
                raise UnsupportedType("a default of no branch")
            branch = node.branches[index]
            inner = default_expression(branch, value, names)
            wrapper = wrapper_name(node, branch, names)
            if wrapper is not None:
                return Default(f"{wrapper}({inner.expression})", mutable=True)
            # The library would take the branch from a plain default's Python type: long for int, double for float.
            return Default(inner.expression, mutable=inner.expression != "None")
        case Fixed():
            return Default(_fixed_default(node, str(value)))
        case _:
            assert_never(node)


def _record_default(node: Record, members: dict[str, Json], names: TypeNames) -> str:
    """A call with wire names, or a dictionary of them where one is no argument's name."""
    values = {
        field.name: default_expression(field.type, members[field.name], names).expression
        for field in node.fields
        if field.name in members
    }
    if any(map(keyword.iskeyword, values)):
        items = ", ".join(f"{quote(name)}: {value}" for name, value in values.items())
        return f"{names.type(node)}.model_validate({{{items}}})"
    return f"{names.type(node)}({', '.join(f'{name}={value}' for name, value in values.items())})"


def _fixed_default(node: Fixed, value: str) -> str:
    """`value` has one character for each byte."""
    logical = node.logical.name if node.logical is not None else None
    if logical == "uuid":
        from uuid import UUID

        return f"UUID({quote(str(UUID(bytes=value.encode('latin-1'))))})"
    if logical == "decimal" and node.logical is not None:
        return _decimal_default(node.logical, value)
    if logical == "duration":
        from codegen.duration import Duration

        found = Duration.unpack(value.encode("latin-1"))
        return f"make_duration(months={found.months}, days={found.days}, millis={found.millis})"
    return bytes_literal(value.encode("latin-1"))


def _decimal_default(logical: LogicalType, value: str) -> str:
    from decimal import Decimal

    from codegen.leaves import check_decimal

    unscaled, scale = int.from_bytes(value.encode("latin-1"), "big", signed=True), logical.scale or 0
    # Made of its digits, because arithmetic would round to the 28 digits of the default context.
    exact = Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))
    checked = str(check_decimal(exact, logical.precision or 0, scale))
    return f"Decimal({quote(checked) if scale else checked})"


def _primitive_default(node: Primitive, value: Json) -> str:
    logical = node.logical.name if node.logical is not None else None
    match value:
        case None | bool():
            return repr(value)
        case int() if logical is not None:
            return _calendar_default(logical, value)
        case int() | float() if node.name == "float":
            import struct

            return float_literal(struct.unpack("<f", struct.pack("<f", value))[0])
        case int() | float():
            return float_literal(float(value)) if node.name == "double" else repr(value)
        case str() if logical == "uuid":
            from codegen.leaves import parse_uuid

            return f"UUID({quote(str(parse_uuid(value)))})"
        case str() if logical == "decimal" and node.logical is not None:
            return _decimal_default(node.logical, value)
        case str() if logical == "big-decimal":
            from codegen.decoding.scalars import read_big_decimal
            from codegen.leaves import check_big_decimal

            return f"Decimal({quote(str(check_big_decimal(read_big_decimal(value.encode('latin-1')))))})"
        case str() if node.name == "bytes":
            return bytes_literal(value.encode("latin-1"))
        case str():
            return quote(value)
        case _:
            raise UnsupportedType(f"the default {value!r} of {node.name}")


def _calendar_default(logical: str, value: int) -> str:
    from codegen.leaves import EPOCH, LOCAL_EPOCH, format_local
    from codegen.nanos import LocalNanoTimestamp, NanoTimestamp

    if logical == "timestamp-nanos":
        return f"NanoTimestamp.parse({quote(str(NanoTimestamp(value)))})"
    if logical == "local-timestamp-nanos":
        return f"LocalNanoTimestamp.parse({quote(str(LocalNanoTimestamp(value)))})"
    unit_us = 1000 if logical.endswith("-millis") else 1
    try:
        if logical == "date":
            return f"parse_date({quote(date.fromordinal(EPOCH.toordinal() + value).isoformat())})"
        if logical.startswith("time-"):
            if not 0 <= value * unit_us < _DAY_US:
                raise UnsupportedType("no such time: 00:00:00 to 23:59:59.999999")
            clock = (LOCAL_EPOCH + timedelta(microseconds=value * unit_us)).time()
            return f"parse_time({quote(format_local(clock, unit_us))})"
        if logical.startswith("local-"):
            moment = LOCAL_EPOCH + timedelta(microseconds=value * unit_us)
            return f"parse_local({quote(format_local(moment, unit_us))})"
        moment = EPOCH + timedelta(microseconds=value * unit_us)
    except (OverflowError, ValueError) as error:
        if isinstance(error, UnsupportedType):
            raise
        raise UnsupportedType("no such moment: year 0001 to 9999") from None
    parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond]
    return f"datetime({', '.join(map(str, parts))}, tzinfo=UTC)"
