"""Bodies, media types, paths: the form of every answer."""

from __future__ import annotations

from typing import Any

import pytest

_V1 = "application/vnd.schemaregistry.v1+json"
_SOME = "application/vnd.schemaregistry+json"


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/nope", 404, "HTTP 404 Not Found"),
        ("GET", "/subjects/a/nope", 404, "HTTP 404 Not Found"),
        ("GET", "/schemas/ids/abc", 404, "HTTP 404 Not Found"),
        ("GET", "/schemas/ids/2147483648", 404, "HTTP 404 Not Found"),
        ("GET", f"/schemas/ids/{'9' * 5000}", 404, "HTTP 404 Not Found"),
        ("GET", "/docs", 404, "HTTP 404 Not Found"),
        ("GET", "/openapi.json", 404, "HTTP 404 Not Found"),
        ("PUT", "/subjects", 405, "HTTP 405 Method Not Allowed"),
        ("DELETE", "/schemas/types", 405, "HTTP 405 Method Not Allowed"),
        ("POST", "/config", 405, "HTTP 405 Method Not Allowed"),
        ("DELETE", "/mode", 405, "HTTP 405 Method Not Allowed"),
    ],
)
def test_unknown_paths_and_methods(registry: Any, method: str, path: str, status: int, message: str) -> None:
    assert registry.refused(method, path, status, status) == message


@pytest.mark.parametrize("body", ["{", "nul", '{"schema": NaN}', '{"schema": "\\ud800"}', "[" * 100_000])
def test_a_body_that_is_no_json(registry: Any, body: str) -> None:
    response = registry.http.post("/subjects/a/versions", content=body)
    assert (response.status_code, response.json()["error_code"]) == (400, 400)


@pytest.mark.parametrize(
    ("path", "argument"),
    [
        ("/subjects/a/versions", "register.arg5"),
        ("/subjects/a", "lookUpSchemaUnderSubject.arg5"),
        ("/compatibility/subjects/a/versions", "testCompatibilityForSubject.arg3"),
        ("/compatibility/subjects/a/versions/1", "testCompatibilityBySubjectName.arg4"),
    ],
)
@pytest.mark.parametrize("body", ["", "  ", "null"])
def test_no_body(registry: Any, path: str, argument: str, body: str) -> None:
    response = registry.http.post(path, content=body)
    assert response.status_code == 422
    assert response.json() == {"error_code": 422, "message": f"{argument} must not be null (was null)"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        42,
        {"schema": {"type": "string"}},
        {"schema": '"int"', "references": {}},
        {"schema": '"int"', "references": ["x"]},
        {"schema": '"int"', "version": "x"},
        {"schema": '"int"', "version": True},
        {"schema": '"int"', "id": 99999999999},
        {"schema": '"int"', "metadata": "x"},
        {"schema": '"int"', "metadata": {"tags": {"f": "PII"}}},
        {"schema": '"int"', "metadata": {"properties": {"k": {}}}},
        {"schema": '"int"', "ruleSet": {"domainRules": [{"name": "r", "kind": "BOGUS"}]}},
    ],
)
def test_a_body_of_another_shape(registry: Any, body: Any) -> None:
    registry.refused("POST", "/subjects/a/versions", 400, 400, body)


@pytest.mark.parametrize("body", [[], "x", {"normalize": "yes"}, {"defaultMetadata": 1}])
def test_a_config_of_another_shape(registry: Any, body: Any) -> None:
    registry.refused("PUT", "/config/a", 400, 400, body)


def test_scalars_are_taken_as_the_original_takes_them(registry: Any) -> None:
    body = {"schema": '"int"', "version": "1", "metadata": {"properties": {"k": 1, "b": True}}, "unknown": 1}
    answer = registry("POST", "/subjects/a/versions", body)
    assert answer["metadata"]["properties"] == {"k": "1", "b": "true", "confluent:version": "1"}


@pytest.mark.parametrize("kind", [_V1, _SOME, "application/json", "application/json; charset=utf-8", None])
def test_media_types_of_a_body(registry: Any, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = registry.http.post("/subjects/a/versions", content='{"schema": "\\"int\\""}', headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/subjects/a/versions", "/subjects/a"])
def test_a_body_of_another_media_type(registry: Any, path: str) -> None:
    response = registry.http.post(path, content="{}", headers={"Content-Type": "text/plain"})
    assert response.json() == {"error_code": 415, "message": "HTTP 415 Unsupported Media Type"}
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", _V1),
        (f"{_V1}, {_SOME}, application/json", _V1),
        ("application/json", "application/json"),
        (_SOME, _SOME),
        (f"{_V1};q=0.1, application/json;q=0.9", "application/json"),
        ("text/html", _V1),
        ("application/json;q=x", _V1),
    ],
)
@pytest.mark.parametrize("path", ["/subjects", "/nope"])
def test_media_types_of_an_answer(registry: Any, path: str, accept: str, expected: str) -> None:
    assert registry.http.get(path, headers={"Accept": accept}).headers["content-type"] == expected


def test_slashes_that_do_not_count(registry: Any, user: Any) -> None:
    registry.register("a", user)
    assert registry.get("/subjects//a/versions/") == [1]
    assert registry.get("/subjects/:.:a/versions") == [1]


def test_about_the_registry(registry: Any) -> None:
    assert registry.get("/") == registry("POST", "/", {"a": "b"}) == {}
    assert registry.get("/schemas/types") == ["AVRO"]
    assert registry.get("/contexts") == ["."]
    assert registry.get("/v1/metadata/version").keys() == {"version", "commitId"}
    clusters = registry.get("/v1/metadata/id")["scope"]["clusters"]
    assert clusters.keys() == {"kafka-cluster", "schema-registry-cluster"}
