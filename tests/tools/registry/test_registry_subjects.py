"""Registering, looking up, listing."""

from __future__ import annotations

import json
from typing import Any

import pytest


def test_a_first_registration_gets_id_and_version_one(registry: Any, user: Any) -> None:
    answer = registry.register("a", user)
    assert (answer["id"], answer["version"]) == (1, 1)
    assert json.loads(answer["schema"]) == user
    assert answer.keys() == {"id", "version", "guid", "schemaType", "schema"}


def test_registering_again_in_another_form_answers_the_same(registry: Any, user: Any) -> None:
    first = registry.register("a", user)
    spaced = registry("POST", "/subjects/a/versions", {"schema": json.dumps(user, indent=4)})
    turned = registry.register("a", {key: user[key] for key in ("fields", "name", "type")})
    wrapped = registry.register("a", user | {"fields": [{"name": "name", "type": {"type": "string"}}]})
    assert first == spaced == turned == wrapped
    assert registry.get("/subjects/a/versions") == [1]


def test_one_content_has_one_id_in_all_subjects(registry: Any, user: Any, user_age: Any) -> None:
    assert registry.register("a", user)["id"] == registry.register("b", user)["id"] == 1
    assert registry.register("b", user_age) == registry.register("b", user_age)
    assert registry.get("/schemas/ids/1/subjects") == ["a", "b"]
    assert registry.get("/schemas/ids/1/versions") == [{"subject": "a", "version": 1}, {"subject": "b", "version": 1}]


def test_a_doc_makes_another_schema(registry: Any, user: Any) -> None:
    assert registry.register("a", user)["id"] != registry.register("a", user | {"doc": "somebody"})["id"]


@pytest.mark.parametrize("version", ["1", "latest", "-1", "+1", "01", "LATEST", "1%20"])
def test_the_ways_to_name_a_version(registry: Any, user: Any, version: str) -> None:
    registry.register("a", user)
    answer = registry.get(f"/subjects/a/versions/{version}")
    assert (answer["subject"], answer["version"], answer["id"], answer["deleted"]) == ("a", 1, 1, False)
    assert registry.get(f"/subjects/a/versions/{version}/schema") == user


@pytest.mark.parametrize("version", ["0", "-2", "abc", "1.0", "2147483648", "%20", "9" * 5000, "-1" * 2, "\u0661"])
def test_what_is_no_version(registry: Any, user: Any, version: str) -> None:
    registry.register("a", user)
    message = registry.refused("GET", f"/subjects/a/versions/{version}", 422, 42202)
    assert message.endswith('Allowed values are between [1, 2^31-1] and the string "latest"')


def test_missing_subjects_and_versions(registry: Any, user: Any) -> None:
    registry.register("a", user)
    assert registry.refused("GET", "/subjects/x/versions", 404, 40401) == "Subject 'x' not found."
    assert registry.refused("GET", "/subjects/x/versions/1", 404, 40401) == "Subject 'x' not found."
    assert registry.refused("GET", "/subjects/a/versions/9", 404, 40402) == "Version 9 not found."
    assert registry.refused("GET", "/schemas/ids/9", 404, 40403) == "Schema 9 not found"
    assert registry.refused("GET", "/schemas/ids/9/versions", 404, 40403) == "Schema not found"


def test_looking_up(registry: Any, user: Any, user_age: Any) -> None:
    registry.register("a", user)
    found = registry.look_up("a", user)
    assert found.keys() == {"subject", "version", "id", "guid", "schemaType", "schema"}
    assert registry.look_up("a", user_age, status=404) == {"error_code": 40403, "message": "Schema not found"}
    assert registry.look_up("x", user, status=404) == {"error_code": 40401, "message": "Subject 'x' not found."}
    assert registry.look_up("a", {"type": "record"}, status=422)["error_code"] == 42201


