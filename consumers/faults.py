"""What can go wrong between a record and its handler, sorted by what must happen next.

Undecodable: the record's own fault; it is dead-lettered at once. Unavailable: a dependency's fault; the consumer pauses
and tries again, and nothing is dead-lettered. ConsumerError: a person must act; the consumer stops with one sentence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codegen.incompatibility import Incompatibility
    from consumers.frame import SchemaRef


class Stage(StrEnum):
    """Where the way from bytes to model ended."""

    FRAME = "frame"
    SCHEMA = "schema"
    RESOLVE = "resolve"
    PAYLOAD = "payload"


class Undecodable(Exception):
    """These bytes cannot become the reader's model, now or later.

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
    ) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage = stage
        self.reason = reason
        self.schema_ref = schema_ref
        self.incompatibility = incompatibility
        self.error_class = type(cause if cause is not None else self).__name__


class Unavailable(Exception):
    """Something that the consumer needs does not answer; the same step may succeed later."""


class RegistryUnavailable(Unavailable):
    """The registry is away, refuses, or does not know an id yet."""


class DeliveryUnconfirmed(Unavailable):
    """The broker has not confirmed a record that must be safe before the source offset may move."""


class ConsumerError(Exception):
    """The consumer cannot go on until a person acts; the text is one sentence that says what, where and what to do."""

    exit_code: int = 2
