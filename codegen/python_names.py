"""Names of generated Python: attributes, enum members, and what they must not be called."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable
from typing import Final

# What a generated module imports or defines for itself; a record or enum of one of these names would hide it.
MODULE_NAMES: Final[frozenset[str]] = frozenset(
    {
        "AliasChoices", "Annotated", "Any", "AvroDecimal", "AvroModel", "Bytes", "ClassVar", "Decimal",
        "Double", "Field", "Final", "Float", "Int", "Long", "MODEL", "Meta", "StrEnum", "TimestampMicros",
        "TimestampMillis", "UTC", "UUID", "Uuid", "binary", "datetime", "nonmember", "EPOCH", "MILLISECOND",
        "MICROSECOND", "Date", "LOCAL_EPOCH", "LocalTimestampMicros", "LocalTimestampMillis", "TimeMicros",
        "TimeMillis", "AvroFixed", "FixedBytes", "TypeAlias", "AvroDuration", "FixedDuration", "BigDecimal",
        "LocalNanoTimestamp", "LocalTimestampNanos", "NanoTimestamp", "TimestampNanos", "make_duration", "parse_date",
        "parse_local", "parse_time",
    }
)  # fmt: skip

# A field of one of these names would hide it from the fields behind it.
ANNOTATIONS: Final[frozenset[str]] = frozenset({"str", "bool", "list", "dict"})


def member_names(symbols: Iterable[str]) -> dict[str, str]:
    """Symbol → member name of its StrEnum: upper case, made different where that is taken or means something."""
    names: dict[str, str] = {}
    taken = {"MRO"}
    for symbol in symbols:
        name = symbol.upper()
        if name.startswith("_"):
            name = f"SYMBOL{name}"
        while name in taken or keyword.iskeyword(name):
            name += "_"
        taken.add(name)
        names[symbol] = name
    return names


def refuse_class(name: str) -> str | None:
    """Why a type of this name cannot be a class yet, or None."""
    if keyword.iskeyword(name):
        return "is a Python keyword"
    if name.startswith("__"):
        return "starts with two underscores, which Python mangles"
    if name in MODULE_NAMES:
        return "is a name that the generated module uses"
    if hasattr(builtins, name):
        return "is the name of a Python builtin"
    return None
