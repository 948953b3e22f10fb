"""When a handler fails: whether it is asked again, when, and when a whole consumer had better stop."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from consumers.decoding.frame import SchemaRef
from consumers.faults import ConsumerError, RecordFault, TransientError, Unavailable, Unhandled
from consumers.loop.backoff import Backoff

# What the standard library raises while the other side is away; requests, httpx and psycopg derive some of theirs.
_PASSING: Final = (TransientError, ConnectionError, TimeoutError)
WINDOW: Final = 100


@dataclass(slots=True)
class Attempts:
    """The attempts on one record: at most `most`, with a wait between two that doubles and is drawn anew each time."""

    most: int = 5
    backoff: Backoff = field(default_factory=Backoff)
    made: int = 0

    def wait_after(self, error: Exception, schema_ref: SchemaRef | None = None) -> float:
        """Seconds until the next attempt.

        Raises Unhandled where there is none, and `error` itself where it is a dependency's or a person's affair.
        """
        if isinstance(error, (Unavailable, ConsumerError)):
            raise error
        self.made += 1
        if not isinstance(error, _PASSING) or self.made >= self.most:
            raise Unhandled(error, self.made, schema_ref) from error
        return self.backoff.next_s()


@dataclass(slots=True)
class DeadLetterLimit:
    """Of the last 100 records at most `most` may be dead letters; more, and the fault is hardly the records'.

    100 turns it off.
    """

    most: int = 50
    _last: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def passed(self) -> None:
        """A record was dealt with."""
        self._last.append(False)

    def check(self, fault: RecordFault) -> None:
        """Before a record is dead-lettered. Raises DeadLetterLimitReached, and then it must not be."""
        if self.most < WINDOW and sum(self._last) >= self.most:
            raise DeadLetterLimitReached(
                f"{sum(self._last)} of the last {len(self._last)} records were dead-lettered, and the next one would "
                f"be, too (stage {fault.stage}, {fault.error_class}): stopped before the whole topic is; mend the "
                f"cause, or allow more with --dead-letter-limit (now {self.most} of {WINDOW}, {WINDOW} is no limit)"
            )

    def dead_lettered(self) -> None:
        """A record was dead-lettered."""
        self._last.append(True)


class DeadLetterLimitReached(ConsumerError):
    """A consumer that would dead-letter nearly everything has stopped."""