def test_normalizing_forgets_the_order_of_properties(registry: Any) -> None:
    one, two = {"type": "string", "b": 1, "a": 2}, {"type": "string", "a": 2, "b": 1}
    first = registry.register("a", one, query="?normalize=true")
    assert registry.register("b", two, query="?normalize=true")["id"] == first["id"]
    assert registry.register("c", one)["id"] != first["id"]
    assert registry.look_up("a", one, status=404)["error_code"] == 40403
    assert registry.look_up("a", one, query="?normalize=true")["id"] == first["id"]
    registry.put("/config/d", {"normalize": True})
    assert registry.register("d", one)["id"] == first["id"]


def test_metadata_and_rules_are_kept_and_inherited(registry: Any, user: Any) -> None:
    metadata = {"properties": {"owner": "x"}, "tags": {"User.name": ["PII"]}, "sensitive": ["owner"]}
    rules = {"domainRules": [{"name": "r", "kind": "CONDITION", "type": "CEL", "mode": "WRITE", "expr": "true"}]}
    first = registry.register("a", user, metadata=metadata, ruleSet=rules)
    again = registry.register("a", user)
    assert first == again
    assert (again["metadata"], again["ruleSet"]) == (metadata, rules)
    read = registry.get("/subjects/a/versions/latest")
    assert (read["metadata"], read["ruleSet"]) == (metadata, rules)
    other = registry.register("a", user, metadata={"properties": {"owner": "y"}})
    assert (other["id"], other["version"], other["ruleSet"]) == (2, 2, rules)
    assert registry.get("/subjects/a/metadata?key=owner&value=x")["version"] == 1
    assert registry.refused("GET", "/subjects/a/metadata?key=owner&value=z", 404, 40403) == "Schema not found"
    assert len(registry.get("/schemas?ruleType=CEL")) == 2
    assert registry.get("/schemas?ruleType=OTHER") == []


def test_metadata_alone_makes_a_version_of_the_latest_text(registry: Any, user: Any) -> None:
    registry.register("a", user)
    answer = registry.register("a", metadata={"properties": {"owner": "z"}})
    assert (answer["version"], json.loads(answer["schema"])) == (2, user)


def test_a_wished_version_must_be_the_next(registry: Any, user: Any, user_age: Any) -> None:
    registry.register("a", user)
    refused = registry.register("a", user_age, version=3, status=422)
    assert refused == {"error_code": 42201, "message": "Version is not one more than previous version"}
    answer = registry.register("a", user_age, version=2)
    assert answer["metadata"] == {"properties": {"confluent:version": "2"}}
    assert registry.look_up("a", user_age)["version"] == 2  # the mark does not matter to who looks


def test_lists_with_filters_and_pages(registry: Any, user: Any, user_age: Any) -> None:
    for subject in ("p-c", "p-a", "p-b", "q"):
        registry.register(subject, user)
    registry.register("p-a", user_age)
    registry.delete("/subjects/p-b")
    assert registry.get("/subjects") == ["p-a", "p-c", "q"]
    assert registry.get("/subjects?subjectPrefix=p-") == ["p-a", "p-c"]
    assert registry.get("/subjects?subjectPrefix=:*:p-") == ["p-a", "p-c"]
    assert registry.get("/subjects?deleted=TRUE") == ["p-a", "p-b", "p-c", "q"]
    assert registry.get("/subjects?deletedOnly=true&deleted=true") == ["p-b"]
    assert registry.get("/subjects?offset=1&limit=1") == ["p-c"]
    assert registry.get("/subjects?limit=0") == registry.get("/subjects?limit=-1") == ["p-a", "p-c", "q"]
    assert registry.refused("GET", "/subjects?limit=x", 404, 404) == "HTTP 404 Not Found"

    def versions(query: str) -> list[tuple[str, int]]:
        return [(item["subject"], item["version"]) for item in registry.get(f"/schemas{query}")]

    assert versions("?subjectPrefix=p-") == [("p-a", 1), ("p-a", 2), ("p-c", 1)]
    assert versions("?latestOnly=true") == [("p-a", 2), ("p-c", 1), ("q", 1)]
    assert versions("?deleted=true&offset=2&limit=1") == [("p-b", 1)]


