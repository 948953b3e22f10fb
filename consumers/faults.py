"""What can go wrong between a record and its handler, sorted by what must happen next.

RecordFault            the record is dead-lettered
├─ Undecodable         its bytes are no datum that this reader can have: at once
└─ Unhandled           its handler failed for good, or for a passing cause too often
TransientError         a handler's word for a passing cause: some more attempts
Unavailable            a dependency's fault: the consumer pauses and tries again, and nothing is dead-lettered
├─ RegistryUnavailable
└─ DeliveryUnconfirmed
ConsumerError          a person must act: the consumer stops with one sentence
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codegen.incompatibility import Incompatibility
    from consumers.decoding.frame import SchemaRef


class Stage(StrEnum):
    """Where the way from bytes to effects ended."""

    FRAME = "frame"
    SCHEMA = "schema"
    RESOLVE = "resolve"
    PAYLOAD = "payload"
    HANDLE = "handle"


class RecordFault(Exception):
    """Nothing more can be done with this record, now or later.

    `reason` may quote the record: it belongs into the dead letter's headers, never into a log. `incompatibility` is
    what schema resolution found between the two schemas; it speaks of them alone.
    """

    def __init__(
        self,
        stage: Stage,
        reason: str,
        schema_ref: SchemaRef | None = None,
        cause: BaseException | None = None,
        incompatibility: Incompatibility | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage = stage
        self.reason = reason
        self.schema_ref = schema_ref
        self.incompatibility = incompatibility
        self.attempts = attempts
        self.error_class = type(cause if cause is not None else self).__name__


class Undecodable(RecordFault):
    """These bytes cannot become the reader's model."""


class Unhandled(RecordFault):
    """The handler raised on this record: for good, or for a passing cause in every one of `attempts`."""

    def __init__(self, cause: Exception, attempts: int, schema_ref: SchemaRef | None = None) -> None:
        super().__init__(Stage.HANDLE, str(cause), schema_ref, cause, attempts=attempts)


class TransientError(Exception):
    """Raised by a handler where the same record may succeed in a moment; it is tried again, a few times."""


class Unavailable(Exception):
    """Something that the consumer needs does not answer; the same step may succeed later."""


class RegistryUnavailable(Unavailable):
    """The registry is away, refuses, or does not know an id yet."""

    @classmethod
    def because(cls, what: str, error: Exception) -> RegistryUnavailable:
        """What the registry did, by an exception of its client, which lets out those of its HTTP library, too."""
        advice = "see whether it is up, and whether SCHEMA_REGISTRY_URL names it"
        return cls(f"the registry {what} ({type(error).__name__}: {error}): {advice}")


class DeliveryUnconfirmed(Unavailable):
    """The broker has not confirmed a record that must be safe before the source offset may move."""


class ConsumerError(Exception):
    """The consumer cannot go on until a person acts; the text is one sentence that says what, where and what to do."""

    exit_code: int = 2
