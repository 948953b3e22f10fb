"""The environment as client properties: names, near-misses, bad values, precedence, secrets."""

from __future__ import annotations

import ctypes
import logging
import re
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from confluent_kafka import cimpl
from confluent_kafka.schema_registry import SchemaRegistryClient

from tools import config
from tools.config import ConfigError, read_kafka_conf, read_schema_registry_conf
from tools.config.properties import warn_once

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT = {"bootstrap.servers": "127.0.0.1:9092"}


def test_without_variables_the_clients_meet_on_this_machine() -> None:
    assert read_kafka_conf({}) == DEFAULT
    assert read_schema_registry_conf({}) == {"url": "http://127.0.0.1:8081", "timeout": 10}


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,b:2", "bootstrap.servers"),
        ("KAFKA_BOOTSTRAP_SERVERS", "[::1]:9092,SASL_SSL://b.example:9093", "bootstrap.servers"),
        ("KAFKA_METADATA_BROKER_LIST", "a:1", "bootstrap.servers"),
        ("KAFKA_SECURITY_PROTOCOL", "SSL", "security.protocol"),
        ("KAFKA_ENABLE_SSL_CERTIFICATE_VERIFICATION", "false", "enable.ssl.certificate.verification"),
        ("KAFKA_QUEUE_BUFFERING_MAX_MS", "7", "queue.buffering.max.ms"),
        ("KAFKA_LOG_LEVEL", "3", "log_level"),
        ("KAFKA_SASL_OAUTHBEARER_CLIENT_ID", "me", "sasl.oauthbearer.client.id"),
    ],
)
def test_a_variable_is_the_property_of_the_same_letters(variable: str, value: str, name: str) -> None:
    assert read_kafka_conf({variable: value}) == {**DEFAULT, name: value}


def test_an_empty_variable_is_not_set() -> None:
    assert read_kafka_conf({"KAFKA_SECURITY_PROTOCOL": "", "KAFKA_SECURTY": " "}) == DEFAULT


def test_each_kind_of_client_gets_its_own_properties() -> None:
    environ = {"KAFKA_SESSION_TIMEOUT_MS": "4000", "KAFKA_LINGER_MS": "5", "KAFKA_CLIENT_ID": "me"}
    common = {**DEFAULT, "client.id": "me"}
    assert read_kafka_conf(environ, "producer") == {**common, "linger.ms": "5"}
    assert read_kafka_conf(environ, "consumer") == {**common, "session.timeout.ms": "4000"}
    assert read_kafka_conf(environ, "admin") == common
    assert read_kafka_conf(environ) == {**common, "linger.ms": "5", "session.timeout.ms": "4000"}


def test_overrides_win_also_under_another_name_of_the_property() -> None:
    environ = {"KAFKA_QUEUE_BUFFERING_MAX_MS": "5", "KAFKA_BOOTSTRAP_SERVERS": "a:1"}
    overrides: dict[str, Any] = {"linger.ms": 50, "bootstrap.servers": "b:2", "logger": logging.getLogger("x")}
    assert read_kafka_conf(environ, "producer", overrides) == overrides