def test_an_id_tells_its_subject_when_asked_with_one(registry: Any, user: Any, user_age: Any) -> None:
    registry.register("a", user)
    registry.register("b", user_age)
    assert "subject" not in registry.get("/schemas/ids/1")
    assert registry.get("/schemas/ids/1?subject=a")["subject"] == "a"
    assert registry.get("/schemas/ids/1?fetchMaxId=true")["maxId"] == 2
    assert registry.get("/schemas/ids/2/schema") == user_age
    guid = registry.get("/schemas/ids/2")["guid"]
    assert json.loads(registry.get(f"/schemas/guids/{guid}")["schema"]) == user_age
    assert registry.refused("GET", "/schemas/guids/none", 404, 40403) == "Schema none not found"


@pytest.mark.parametrize(
    "subject", ["a%2Fb", "with%20space", "%C3%A9%E4%B8%AD", "q%3Fmark", "%25percent", "a:b", "plus+"]
)
def test_unusual_names(registry: Any, user: Any, subject: str) -> None:
    assert registry.register(subject, user)["id"] == 1
    name = registry.get("/subjects")[0]
    assert registry.get(f"/subjects/{subject}/versions/1")["subject"] == name
    registry.put(f"/config/{subject}", {"compatibility": "NONE"})
    assert registry.get(f"/config/{subject}") == {"compatibilityLevel": "NONE"}


@pytest.mark.parametrize("subject", ["tab%09here", "__GLOBAL", "__EMPTY", ":.ctx:a"])
def test_names_that_no_subject_may_have(registry: Any, user: Any, subject: str) -> None:
    body = registry.body(user, {})
    assert "is not a valid" in registry.refused("POST", f"/subjects/{subject}/versions", 422, 42208, body)
    registry.refused("PUT", f"/config/{subject}", 422, 42208, {"compatibility": "NONE"})
    registry.refused("PUT", f"/mode/{subject}", 422, 42208, {"mode": "READONLY"})


def test_an_alias_stands_for_its_subject(registry: Any, user: Any, user_age: Any) -> None:
    registry.register("target", user)
    registry.put("/config/alias", {"alias": "target"})
    assert registry.register("alias", user_age)["version"] == 2
    assert registry.get("/subjects/alias/versions") == [1, 2]
    assert registry.get("/subjects/alias/versions/1")["subject"] == "target"
    assert registry.get("/schemas?aliases=true")[0]["aliases"] == ["alias"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"schema": '"string"', "schemaType": "JSON"}, "Invalid schema type JSON"),
        ({}, "Empty schema"),
        ({"schema": None}, "Empty schema"),
        ({"schema": "  "}, "Empty schema"),
        ({"schema": '{"type":"record",'}, "line 1, column 18"),
        ({"schema": '{"type":"record","name":"X"}'}, 'the record has no "fields"'),
        ({"schema": 42}, "a schema is a string, an object or an array"),
        ({"schema": '{"type":"nosuchtype"}'}, "'nosuchtype' is not defined"),
        ({"schema": '{"type":"int","doc":"\\ud800"}'}, "surrogate"),
        ({"schema": "[" * 500}, "nest"),
    ],
)
def test_what_is_no_schema(registry: Any, body: Any, reason: str) -> None:
    assert reason in registry.refused("POST", "/subjects/a/versions", 422, 42201, body)
    assert registry.get("/subjects?deleted=true") == []


def test_faults_of_a_schema_are_told_in_full_when_asked_for(registry: Any) -> None:
    answer = registry.register("a", {"type": "record", "name": "X"}, query="?findings=true", status=422)
    assert [finding["type"] for finding in answer["findings"]] == ["INVALID_SCHEMA"]
