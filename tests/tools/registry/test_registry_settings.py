"""`/config` and `/mode`."""

from __future__ import annotations

from typing import Any

import pytest

_LEVELS = "none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive"


def test_the_default_level_is_backward(registry: Any) -> None:
    assert registry.get("/config") == {"compatibilityLevel": "BACKWARD"}
    message = registry.refused("GET", "/config/a", 404, 40408)
    assert message == "Subject 'a' does not have subject-level compatibility configured"
    assert registry.get("/config/a?defaultToGlobal=true") == {"compatibilityLevel": "BACKWARD"}


@pytest.mark.parametrize(
    "level",
    ["NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE", "full"],
)
@pytest.mark.parametrize("path", ["/config", "/config/a"])
def test_every_level_can_be_set(registry: Any, path: str, level: str) -> None:
    assert registry.put(path, {"compatibility": level}) == {"compatibility": level.upper()}
    assert registry.get(path) == {"compatibilityLevel": level.upper()}


@pytest.mark.parametrize("path", ["/config", "/config/a"])
@pytest.mark.parametrize("level", ["NOPE", "", 5, True])
def test_an_unknown_level(registry: Any, path: str, level: object) -> None:
    message = registry.refused("PUT", path, 422, 42203, {"compatibility": level})
    assert message == f"Invalid compatibility level. Valid values are {_LEVELS}"


def test_fields_that_a_change_does_not_name_stay(registry: Any) -> None:
    registry.put("/config/a", {"compatibility": "FULL", "unknown": 1})
    changed = registry.put("/config/a", {"normalize": "true", "compatibilityGroup": "major"})
    assert changed == {"compatibility": "FULL", "normalize": True, "compatibilityGroup": "major"}
    assert registry.put("/config/a", {"normalize": None}) == {"compatibility": "FULL", "compatibilityGroup": "major"}


def test_a_subject_without_a_level_of_its_own_has_the_default_one(registry: Any) -> None:
    registry.put("/config", {"compatibility": "NONE"})
    assert registry.get("/config/a?defaultToGlobal=true") == {"compatibilityLevel": "NONE"}
    registry.put("/config/a", {"normalize": True})
    assert registry.get("/config/a") == {"compatibilityLevel": "BACKWARD", "normalize": True}


def test_deleting_a_config(registry: Any) -> None:
    assert registry.refused("DELETE", "/config/a", 404, 40401) == "Subject 'a' not found."
    registry.put("/config/a", {"compatibility": "FULL"})
    assert registry.delete("/config/a") == {"compatibilityLevel": "FULL"}
    registry.refused("GET", "/config/a", 404, 40408)
    registry.put("/config", {"compatibility": "NONE"})
    assert registry.delete("/config") == {"compatibilityLevel": "NONE"}
    assert registry.get("/config") == registry.delete("/config") == {"compatibilityLevel": "BACKWARD"}


def test_default_and_override_metadata_and_rules(registry: Any, user: Any) -> None:
    rule = {"name": "n", "kind": "TRANSFORM", "type": "T", "mode": "WRITEREAD"}
    config = {
        "defaultMetadata": {"properties": {"d": "1", "e": "1"}},
        "overrideMetadata": {"properties": {"o": "1"}, "sensitive": ["o"]},
        "defaultRuleSet": {"domainRules": [rule]},
    }
    assert registry.put("/config/a", config) == config
    first = registry.register("a", user, metadata={"properties": {"d": "2", "o": "2"}})
    assert first["metadata"] == {"properties": {"d": "2", "e": "1", "o": "1"}, "sensitive": ["o"]}
    assert first["ruleSet"] == {"domainRules": [rule]}
    assert registry.register("a", user) == first
    own = rule | {"type": "mine"}
    assert registry.register("a", user, ruleSet={"domainRules": [own]})["ruleSet"] == {"domainRules": [own]}


