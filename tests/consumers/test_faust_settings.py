from __future__ import annotations

import logging
import ssl
from pathlib import Path

import pytest

from consumers.faults import ConsumerError
from consumers.faust_settings import faust_settings

SERVERS = {"bootstrap.servers": "one:9092, SASL_SSL://two:9093"}


def test_brokers_and_timings_are_carried_over() -> None:
    conf = {**SERVERS, "session.timeout.ms": "2000", "heartbeat.interval.ms": 500, "client.id": "me"}
    assert faust_settings(conf) == {
        "broker": ["aiokafka://one:9092", "aiokafka://two:9093"],
        "broker_session_timeout": 2.0,
        "broker_heartbeat_interval": 0.5,
        "broker_client_id": "me",
    }


def test_a_property_without_a_counterpart_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        faust_settings({**SERVERS, "fetch.min.bytes": "1", "group.id": "ours", "security.protocol": "plaintext"})
    assert "fetch.min.bytes" in caplog.text
    assert "group.id" not in caplog.text


def test_a_login_by_password_is_carried_over() -> None:
    conf = {
        **SERVERS,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "me",
        "sasl.password": "secret",
    }
    credentials = faust_settings(conf)["broker_credentials"]
    assert (credentials.username, credentials.password) == ("me", "secret")
    assert (credentials.mechanism.value, credentials.protocol.value) == ("SCRAM-SHA-256", "SASL_PLAINTEXT")


def test_tls_is_checked_unless_told_otherwise() -> None:
    strict = faust_settings({**SERVERS, "security.protocol": "ssl"})["broker_credentials"].context
    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, True)
    lax = {"enable.ssl.certificate.verification": "false", "ssl.endpoint.identification.algorithm": "none"}
    context = faust_settings({**SERVERS, "security.protocol": "SASL_SSL", **lax})["broker_credentials"].ssl_context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize(
    ("conf", "sentence"),
    [
        ({"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"}, "cannot log in by OAUTHBEARER"),
        ({"security.protocol": "SSL", "ssl.ca.location": "/nowhere/ca.pem"}, "TLS files"),
    ],
)
def test_security_that_cannot_be_had_is_refused(conf: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConsumerError, match=sentence):
        faust_settings({**SERVERS, **conf})


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConsumerError, match="TLS files"):
        faust_settings({**SERVERS, "security.protocol": "SSL", "ssl.ca.location": str(tmp_path / "ca.pem")})
