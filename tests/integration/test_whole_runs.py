"""`pipeline demo` and `pipeline evolve`, as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.evolve import pin, take_back_to_v1
from tools.project import copy_project, this_code


def run_pipeline(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "tools.cli", *arguments]
    return subprocess.run(command, cwd=this_code(), capture_output=True, text=True, check=False)


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_a_small_demo_adds_up() -> None:
    done = run_pipeline("demo", "--events", "400", "--seed", "7")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every accepted event was seen by every consumer, and the totals agree." in done.stdout
    assert "\x1b[" not in done.stdout
    assert "refused" in done.stdout


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_the_whole_story_of_a_schema_change() -> None:
    done = run_pipeline("evolve")
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "the gate: version 2 holds",
        "the gate: v3 cannot read what v1 writes at tenant",
        "the registry: 409, incompatible",
        "Every accepted event was seen by every consumer, and the totals agree.",
    ):
        assert line in done.stdout


def test_the_story_starts_with_version_1_alone(tmp_path: Path) -> None:
    project = copy_project(this_code(), tmp_path / "project")
    v2 = take_back_to_v1(project)
    folder = project / "schemas" / "user_action"
    assert json.loads(v2) == json.loads((this_code() / "schemas/user_action/v2.avsc").read_text(encoding="utf-8"))
    assert [path.name for path in folder.glob("*.avsc")] == ["v1.avsc"]
    settings = (folder / "contract.toml").read_text(encoding="utf-8")
    assert "= 2" not in settings
    pin(project, "readers", 2)
    settings = (folder / "contract.toml").read_text(encoding="utf-8")
    assert "producer_api = 1" in settings
    assert "standard = 2" in settings
    assert "faust = 2" in settings
