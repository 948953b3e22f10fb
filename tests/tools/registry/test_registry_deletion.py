"""Soft and permanent deletion, and what they leave."""

from __future__ import annotations

from typing import Any

import pytest


def test_the_life_of_a_version(registry: Any, user: Any, user_age: Any) -> None:
    registry.register("a", user)
    registry.register("a", user_age)
    message = registry.refused("DELETE", "/subjects/a/versions/1?permanent=true", 404, 40407)
    assert message == "Subject 'a' Version 1 was not deleted first before being permanently deleted"
    assert registry.delete("/subjects/a/versions/1") == 1
    message = registry.refused("DELETE", "/subjects/a/versions/1", 404, 40406)
    assert message == "Subject 'a' Version 1 was soft deleted.Set permanent=true to delete permanently"
    assert registry.delete("/subjects/a/versions/1?permanent=true") == 1
    assert registry.refused("DELETE", "/subjects/a/versions/1", 404, 40402) == "Version 1 not found."
    assert registry.delete("/subjects/a/versions/latest") == 2
    assert registry.refused("DELETE", "/subjects/a/versions/latest", 404, 40402) == "Version -1 not found."
    registry.refused("DELETE", "/subjects/a/versions/0", 422, 42202)
    registry.refused("DELETE", "/subjects/x/versions/1", 404, 40401)


def test_the_life_of_a_subject(registry: Any, user: Any, user_age: Any) -> None:
    registry.register("a", user)
    registry.register("a", user_age)
    message = registry.refused("DELETE", "/subjects/a?permanent=true", 404, 40405)
    assert message == "Subject 'a' was not deleted first before being permanently deleted"
    assert registry.delete("/subjects/a") == [1, 2]
    message = registry.refused("DELETE", "/subjects/a", 404, 40404)
    assert message == "Subject 'a' was soft deleted.Set permanent=true to delete permanently"
    assert registry.delete("/subjects/a?permanent=true") == [1, 2]
    registry.refused("DELETE", "/subjects/a", 404, 40401)
    registry.refused("DELETE", "/subjects/a?permanent=true", 404, 40401)


def test_what_a_soft_deletion_hides(registry: Any, user: Any, user_age: Any) -> None:
    registry.register("a", user)
    registry.register("a", user_age)
    registry.delete("/subjects/a/versions/1")
    assert registry.get("/subjects/a/versions") == [2]
    assert registry.get("/subjects/a/versions?deleted=true") == [1, 2]
    assert registry.get("/subjects/a/versions?deletedOnly=true") == [1]
    registry.refused("GET", "/subjects/a/versions/1", 404, 40402)
    assert registry.get("/subjects/a/versions/1?deleted=true")["deleted"] is True
    assert registry.get("/schemas/ids/1/schema") == user  # records that carry the id can still be read
    assert registry.get("/schemas/ids/1/subjects") == []
    assert registry.get("/schemas/ids/1/subjects?deleted=true") == ["a"]
    assert registry.look_up("a", user, status=404)["error_code"] == 40403
    assert registry.look_up("a", user, query="?deleted=true")["version"] == 1
    registry.delete("/subjects/a/versions/2")
    registry.refused("GET", "/subjects/a/versions", 404, 40401)
    assert registry.get("/subjects") == []
    assert registry.get("/subjects?deleted=true") == ["a"]


def test_a_deleted_schema_comes_back_with_its_id_and_a_new_version(registry: Any, user: Any) -> None:
    first = registry.register("a", user)
    registry.delete("/subjects/a")
    again = registry.register("a", user)
    assert (again["id"], again["version"]) == (first["id"], 2)
    assert registry.get("/subjects/a/versions?deleted=true") == [2]


def test_deleted_versions_do_not_count_for_compatibility(registry: Any, user: Any, user_int: Any) -> None:
    registry.register("a", user)
    assert registry.register("a", user_int, status=409)["error_code"] == 40901
    registry.delete("/subjects/a")
    assert registry.register("a", user_int)["version"] == 2


def test_ids_are_never_given_twice(registry: Any, user: Any, user_age: Any, user_int: Any) -> None:
    registry.register("a", user)
    registry.register("b", user_int)
    for subject in ("a", "b"):
        registry.delete(f"/subjects/{subject}")
        registry.delete(f"/subjects/{subject}?permanent=true")
    registry.refused("GET", "/schemas/ids/1", 404, 40403)
    again = registry.register("a", user)
    assert (again["id"], again["version"]) == (3, 1)
    assert registry.register("c", user_age)["id"] == 4


def test_an_id_lives_as_long_as_one_subject_has_it(registry: Any, user: Any) -> None:
    registry.register("a", user)
    registry.register("b", user)
    registry.delete("/subjects/a")
    registry.delete("/subjects/a?permanent=true")
    assert registry.get("/schemas/ids/1/versions") == [{"subject": "b", "version": 1}]


@pytest.mark.parametrize("path", ["/subjects/a", "/subjects/a/versions/1"])
def test_only_permanent_deletion_forgets_the_settings(registry: Any, user: Any, path: str) -> None:
    registry.register("a", user)
    registry.put("/config/a", {"compatibility": "FULL"})
    registry.put("/mode/a", {"mode": "READWRITE"})
    registry.delete(path)
    assert registry.get("/config/a") == {"compatibilityLevel": "FULL"}
    registry.delete(f"{path}?permanent=true")
    registry.refused("GET", "/config/a", 404, 40408)
    registry.refused("GET", "/mode/a", 404, 40409)
