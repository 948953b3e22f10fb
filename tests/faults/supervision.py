"""What a supervisor does, for consumers that leave by themselves."""

from __future__ import annotations

from collections.abc import Callable

from consumers.faust_watch import StandsStill
from tools.stack import Stack


def revive(stack: Stack, name: str, say: Callable[[str], None]) -> bool:
    """Start the consumer anew if it left because it stood still, and tell. Any other end raises ChildError."""
    child = stack.consumers[name]
    if child._process.poll() != StandsStill.exit_code:
        child.check()
        return False
    say(f"    {name} left by itself, and is started anew{child.last_words()}")
    stack.start_consumers([name])
    return True
