"""Single variables: the table of them, the environment they are read from, and typed readers with bounds."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class ConfigError(ValueError):
    """A variable of the environment that cannot be used: one sentence that names it and says what to do."""

    exit_code: int = 2


class Variable(NamedTuple):
    """One row of the configuration table: name, default ("" for none) and meaning."""

    name: str
    default: str
    meaning: str


VARIABLES: tuple[Variable, ...] = (
    Variable("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092", "brokers, host:port separated by commas"),
    Variable("KAFKA_…", "", "any librdkafka property: KAFKA_SECURITY_PROTOCOL is security.protocol"),
    Variable("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081", "registry, http(s) URLs separated by commas"),
    Variable("SCHEMA_REGISTRY_…", "", "any property of the registry client: SCHEMA_REGISTRY_SSL_CA_LOCATION"),
    Variable("READER_VERSION", "", "schema version that a consumer reads, instead of the contract's pin"),
    Variable("EXPIRED_VERSIONS", "", "versions, separated by commas, of which a consumer's topic holds no record"),
    Variable("WRITER_VERSION", "", "schema version that the API writes, instead of the contract's pin"),
    Variable(
        "OTEL_TRACES_EXPORTER", "", "spans to otlp or console, with the extra tracing; unset or none, there are none"
    ),
    Variable("OTEL_…", "", "any variable of OpenTelemetry's SDK, once that is set: OTEL_EXPORTER_OTLP_ENDPOINT"),
)
DEFAULTS: Mapping[str, str] = {row.name: row.default for row in VARIABLES if row.default}


def environment() -> dict[str, str]:
    """The environment over the nearest `.env` upward from the current folder; an empty value means "not set".

    Raises ConfigError for a `.env` that cannot be read as UTF-8 text.
    """
    return {**_dotenv(), **os.environ}


def setting_str(name: str, default: str, environ: Mapping[str, str] | None = None) -> str:
    """The text of the variable `name`, or the default."""
    return (environment() if environ is None else environ).get(name, "").strip() or default


def setting_int(name: str, default: int, minimum: int = 0, environ: Mapping[str, str] | None = None) -> int:
    """The whole number in the variable `name`, at least `minimum`; raises ConfigError for anything else."""
    value = setting_optional_int(name, minimum, environ)
    return default if value is None else value


def setting_optional_int(name: str, minimum: int = 0, environ: Mapping[str, str] | None = None) -> int | None:
    """As `setting_int`; None if the variable is not set."""
    text = setting_str(name, "", environ)
    if not text:
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text) or int(text) < minimum:
        raise ConfigError(f"{name}={text!r} is not a whole number of at least {minimum}: correct or unset it")
    return int(text)


def setting_float(name: str, default: float, minimum: float = 0.0, environ: Mapping[str, str] | None = None) -> float:
    """The decimal number in the variable `name`, at least `minimum`; raises ConfigError for anything else."""
    text = setting_str(name, "", environ)
    if not text:
        return default
    if not re.fullmatch(r"[+-]?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]+)", text) or float(text) < minimum:
        raise ConfigError(f"{name}={text!r} is not a number of at least {minimum:g}: correct or unset it")
    return float(text)


def setting_bool(name: str, default: bool, environ: Mapping[str, str] | None = None) -> bool:
    """1, true, yes, on or 0, false, no, off in the variable `name`; raises ConfigError for anything else."""
    text = setting_str(name, "", environ).lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    if text:
        raise ConfigError(f"{name}={text!r} is neither true nor false: write true or false, or unset it")
    return default


def reader_version(environ: Mapping[str, str] | None = None) -> int | None:
    """READER_VERSION: the schema version, 1 or more, that this process reads; None leaves it to the contract's pin."""
    return setting_optional_int("READER_VERSION", 1, environ)


def expired_versions(environ: Mapping[str, str] | None = None) -> tuple[int, ...]:
    """EXPIRED_VERSIONS: schema versions, 1 or more and separated by commas, of which the topic holds nothing more."""
    text = setting_str("EXPIRED_VERSIONS", "", environ)
    numbers = [number.strip() for number in text.split(",")] if text else []
    if not all(re.fullmatch(r"[1-9][0-9]{0,8}", number) for number in numbers):
        raise ConfigError(f"EXPIRED_VERSIONS={text!r} is no list of versions: write it as 1,2 or unset it")
    return tuple(int(number) for number in numbers)


def writer_version(environ: Mapping[str, str] | None = None) -> int | None:
    """WRITER_VERSION: the schema version, 1 or more, that this process writes; None leaves it to the contract's pin."""
    return setting_optional_int("WRITER_VERSION", 1, environ)


def _dotenv() -> dict[str, str]:
    here = Path.cwd()
    path = next((folder / ".env" for folder in (here, *here.parents) if (folder / ".env").is_file()), None)
    if path is None:
        return {}
    from dotenv import dotenv_values

    try:
        return {name: value or "" for name, value in dotenv_values(path, encoding="utf-8").items()}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; make it a readable UTF-8 file or remove it") from None
