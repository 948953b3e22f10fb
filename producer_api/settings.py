"""What can be set about the API, with its bounds; every value comes from the environment through `tools.config`."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from producer_api.calls import Patience
from producer_api.pace import DEFAULT_MAX_BUSY_S, DEFAULT_MAX_WAIT_S
from tools import config

# What a 2xx answer promises, and the partitions that Java clients choose: not for the environment to change.
GUARANTEES: Final[Mapping[str, Any]] = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
}
_SAME: Final[Mapping[str, tuple[str, ...]]] = {"acks": ("-1",), "enable.idempotence": ("1", "t", "yes")}
# `message.timeout.ms` is the older name of the same property. Ours, not librdkafka's: see producer_api.calls.
_GIVE_UP: Final = ("delivery.timeout.ms", "message.timeout.ms")
VARIABLES: Final = (
    "API_MAX_BODY_BYTES",
    "API_MAX_DECOMPRESSED_BYTES",
    "API_MAX_RECORDS",
    "API_MAX_EVENT_BYTES",
    "API_MAX_OPEN_REQUEST_BYTES",
    "API_MAX_IN_FLIGHT_RECORDS",
    "API_MAX_IN_FLIGHT_BYTES",
    "API_MAX_BUSY_S",
    "API_MAX_WAIT_S",
    "API_BODY_TIMEOUT_S",
    "API_ANSWER_TIMEOUT_S",
    "API_FLUSH_TIMEOUT_S",
    "API_PROBE_TIMEOUT_S",
    "API_RETRY_AFTER_S",
    "API_REJECTS",
    "API_CONTRACTS",
    "API_REPORT",
    "API_KEYS_FILE",
    "API_CLIENT_EVENTS_PER_S",
    "API_CORS_ORIGINS",
    "API_CLOUDEVENTS",
    "API_MAX_HEADER_BYTES",
    "API_HEADER_TIMEOUT_S",
)
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s,?#@]+")
_NEAR: Final = 0.85  # difflib ratio: API_MAX_RECORD is near, API_PORT (which Kubernetes sets) is not


class HeadLimits(NamedTuple):
    """Of a request line with its headers, for `producer_api.bounded_http`."""

    max_bytes: int = 65_536
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Bounds and switches of one API process. Sizes are bytes, names of times end in their unit."""

    max_body_bytes: int = 4 * 1024 * 1024
    max_decompressed_bytes: int = 16 * 1024 * 1024
    max_records: int = 10_000
    max_event_bytes: int = 1_000_000
    max_open_request_bytes: int = 64 * 1024 * 1024
    max_in_flight_records: int = 100_000
    max_in_flight_bytes: int = 64 * 1024 * 1024
    max_busy_s: float = DEFAULT_MAX_BUSY_S
    max_wait_s: float = DEFAULT_MAX_WAIT_S
    body_timeout_s: float = 10.0
    patience: Patience = field(default_factory=Patience)
    flush_timeout_s: float = 10.0
    probe_timeout_s: float = 2.0
    start_patience_s: float = 2.0
    retry_after_s: int = 1
    keep_rejects: bool = False
    report: bool = False
    keys_file: str = ""
    client_events_per_s: float = 0.0
    cors_origins: tuple[str, ...] = ()
    cloudevents: bool = False
    head: HeadLimits = field(default_factory=HeadLimits)
    metrics_dir: str = ""
    writer_version: int | None = None
    contracts: tuple[str, ...] | None = None
    kafka: Mapping[str, Any] = field(default_factory=dict)
    registry: Mapping[str, Any] = field(default_factory=dict)


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that the environment makes. Raises tools.config.ConfigError, which names the variable."""
    given = config.environment() if environ is None else environ
    _refuse_near_misses(given)
    base = Settings()
    max_in_flight_records = config.setting_int("API_MAX_IN_FLIGHT_RECORDS", base.max_in_flight_records, 1, given)
    max_in_flight_bytes = config.setting_int("API_MAX_IN_FLIGHT_BYTES", base.max_in_flight_bytes, 1, given)
    names = config.setting_str("API_CONTRACTS", "", given)
    settings = Settings(
        max_body_bytes=config.setting_int("API_MAX_BODY_BYTES", base.max_body_bytes, 1, given),
        max_decompressed_bytes=config.setting_int("API_MAX_DECOMPRESSED_BYTES", base.max_decompressed_bytes, 1, given),
        max_records=config.setting_int("API_MAX_RECORDS", base.max_records, 1, given),
        max_event_bytes=config.setting_int("API_MAX_EVENT_BYTES", base.max_event_bytes, 1, given),
        max_open_request_bytes=config.setting_int("API_MAX_OPEN_REQUEST_BYTES", base.max_open_request_bytes, 1, given),
        max_in_flight_records=max_in_flight_records,
        max_in_flight_bytes=max_in_flight_bytes,
        max_busy_s=config.setting_float("API_MAX_BUSY_S", base.max_busy_s, 0.001, given),
        max_wait_s=config.setting_float("API_MAX_WAIT_S", base.max_wait_s, 0.001, given),
        body_timeout_s=config.setting_float("API_BODY_TIMEOUT_S", base.body_timeout_s, 0.1, given),
        patience=_patience(given),
        flush_timeout_s=config.setting_float("API_FLUSH_TIMEOUT_S", base.flush_timeout_s, 0.0, given),
        probe_timeout_s=config.setting_float("API_PROBE_TIMEOUT_S", base.probe_timeout_s, 0.1, given),
        retry_after_s=config.setting_int("API_RETRY_AFTER_S", base.retry_after_s, 1, given),
        keep_rejects=config.setting_bool("API_REJECTS", base.keep_rejects, given),
        report=config.setting_bool("API_REPORT", base.report, given),
        keys_file=config.setting_str("API_KEYS_FILE", "", given),
        client_events_per_s=config.setting_float("API_CLIENT_EVENTS_PER_S", 0.0, 0.0, given),
        cors_origins=_origins(config.setting_str("API_CORS_ORIGINS", "", given)),
        cloudevents=config.setting_bool("API_CLOUDEVENTS", base.cloudevents, given),
        head=head_limits(given),
        metrics_dir=config.setting_str("PROMETHEUS_MULTIPROC_DIR", "", given),
        writer_version=config.writer_version(given),
        contracts=tuple(name.strip() for name in names.split(",")) if names else None,
        kafka=_producer_conf(given, max_in_flight_records, max_in_flight_bytes),
        registry=config.read_schema_registry_conf(given),
    )
    _check_bounds(settings)
    return settings


def head_limits(environ: Mapping[str, str]) -> HeadLimits:
    """Raises tools.config.ConfigError."""
    base = HeadLimits()
    return HeadLimits(
        config.setting_int("API_MAX_HEADER_BYTES", base.max_bytes, 1024, environ),
        config.setting_float("API_HEADER_TIMEOUT_S", base.timeout_s, 0.1, environ),
    )


def _origins(text: str) -> tuple[str, ...]:
    """Origins as a browser sends them (RFC 6454, section 6.2): no path behind the host, no slash at the end."""
    origins = tuple(origin.strip() for origin in text.split(",")) if text else ()
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise config.ConfigError(
                f"API_CORS_ORIGINS: {origin!r} is no origin: write https://host or https://host:port, or * for all"
            )
    return origins


def _refuse_near_misses(environ: Mapping[str, str]) -> None:
    for name in sorted(name for name, value in environ.items() if name.startswith("API_") and value.strip()):
        endings = [variable.removeprefix("API_") for variable in VARIABLES]
        near = difflib.get_close_matches(name.removeprefix("API_"), endings, 1, _NEAR)
        if near and name not in VARIABLES:
            raise config.ConfigError(f"{name} is no setting; if API_{near[0]} is meant, rename it, otherwise unset it")


def _patience(environ: Mapping[str, str]) -> Patience:
    """How long the client waits, and how long the brokers are tried; 0 of the latter is for ever, as in librdkafka."""
    base = Patience()
    answer_s = config.setting_float("API_ANSWER_TIMEOUT_S", base.answer_s, 0.1, environ)
    given = config.read_kafka_conf(environ, "producer")
    give_up_s = next((int(given[name]) / 1000 for name in _GIVE_UP if name in given), base.give_up_s)
    return Patience(answer_s, give_up_s or math.inf)


def _check_bounds(settings: Settings) -> None:
    """What one request may bring must fit into what all may hold, or it would be refused for ever."""
    largest = settings.max_body_bytes + settings.max_decompressed_bytes
    for name, value, least, what in (
        ("API_MAX_OPEN_REQUEST_BYTES", settings.max_open_request_bytes, largest,
         "API_MAX_BODY_BYTES and API_MAX_DECOMPRESSED_BYTES together"),
        ("API_MAX_IN_FLIGHT_BYTES", settings.max_in_flight_bytes, settings.max_decompressed_bytes,
         "API_MAX_DECOMPRESSED_BYTES"),
    ):  # fmt: skip
        if value < least:
            raise config.ConfigError(f"{name}={value} is less than {what} ({least}): raise the one or lower the other")


def _refuse_other_guarantees(given: Mapping[str, Any]) -> None:
    """Somebody who asks for less than the API promises is told, rather than overruled in silence."""
    for name, ours in GUARANTEES.items():
        wanted = str(given.get(name, ours)).lower()
        if wanted not in (str(ours).lower(), *_SAME.get(name, ())):
            variable = f"KAFKA_{name.upper().replace('.', '_')}"
            raise config.ConfigError(
                f"{variable}={wanted} is less than a 2xx answer promises ({name}={ours}): unset it"
            )


def _producer_conf(environ: Mapping[str, str], max_records: int, max_bytes: int) -> dict[str, Any]:
    """librdkafka's properties: defaults that the environment may change, then what it says, then the guarantees."""
    _refuse_other_guarantees(config.read_kafka_conf(environ, "producer"))
    given = config.read_kafka_conf(environ, "producer", GUARANTEES)
    defaults: dict[str, Any] = {
        "client.id": "producer-api",
        "linger.ms": 1,
        "topic.metadata.propagation.max.ms": 5_000,
        "log_level": 3,
        # A leader that stands still is not waited for longer: its successor is asked.
        "socket.timeout.ms": 10_000,
        # Our own bounds refuse first; librdkafka's queue has room for what they let through.
        "queue.buffering.max.messages": max_records * 2,
        "queue.buffering.max.kbytes": max(1024, max_bytes * 2 // 1024),
    }
    return {name: value for name, value in {**defaults, **given}.items() if name not in _GIVE_UP}
