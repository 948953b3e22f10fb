"""`pipeline schema register` against the embedded registry: what it writes, and when it writes nothing."""

from __future__ import annotations

import io
import json
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from codegen.contract import read_contracts
from tools.register import RegistrationRefused, RegistryUnavailable, register_contracts, run_register
from tools.registry.server import EmbeddedRegistry

FAST = {"max.retries": 0, "timeout": 5}
AGE = {"name": "age", "type": "int", "default": 0}


def user(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "User", "fields": [{"name": "id", "type": "string"}, *fields]}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with EmbeddedRegistry() as registry:
        yield registry.url


@pytest.fixture
def client(server: str) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": server, **FAST}) as registry:
        yield registry


class House:
    """A project with one contract, of the subject `<name>-value`."""

    def __init__(self, root: Path, name: str, url: str) -> None:
        self.root, self.name, self.url = root, name, url
        self.folder = root / "schemas" / name
        self.folder.mkdir(parents=True)

    @property
    def subject(self) -> str:
        return f"{self.name}-value"

    def write(self, version: int, schema: Any) -> None:
        (self.folder / f"v{version}.avsc").write_text(json.dumps(schema, indent=2), encoding="utf-8")

    def register(self, *, dry_run: bool = False) -> tuple[int, list[str]]:
        out = io.StringIO()
        contracts = read_contracts(self.root / "schemas")
        code = register_contracts(contracts, {"url": self.url, **FAST}, dry_run, out)
        return code, out.getvalue().splitlines()


@pytest.fixture
def house(tmp_path: Path, server: str, request: pytest.FixtureRequest) -> House:
    """A contract named as the test, because all tests share the registry."""
    return House(tmp_path, request.node.name, server)


@pytest.mark.integration
def test_versions_are_registered_in_order_and_once(house: House, client: SchemaRegistryClient) -> None:
    house.write(1, user())
    house.write(2, user(AGE))
    code, lines = house.register()
    ids = [client.get_version(house.subject, number).schema_id for number in (1, 2)]
    assert code == 0
    assert lines == [
        f"{house.subject}: compatibility level set to BACKWARD_TRANSITIVE (had none of its own)",
        f"{house.subject}: version 1 registered, schema id {ids[0]}",
        f"{house.subject}: version 2 registered, schema id {ids[1]}",
    ]
    assert client.get_compatibility(house.subject) == "BACKWARD_TRANSITIVE"
    assert house.register() == (
        0,
        [
            f"{house.subject}: version 1 is registered, schema id {ids[0]}",
            f"{house.subject}: version 2 is registered, schema id {ids[1]}",
        ],
    )


@pytest.mark.integration
def test_a_version_is_registered_with_the_types_that_it_refers_to(house: House, client: SchemaRegistryClient) -> None:
    shared = house.root / "schemas" / "shared" / "country.avsc"
    shared.parent.mkdir()
    country = {"type": "enum", "name": "Country", "symbols": ["IT", "JP"]}
    shared.write_text(json.dumps(country), encoding="utf-8")
    house.write(1, user({"name": "country", "type": "Country"}))
    assert house.register()[0] == 0
    registered = json.loads(client.get_version(house.subject, 1).schema.schema_str or "")
    assert registered["fields"][1]["type"] == country
    assert house.register()[1][-1].startswith(f"{house.subject}: version 1 is registered, schema id ")
    shared.write_text(json.dumps({**country, "symbols": ["IT", "JP", "NO"]}), encoding="utf-8")
    code, lines = house.register()
    assert (code, lines[-1]) == (1, "nothing was registered")
    assert f"differs from {house.name}/v1.avsc at /fields/1/type/symbols/2" in lines[0]


@pytest.mark.integration
def test_a_registry_may_write_the_same_schema_in_another_way(house: House, client: SchemaRegistryClient) -> None:
    """Names in full where the namespace around them would do, and a primitive type as an object."""
    inner = {"type": "enum", "name": "com.example.Kind", "symbols": ["A"]}
    fields = [{"name": "kind", "type": inner}, {"name": "more", "type": {"type": "array", "items": "com.example.Kind"}}]
    house.write(1, {"namespace": "com.example", **user(*fields, {"name": "n", "type": {"type": "int"}})})
    assert house.register()[0] == 0
    assert '"com.example.Kind"' not in (client.get_version(house.subject, 1).schema.schema_str or "")
    assert house.register()[1][-1].startswith(f"{house.subject}: version 1 is registered, schema id ")


@pytest.mark.integration
def test_only_what_is_missing_is_written(house: House, client: SchemaRegistryClient) -> None:
    house.write(1, user())
    house.register()
    client.set_compatibility(house.subject, "NONE")
    house.write(2, user(AGE))
    _, lines = house.register()
    assert lines[0] == f"{house.subject}: compatibility level set to BACKWARD_TRANSITIVE (was NONE)"
    assert [" is registered," in line for line in lines[1:]] == [True, False]
    assert client.get_versions(house.subject) == [1, 2]


