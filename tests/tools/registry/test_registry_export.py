"""Everything as one text file, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools.registry.rich import WHO, fill
from tools.errors import UserError
from tools.registry.lookup import SchemaRequest
from tools.registry.model import Mode
from tools.registry.registry import Registry
from tools.registry.rows import GLOBAL
from tools.registry.settings import ConfigChange
from tools.registry.snapshot_store import read_store, write_store
from tools.registry.snapshot_text import FORMAT, from_text, to_text
from tools.registry.store import Store


@pytest.fixture
def full() -> Registry:
    registry = Registry(Store(":memory:"))
    fill(registry)
    return registry


def _text(registry: Registry) -> str:
    return to_text(read_store(registry.store))


def _imported(text: str, registry: Registry | None = None, *, merge: bool = False) -> Registry:
    registry = registry or Registry(Store(":memory:"))
    write_store(registry.store, from_text(text.encode(), "dump.json"), WHO, "dump.json", merge=merge)
    return registry


def _document(**changes: Any) -> dict[str, Any]:
    schema = {"id": 1, "schema": '"int"'}
    subject = {"subject": "a", "versions": [{"version": 1, "id": 1, "deleted": False, "registeredMs": 5}]}
    return {"format": FORMAT, "highestId": 1, "schemas": [schema], "subjects": [subject]} | changes


def test_a_round_trip_is_equal_byte_for_byte(full: Registry) -> None:
    text = _text(full)
    again = _imported(text)
    assert _text(again) == text
    document = json.loads(text)
    assert [item["id"] for item in document["schemas"]] == sorted(item["id"] for item in document["schemas"])
    assert [item["subject"] for item in document["subjects"]] == sorted(
        ["all-gone", "back", "gone", "holder/value ü", "normal", "rules", "zz-dep"]
    )


def test_what_is_kept_behaves_as_before(full: Registry) -> None:
    again = _imported(_text(full))
    assert again.config("gone", default_to_global=False) == full.config("gone", default_to_global=False)
    assert again.config("rules", default_to_global=False) == full.config("rules", default_to_global=False)
    assert again.config(GLOBAL, default_to_global=True) == {"compatibilityLevel": "FORWARD", "normalize": True}
    assert again.mode("rules", default_to_global=False) is Mode.READONLY
    request = SchemaRequest('"int"')
    assert again.look_up("gone", request, normalize=False, deleted=True).deleted
    new = SchemaRequest('"double"')
    there, here = (registry.register("new", new, WHO, normalize=False) for registry in (full, again))
    assert here.schema_id == there.schema_id  # above the id that was deleted for good


def test_nothing_is_an_export_too() -> None:
    text = _text(Registry(Store(":memory:")))
    assert json.loads(text) == {"format": FORMAT, "highestId": 0, "schemas": [], "subjects": []}
    assert _text(_imported(text)) == text


def test_a_registry_that_is_not_empty_is_left_alone(full: Registry) -> None:
    text = _text(full)
    with pytest.raises(UserError, match="is not empty; import into a new one, or add what it lacks with --merge"):
        _imported(json.dumps(_document()), full)
    assert _text(full) == text


def test_merge_adds_what_is_missing_and_a_second_time_nothing(full: Registry) -> None:
    text = _text(full)
    other = Registry(Store(":memory:"))
    other.register("zz-dep", SchemaRequest(_schema_of(text, 1)), WHO, normalize=False)
    assert _text(_imported(text, other, merge=True)).count('"subject": ') == text.count('"subject": ')
    before = _text(other)
    assert _text(_imported(text, other, merge=True)) == before


def _schema_of(text: str, schema_id: int) -> str:
    return next(str(item["schema"]) for item in json.loads(text)["schemas"] if item["id"] == schema_id)


@pytest.mark.parametrize(
    ("schema", "subject", "told"),
    [
        ('"string"', "b", "id 1 is another schema"),
        ('"string"', "a", "id 1 is another schema"),
    ],
)
def test_merge_refuses_what_clashes(schema: str, subject: str, told: str) -> None:
    registry = Registry(Store(":memory:"))
    registry.register(subject, SchemaRequest(schema), WHO, normalize=False)
    before = _text(registry)
    with pytest.raises(UserError, match=f"nothing was imported, because .*{told}"):
        _imported(json.dumps(_document()), registry, merge=True)
    assert _text(registry) == before


def test_merge_refuses_other_versions_deletions_and_settings() -> None:
    registry = Registry(Store(":memory:"))
    registry.register("a", SchemaRequest('"int"'), WHO, normalize=False)
    registry.change_config("a", ConfigChange({"compatibilityLevel": "NONE"}), WHO)
    registry.change_mode("a", Mode.READONLY, WHO, force=False)
    document = _document()
    document["subjects"][0] |= {"config": {"compatibilityLevel": "FULL"}, "mode": "IMPORT"}
    document["subjects"][0]["versions"][0]["deleted"] = True
    with pytest.raises(UserError) as caught:
        _imported(json.dumps(document), registry, merge=True)
    for part in ("version 1 of 'a' is not deleted", "the config of 'a' is", "the mode of 'a' is READONLY, not IMPORT"):
        assert part in str(caught.value)
    document["schemas"][0]["id"] = document["subjects"][0]["versions"][0]["id"] = 9
    with pytest.raises(UserError, match="version 1 of 'a' has the id 1, not 9"):
        _imported(json.dumps(document), registry, merge=True)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "is no export of a registry"),
        ({"format": "other"}, "is no export of a registry"),
        ({"format": FORMAT, "subjects": []}, "a part is missing or of another type .*schemas"),
        (_document(schemas=3), "schemas is a list of objects"),
        (_document(schemas=[{"id": "1", "schema": '"int"'}]), "id is an integer"),
        (_document(schemas=[{"id": 2, "schema": '"int"'}]), "has the id 1, which no schema has"),
        (_document(schemas=[{"id": 1, "schema": '"int'}]), "Invalid schema of type AVRO"),
        (_document(schemas=[{"id": 1, "schema": '"nope"'}]), "version 1 of 'a': .*nope"),
        (_document(schemas=[{"id": 1, "schema": '"int"', "schemaType": "JSON"}]), "it is of type JSON"),
        (_document(schemas=[{"id": 1, "schema": '"int"', "ruleSet": {"x": [1]}}]), "ruleSet.x of schema 1"),
        (_document(config={"compatibilityLevel": "LOUD"}), "Invalid compatibility level"),
        (_document(config={"loudness": 3}), "config has loudness, which is not known here"),
        (_document(mode="LOUD"), "Invalid mode"),
        (_document(subjects=[]), "the schema 1 is of no version"),
        (_document(subjects=[{"subject": "a", "versions": [{"version": 1, "id": 1}] * 2}]), "'a' has a version twice"),
        (_document(subjects=[{"subject": "a", "versions": [{"version": 0, "id": 1}]}]), "versions begin with 1"),
    ],
)
def test_a_file_that_is_no_export_is_one_sentence(document: Any, told: str) -> None:
    with pytest.raises(UserError, match=f"(?s)dump.json .*{told}"):
        _imported(json.dumps(document))


def test_a_soft_deleted_version_may_refer_to_what_is_gone() -> None:
    reference = {"name": "com.x.Dep", "subject": "dep", "version": 1}
    document = _document(
        schemas=[{"id": 1, "schema": '{"type":"array","items":"com.x.Dep"}', "references": [reference]}]
    )
    with pytest.raises(UserError, match="No schema reference found"):
        _imported(json.dumps(document))
    document["subjects"][0]["versions"][0]["deleted"] = True
    assert '"deleted": true' in _text(_imported(json.dumps(document)))


def test_an_import_is_one_line_of_the_log(tmp_path: Path) -> None:
    registry = _imported(json.dumps(_document()), Registry(Store(tmp_path / "r.db")))
    with registry.store.reading("looking") as rows:
        (entry,) = rows.audit_log()
    assert (entry["who"], entry["action"], entry["reason"]) == ("somebody", "import", "a test")
    assert entry["detail"] == {"from": "dump.json", "subjects": 1, "versions": 1, "schemas": 1}
    registry.store.close()
