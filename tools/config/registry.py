"""`SCHEMA_REGISTRY_…` variables as properties of confluent-kafka's `SchemaRegistryClient`."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.config.properties import read_properties, read_table, warn_once
from tools.config.settings import DEFAULTS, ConfigError, environment, setting_int

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S = 10  # the client's own default is to wait for ever


@functools.cache
def registry_properties() -> Mapping[str, str]:
    """The properties that the client takes by value, and the form of each value: text, number, path …"""
    return {row[0]: row[1] for row in read_table("schema_registry.tsv")}


def schema_registry_conf() -> dict[str, Any]:
    """Properties for `SchemaRegistryClient`; raises ConfigError for a bad value or a near-miss of a name.

    `SCHEMA_REGISTRY_SSL_CA_LOCATION=false` turns the verification of certificates off, as in the client.
    """
    return read_schema_registry_conf(environment())


def read_schema_registry_conf(environ: Mapping[str, str]) -> dict[str, Any]:
    """`schema_registry_conf` of a given environment."""
    reading = read_properties("SCHEMA_REGISTRY_", environ, registry_properties())
    warn_once(reading.unknown)
    conf: dict[str, Any] = {"url": DEFAULTS["SCHEMA_REGISTRY_URL"], "timeout": _TIMEOUT_S}
    for name, variable in reading.variables.items():
        conf[name] = _value(name, variable, reading.properties[name])
    return conf


def _value(name: str, variable: str, value: str) -> Any:
    form, wrong = registry_properties()[name], ""
    if form == "number":
        return setting_int(variable, 0, 0, {variable: value})
    if name == "ssl.ca.location" and value.lower() == "false":
        return False
    if form == "urls" and not all(re.match(r"https?://[^/\s]", url.strip()) for url in value.split(",")):
        wrong = "is no URL: write http://host:port or https://host:port, separated by commas"
    elif form == "user:password" and ":" not in value:
        wrong = "is not in the form user:password: correct it"
    elif form == "path" and not Path(value).exists():
        wrong = f"says {value!r}, which does not exist: correct the path"
    elif "|" in form and value not in form.split("|"):
        wrong = f"is none of {form.replace('|', ', ')}: correct or unset it"
    if wrong:
        raise ConfigError(f"{variable} {wrong}")
    return value
