"""A further contract costs its folder and one run of codegen, and its models satisfy the strict type checker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.codegen.sample_contracts import Project, record

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
PARCEL = record({"name": "parcel_id", "type": "string"}, {"name": "size", "type": "int", "default": 1}, name="Parcel")

USE = """
import json, sys
from codegen.models import CONTRACTS
assert not [name for name in sys.modules if name.startswith("codegen.models.")], "models load when asked for"
contract = CONTRACTS["parcel"]
model = contract.model()
from codegen.models.parcel import Parcel
assert model is Parcel
assert contract.model(1) is not model
try:
    contract.model(3)
except ValueError as error:
    said = str(error)
one = model.model_validate_json('{"parcel_id": "7"}')
print(json.dumps({
    "contracts": sorted(CONTRACTS), "topic": contract.topic, "path": contract.path, "subject": contract.subject,
    "key": contract.key, "record": contract.record, "versions": contract.versions,
    "writes": contract.writer_version("api"), "reads": contract.reader_version("anybody"),
    "said": said, "bytes": one.serialize().hex(), "same": json.loads(contract.avsc(2)) == json.loads(model.AVSC),
}))
"""


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_folder_and_one_run_are_all(tmp_path: Path) -> None:
    """In a copy of the project: nothing but the new folder is touched by hand."""
    shutil.copytree(
        REPOSITORY / "codegen", tmp_path / "codegen", ignore=shutil.ignore_patterns("models", "__pycache__")
    )
    shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")
    toml = 'topic = "events"\nsubject_strategy = "TopicRecordName"\nkey = "parcel_id"\n[writers]\napi = 1\n'
    Project(tmp_path).add("parcel", PARCEL | {"doc": "First."}, PARCEL, toml=toml)
    made = python(tmp_path, "-m", "codegen")
    assert made.returncode == 0, made.stderr
    used = python(tmp_path, "-c", USE)
    assert used.returncode == 0, used.stderr
    assert json.loads(used.stdout) == {
        "contracts": ["activity_count", "parcel", "user_action"],
        "topic": "events",
        "path": "/parcel",
        "subject": "events-Parcel",
        "key": "parcel_id",
        "record": "Parcel",
        "versions": [1, 2],
        "writes": 1,
        "reads": 2,
        "said": "the contract parcel has no version 3; its versions are 1, 2",
        "bytes": "023702",
        "same": True,
    }


@pytest.mark.timeout(300)
def test_generated_models_satisfy_mypy_strict(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.add("rich", json.loads((GOLDEN / "rich.avsc").read_text(encoding="utf-8")))
    assert project.run() == 0, project.err
    shutil.copy(project.models / "rich" / "v1.py", tmp_path / "rich_model.py")
    (tmp_path / "use.py").write_text(
        "from datetime import datetime\n"
        "from decimal import Decimal\n"
        "from uuid import UUID\n"
        "from rich_model import Line, Order, State\n"
        "order: Order = Order.deserialize(Order.fake().serialize())\n"
        "as_dict: dict[str, object] = Order.deserialize(b'', create_instance=False)\n"
        "parts: tuple[UUID, str, bool, datetime, Decimal] = (\n"
        "    order.order_id, order.customer_email, order.paid, order.ordered_at, order.lines[0].price\n"
        ")\n"
        "gift: Line | None = order.gift\n"
        "history: dict[str, list[State | None]] = order.history\n"
        "same: Order = Order.model_validate_json(order.model_dump_json(by_alias=True))\n"
    )
    checked = python(
        tmp_path,
        "-m",
        "mypy",
        "--config-file",
        str(REPOSITORY / "pyproject.toml"),
        "--cache-dir",
        str(tmp_path / "cache"),
        "rich_model.py",
        "use.py",
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
