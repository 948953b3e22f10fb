"""A further contract costs its folder and one run of codegen: endpoint, models and topic follow."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from tools.project import copy_project, project_environment, this_code
from tools.stack import Stack, StackOptions

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "com.example.shop",
    "doc": "An order as it was placed.",
    "fields": [
        {"name": "order_id", "type": {"type": "string", "logicalType": "uuid"}, "doc": "Identity of the order."},
        {
            "name": "total",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
            "doc": "What is to be paid.",
        },
        {"name": "lines", "type": {"type": "array", "items": "string"}, "doc": "What was ordered.", "default": []},
    ],
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of this project with one more contract, and nothing else done."""
    copy = copy_project(this_code(), tmp_path / "project")
    folder = copy / "schemas" / "order"
    folder.mkdir()
    (folder / "v1.avsc").write_text(json.dumps(ORDER, indent=2), encoding="utf-8")
    return copy


def post(url: str, body: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, data=body.encode(), headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_folder_and_one_run_of_codegen_are_enough(project: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "codegen"],
        cwd=project,
        env=project_environment(project),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (project / "codegen" / "models" / "order" / "v1.py").is_file()

    with Stack(StackOptions(root=project, work=tmp_path / "work"), lambda _line: None) as stack:
        stack.start_base()
        stack.start_api()
        status, answer = post(
            f"{stack.api_url}/order",
            '{"order_id": "6f1c2c1e-6d7c-4b9b-9f4c-3d1f0a6b2c5e", "total": "12.50", "lines": ["tea"]}',
        )
        assert (status, answer["topic"], answer["schema_version"]) == (202, "order", 1)
        status, problem = post(f"{stack.api_url}/order", '{"total": "12.505", "lines": []}')
        assert status == 422
        assert {error["field"] for error in problem["errors"]} == {"order_id", "total"}
        admin = AdminClient({"bootstrap.servers": stack.broker.bootstrap_servers, "log_level": 0})
        assert {"order", "order.dlq", "order.rejects"} <= set(admin.list_topics(timeout=10).topics)
        with urllib.request.urlopen(f"{stack.api_url}/openapi.json", timeout=10) as openapi:
            assert {"/order", "/events"} <= set(json.load(openapi)["paths"])
        with urllib.request.urlopen(f"{stack.registry_url}/subjects", timeout=10) as subjects:
            assert "order-value" in json.load(subjects)


def test_a_contract_that_takes_no_events_has_no_endpoint(tmp_path: Path) -> None:
    with Stack(StackOptions(root=this_code(), work=tmp_path / "work"), lambda _line: None) as stack:
        stack.start_base()
        stack.start_api()
        assert post(f"{stack.api_url}/activity_count", "{}")[0] == 404
