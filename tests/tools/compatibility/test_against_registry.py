"""`--against registry`: what the registry holds is published, and every way of not reaching it is one sentence."""

from __future__ import annotations

import base64
import io
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from tests.tools.compatibility.projects import Project, user
from tools.compatibility.registry_versions import RegistryReader, RegistryUnreadable
from tools.registry.server import EmbeddedRegistry

AGE = {"name": "age", "type": "int", "default": 0}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with EmbeddedRegistry() as registry:
        yield registry.url


def register(url: str, subject: str, schema: Any) -> None:
    body = json.dumps({"schema": json.dumps(schema)}).encode()
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/subjects/{subject}/versions", body, headers)):
        pass


@pytest.fixture
def registered(
    project: Project, server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A contract whose versions 1 and 2 the registry holds, under a subject of this test alone."""
    subject = request.node.name
    for version, schema in enumerate((user(), user(AGE)), start=1):
        project.write(version, schema)
        register(server, subject, schema)
    project.settings(f'subject = "{subject}"')
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", server)
    return project


@pytest.mark.integration
def test_what_the_registry_holds_is_published(registered: Project, server: str) -> None:
    registered.write(3, user(AGE, doc="New."))
    code, text = registered.check(against="registry")
    assert (code, text) == (0, "holds: 1 contract checked, compared with registry\n")
    registered.write(2, user(AGE, doc="Changed."))
    (finding,) = registered.report(against="registry")["findings"]
    assert finding["rule"] == "PUBLISHED_VERSION_CHANGED"
    assert f"v2.avsc is published at the registry {server} and differs from it at /doc" in finding["message"]


@pytest.mark.integration
def test_a_version_is_compared_with_all_that_it_refers_to(registered: Project, server: str) -> None:
    shared = registered.root / "schemas" / "shared" / "country.avsc"
    shared.parent.mkdir()
    country = {"type": "enum", "name": "Country", "symbols": ["IT", "JP"]}
    shared.write_text(json.dumps(country), encoding="utf-8")
    register(server, registered.root.name, user(AGE, {"name": "country", "type": country}))
    registered.settings(f'subject = "{registered.root.name}"')
    (registered.root / "schemas/users/v2.avsc").unlink()
    registered.write(1, user(AGE, {"name": "country", "type": "Country"}))
    assert registered.report(against="registry")["findings"] == []
    shared.write_text(json.dumps({**country, "symbols": ["IT"]}), encoding="utf-8")
    (finding,) = registered.report(against="registry")["findings"]
    assert (finding["rule"], finding["pointer"]) == ("PUBLISHED_VERSION_CHANGED", "/fields/2/type")
    assert "differs from it at /fields/2/type/symbols/1" in finding["message"]


@pytest.mark.integration
def test_a_version_without_a_file_is_a_finding(registered: Project) -> None:
    (registered.root / "schemas/users/v2.avsc").unlink()
    (finding,) = registered.report(against="registry")["findings"]
    assert (finding["rule"], finding["file"]) == ("PUBLISHED_VERSION_REMOVED", "schemas/users/v2.avsc")


@pytest.mark.integration
def test_a_subject_that_is_not_there_has_nothing(
    project: Project, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", server)
    project.write(1, user())
    project.settings('subject = "nobody/knows it"')
    assert project.check(against="registry")[0] == 0


def test_a_registry_that_is_not_there_could_not_be_checked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("SCHEMA_REGISTRY_URL", f"http://me:secret@{url}")
        project.write(1, user())
        with pytest.raises(RegistryUnreadable) as caught:
            project.check(against="registry")
    assert str(caught.value).startswith(f"no answer from the schema registry at http://{url} (")
    assert "secret" not in str(caught.value)
    assert caught.value.exit_code == 2


class Wire:
    """Answers in place of a network, and keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[urllib.request.Request] = []

    def open(self, request: urllib.request.Request, timeout: float) -> io.BytesIO:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer if isinstance(answer, bytes) else json.dumps(answer).encode())


def reading(conf: dict[str, Any], *answers: Any) -> tuple[RegistryReader, Wire]:
    reader, wire = RegistryReader({"url": "http://one", **conf}), Wire(*answers)
    reader._opener = wire  # type: ignore[assignment]
    return reader, wire


def status(code: int, body: Any) -> urllib.error.HTTPError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return urllib.error.HTTPError("http://one", code, "", Message(), io.BytesIO(data))


def test_the_next_url_is_asked_where_one_does_not_answer() -> None:
    reader, wire = reading({"url": "http://one, http://two/"}, ConnectionRefusedError(111, "refused"), [])
    assert reader.versions("a b/c") == {}
    assert [request.full_url for request in wire.asked] == [
        f"{url}/subjects/a%20b%2Fc/versions" for url in ("http://one", "http://two")
    ]


@pytest.mark.parametrize(
    ("conf", "header"),
    [
        ({"basic.auth.user.info": "me:pass"}, "Basic " + base64.b64encode(b"me:pass").decode()),
        ({"url": "http://me:p%40ss@one"}, "Basic " + base64.b64encode(b"me:p@ss").decode()),
        ({"bearer.auth.credentials.source": "STATIC_TOKEN", "bearer.auth.token": "t"}, "Bearer t"),
        ({}, None),
    ],
)
def test_it_signs_in_as_the_settings_say(conf: dict[str, Any], header: str | None) -> None:
    reader, wire = reading(conf, [])
    reader.versions("s")
    assert wire.asked[0].get_header("Authorization") == header
    assert "@" not in wire.asked[0].full_url
    assert "me" not in reader.name


def test_another_way_to_sign_in_is_refused_with_the_way_out() -> None:
    with pytest.raises(
        RegistryUnreadable, match="cannot sign in to the schema registry by OAUTHBEARER: compare with git"
    ):
        reading({"bearer.auth.credentials.source": "OAUTHBEARER"})


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            status(401, {"error_code": 401, "message": "who are you"}),
            "answered 401 to /subjects/s/versions: who are you",
        ),
        (status(500, b"<html>"), "answered 500 to /subjects/s/versions$"),
        (status(404, b"<html>no page</html>"), "answered 404 to /subjects/s/versions$"),
        (b"<html>", "as no schema registry does; is the URL right"),
        ({"not": "a list"}, "as no schema registry does"),
        (TimeoutError("timed out"), r"no answer from the schema registry at http://one \(timed out\)"),
        (urllib.error.URLError(OSError(111, "refused")), r"\(\[Errno 111\] refused\); is it running"),
    ],
)
def test_every_other_answer_is_one_sentence(answer: Any, sentence: str) -> None:
    reader, _ = reading({}, answer)
    with pytest.raises(RegistryUnreadable, match=sentence):
        reader.versions("s")


def test_an_unknown_subject_has_no_version() -> None:
    reader, _ = reading({}, status(404, {"error_code": 40401, "message": "not found"}))
    assert reader.versions("s") == {}


def test_a_version_without_a_schema_is_no_answer() -> None:
    reader, _ = reading({}, [1], {"id": 1})
    with pytest.raises(RegistryUnreadable, match="answers /subjects/s/versions/1 as no schema registry does"):
        reader.versions("s")


def test_certificates_that_cannot_be_used_are_one_sentence(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("nothing")
    with pytest.raises(RegistryUnreadable, match="certificates of SCHEMA_REGISTRY_SSL_… cannot be used"):
        reading({"ssl.ca.location": str(wrong)})


def test_verification_can_be_turned_off() -> None:
    reader, _ = reading({"ssl.ca.location": False}, [])
    assert reader.versions("s") == {}
