"""The environment: the one place where it and a `.env` file are read.

A `.env` is looked for upward from the current folder; a variable of the real environment wins over it, and an empty
value, wherever it stands, means "not set" (so an empty variable of the real environment hides one of the `.env`).
`VARIABLES` is the table of what is read here. The package is a leaf: it imports nothing of ours but its own parts,
and everybody may import it.

Secrets are never part of a message: an error names the variable, and where librdkafka quotes values, those of
passwords, secrets and keys are masked.
"""

from tools.config.kafka import ClientKind, kafka_conf, librdkafka_properties, read_kafka_conf
from tools.config.registry import read_schema_registry_conf, registry_properties, schema_registry_conf
from tools.config.settings import (
    VARIABLES,
    ConfigError,
    Variable,
    environment,
    expired_versions,
    reader_version,
    setting_bool,
    setting_float,
    setting_int,
    setting_optional_int,
    setting_str,
    writer_version,
)

__all__ = [
    "VARIABLES",
    "ClientKind",
    "ConfigError",
    "Variable",
    "environment",
    "expired_versions",
    "kafka_conf",
    "librdkafka_properties",
    "read_kafka_conf",
    "read_schema_registry_conf",
    "reader_version",
    "registry_properties",
    "schema_registry_conf",
    "setting_bool",
    "setting_float",
    "setting_int",
    "setting_optional_int",
    "setting_str",
    "writer_version",
]
