"""Schemas that use the types of other subjects."""

from __future__ import annotations

import json
from typing import Any

import pytest

_DEP = {"type": "record", "name": "Dep", "namespace": "com.x", "fields": [{"name": "v", "type": "int"}]}
_HOLDER = {"type": "record", "name": "Holder", "namespace": "com.x", "fields": [{"name": "d", "type": "com.x.Dep"}]}
_REFERENCE = {"name": "com.x.Dep", "subject": "dep", "version": 1}


def test_a_schema_with_a_reference(registry: Any) -> None:
    registry.register("dep", _DEP)
    first = registry.register("holder", _HOLDER, references=[_REFERENCE])
    assert first == registry.register("holder", _HOLDER, references=[_REFERENCE])
    assert first["references"] == [_REFERENCE]
    # As Avro Java writes it: a name in its own namespace is short.
    assert json.loads(first["schema"])["fields"] == [{"name": "d", "type": "Dep"}]
    assert registry.look_up("holder", _HOLDER, references=[_REFERENCE])["id"] == first["id"]
    assert registry.get(f"/schemas/ids/{first['id']}")["references"] == [_REFERENCE]


def test_the_same_with_the_reference_written_out_is_found(registry: Any) -> None:
    registry.register("dep", _DEP)
    registered = registry.register("holder", _HOLDER, references=[_REFERENCE])
    written_out = _HOLDER | {"fields": [{"name": "d", "type": _DEP}]}
    assert registry.look_up("holder", written_out)["id"] == registered["id"]
    assert registry.register("holder", written_out)["id"] == registered["id"]


@pytest.mark.parametrize(
    "reference",
    [
        {"name": "com.x.Dep", "subject": "nope", "version": 1},
        {"name": "com.x.Dep", "subject": "dep", "version": 5},
        {"name": "com.x.Dep", "subject": "dep", "version": 0},
        {"name": "com.x.Dep", "subject": "dep"},
        {"subject": "dep", "version": 1},
    ],
)
def test_a_reference_to_nothing(registry: Any, reference: Any) -> None:
    registry.register("dep", _DEP)
    assert registry.register("holder", _HOLDER, references=[reference], status=422)["error_code"] == 42201


def test_a_name_that_no_reference_defines(registry: Any) -> None:
    answer = registry.register("holder", _HOLDER, status=422)
    assert "'com.x.Dep' is not defined" in answer["message"]


def test_a_reference_to_the_latest_version(registry: Any) -> None:
    registry.register("dep", _DEP)
    answer = registry.register("holder", _HOLDER, references=[_REFERENCE | {"version": -1}])
    assert answer["references"] == [_REFERENCE | {"version": -1}]


def test_what_is_referred_to_cannot_be_deleted(registry: Any) -> None:
    registry.register("dep", _DEP)
    holder = registry.register("holder", _HOLDER, references=[_REFERENCE])["id"]
    assert registry.get("/subjects/dep/versions/1/referencedby") == [holder]
    assert registry.get("/subjects/dep/versions/latest/referencedby") == [holder]
    assert registry.get("/subjects/holder/versions/1/referencedby") == []
    registry.refused("GET", "/subjects/x/versions/1/referencedby", 404, 40401)
    key = "{magic=1,keytype=SCHEMA,subject=dep,version=1}"
    for path in ("/subjects/dep", "/subjects/dep/versions/1"):
        message = registry.refused("DELETE", path, 422, 42206)
        assert message == f"One or more references exist to the schema {key}."
    registry.delete("/subjects/holder")
    assert registry.get("/subjects/dep/versions/1/referencedby") == []
    assert registry.delete("/subjects/dep") == [1]
    # The explicit version still resolves, so that a holder that comes back can be read.
    assert registry.register("holder", _HOLDER, references=[_REFERENCE])["id"] == holder


def test_the_check_looks_through_references(registry: Any) -> None:
    registry.register("dep", _DEP)
    registry.put("/config/dep", {"compatibility": "NONE"})
    registry.register("dep", _DEP | {"fields": [{"name": "v", "type": "string"}]})
    registry.register("holder", _HOLDER, references=[_REFERENCE])
    newer = [_REFERENCE | {"version": 2}]
    answer = registry.test("holder/versions?verbose=true", _HOLDER, references=newer)
    assert "reader type: STRING not compatible with writer type: INT" in answer["messages"][0]
    assert registry.register("holder", _HOLDER, references=newer, status=409)["error_code"] == 40901


def test_references_of_references_and_types_inside_types(registry: Any) -> None:
    inner = {"type": "enum", "name": "Kind", "symbols": ["A"]}
    registry.register("kind", {"type": "record", "name": "k.Box", "fields": [{"name": "kind", "type": inner}]})
    middle = {"type": "record", "name": "Middle", "fields": [{"name": "box", "type": "k.Box"}]}
    registry.register("middle", middle, references=[{"name": "k.Box", "subject": "kind", "version": 1}])
    outer = {
        "type": "record",
        "name": "o.Outer",
        "fields": [
            {"name": "kind", "type": "k.Kind"},
            {"name": "middles", "type": {"type": "array", "items": ["null", "k.Box"]}},
        ],
    }
    through = [{"name": "Middle", "subject": "middle", "version": 1}]
    assert registry.register("outer", outer, references=through)["version"] == 1
    assert registry.test("outer/versions", outer, references=through) == {"is_compatible": True}
