"""Users, passwords, TLS, and who stands in the audit log."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import urllib.request
from base64 import b64encode
from hashlib import pbkdf2_hmac
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from starlette.testclient import TestClient

from tools.cli import pipeline
from tools.errors import UserError
from tools.project import this_code
from tools.registry.access import CHALLENGE, PasswordHash, Users, hash_password
from tools.registry.app import create_app
from tools.registry.guard import Guard
from tools.registry.server import EmbeddedRegistry

# Cheap on purpose: the same check with a small cost.
_ANN = "ann:pbkdf2_sha256$1$c2FsdA==$" + b64encode(pbkdf2_hmac("sha256", b"s:e cret\xc3\xbc", b"salt", 1)).decode()
_PASSWORD = "s:e cretü"


def _basic(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def test_a_password_fits_its_own_hash_alone() -> None:
    parsed = PasswordHash.parse(hash_password("secret"))
    assert parsed.fits(b"secret")
    assert not parsed.fits(b"Secret")
    assert hash_password("secret") != hash_password("secret")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (_basic("ann", _PASSWORD), "ann"),
        (_basic("ann", _PASSWORD).replace("Basic", "bAsIc"), "ann"),
        (_basic("ann", "wrong"), None),
        (_basic("ann", ""), None),
        (_basic("bob", _PASSWORD), None),
        (_basic("ann", _PASSWORD).replace("Basic", "Bearer"), None),
        ("Basic " + b64encode(b"ann").decode(), None),
        ("Basic " + b64encode(b"\xff:x").decode(), None),
        ("Basic ???", None),
        ("", None),
        (None, None),
    ],
)
def test_who_an_authorization_is(header: str | None, name: str | None) -> None:
    users = Users.of([_ANN], "--user")
    assert [users.name_of(header) for _ in range(2)] == [name, name]


def test_a_remembered_password_lets_no_other_in() -> None:
    users = Users.of([_ANN, _ANN.replace("ann", "bob")], "--user")
    assert users.name_of(_basic("ann", _PASSWORD)) == "ann"
    assert users.name_of(_basic("ann", "wrong")) is None
    assert users.name_of(_basic("carl", _PASSWORD)) is None


@pytest.mark.parametrize(
    "line",
    [
        "ann",
        ":" + _ANN.partition(":")[2],
        "ann:secret",
        "ann:md5$1$YQ==$YQ==",
        "ann:pbkdf2_sha256$0" + _ANN[len("ann:pbkdf2_sha256$1") :],
        "ann:pbkdf2_sha256$99999999999" + _ANN[len("ann:pbkdf2_sha256$1") :],
        "ann:scrypt$1048576$8$1" + _ANN[len("ann:pbkdf2_sha256$1") :],
        "ann:scrypt$1000$8$1" + _ANN[len("ann:pbkdf2_sha256$1") :],
    ],
)
def test_a_line_that_is_no_user_is_one_sentence_without_the_secret(line: str) -> None:
    with pytest.raises(UserError, match=r"^users\.txt, line 3: a user is name:hash; `pipeline registry user") as caught:
        Users.of(["# our users", "", line], "users.txt")
    assert "secret" not in str(caught.value)


def test_users_of_a_file_and_of_options(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"# ours\n{_ANN}\n")
    users = Users.read(str(file), [_ANN.replace("ann", "bob")])
    assert users is not None
    assert users.hashes.keys() == {"ann", "bob"}
    assert Users.read(None) is None
    file.write_text("\n")
    with pytest.raises(UserError, match="names no user; nobody could use the registry"):
        Users.read(str(file))
    with pytest.raises(UserError, match="cannot be read"):
        Users.read(str(tmp_path / "missing"))


def test_without_a_name_every_path_is_401() -> None:
    with TestClient(create_app(users=Users.of([_ANN], "--user"))) as http:
        for method, path in (("GET", "/"), ("GET", "/subjects"), ("POST", "/subjects/a/versions"), ("GET", "/nope")):
            response = http.request(method, path)
            assert response.status_code == 401
            assert response.json() == {"error_code": 401, "message": "Unauthorized"}
            assert response.headers["www-authenticate"] == CHALLENGE
            assert response.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
        assert http.get("/subjects", headers={"Authorization": _basic("ann", _PASSWORD)}).json() == []


@pytest.mark.parametrize(("user", "who"), [(True, "ann"), (False, "testclient")])
def test_the_log_names_the_user_else_the_address_and_the_reason(user: bool, who: str) -> None:
    app = create_app(users=Users.of([_ANN], "--user") if user else None)
    headers = {"X-Change-Reason": "for%20%C3%BC"} | ({"Authorization": _basic("ann", _PASSWORD)} if user else {})
    with TestClient(app, headers=headers) as http:
        assert http.post("/subjects/a/versions", json={"schema": '"int"'}).status_code == 200
        assert http.post("/subjects/a/versions", json={"schema": '"int"'}).status_code == 200  # changes nothing
        assert http.put("/config/a", json={"compatibility": "NONE"}).status_code == 200
        assert http.put("/config/a", json={"compatibility": "LOUD"}).status_code == 422
        assert http.put("/mode", json={"mode": "READONLY"}).status_code == 200
        assert http.post("/subjects/b/versions", json={"schema": '"int"'}).status_code == 422
        assert http.put("/mode", json={"mode": "READWRITE"}).status_code == 200
        assert http.delete("/config/a").status_code == 200
        assert http.delete("/subjects/a").status_code == 200
        assert http.delete("/subjects/a?permanent=true").status_code == 200
        with app.state.registry.store.reading("looking") as rows:
            log = rows.audit_log()
    assert {(entry["who"], entry["reason"]) for entry in log} == {(who, "for ü")}
    assert [(entry["action"], entry["subject"]) for entry in log] == [
        ("register", "a"),
        ("change config", "a"),
        ("change mode", None),
        ("change mode", None),
        ("delete config", "a"),
        ("delete subject", "a"),
        ("delete subject permanently", "a"),
    ]


@pytest.mark.parametrize(
    ("guard", "address", "warned"),
    [
        (Guard(users=(_ANN,)), "0.0.0.0", True),
        (Guard(users_file="users"), "::", True),
        (Guard(users=(_ANN,)), "127.0.0.1", False),
        (Guard(users=(_ANN,)), "::1", False),
        (Guard(users=(_ANN,), tls_cert="c", tls_key="k"), "0.0.0.0", False),
        (Guard(), "0.0.0.0", False),
    ],
)
def test_passwords_in_the_clear_are_warned_of(guard: Guard, address: str, warned: bool) -> None:
    assert (guard.warning(address) is not None) is warned


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return cert, key


@pytest.mark.integration
def test_confluents_client_over_tls_with_a_password(certificate: tuple[str, str]) -> None:
    cert, key = certificate
    with EmbeddedRegistry(guard=Guard(users=(_ANN,), tls_cert=cert, tls_key=key)) as running:
        assert running.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=cert)
        with pytest.raises(HTTPError, match="401"):
            urllib.request.urlopen(running.url, context=context)
        settings = {"url": running.url, "ssl.ca.location": cert, "basic.auth.user.info": f"ann:{_PASSWORD}"}
        with SchemaRegistryClient(settings) as client:
            assert client.register_schema("a", Schema('"int"', "AVRO")) == 1
        assert running.stop() == 0


@pytest.mark.integration
def test_a_wrong_certificate_is_one_sentence(certificate: tuple[str, str], tmp_path: Path) -> None:
    cert, key = certificate
    with pytest.raises(UserError, match="give both --tls-cert and --tls-key"):
        EmbeddedRegistry(guard=Guard(tls_cert=cert)).start()
    with pytest.raises(UserError, match="both are PEM files, the key without a password"):
        EmbeddedRegistry(guard=Guard(tls_cert=key, tls_key=cert)).start()
    with pytest.raises(UserError, match="No such file"):
        EmbeddedRegistry(guard=Guard(tls_cert=str(tmp_path / "no"), tls_key=key)).start()


@pytest.mark.integration
def test_the_warning_is_said_at_the_start() -> None:
    command = [sys.executable, "-m", "tools.registry", "--host", "0.0.0.0", "--port", "0", "--user", _ANN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("schema registry: http://0.0.0.0:")
        child.terminate()
        _, errors = child.communicate(timeout=30)
    assert errors.startswith("warning: passwords cross the network in the clear")


def test_the_command_prints_a_line_that_lets_in() -> None:
    root = Path(__file__).resolve().parents[3]
    arguments = ["--root", str(root), "registry", "user", "ann"]
    result = CliRunner().invoke(pipeline, arguments, input=f"{_PASSWORD}\n{_PASSWORD}\n", standalone_mode=False)
    line = result.stdout.splitlines()[-1]
    assert Users.of([line], "it").name_of(_basic("ann", _PASSWORD)) == "ann"
    assert json.dumps(_PASSWORD)[1:-1] not in line


@pytest.mark.integration
def test_an_authority_that_the_machine_does_not_know_is_given_by_option(
    tmp_path: Path, certificate: tuple[str, str]
) -> None:
    cert, key = certificate
    dump = tmp_path / "dump.json"
    with EmbeddedRegistry(guard=Guard(users=(_ANN,), tls_cert=cert, tls_key=key)) as registry:
        url = registry.url.replace("https://127.0.0.1", f"https://ann:{quote(_PASSWORD)}@127.0.0.1")
        command = ["--root", str(this_code()), "registry", "export", str(dump), "--url", url]
        for wrong, told in (
            ([], r"certificate verify failed.*; give the certificate of its authority with --tls-ca"),
            (["--tls-ca", str(tmp_path / "nothing.pem")], r"nothing\.pem cannot be used as --tls-ca"),
        ):
            with pytest.raises(UserError, match=told):
                CliRunner().invoke(pipeline, [*command, *wrong], standalone_mode=False, catch_exceptions=False)
        done = CliRunner().invoke(pipeline, [*command, "--tls-ca", cert], standalone_mode=False, catch_exceptions=False)
    assert done.return_value == 0
    assert "schema-registry-export/1" in dump.read_text(encoding="utf-8")
