"""Test a handler without a broker: see docs/consumers.md."""

from consumers.options import Guarantee
from consumers.testing.crashing import crash_everywhere
from consumers.testing.driver import DeadLetter, Driver
from consumers.testing.world import Crash

__all__ = ["Crash", "DeadLetter", "Driver", "Guarantee", "crash_everywhere"]
