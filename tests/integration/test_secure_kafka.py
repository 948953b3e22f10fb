"""SASL/SCRAM over TLS to Apache Kafka and a password over TLS to our registry, by an authority made here."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.real_parts import run_main_job, secure_stack
from tools.child import ChildError
from tools.kafka_settings import Security
from tools.registry.access import hash_password
from tools.registry.guard import Guard

pytestmark = [pytest.mark.usefixtures("java_parts"), pytest.mark.timeout(300)]


class Authority:
    """A certificate authority of its own; `file` is its certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = (
            self._build(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def write_keystore(self, path: Path) -> None:
        """A key and a certificate chain for 127.0.0.1 in one file, as Kafka (KIP-651) and OpenSSL read them."""
        key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key()
        certificate = (
            self._build(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server")]), key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        for one in (certificate, self.certificate):
            text += one.public_bytes(serialization.Encoding.PEM)
        path.write_bytes(text)

    def _build(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


OTHER_AUTHORITY = "that of another"
# A command, what is wrong of its environment, and what it says.
REFUSED = (
    (
        "topics create",
        "KAFKA_SASL_PASSWORD",
        "wrong",
        r"the brokers at .* cannot be used .*Authentication failed.*correct KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_…",
    ),
    (
        "topics create",
        "KAFKA_SSL_CA_LOCATION",
        OTHER_AUTHORITY,
        r"the brokers at .* cannot be used .*certificate verify failed.*correct .*KAFKA_SSL_…",
    ),
    (
        "schema register",
        "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO",
        "pipeline:wrong",
        r"the schema registry at https://.* answered 401: .*; correct SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO",
    ),
    (
        "schema register",
        "SCHEMA_REGISTRY_SSL_CA_LOCATION",
        OTHER_AUTHORITY,
        r"no answer .*certificate verify failed.*; set SCHEMA_REGISTRY_SSL_CA_LOCATION to the certificate of its",
    ),
)


def test_scram_over_tls_by_environment_alone(tmp_path: Path) -> None:
    own, other = Authority(tmp_path, "own-authority"), Authority(tmp_path, "another-authority")
    keystore = tmp_path / "server.pem"
    own.write_keystore(keystore)
    listener = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keystore),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    }
    security = Security(
        "SASL_SSL",
        {f"listener.name.clients.{name}": value for name, value in listener.items()},
        {"pipeline": "a-secret-of-the-test"},
    )
    environment = {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_SASL_USERNAME": "pipeline",
        "KAFKA_SASL_PASSWORD": "a-secret-of-the-test",
        "KAFKA_SSL_CA_LOCATION": str(own.file),
        "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "pipeline:another-secret",
        "SCHEMA_REGISTRY_SSL_CA_LOCATION": str(own.file),
    }
    users = (f"pipeline:{hash_password('another-secret')}",)
    guard = Guard(users=users, tls_cert=str(keystore), tls_key=str(keystore))
    with secure_stack(tmp_path / "work", security, guard, environment) as stack:
        assert stack.environment["SCHEMA_REGISTRY_URL"].startswith("https://")
        for command, name, wrong, reason in REFUSED:
            right = stack.environment[name]
            stack.environment[name] = str(other.file) if wrong == OTHER_AUTHORITY else wrong
            with pytest.raises(ChildError, match=f"error: {reason}") as refused:
                stack.run_command(*command.split())
            assert "secret" not in str(refused.value)
            assert len(str(refused.value).splitlines()) == 1
            stack.environment[name] = right
        code, said = run_main_job(stack, 1000)
    assert code == 0, said
    assert "accepted" in said
