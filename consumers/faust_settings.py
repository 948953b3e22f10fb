"""librdkafka properties, as the environment gives them, turned into settings of Faust, whose client is another one."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from typing import Any, Final

from consumers.faults import ConsumerError

log = logging.getLogger(__name__)

_SECONDS: Final = {
    "session.timeout.ms": "broker_session_timeout",
    "heartbeat.interval.ms": "broker_heartbeat_interval",
    "max.poll.interval.ms": "broker_max_poll_interval",
}
_TEXT: Final = {"client.id": "broker_client_id", "auto.offset.reset": "consumer_auto_offset_reset"}
_SECURITY: Final = frozenset(
    {
        "security.protocol",
        "sasl.mechanism",
        "sasl.mechanisms",
        "sasl.username",
        "sasl.password",
        "ssl.ca.location",
        "ssl.certificate.location",
        "ssl.key.location",
        "ssl.key.password",
        "ssl.endpoint.identification.algorithm",
        "enable.ssl.certificate.verification",
    }
)
# Ours to decide, or of no concern to a client of another make.
_SILENT: Final = frozenset({"bootstrap.servers", "group.id", "log_level", "enable.auto.commit"})
_MECHANISMS: Final = frozenset({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})


def faust_settings(conf: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments for `faust.App`: brokers, credentials and timings of `conf`.

    A property without a counterpart is named in one warning. Raises ConsumerError for security that Faust cannot do.
    """
    servers = [server.strip() for server in str(conf["bootstrap.servers"]).split(",")]
    settings: dict[str, Any] = {"broker": [f"aiokafka://{server.rpartition('://')[2]}" for server in servers]}
    for name, setting in _SECONDS.items():
        if name in conf:
            settings[setting] = int(conf[name]) / 1000
    for name, setting in _TEXT.items():
        if name in conf:
            settings[setting] = str(conf[name])
    credentials = _credentials(conf)
    if credentials is not None:
        settings["broker_credentials"] = credentials
    unused = sorted(set(conf) - _SECONDS.keys() - _TEXT.keys() - _SECURITY - _SILENT)
    if unused:
        log.warning("Faust's client has no counterpart of these properties, they are ignored: %s", ", ".join(unused))
    return settings


def _credentials(conf: Mapping[str, Any]) -> Any:
    protocol = str(conf.get("security.protocol", "plaintext")).upper()
    if protocol == "PLAINTEXT":
        return None
    from faust import SASLCredentials, SSLCredentials

    context = _tls(conf) if protocol.endswith("SSL") else None
    if protocol == "SSL":
        return SSLCredentials(context)
    mechanism = str(conf.get("sasl.mechanism", conf.get("sasl.mechanisms", "PLAIN"))).upper()
    if mechanism not in _MECHANISMS:
        raise ConsumerError(
            f"the Faust consumer cannot log in by {mechanism}: use one of {', '.join(sorted(_MECHANISMS))}, or the "
            f"standard consumer"
        )
    return SASLCredentials(
        username=conf.get("sasl.username"),
        password=conf.get("sasl.password"),
        mechanism=mechanism,
        ssl_context=context,
    )


def _tls(conf: Mapping[str, Any]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=conf.get("ssl.ca.location"))
        if conf.get("ssl.certificate.location"):
            context.load_cert_chain(
                conf["ssl.certificate.location"], conf.get("ssl.key.location"), conf.get("ssl.key.password")
            )
    except OSError as error:  # ssl.SSLError is one
        raise ConsumerError(f"the TLS files of KAFKA_SSL_… cannot be used: {error}") from error
    if str(conf.get("ssl.endpoint.identification.algorithm", "https")).lower() == "none":
        context.check_hostname = False
    if str(conf.get("enable.ssl.certificate.verification", "true")).lower() == "false":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
