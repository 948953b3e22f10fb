"""`pipeline consume standard`: reads every record into the pinned model and counts what it saw.

At least once: offsets are committed after the work, and after every dead letter before them is confirmed. Replace
`StandardHandler` to do more than count.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from consumers.deserializer import Decoded
from consumers.options import ConsumerOptions
from consumers.runner import run

APP: Final = "standard"


class StandardHandler:
    """Takes every record and needs no more: the loop's own tally is its whole effect."""

    def assign(self, partitions: Collection[int]) -> None:
        """Nothing to load."""

    def handle(self, decoded: Decoded) -> None:
        """Nothing to do: the tally counts it."""

    def flush(self, timeout_s: float) -> None:
        """Nothing is pending."""

    def discard(self, partitions: Collection[int]) -> None:
        """Nothing to forget."""


def run_standard(options: ConsumerOptions) -> int:
    """Consume until stopped; the exit code. Raises ConsumerError for what a person must mend."""
    return run(APP, options, lambda _setup: StandardHandler())
