"""How Apicurio Registry is started, without starting it: tests/integration/test_real_parts.py does."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

import tools.apicurio
from tools.apicurio import COORDINATE, apicurio_command, apicurio_url, set_first_level
from tools.maven import JavaMissing
from tools.parts import Parts
from tools.registry.server import EmbeddedRegistry
from tools.stack import Stack, StackOptions


def test_it_listens_on_this_machine_alone_and_writes_into_the_given_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch_archive(_name: str, coordinate: str) -> Path:
        assert coordinate == COORDINATE
        (tmp_path / "apicurio-registry-app-runner.jar").touch()
        return tmp_path

    monkeypatch.setattr(tools.apicurio, "fetch_archive", fetch_archive)
    monkeypatch.setattr(tools.apicurio, "require_java", lambda _what: None)
    command = apicurio_command(1234, Path("/work"))
    assert command[-2:] == ["-jar", str(tmp_path / "apicurio-registry-app-runner.jar")]
    assert {"-Dquarkus.http.host=127.0.0.1", "-Dquarkus.http.port=1234", "-Djava.io.tmpdir=/work"} <= set(command)


def test_without_java_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JavaMissing, match=r"^Apicurio Registry needs java and mvn, .*: install Java 17"):
        apicurio_command(1234, tmp_path)


@pytest.mark.integration
def test_it_begins_with_the_level_of_a_new_registry(tmp_path: Path) -> None:
    with EmbeddedRegistry(tmp_path / "registry.db") as registry:
        request = urllib.request.Request(
            f"{registry.url}/config",
            method="PUT",
            data=json.dumps({"compatibility": "NONE"}).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()
        set_first_level(registry.url)
        with urllib.request.urlopen(f"{registry.url}/config", timeout=10) as answer:
            assert json.load(answer)["compatibilityLevel"] == "BACKWARD"


@pytest.mark.usefixtures("clean_environment")
def test_the_parts_of_a_stack_are_told_where_it_is(tmp_path: Path) -> None:
    stack = Stack(StackOptions(tmp_path, tmp_path, parts=Parts("kafka", 1, "apicurio")), print)
    assert stack.environment["SCHEMA_REGISTRY_URL"] == apicurio_url(stack.registry_port)
    assert stack.environment["SCHEMA_REGISTRY_URL"].endswith("/apis/ccompat/v7")
    # A broker of Kafka refuses the short sessions that suit the embedded one.
    assert "KAFKA_SESSION_TIMEOUT_MS" not in stack.environment
    embedded = Stack(StackOptions(tmp_path, tmp_path), print)
    assert embedded.environment["KAFKA_SESSION_TIMEOUT_MS"] == "4000"
