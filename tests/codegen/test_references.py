"""Types of other schema files: found in any order, pinned where they are ambiguous, one class for all."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastavro
import pytest

from codegen.contract import InvalidContract, read_contracts
from codegen.schema import parse_schema
from tests.codegen.sample_contracts import Project, record

COUNTRY = {"type": "enum", "name": "Country", "symbols": ["it", "jp"]}
ADDRESS = record(
    {"name": "street", "type": "string"},
    {"name": "country", "type": COUNTRY, "default": "it"},
    name="Address",
    namespace="com.example.geo",
)


def user(*fields: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    own = [{"name": "home", "type": "com.example.geo.Address"}, *fields]
    return record(*own, name="User", namespace="com.example.people", **attributes)


@contextmanager
def imported(project: Project) -> Iterator[Any]:
    """Gives a function that imports a generated module by its name below the models."""
    package = f"models_of_{project.models.parent.name}"
    project.models.rename(project.models.with_name(package))
    sys.path.insert(0, str(project.models.parent))
    # The catalogue names the house's own models, which these are not.
    (project.models.parent / package / "__init__.py").write_text("", encoding="utf-8")
    try:
        yield lambda name: importlib.import_module(f"{package}.{name}")
    finally:
        sys.path.remove(str(project.models.parent))
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            del sys.modules[name]


def faults(project: Project) -> list[str]:
    with pytest.raises(InvalidContract) as caught:
        read_contracts(project.schemas)
    return [f"{fault.path.parent.name}/{fault.path.name} {fault.reason}; {fault.hint}" for fault in caught.value.faults]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def share(project: Project, name: str, schema: dict[str, Any]) -> None:
    folder = project.schemas / "shared"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.avsc").write_text(json.dumps(schema, indent=2), encoding="utf-8")


@pytest.mark.parametrize("name", ["address", "zones"])
def test_a_type_of_another_contract_is_one_class_whatever_the_order_of_the_files(project: Project, name: str) -> None:
    project.add(name, ADDRESS)
    project.add("people", user({"name": "born", "type": "com.example.geo.Country"}))
    assert project.run() == 0, project.err
    with imported(project) as module:
        address, people = module(f"{name}.v1"), module("people.v1")
        assert people.Address is address.Address
        assert people.Country is address.Country
        one = people.User.model_validate_json('{"home": {"street": "x"}, "born": "jp"}')
        assert isinstance(one.home, address.Address)
        assert people.User.deserialize(one.serialize()) == one
        assert people.User.fake().masked().keys() == {"home", "born"}


def test_a_shared_file_is_a_module_of_its_own(project: Project) -> None:
    share(project, "address", ADDRESS)
    project.add("people", user())
    project.add("shops", record({"name": "place", "type": ["null", "com.example.geo.Address"]}, name="Shop"))
    assert project.run() == 0, project.err
    assert project.run("--check") == 0
    with imported(project) as module:
        assert module("people.v1").Address is module("shops.v1").Address is module("shared.address").Address


def test_a_shared_file_may_refer_to_another_one(project: Project) -> None:
    share(project, "a_address", {**ADDRESS, "fields": [{"name": "country", "type": "com.example.geo.Country"}]})
    share(project, "b_country", {**COUNTRY, "namespace": "com.example.geo"})
    project.add("people", user())
    assert project.run() == 0, project.err
    with imported(project) as module:
        assert module("shared.a_address").Country is module("shared.b_country").Country


def test_the_schema_of_the_model_is_whole(project: Project) -> None:
    """A consumer elsewhere needs no other file; the same bytes come out by it."""
    project.add("address", ADDRESS)
    project.add("people", user({"name": "work", "type": "com.example.geo.Address"}))
    assert project.run() == 0, project.err
    with imported(project) as module:
        model = module("people.v1").User
        schema = json.loads(model.AVSC)
        assert parse_schema(schema).root
        one = model.model_validate_json('{"home": {"street": "x"}, "work": {"street": "y", "country": "jp"}}')
        import io

        read = fastavro.schemaless_reader(io.BytesIO(one.serialize()), fastavro.parse_schema(schema), None)
        assert read == {"home": {"street": "x", "country": "it"}, "work": {"street": "y", "country": "jp"}}


def test_a_name_that_is_taken_here_is_imported_under_another(project: Project) -> None:
    project.add("address", ADDRESS)
    own = {"name": "own", "type": {"type": "record", "name": "Address", "fields": []}}
    project.add("people", user(own))
    assert project.run() == 0, project.err
    with imported(project) as module:
        fields = module("people.v1").User.model_fields
        assert fields["home"].annotation is module("address.v1").Address
        assert fields["own"].annotation is not fields["home"].annotation


def test_the_version_that_is_meant_is_pinned_where_there_are_several(project: Project) -> None:
    later = {**ADDRESS, "fields": [*ADDRESS["fields"], {"name": "zip", "type": "string", "default": ""}]}
    project.add("address", ADDRESS, later)
    project.add("people", user(), user({"name": "age", "type": "int", "default": 0}))
    (ambiguous, *_) = faults(project)
    assert ambiguous == (
        "people/v1.avsc the type 'com.example.geo.Address' is defined in more than one place: address v1, address v2; "
        "say in people/contract.toml which version v1 means, such as [references.v1] with address = 1"
    )
    (project.schemas / "people" / "contract.toml").write_text(
        "[references]\naddress = 1\n[references.v2]\naddress = 2\n", encoding="utf-8"
    )
    assert project.run() == 0, project.err
    with imported(project) as module:
        assert module("people.v1").Address is module("address.v1").Address
        assert module("people.v2").Address is module("address.v2").Address


def test_files_that_need_each_other_are_refused(project: Project) -> None:
    one = {"name": "two", "type": "b.Two"}
    project.add("one", record(one, name="One", namespace="a"))
    project.add("two", record({"name": "one", "type": ["null", "a.One"]}, name="Two", namespace="b"))
    assert faults(project) == [
        "one/v1.avsc these files need each other: one v1 → two v1 → one v1; move what both need to shared/"
    ]


def test_one_schema_has_one_type_of_a_name(project: Project) -> None:
    project.add("address", ADDRESS)
    project.add("people", user({"name": "born", "type": {**COUNTRY, "namespace": "com.example.geo"}}))
    (told,) = faults(project)
    assert "the type 'com.example.geo.Country' is defined here and in v1.avsc too" in told


def test_a_type_that_nobody_defines_is_a_fault_with_its_place(project: Project) -> None:
    project.add("people", user())
    (told,) = faults(project)
    assert told.startswith("people/v1.avsc the type 'com.example.geo.Address' is not defined")


def test_a_fault_of_a_shared_file_is_told_once(project: Project) -> None:
    share(project, "address", {**ADDRESS, "fields": [{"name": "x", "type": "nothing"}]})
    project.add("people", user())
    project.add("shops", record({"name": "place", "type": "com.example.geo.Address"}, name="Shop"))
    (told,) = faults(project)
    assert told.startswith("shared/address.avsc the type 'com.example.geo.nothing'")


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ('[references]\naddress = "1"\n', "the reference to 'address' is '1'"),
        ("[references.v7]\naddress = 1\n", "references.v7 is no version of this contract"),
        ("references = 1\n", "'references' is 1"),
    ],
)
def test_pins_of_references_are_checked(project: Project, toml: str, reason: str) -> None:
    project.add("people", record({"name": "x", "type": "int"}), toml=toml)
    assert any(reason in told for told in faults(project))
