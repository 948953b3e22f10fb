"""W3C Trace Context in headers, as bytes: read from whatever came in, written to what goes out.

Imports OpenTelemetry: for those alone who were given a tracer (`tools.config.tracing`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from opentelemetry.context import Context
from opentelemetry.trace import set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from opentelemetry.trace import Span

FIELDS: Final = frozenset({"traceparent", "tracestate"})
# Trace Context, section "tracestate limits"; the propagator would log each longer one.
_MAX_BYTES: Final = 512
_W3C: Final = TraceContextTextMapPropagator()
# It would log a tracestate that is none, and with it whatever a client has sent.
logging.getLogger("opentelemetry.trace.span").setLevel(logging.ERROR)


def parent_of(headers: Iterable[tuple[str, bytes | None]]) -> Context:
    """The span that the headers name, as parent of another; an empty context where they name none that is valid.

    The last of a name counts, which is the newest in a record that went through several hands.
    """
    found = {
        name: value for name, value in headers if name in FIELDS and value is not None and len(value) <= _MAX_BYTES
    }
    carrier = {name: value.decode("ascii") for name, value in found.items() if value.isascii()}
    return _W3C.extract(carrier, Context())


def fields_of(span: Span) -> tuple[tuple[str, bytes], ...]:
    """The headers by which what is sent names `span` as its parent."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, set_span_in_context(span, Context()))
    return tuple((name, text.encode()) for name, text in carrier.items())
