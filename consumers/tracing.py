"""The span of each record in a consumer, child of the span that its headers name.

Loaded only where tracing is on (`tools.config.tracing`). Names and attributes are those of OpenTelemetry's semantic
conventions, Messaging (Kafka). No span holds anything of a record's key or value, nor an error's message: it may quote
them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, use_span

from tools.config.trace_context import FIELDS, fields_of, parent_of

if TYPE_CHECKING:
    from consumers.faults import RecordFault
    from consumers.record import Header, Record

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class RecordTracing:
    """Begins, feeds and ends the spans of one consumer's records.

    A span lasts from the record's turn until its handler has returned and its effects are produced, or until its dead
    letter is, over all attempts. It is never ended, and so never exported, where the record is taken away meanwhile:
    whoever has its partition then makes one.
    """

    tracer: Tracer
    group: str

    def begin(self, record: Record) -> Span:
        """What `traceparent` is none by W3C Trace Context is passed over: the span begins a trace then."""
        attributes: dict[str, str | int | bool] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": record.topic,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
            "messaging.consumer.group.name": self.group,
        }
        if record.value is None:
            attributes["messaging.kafka.message.tombstone"] = True
        parent = parent_of(record.headers)
        return self.tracer.start_span(f"process {record.topic}", parent, SpanKind.CONSUMER, attributes)

    def inside(self, span: Span, work: Callable[[], _Result]) -> Callable[[], _Result]:
        """`work`, with `span` as the current one, in whichever thread it is called."""

        def traced() -> _Result:
            # Not the library's record of an exception: it has the message, and the traceback.
            with use_span(span, record_exception=False, set_status_on_exception=False):
                return work()

        return traced

    def carried_on(self, span: Span, headers: tuple[Header, ...]) -> tuple[Header, ...]:
        """`headers` of an effect with the trace; a handler that says a trace itself has the word."""
        if any(name in FIELDS for name, _ in headers):
            return headers
        return (*headers, *fields_of(span))

    def retry(self, span: Span, error: Exception) -> None:
        """An attempt has failed, and there is another."""
        span.add_event("retry", {"error.type": type(error).__name__})

    def give_up(self, span: Span, fault: RecordFault) -> None:
        """The record was dead-lettered."""
        span.set_status(StatusCode.ERROR, fault.error_class)
        span.set_attribute("error.type", fault.error_class)
