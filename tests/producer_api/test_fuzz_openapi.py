"""Requests made by schemathesis from the API's own OpenAPI document: every answer is one that the document promises."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.frozen_contracts import CONTRACTS
from tests.producer_api.direct_api import DirectApi

EXAMPLES = int(os.environ.get("FUZZED_REQUESTS", "100"))
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CASES = [
    ("/events", "POST", GenerationMode.POSITIVE),
    ("/events", "POST", GenerationMode.NEGATIVE),
    # There is nothing to be wrong about these.
    *((path, "GET", GenerationMode.POSITIVE) for path in ("/health", "/health/live", "/health/ready", "/metrics")),
]


@pytest.mark.timeout(0)
@pytest.mark.parametrize(("path", "method", "mode"), CASES)
def test_every_answer_is_one_that_the_document_promises(
    path: str, method: str, mode: GenerationMode, caplog: pytest.LogCaptureFixture
) -> None:
    with DirectApi(CONTRACTS) as api:
        document = json.loads(api.request("GET", "/openapi.json").body)
        operation = schemathesis.openapi.from_dict(document)[path][method]
        answers: set[int] = set()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
            derandomize="CI" in os.environ,
        )
        @given(operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            prepared = requests.Request(**case.as_transport_kwargs(base_url="http://api")).prepare()
            body = prepared.body or b""
            body = body.encode() if isinstance(body, str) else body
            headers = [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in prepared.headers.items()
            ]
            target = httpx.URL(prepared.url)
            answered = api.request(prepared.method or "GET", target.raw_path.decode(), body, headers)
            answers.add(answered.status)
            response = httpx.Response(
                answered.status,
                headers=answered.headers,
                content=answered.body,
                request=httpx.Request(prepared.method or "GET", target),
            )
            response.elapsed = requests.Response().elapsed
            case.validate_response(response, checks=CHECKS)

        check()
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
        if method == "POST":
            assert answers & ({202} if mode is GenerationMode.POSITIVE else {415, 422})
