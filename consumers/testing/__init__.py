"""Test a handler without a broker: see docs/consumers.md."""

from consumers.testing.driver import DeadLetter, Driver, crash_everywhere
from consumers.testing.world import Crash

__all__ = ["Crash", "DeadLetter", "Driver", "crash_everywhere"]
