"""Moments to the nanosecond, which Python's datetime cannot hold (Avro specification, "Timestamps").

A value is its number of nanoseconds since 1970-01-01, in 64 bits: 1677-09-21 to 2262-04-11. Values are immutable and
can be compared and hashed; one in UTC and one without a zone are never equal, and neither is before the other.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import total_ordering
from typing import Final, Self

from codegen.leaves import EPOCH, LOCAL_EPOCH, MICROSECOND, floor_instant, floor_local, parse_instant, parse_local
from codegen.reading.defaults import LONG_RANGE

_FRACTION: Final = re.compile(r"\.([0-9]+)")


@total_ordering
class _Nanos:
    # No dataclass: pydantic would turn one into a dict where a model is dumped to Python.
    __slots__ = ("_nanoseconds",)

    def __init__(self, nanoseconds: int) -> None:
        """From the number of nanoseconds since 1970-01-01T00:00:00. Raises ValueError beyond 64 bits."""
        if type(nanoseconds) is not int or not LONG_RANGE[0] <= nanoseconds <= LONG_RANGE[1]:
            raise ValueError("no such moment: with nanoseconds they reach from 1677-09-21 to 2262-04-11")
        self._nanoseconds = nanoseconds

    @property
    def nanoseconds(self) -> int:
        """The number of nanoseconds since 1970-01-01T00:00:00, as Avro writes it."""
        return self._nanoseconds

    @property
    def nanosecond(self) -> int:
        """The three digits behind the microsecond: 0 to 999."""
        return self._nanoseconds % 1000

    def __eq__(self, other: object) -> bool:
        return self._nanoseconds == other._nanoseconds if type(other) is type(self) else NotImplemented

    def __lt__(self, other: Self) -> bool:
        return self._nanoseconds < other._nanoseconds if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self._nanoseconds))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._nanoseconds})"


class NanoTimestamp(_Nanos):
    """A moment in UTC, of `timestamp-nanos`."""

    __slots__ = ()

    @classmethod
    def of(cls, moment: datetime, nanosecond: int = 0) -> Self:
        """A datetime with an offset, and the three digits behind its microsecond. Raises ValueError."""
        return cls(_count(floor_instant(moment, 1) - EPOCH, nanosecond))

    @classmethod
    def parse(cls, text: object) -> Self:
        """An RFC 3339 date-time with an offset; digits beyond the nanosecond are cut off, which floors."""
        return cls(_count(parse_instant(text) - EPOCH, _nanosecond(text)))

    @property
    def moment(self) -> datetime:
        """The datetime in UTC, floored to the microsecond."""
        return EPOCH + timedelta(microseconds=self.nanoseconds // 1000)

    def __str__(self) -> str:
        """RFC 3339 in UTC with nine digits."""
        return f"{self.moment.replace(tzinfo=None).isoformat(timespec='microseconds')}{self.nanosecond:03d}Z"


class LocalNanoTimestamp(_Nanos):
    """A date and time without a zone, of `local-timestamp-nanos`."""

    __slots__ = ()

    @classmethod
    def of(cls, moment: datetime, nanosecond: int = 0) -> Self:
        """A datetime without a zone, and the three digits behind its microsecond. Raises ValueError."""
        return cls(_count(floor_local(moment, 1) - LOCAL_EPOCH, nanosecond))

    @classmethod
    def parse(cls, text: object) -> Self:
        """An RFC 3339 date-time without its offset; digits beyond the nanosecond are cut off, which floors."""
        return cls(_count(parse_local(text) - LOCAL_EPOCH, _nanosecond(text)))

    @property
    def moment(self) -> datetime:
        """The datetime without a zone, floored to the microsecond."""
        return LOCAL_EPOCH + timedelta(microseconds=self.nanoseconds // 1000)

    def __str__(self) -> str:
        """RFC 3339 without an offset, with nine digits."""
        return f"{self.moment.isoformat(timespec='microseconds')}{self.nanosecond:03d}"


def _count(since_epoch: timedelta, nanosecond: int) -> int:
    if not 0 <= nanosecond <= 999:
        raise ValueError("a datetime has its microseconds already: 0 to 999 nanoseconds are left")
    return since_epoch // MICROSECOND * 1000 + nanosecond


def _nanosecond(text: object) -> int:
    """Digits seven to nine of a date-time that has been parsed."""
    match = _FRACTION.search(str(text))
    return int(f"{match.group(1)[6:9]:0<3}") if match else 0
