"""The files for CI name commands and files that are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
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