def test_modes(registry: Any) -> None:
    assert registry.get("/mode") == {"mode": "READWRITE"}
    message = registry.refused("GET", "/mode/a", 404, 40409)
    assert message == "Subject 'a' does not have subject-level mode configured"
    assert registry.get("/mode/a?defaultToGlobal=true") == {"mode": "READWRITE"}
    assert registry.put("/mode/a", {"mode": "readonly"}) == {"mode": "readonly"}
    assert registry.get("/mode/a") == {"mode": "READONLY"}
    assert registry.delete("/mode/a") == {"mode": "READONLY"}
    assert registry.refused("DELETE", "/mode/a", 404, 40401) == "Subject 'a' not found."
    registry.put("/mode/a", {"mode": "READONLY"})
    registry.put("/mode/a", {"mode": None})
    registry.refused("GET", "/mode/a", 404, 40409)


@pytest.mark.parametrize("mode", ["NOPE", "", 5])
def test_an_unknown_mode(registry: Any, mode: object) -> None:
    message = registry.refused("PUT", "/mode", 422, 42204, {"mode": mode})
    assert message == "Invalid mode. Valid values are READWRITE, READONLY, and IMPORT."


def test_a_read_only_subject_still_answers_what_it_has(registry: Any, user: Any, user_age: Any) -> None:
    registry.register("a", user)
    registry.put("/mode/a", {"mode": "READONLY"})
    assert registry.register("a", user)["id"] == 1
    assert registry.look_up("a", user)["id"] == 1
    refused = registry.register("a", user_age, status=422)
    assert refused == {"error_code": 42205, "message": "Subject a in context  is in read-only mode"}
    registry.refused("DELETE", "/subjects/a", 422, 42205)
    registry.refused("DELETE", "/subjects/a/versions/1", 422, 42205)
    registry.refused("PUT", "/config/a", 422, 42205, {"compatibility": "NONE"})
    registry.refused("DELETE", "/config/a", 404, 40401)
    assert registry.register("b", user_age)["id"] == 2


def test_a_read_only_registry(registry: Any, user: Any, user_age: Any) -> None:
    registry.register("a", user)
    registry.put("/mode", {"mode": "READONLY"})
    assert registry.register("a", user_age, status=422)["error_code"] == 42205
    registry.put("/mode/a", {"mode": "READWRITE"})
    assert registry.register("a", user_age)["version"] == 2
    registry.put("/mode", {"mode": "READONLY_OVERRIDE"})
    assert registry.get("/mode/a") == {"mode": "READONLY_OVERRIDE"}
    registry.refused("DELETE", "/subjects/a", 422, 42205)


def test_import_keeps_ids_and_versions(registry: Any, user: Any, user_age: Any, user_int: Any) -> None:
    registry.put("/mode/a", {"mode": "IMPORT"})
    refused = registry.register("a", user, status=422)
    assert refused == {"error_code": 42205, "message": "Subject a in context  is not in read-write mode"}
    assert registry.register("a", user, id=401, version=7)["id"] == 401
    assert registry.register("a", user, id=401, version=7)["version"] == 7
    assert registry.register("a", user_int, id=402, version=3)["version"] == 3  # no check, and no order
    assert registry.register("a", user_age, id=401, version=8, status=422)["error_code"] == 42205
    assert registry.get("/subjects/a/versions") == [3, 7]
    registry.put("/mode/a", {"mode": "READWRITE"})
    assert registry.register("a", user_age) | {"id": 403, "version": 8} == registry.register("a", user_age)
    refused = registry.register("b", user_int, id=500, status=422)
    assert refused == {"error_code": 42205, "message": "Subject b in context  is not in import mode"}
    assert registry.register("a", user, id=401)["version"] == 7


def test_import_needs_an_empty_place(registry: Any, user: Any) -> None:
    registry.register("a", user)
    message = registry.refused("PUT", "/mode/a", 422, 42205, {"mode": "IMPORT"})
    assert message == "Cannot import since found existing subjects"
    registry.refused("PUT", "/mode", 422, 42205, {"mode": "IMPORT"})
    assert registry.put("/mode/a?force=true", {"mode": "IMPORT"}) == {"mode": "IMPORT"}
    registry.put("/mode/a", {"mode": "READWRITE"})
    registry.delete("/subjects/a")
    registry.put("/mode/a", {"mode": "IMPORT"})
    registry.refused("GET", "/subjects/a/versions?deleted=true", 404, 40401)
    registry.refused("GET", "/schemas/ids/1", 404, 40403)
