"""A bound on what is held at one time, counted in records and bytes. For one thread: the event loop's."""

from __future__ import annotations

from dataclasses import dataclass


class Overloaded(Exception):
    """There is no room now; the same request may find some later."""


@dataclass(slots=True)
class Bound:
    """Counts what is held. A single piece larger than the whole bound never fits: bound it elsewhere first."""

    name: str
    max_records: int
    max_bytes: int
    records: int = 0
    bytes: int = 0

    def take(self, records: int, size: int) -> None:
        """Hold `records` of `size` bytes together. Raises Overloaded, and then holds nothing more than before."""
        if self.records + records > self.max_records or self.bytes + size > self.max_bytes:
            raise Overloaded(f"too much is under way ({self.name}); try again")
        self.records += records
        self.bytes += size

    def give(self, records: int, size: int) -> None:
        """Let go what `take` held."""
        self.records -= records
        self.bytes -= size