@pytest.mark.parametrize(
    ("environ", "kind", "told"),
    [
        ({"KAFKA_SECURTY_PROTOCOL": "ssl"}, None, "KAFKA_SECURTY_PROTOCOL .*KAFKA_SECURITY_PROTOCOL"),
        ({"KAFKA_BOOTSTRAP_SERVER": "a:1"}, None, "KAFKA_BOOTSTRAP_SERVER .*KAFKA_BOOTSTRAP_SERVERS"),
        ({"KAFKA_SESSION_TIMEOUT": "1"}, "producer", "KAFKA_SESSION_TIMEOUT .*KAFKA_SESSION_TIMEOUT_MS"),
        ({"KAFKA_SSL_TRUSTSTORE_LOCATION": "x"}, None, "KAFKA_SSL_TRUSTSTORE_LOCATION .*KAFKA_SSL_CA_LOCATION"),
        ({"KAFKA_SASL_JAAS_CONFIG": "x"}, None, "KAFKA_SASL_JAAS_CONFIG .*KAFKA_SASL_USERNAME"),
        ({"KAFKA_LINGER_MS": "1", "KAFKA_QUEUE_BUFFERING_MAX_MS": "1"}, None, "KAFKA_LINGER_MS and KAFKA_QUEUE"),
        ({"KAFKA_SECURITY_PROTOCOL": "tls"}, "admin", "KAFKA_SECURITY_PROTOCOL: "),
        ({"KAFKA_LINGER_MS": "5000000"}, "producer", "KAFKA_LINGER_MS: .*outside allowed range"),
        ({"KAFKA_SESSION_TIMEOUT_MS": "soon"}, "consumer", "KAFKA_SESSION_TIMEOUT_MS: "),
        ({"KAFKA_SESSION_TIMEOUT_MS": "soon"}, None, "KAFKA_SESSION_TIMEOUT_MS: "),
        ({"KAFKA_SASL_MECHANISM": "NOPE", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, None, "^KAFKA_SASL_MECHANISM: "),
        ({"KAFKA_SSL_CA_LOCATION": "/no/file", "KAFKA_SECURITY_PROTOCOL": "SSL"}, None, "^KAFKA_SSL_CA_LOCATION: "),
        ({"KAFKA_BOOTSTRAP_SERVERS": "http://a:1"}, None, "KAFKA_BOOTSTRAP_SERVERS: 'http://a:1'"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "a:99999"}, None, "KAFKA_BOOTSTRAP_SERVERS: 'a:99999'"),
        ({"KAFKA_METADATA_BROKER_LIST": "a:1,,b:1"}, None, "KAFKA_METADATA_BROKER_LIST: ''"),
    ],
)
def test_a_wrong_variable_is_one_sentence_that_names_it(environ: dict[str, str], kind: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        read_kafka_conf(environ, kind)
    assert "\n" not in str(caught.value)


def test_a_variable_that_contradicts_the_code_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^KAFKA_ACKS: .*enable\.idempotence"):
        read_kafka_conf({"KAFKA_ACKS": "1", "KAFKA_CLIENT_ID": "me"}, "producer", {"enable.idempotence": True})


def test_the_environment_is_not_blamed_for_a_bad_override() -> None:
    conf = read_kafka_conf({"KAFKA_CLIENT_ID": "me"}, "producer", {"linger.ms": "soon"})
    assert conf["linger.ms"] == "soon"


@pytest.mark.parametrize(
    "environ",
    [
        {"KAFKA_SSL_KEY_PEM": "s3cr3t", "KAFKA_SECURITY_PROTOCOL": "ssl"},
        {"KAFKA_SASL_PASSWORD": "s3cr3t", "KAFKA_SASL_MECHANISM": "s3cr3t", "KAFKA_SECURITY_PROTOCOL": "sasl_ssl"},
        {"KAFKA_SASL_PASWORD": "s3cr3t"},
        {"KAFKA_BOOTSTRAP_SERVERS": "kafka://me:s3cr3t@a:1"},
    ],
)
def test_a_secret_is_never_told(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_kafka_conf(environ)
    assert "s3cr3t" not in str(caught.value)


def test_names_of_other_programs_are_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    warn_once.cache_clear()
    others = {
        "KAFKA_HOME": "/opt/kafka",
        "KAFKA_HEAP_OPTS": "-Xmx1g",
        "KAFKA_GROUP_MAX_SESSION_TIMEOUT_MS": "1",
        "KAFKA_SERVICE_HOST": "10.0.0.1",
        "KAFKA_CLIENT_SERVICE_PORT": "1",
        "KAFKA_PORT": "tcp://10.0.0.1:9092",
        "KAFKA_PORT_9092_TCP_ADDR": "10.0.0.1",
    }
    with caplog.at_level(logging.WARNING):
        assert read_kafka_conf(others) == DEFAULT
        assert read_kafka_conf(others, "consumer") == DEFAULT
    assert len(caplog.records) == 1
    assert all(name in caplog.text for name in others)


def test_the_shipped_table_is_what_this_librdkafka_prints(tmp_path: Path) -> None:
    library, libc = ctypes.CDLL(cimpl.__file__), ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    printed = tmp_path / "properties.md"
    stream = ctypes.c_void_p(libc.fopen(str(printed).encode(), b"w"))
    library.rd_kafka_conf_properties_show(stream)
    libc.fclose(stream)
    expected = {}
    for line in printed.read_text("utf-8").splitlines():
        name, scope, *rest = [cell.strip() for cell in line.split("|")] if "|" in line else ["", ""]
        if scope in {"*", "C", "P"} and "see dedicated API" not in line and name != "builtin.features":
            alias = re.search(r"Alias for `([^`]+)`", rest[-1])
            expected.setdefault(name, config.kafka.Property(name, scope, alias[1] if alias else name))
    assert dict(config.librdkafka_properties()) == expected, confluent_kafka.libversion()


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"SCHEMA_REGISTRY_URL": "localhost:8081"}, "SCHEMA_REGISTRY_URL is no URL"),
        ({"SCHEMA_REGISTRY_URL": "http://a:1,b:2"}, "SCHEMA_REGISTRY_URL is no URL"),
        ({"SCHEMA_REGISTRY_URLS": "http://a:1"}, "SCHEMA_REGISTRY_URLS .*SCHEMA_REGISTRY_URL"),
        ({"SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "s3cr3t"}, "BASIC_AUTH_USER_INFO .*user:password"),
        ({"SCHEMA_REGISTRY_TIMEOUT": "5s"}, "SCHEMA_REGISTRY_TIMEOUT='5s'"),
        ({"SCHEMA_REGISTRY_SSL_CA_LOCATION": "/no/file"}, "SSL_CA_LOCATION says '/no/file'"),
        ({"SCHEMA_REGISTRY_BEARER_AUTH_CREDENTIALS_SOURCE": "ME"}, "is none of OAUTHBEARER, "),
    ],
)
def test_a_wrong_registry_variable_is_named(environ: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        read_schema_registry_conf(environ)
    assert "s3cr3t" not in str(caught.value)


def test_the_registry_client_takes_every_property_of_the_table() -> None:
    import certifi

    samples = {"url": "https://a.example:8081", "basic.auth.user.info": "me:it", "ssl.ca.location": certifi.where()}
    told: set[str] = set()
    for source in ("STATIC_TOKEN", "OAUTHBEARER", "OAUTHBEARER_AZURE_IMDS"):
        own = {"STATIC_TOKEN": {"token"}, "OAUTHBEARER": {"client.id", "client.secret", "scope", "issuer.endpoint.url"}}
        bearer = own.get(source, {"issuer.endpoint.query"}) | {"logical.cluster", "identity.pool.id"}
        environ = {"SCHEMA_REGISTRY_BEARER_AUTH_CREDENTIALS_SOURCE": source}
        for name, form in config.registry_properties().items():
            if name.startswith("ssl.") and name not in samples:
                continue  # these three need a key pair; the client names them in its own documentation
            if not name.startswith("bearer.auth.") or name.removeprefix("bearer.auth.") in bearer:
                value = samples.get(name, "5" if form == "number" else "http://b.example")
                environ[f"SCHEMA_REGISTRY_{name.upper().replace('.', '_')}"] = value
        conf = read_schema_registry_conf(environ)
        told |= conf.keys()
        with SchemaRegistryClient(conf):
            pass
    assert told == config.registry_properties().keys() - {
        "ssl.certificate.location",
        "ssl.key.location",
        "ssl.key.password",
    }


def test_certificates_can_be_left_unverified() -> None:
    assert read_schema_registry_conf({"SCHEMA_REGISTRY_SSL_CA_LOCATION": "false"})["ssl.ca.location"] is False


def test_the_dotenv_upward_is_read_and_the_real_environment_wins(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean_environment / ".env").write_text(
        "KAFKA_BOOTSTRAP_SERVERS=a:1\nSCHEMA_REGISTRY_URL=http://a:2\nREADER_VERSION=1\nWRITER_VERSION=1\n"
    )
    (clean_environment / "deeper").mkdir()
    monkeypatch.chdir(clean_environment / "deeper")
    monkeypatch.setenv("READER_VERSION", "2")
    monkeypatch.setenv("WRITER_VERSION", "")
    assert config.kafka_conf() == {"bootstrap.servers": "a:1"}
    assert config.schema_registry_conf()["url"] == "http://a:2"
    assert config.reader_version() == 2
    assert config.writer_version() is None


def test_a_dotenv_that_is_no_text_is_told(clean_environment: Path) -> None:
    (clean_environment / ".env").write_bytes(b"KAFKA_CLIENT_ID=\xff\xfe\n")
    with pytest.raises(ConfigError, match=r"\.env cannot be read"):
        config.environment()


def test_settings_have_types_bounds_and_defaults() -> None:
    environ = {"N": " 7 ", "F": "0.5", "B": "Off", "S": " text ", "EMPTY": " "}
    assert config.setting_int("N", 1, environ=environ) == 7
    assert config.setting_int("EMPTY", 1, environ=environ) == 1
    assert config.setting_float("F", 1, environ=environ) == 0.5
    assert config.setting_float("MISSING", 1.5, environ=environ) == 1.5
    assert config.setting_bool("B", default=True, environ=environ) is False
    assert config.setting_bool("MISSING", default=True, environ=environ) is True
    assert config.setting_bool("T", default=False, environ={"T": "1"}) is True
    assert config.setting_str("S", "other", environ) == "text"
    assert config.setting_str("EMPTY", "other", environ) == "other"


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "two", "0x2", "1e3", "9" * 30])
def test_a_version_is_a_whole_number_from_one(text: str) -> None:
    with pytest.raises(ConfigError, match=r"READER_VERSION=.* at least 1"):
        config.reader_version({"READER_VERSION": text})


