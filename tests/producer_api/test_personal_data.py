"""A secret in every tagged field, right or wrong: it is in the record, and in no answer, log line, metric or repr."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from codegen.catalog import GeneratedContract
from tests.producer_api.direct_api import JSON, NDJSON, DirectApi

SECRET = "5ecre7-4711"
NUMBER = 918273645546372
TAG = {"confluent:tags": ["PII"]}
ADDRESS = {"type": "record", "name": "Address", "fields": [{"name": "street", "type": "string"}]}
PERSON = {
    "type": "record",
    "name": "Person",
    "fields": [{"name": "name", "type": "string", **TAG}, {"name": "age", "type": "int"}],
}
FIELDS: list[dict[str, Any]] = [
    {"name": "plain", "type": "string"},
    {"name": "mail", "type": "string", "aliases": ["email"], **TAG},
    {"name": "phone", "type": ["null", "string"], "default": None, **TAG},
    {"name": "account", "type": "long", **TAG},
    {"name": "born", "type": {"type": "long", "logicalType": "timestamp-millis"}, **TAG},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A"]}, **TAG},
    {"name": "keys", "type": {"type": "map", "values": "string"}, **TAG},
    {"name": "names", "type": {"type": "array", "items": "string"}, **TAG},
    {"name": "home", "type": ADDRESS, **TAG},
    {"name": "people", "type": {"type": "array", "items": PERSON}},
    {"name": "either", "type": ["null", "string", "long", "Address"], "default": None, **TAG},
]
TAGGED = [field["name"] for field in FIELDS if "confluent:tags" in field]
GOOD: dict[str, Any] = {
    "plain": "p", "mail": SECRET, "phone": SECRET, "account": NUMBER, "born": "2026-01-31T08:15:30Z", "kind": "A",
    "keys": {SECRET: SECRET}, "names": [SECRET], "home": {"street": SECRET}, "people": [{"name": SECRET, "age": 1}],
    "either": SECRET,
}  # fmt: skip
WRONG = [
    SECRET, NUMBER, [SECRET], [[SECRET]], {SECRET: SECRET}, {"x": SECRET}, {"street": [SECRET]},
    {"street": SECRET, SECRET: 1},
    [{SECRET: 1}], float(f"{NUMBER}.5"), f"{SECRET}T08:15:30Z", {"string": SECRET}, {"long": SECRET},
    {"Address": {SECRET: 1}},
]  # fmt: skip


@pytest.fixture
def person(make_contract: Callable[..., GeneratedContract]) -> GeneratedContract:
    schema = json.dumps({"type": "record", "name": "Order", "fields": FIELDS}, indent=2)
    return make_contract("order", schema, toml='key = "mail"')


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    assert not leaks(caplog.text)


def leaks(text: str) -> bool:
    return any(secret in text for secret in (SECRET, SECRET.upper(), str(NUMBER), SECRET.encode().hex()))


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, bool]:
    """A body with secrets in tagged fields, and whether it is lines: right, of wrong types, or no JSON at all."""
    event = dict(GOOD)
    for name in draw(st.lists(st.sampled_from([*TAGGED, "people"]), max_size=3)):
        wrong = draw(st.sampled_from(WRONG))
        event[name] = [{"name": wrong, "age": 1}] if name == "people" else wrong
    if draw(st.booleans()):
        event.pop(draw(st.sampled_from(sorted(event))))
    text = json.dumps(event, ensure_ascii=draw(st.booleans())).encode()
    match draw(st.sampled_from(["whole", "cut", "twice", "bytes"])):
        case "cut":
            text = text[: draw(st.integers(0, len(text)))]
        case "twice":
            text = text[:-1] + f',"email":"{SECRET}","mail":"{SECRET}"}}'.encode()
        case "bytes":
            text = text.replace(SECRET.encode(), SECRET.encode() + draw(st.sampled_from([b"\xff", b"\\", b"\n", b'"'])))
    match draw(st.sampled_from(["one", "array", "lines"])):
        case "array":
            return b"[" + text + b"," + json.dumps(GOOD).encode() + b"]", False
        case "lines":
            return text.replace(b"\n", b" ") + b"\n" + json.dumps(GOOD).encode(), True
        case _:
            return text, False


@pytest.mark.timeout(0)
def test_a_secret_is_in_the_record_and_nowhere_else(person: GeneratedContract) -> None:
    with DirectApi({"order": person}, keep_rejects=True) as api:

        @settings(
            max_examples=int(os.environ.get("FUZZED_EVENTS", "150")),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize="CI" in os.environ,
        )
        @given(bodies())
        def check(drawn: tuple[bytes, bool]) -> None:
            body, lines = drawn
            answered = api.post(body, person.path, [NDJSON if lines else JSON])
            assert not leaks(answered.body.decode()), answered.body
            assert not leaks(str(answered.headers))
            for record in api.taken():
                told = [value for _, value in record.headers or ()]
                assert not leaks(repr(told))
                if answered.status == 202:
                    assert SECRET.encode() in record.value

        check()
        assert not leaks(api.request("GET", "/metrics").body.decode())
        assert not leaks(api.request("GET", "/health").body.decode())
        assert not leaks(json.dumps(api.service.metrics.report()))


def test_a_model_shows_no_secret_when_it_is_printed_or_refused(person: GeneratedContract) -> None:
    model = person.model(1)
    one = model.model_validate_json(json.dumps(GOOD))
    assert not leaks(repr(one))
    assert not leaks(str(one))
    assert not leaks(json.dumps(one.masked()))
    for wrong in WRONG:
        with pytest.raises(ValidationError) as caught:
            model.model_validate_json(json.dumps({**GOOD, "born": wrong}))
        assert not leaks(str(caught.value))


def test_the_names_that_a_client_made_up_inside_a_tagged_field_are_not_told(person: GeneratedContract) -> None:
    with DirectApi({"order": person}) as api:
        answered = api.post(json.dumps({**GOOD, "home": {"street": "s", SECRET: 1}}).encode(), person.path)
        assert json.loads(answered.body)["errors"][0]["field"] == "home.*"
        answered = api.post(json.dumps({**GOOD, "surplus": 1}).encode(), person.path)
        assert json.loads(answered.body)["errors"][0]["field"] == "surplus"
