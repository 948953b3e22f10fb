"""A consumer under exactly-once that dies by SIGKILL at a named step: `python -m tests.faults.mortal APP STEP COUNT`.

APP is `counts` or `echo`, a handler that produces one record for each event. It dies when STEP is passed for the
COUNT-th time; 0 is never.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from consumers.counts.app import run_counts
from consumers.faults import ConsumerError
from consumers.function import run_function
from consumers.loop.loop import Loop
from consumers.loop.steps import Steps
from consumers.loop.transactions import Transactions
from consumers.options import ConsumerOptions, Guarantee

# Step → whose method, and whether it dies before it, after it, or a moment after it has begun.
STEPS: dict[str, tuple[type, str, str]] = {
    "polled": (Loop, "_next", "after"),
    "handled": (Steps, "pass_on", "after"),
    "transaction begun": (Transactions, "_begin", "after"),
    "produced": (Transactions, "produce", "after"),
    "flushing": (Transactions, "flush", "during"),
    "flushed": (Transactions, "flush", "after"),
    "sending offsets": (Transactions, "send", "before"),
    "committing": (Transactions, "_end_what_was_left", "during"),
    "committed": (Transactions, "send", "after"),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(step: str, count: int) -> None:
    """Let this process die at `step`."""
    owner, name, when = STEPS[step]
    method: Callable[..., Any] = getattr(owner, name)
    left = [count]

    def mortal(self: Any, *arguments: Any, **named: Any) -> Any:
        # Only an end that was sent counts as committing.
        if step != "committing" or self._committing is not None:
            left[0] -= 1
        if left[0] == 0 and when == "before":
            die()
        if left[0] == 0 and when == "during":
            threading.Timer(0.001, die).start()
        result = method(self, *arguments, **named)
        if left[0] == 0:
            die()
        return result

    setattr(owner, name, mortal)


def main() -> int:
    app, step, count = sys.argv[1:]
    if int(count):
        die_at(step, int(count))
    options = ConsumerOptions(
        json=True,
        guarantee=Guarantee.EXACTLY_ONCE,
        instance=app,
        report_interval_s=0.1,
        commit_interval_s=0.05,
        stop_within_s=30,
    )
    try:
        return run_counts(options) if app == "counts" else run_function("tests.consumers.echo:echo", options)
    except ConsumerError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