def test_expired_versions_are_a_list() -> None:
    assert config.expired_versions({}) == ()
    assert config.expired_versions({"EXPIRED_VERSIONS": "1, 12"}) == (1, 12)


@pytest.mark.parametrize("text", ["0", "1;2", "1,", "one", "-1"])
def test_a_list_of_versions_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match=r"EXPIRED_VERSIONS=.* write it as 1,2"):
        config.expired_versions({"EXPIRED_VERSIONS": text})


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "1,5", "."])
def test_a_float_is_finite_and_at_least_its_minimum(text: str) -> None:
    with pytest.raises(ConfigError, match=r"WAIT_S=.* at least 0"):
        config.setting_float("WAIT_S", 1, environ={"WAIT_S": text})


def test_a_switch_is_true_or_false() -> None:
    with pytest.raises(ConfigError, match="KEEP='perhaps'"):
        config.setting_bool("KEEP", default=False, environ={"KEEP": "perhaps"})


def test_the_defaults_are_those_of_the_table() -> None:
    table = {row.name: row.default for row in config.VARIABLES}
    assert read_kafka_conf({})["bootstrap.servers"] == table["KAFKA_BOOTSTRAP_SERVERS"]
    assert read_schema_registry_conf({})["url"] == table["SCHEMA_REGISTRY_URL"]
    assert all(row.meaning for row in config.VARIABLES)
