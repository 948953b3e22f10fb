"""`KAFKA_…` variables as librdkafka properties."""

from __future__ import annotations

import functools
import logging
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tools.config.properties import Reading, read_properties, read_table, warn_once
from tools.config.settings import DEFAULTS, ConfigError, environment

if TYPE_CHECKING:
    from collections.abc import Mapping

ClientKind = Literal["producer", "consumer", "admin"]

_PEM = "give the CA certificates as a PEM file in KAFKA_SSL_CA_LOCATION"
_JAVA_ONLY = {
    **dict.fromkeys(("ssl_truststore_location", "ssl_truststore_password", "ssl_truststore_type"), _PEM),
    "sasl_jaas_config": "use KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
}
_SERVER = re.compile(
    r"((PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)://)?(\[[0-9a-f:.%]+\]|[^\s:/@\[\]]+)(:(?P<port>\d{1,5}))?", re.IGNORECASE
)
_SECRET = re.compile(r"password|secret|pem|sasl\.oauthbearer\.config")


class Property(NamedTuple):
    """A librdkafka property: its name, who uses it (`C`, `P`, or `*` for both) and the name that aliases share."""

    name: str
    scope: str
    canonical: str

    def concerns(self, kind: ClientKind | None) -> bool:
        """Whether a client of this kind uses it."""
        return kind is None or self.scope == "*" or self.scope == kind[0].upper()


@functools.cache
def librdkafka_properties() -> Mapping[str, Property]:
    """The properties that can be set by text, by name, from the table that librdkafka itself prints."""
    rows = read_table("librdkafka.tsv")
    return {name: Property(name, scope, alias[0] if alias else name) for name, scope, *alias in rows}


def kafka_conf(kind: ClientKind | None = None, **overrides: Any) -> dict[str, Any]:
    """librdkafka properties for a client of `kind`; without a kind, of every kind.

    `overrides` are what the code's correctness depends on (`**{"enable.idempotence": True}`): they win over the
    environment. A default that the environment may change goes before: `{"linger.ms": 5, **kafka_conf("producer")}`.
    Properties of another kind of client are left out, because librdkafka warns of each at every start.

    Raises ConfigError for a bad value, a near-miss of a property's name, or a property that is set twice. Other
    unknown `KAFKA_…` variables are logged, in one warning.
    """
    return read_kafka_conf(environment(), kind, overrides)


def read_kafka_conf(
    environ: Mapping[str, str], kind: ClientKind | None = None, overrides: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """`kafka_conf` of a given environment."""
    known = librdkafka_properties()
    reading = read_properties("KAFKA_", environ, known, _JAVA_ONLY)
    warn_once(reading.unknown)
    _refuse_aliases_set_twice(reading)
    settled = {known[name].canonical for name in overrides or () if name in known}
    conf: dict[str, Any] = {"bootstrap.servers": DEFAULTS["KAFKA_BOOTSTRAP_SERVERS"]}
    for name, value in reading.properties.items():
        if known[name].canonical not in settled and known[name].concerns(kind):
            conf["bootstrap.servers" if name == "metadata.broker.list" else name] = value
    conf.update(overrides or {})
    _check_servers(str(conf["bootstrap.servers"]), reading)
    _check_values(conf, kind, reading)
    return conf


def _refuse_aliases_set_twice(reading: Reading) -> None:
    first: dict[str, str] = {}
    for name, variable in reading.variables.items():
        other = first.setdefault(librdkafka_properties()[name].canonical, variable)
        if other != variable:
            raise ConfigError(f"{other} and {variable} are two names of one property: unset one of them")


def _check_servers(servers: str, reading: Reading) -> None:
    variable = reading.variables.get("metadata.broker.list", "KAFKA_BOOTSTRAP_SERVERS")
    for server in servers.split(","):
        match = _SERVER.fullmatch(server.strip())
        if match is None or not 0 < int(match["port"] or 9092) < 65536:
            shown = server.strip().rpartition("@")[2]  # what stands before an @ may be a password
            raise ConfigError(f"{variable}: {shown!r} is no broker address: write host:port, separated by commas")


def _check_values(conf: Mapping[str, Any], kind: ClientKind | None, reading: Reading) -> None:
    known = librdkafka_properties()
    # Without brokers, so that the client which judges the values connects nowhere.
    texts = {name: str(value) for name, value in conf.items() if isinstance(value, str | int | float)}
    judged = tuple(sorted((n, v) for n, v in texts.items() if n in known and n != "bootstrap.servers"))
    reason = _refusal(judged, kind) if reading.variables else None
    if reason is None:
        return
    words = {known[word].canonical for word in re.findall(r"[a-z][a-z0-9_.]*[a-z0-9]", reason) if word in known}
    blamed = [v for name, v in reading.variables.items() if known[name].canonical in words]
    if words and not blamed:
        return  # not the environment's fault: the client that the caller makes will say the same
    blamed = blamed or [v for name, v in reading.variables.items() if reading.properties[name] in reason]
    for name, value in texts.items():
        if _SECRET.search(name):
            reason = reason.replace(value, "***")
    names = ", ".join(blamed or reading.variables.values())
    raise ConfigError(f"{names}: librdkafka refuses the value ({reason}): correct or unset it")


@functools.cache
def _refusal(settings: tuple[tuple[str, str], ...], kind: ClientKind | None) -> str | None:
    """librdkafka's own judgement of the values, in clients that are gone afterwards: about 1 ms each."""
    from confluent_kafka import Consumer, KafkaException, Producer

    known = librdkafka_properties()
    silent = logging.getLogger(f"{__name__}.values")
    silent.disabled = True
    try:
        if kind != "consumer":
            Producer({name: value for name, value in settings if known[name].concerns("producer")}, logger=silent)
        if kind in {"consumer", None}:
            own = {name: value for name, value in settings if known[name].concerns("consumer")}
            Consumer({"group.id": "values", **own}, logger=silent).close()
    except KafkaException as error:
        return re.sub(r"^Failed to create \w+: ", "", error.args[0].str()).strip().rstrip(".")
    return None