@pytest.mark.integration
def test_a_dry_run_writes_nothing(house: House, client: SchemaRegistryClient) -> None:
    house.write(1, user())
    assert house.register(dry_run=True) == (
        0,
        [
            f"{house.subject}: compatibility level would be set to BACKWARD_TRANSITIVE (had none of its own)",
            f"{house.subject}: version 1 would be registered",
            f"nothing was written to {house.url}: 1 version would be registered",
        ],
    )
    assert house.subject not in client.get_subjects()
    house.register()
    assert house.register(dry_run=True)[1][-1] == f"nothing was written to {house.url}: it lacks no version"


@pytest.mark.integration
def test_another_schema_in_the_registry_is_a_finding(house: House, client: SchemaRegistryClient) -> None:
    client.register_schema(house.subject, Schema(json.dumps({**user(), "doc": "By hand."}), "AVRO"))
    house.write(1, user())
    house.write(2, user(AGE))
    code, lines = house.register()
    assert code == 1
    assert lines[0].startswith(
        f"error: version 1 of {house.subject} in the registry differs from {house.name}/v1.avsc at /doc;"
    )
    assert lines[-1] == "nothing was registered"
    assert client.get_versions(house.subject) == [1]


@pytest.mark.integration
def test_a_version_without_a_file_is_a_finding(house: House, client: SchemaRegistryClient) -> None:
    for schema in (user(), user(AGE)):
        client.register_schema(house.subject, Schema(json.dumps(schema), "AVRO"))
    house.write(1, user())
    code, lines = house.register()
    assert code == 1
    assert f"{house.subject} has a version 2 in the registry, and {house.name} has no v2.avsc" in lines[0]


@pytest.mark.integration
def test_a_number_that_was_used_before_is_a_finding(house: House, client: SchemaRegistryClient) -> None:
    house.write(1, user())
    house.write(2, user(AGE))
    house.register()
    client.delete_version(house.subject, 2)
    code, lines = house.register()
    assert code == 1
    assert f"{house.name}/v2.avsc would become version 3 of {house.subject}" in lines[0]


@pytest.mark.integration
def test_a_version_equal_to_an_earlier_one_gets_no_number(house: House, client: SchemaRegistryClient) -> None:
    house.write(1, user())
    house.write(2, user(AGE))
    house.write(3, user())
    code, lines = house.register()
    assert code == 1
    assert f"the registry keeps {house.name}/v3.avsc as version 1 of {house.subject}" in lines[-1]
    assert client.get_versions(house.subject) == [1, 2]


@pytest.mark.integration
def test_the_registry_has_the_last_word(house: House) -> None:
    """What the gate would have refused, given past it: the registry refuses it too."""
    house.write(1, user())
    house.write(2, user({"name": "email", "type": "string"}))
    with pytest.raises(RegistrationRefused, match=r"refused it: .*email") as caught:
        house.register()
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)


def test_a_registry_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        house = House(tmp_path, "orders", f"http://user:secret@127.0.0.1:{port}")
        house.write(1, user())
        with pytest.raises(RegistryUnavailable) as caught:
            house.register()
    assert str(caught.value).startswith(f"no answer from the schema registry at http://127.0.0.1:{port} (")
    assert "secret" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.integration
def test_an_answer_that_is_no_registrys_is_one_sentence(tmp_path: Path, server: str) -> None:
    house = House(tmp_path, "orders", f"{server}/no-such-place")
    house.write(1, user())
    with pytest.raises(RegistryUnavailable, match="answered 404"):
        house.register()


@pytest.mark.integration
def test_the_command_runs_the_gate_first(
    house: House, client: SchemaRegistryClient, monkeypatch: pytest.MonkeyPatch, clean_environment: Path
) -> None:
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", house.url)
    house.write(1, user())
    house.write(2, user({"name": "email", "type": "string"}))
    out = io.StringIO()
    assert run_register(house.root, [], dry_run=False, out=out) == 1
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in out.getvalue()
    assert out.getvalue().endswith("nothing was registered\n")
    assert house.subject not in client.get_subjects()
    house.write(2, user(AGE))
    assert run_register(house.root, [house.name], dry_run=False, out=io.StringIO()) == 0
    with urllib.request.urlopen(f"{house.url}/subjects/{house.subject}/versions") as answer:
        assert json.load(answer) == [1, 2]


def test_a_schema_that_cannot_be_read_is_not_registered(tmp_path: Path) -> None:
    house = House(tmp_path, "orders", "http://127.0.0.1:9")
    house.write(1, "nothing")
    out = io.StringIO()
    assert run_register(house.root, [], dry_run=False, out=out) == 2
    assert "nothing was registered" in out.getvalue()
