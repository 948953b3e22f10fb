"""`pipeline consume standard`: reads every record into the pinned model and counts what it saw.

At least once: offsets are committed after the work, and after every dead letter before them is confirmed. To do more
than count, write a function and give it to `pipeline consume run`.
"""

from __future__ import annotations

from typing import Final

from consumers.decoding.deserializer import Decoded
from consumers.handler import Stateless
from consumers.options import ConsumerOptions
from consumers.running.runner import run

APP: Final = "standard"


class StandardHandler(Stateless):
    """Takes every record and needs no more: the loop's own tally is its whole effect."""

    def handle(self, decoded: Decoded) -> None:
        """Nothing to do: the tally counts it."""


def run_standard(options: ConsumerOptions) -> int:
    """Consume until stopped; the exit code. Raises ConsumerError for what a person must mend."""
    return run(APP, options, lambda _setup, _sending: StandardHandler())
