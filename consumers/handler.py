"""What a consumer does with decoded records: the part that differs, behind one interface."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from consumers.deserializer import Decoded


class Handler(Protocol):
    """Called by one thread. `handle` must be repeatable: after a crash records come again (at least once).

    Any method but `discard` may raise Unavailable: the consumer pauses, and calls the same method again later.
    """

    def assign(self, partitions: Collection[int]) -> None:
        """These partitions are ours now: load what is known of them, before their first record comes."""

    def handle(self, decoded: Decoded) -> None:
        """Take one record; a tombstone has no value, nor has another contract's.

        Its offset is committed only after a later `flush`.
        """

    def flush(self, timeout_s: float) -> None:
        """Return when the effects of everything handled are durable."""

    def discard(self, partitions: Collection[int]) -> None:
        """These partitions are ours no longer: forget what is known of them; write nothing."""
