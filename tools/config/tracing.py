"""OpenTelemetry, switched on by its own variables; off, nothing of it is loaded.

Source of the names: OpenTelemetry specification, "Environment Variable Specification". What is not read here
(OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_BSP_… and so on) is read by its SDK.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Final

from tools.config.settings import ConfigError, environment, setting_str

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

_SWITCH: Final = "OTEL_TRACES_EXPORTER"
_KNOWN: Final = ("otlp", "console")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP: Final = "http/protobuf"
# A collector that is away must not hold a process back that was told to stop.
_FLUSH_S: Final = 5.0


def start_tracing(service: str, environ: Mapping[str, str] | None = None) -> TracerProvider | None:
    """What makes tracers for the process `service`; None unless OTEL_TRACES_EXPORTER names an exporter.

    Raises ConfigError for an exporter or a protocol that is not there, and where the SDK is not installed.
    """
    given = environment() if environ is None else environ
    names = _exporters(given)
    if not names:
        return None
    if environ is None:
        _show_to_sdk(given)
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporters = [_make_exporter(name) for name in names]
    except ImportError as error:
        raise ConfigError(
            f"{_SWITCH}={','.join(names)} needs OpenTelemetry's SDK ({error}): install this project with the extra "
            f"`tracing`, or unset it"
        ) from None
    attributes = setting_str("OTEL_RESOURCE_ATTRIBUTES", "", given)
    named = setting_str("OTEL_SERVICE_NAME", "", given) or "service.name=" in attributes
    provider = TracerProvider(
        resource=Resource.create(None if named else {"service.name": service}), shutdown_on_exit=False
    )
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def stop_tracing(provider: TracerProvider) -> None:
    """Export what is there, for 5 s at the longest; what the exporter has not taken by then is lost."""
    last = threading.Thread(target=provider.shutdown, name="last-spans", daemon=True)
    last.start()
    last.join(_FLUSH_S)


def _exporters(environ: Mapping[str, str]) -> list[str]:
    if setting_str("OTEL_SDK_DISABLED", "false", environ).lower() == "true":
        return []
    names = [name.strip() for name in setting_str(_SWITCH, "none", environ).split(",")]
    names = [name for name in names if name not in ("", "none")]
    for name in names:
        if name not in _KNOWN:
            raise ConfigError(
                f"{_SWITCH} names {name!r}; exporters are {', '.join(_KNOWN)} and none: correct or unset it"
            )
    if "otlp" in names:
        protocol = next((name for name in _PROTOCOLS if setting_str(name, "", environ)), None)
        if protocol is not None and setting_str(protocol, "", environ) != _HTTP:
            raise ConfigError(f"{protocol} is not {_HTTP}, the one that is spoken here: correct or unset it")
    return names


def _show_to_sdk(given: Mapping[str, str]) -> None:
    """The SDK reads the environment alone, and a `.env` file shall reach it as well."""
    for name, value in given.items():
        if name.startswith("OTEL_"):
            os.environ.setdefault(name, value)


def _make_exporter(name: str) -> SpanExporter:
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=sys.stderr)  # stdout has the progress lines
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
