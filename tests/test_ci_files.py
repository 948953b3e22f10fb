"""The files for CI name commands and files that are there."""

from __future__ import annotations

import importlib.util
import re
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
import yaml

from tools.cli import pipeline
from tools.compatibility.comment import MARKER

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/schema.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["check"]["steps"]


def parse(line: str) -> None:
    """Raises where the command line knows no such command or option."""
    command: click.Command = pipeline
    words = line.split()
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_parser(click.Context(command)).parse_args(args=words)


def test_the_workflow_runs_commands_that_exist() -> None:
    lines = [line for step in STEPS for line in re.findall(r"bin/pipeline ([^>|\n]+)", step.get("run", ""))]
    assert len(lines) == 2
    for line in lines:
        parse(line)


def test_the_workflow_has_the_commits_and_may_write_its_comment() -> None:
    assert STEPS[0]["with"]["fetch-depth"] == 0
    assert WORKFLOW["permissions"]["pull-requests"] == "write"


def test_the_check_decides_and_the_comment_does_not() -> None:
    runs = [step.get("run", "") for step in STEPS]
    (check,) = (run for run in runs if "schema check" in run)
    assert "||" not in check
    assert "|| true" in next(run for run in runs if "schema comment" in run)


def test_the_comment_is_found_again_by_its_first_line() -> None:
    update = STEPS[-1]["run"]
    assert "marker=$(head -n 1 comment.md)" in update
    assert '"' not in MARKER
    assert "\\" not in MARKER


def test_the_hook_for_other_repositories_runs_a_command_that_exists() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"].startswith("pipeline ")
    parse(hook["entry"].removeprefix("pipeline "))
    assert re.search(hook["files"], "schemas/orders/v1.avsc")
    assert hook["id"] in (ROOT / "docs/ci.md").read_text(encoding="utf-8")


def test_the_audit_asks_about_the_lock_whenever_it_changes() -> None:
    audit: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/audit.yml").read_text(encoding="utf-8"))
    triggers = audit[True]  # YAML 1.1 reads `on` as true
    assert "requirements.lock" in triggers["pull_request"]["paths"]
    assert triggers["schedule"]
    run = audit["jobs"]["audit"]["steps"][-1]["run"]
    assert run.startswith("pipx run --spec pip-audit==")
    assert {"--strict", "--require-hashes"} <= set(run.split())
    assert run.endswith("--requirement requirements.lock")


@pytest.fixture(scope="module")
def environment_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_environment", ROOT / ".ci/check_environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_environment_is_compared_with_the_lock_in_ci() -> None:
    assert "python .ci/check_environment.py" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_versions_that_differ_from_the_lock_are_named(environment_check: ModuleType) -> None:
    locked = environment_check.read_lock(
        'Some.Thing[extra]==1.0 \\\n    --hash=sha256:0\nother==2 ; python_version < "3.12" \\\n'
    )
    assert locked == {"some-thing": "1.0", "other": "2"}
    installed = {"some-thing": "1.1", "stray": "3", "pip": "9", "schema-pipeline": "0"}
    assert list(environment_check.compare_versions(locked, installed)) == [
        "some-thing 1.1 is installed; the lock has 1.0",
        "stray 3 is installed and not in the lock",
    ]


def test_files_that_differ_from_the_locked_wheel_are_named(environment_check: ModuleType, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    names = ("a.py", "b.py", "c.py")
    for name in names:
        (site / name).write_text(name)
    record = "".join(f"{name},{environment_check.digest_of(site / name, 'sha256')},1\n" for name in names)
    wheel = tmp_path / "thing-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "thing-1.dist-info/RECORD", record + "thing-1.data/scripts/x,sha256=0,1\nthing-1.dist-info/RECORD,,\n"
        )
    assert [finding for _, finding in environment_check.compare_files(wheel, site)] == ["", "", ""]
    (site / "b.py").write_text("changed")
    (site / "c.py").unlink()
    assert [finding for _, finding in environment_check.compare_files(wheel, site) if finding] == [
        "thing-1-py3-none-any.whl: b.py is not the file of the locked wheel",
        "thing-1-py3-none-any.whl: c.py is not installed",
    ]
