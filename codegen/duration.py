"""Avro's duration: months, days and milliseconds, none of which can be turned into another (specification, "Duration").

Python's timedelta has no months, and would make 24 hours of a day.
"""

from __future__ import annotations

import struct
from typing import Final, Self

UINT_MAX: Final = 2**32 - 1
_LAYOUT: Final = struct.Struct("<III")


class Duration:
    """Three counts, each from 0 to 4294967295. Immutable."""

    # No dataclass: pydantic would turn one into a dict where a model is dumped to Python.
    __slots__ = ("_counts",)

    def __init__(self, months: int = 0, days: int = 0, millis: int = 0) -> None:
        """Raises ValueError for a count that is no integer of 32 bits without a sign."""
        for count in (months, days, millis):
            if type(count) is not int or not 0 <= count <= UINT_MAX:
                raise ValueError(f"months, days and millis of a duration are integers from 0 to {UINT_MAX}")
        self._counts = (months, days, millis)

    @property
    def months(self) -> int:
        """Whole months."""
        return self._counts[0]

    @property
    def days(self) -> int:
        """Whole days, beside the months."""
        return self._counts[1]

    @property
    def millis(self) -> int:
        """Milliseconds, beside the months and days."""
        return self._counts[2]

    def __eq__(self, other: object) -> bool:
        return self._counts == other._counts if isinstance(other, Duration) else NotImplemented

    def __hash__(self) -> int:
        return hash((Duration, self._counts))

    def __repr__(self) -> str:
        return f"Duration(months={self.months}, days={self.days}, millis={self.millis})"

    def as_dict(self) -> dict[str, int]:
        """As JSON has it."""
        return {"months": self.months, "days": self.days, "millis": self.millis}

    def pack(self) -> bytes:
        """Twelve bytes: three unsigned little-endian integers."""
        return _LAYOUT.pack(*self._counts)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The duration of twelve bytes. Raises ValueError for another number of them."""
        if len(data) != _LAYOUT.size:
            raise ValueError("a duration has twelve bytes")
        return cls(*_LAYOUT.unpack(data))


def make_duration(*, months: int, days: int, millis: int) -> Duration:
    """For the generated modules, in which a contract may have a type called Duration."""
    return Duration(months, days, millis)
