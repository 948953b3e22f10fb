"""What a consumer does with decoded records: the part that differs, behind one interface."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from consumers.decoding.deserializer import Decoded
from consumers.effects import Effects


class Handler(Protocol):
    """`handle` must be repeatable: after a crash records come again (at least once).

    Any method but `discard` may raise Unavailable: the consumer pauses, and calls the same method again later. What
    else `handle` raises is tried again where it is a passing cause, and ends in the dead-letter topic.

    All but `handle` are called by one thread. `handle` is, too, unless the consumer runs it in lanes: then records of
    different keys come at once, and those of one key after each other.
    """

    def assign(self, partitions: Collection[int]) -> None:
        """These partitions are ours now: load what is known of them, before their first record comes."""

    def handle(self, decoded: Decoded) -> Effects:
        """Take one record, and say what shall be produced; a tombstone has no value, nor has another contract's.

        Its offset is committed only after a later `flush`.
        """

    def flush(self, timeout_s: float) -> None:
        """Return when the effects of everything handled are durable."""

    def discard(self, partitions: Collection[int]) -> None:
        """These partitions are ours no longer: forget what is known of them; write nothing."""


class Stateless:
    """The parts of a handler that keeps nothing."""

    def assign(self, partitions: Collection[int]) -> None:
        """Nothing to load."""

    def flush(self, timeout_s: float) -> None:
        """Nothing is pending."""

    def discard(self, partitions: Collection[int]) -> None:
        """Nothing to forget."""
