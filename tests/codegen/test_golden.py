"""The modules of rich schemas, word for word; UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.codegen.sample_contracts import load_model, module_text

GOLDEN = Path(__file__).parent / "golden"
REPOSITORY = GOLDEN.parents[2]
NAMES = sorted(path.stem for path in GOLDEN.glob("*.avsc"))


@pytest.mark.parametrize("name", NAMES)
def test_the_module_is_the_golden_one(name: str) -> None:
    text = module_text(json.loads((GOLDEN / f"{name}.avsc").read_text(encoding="utf-8")))
    golden = GOLDEN / f"{name}.py.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_module_runs(name: str) -> None:
    model = load_model((GOLDEN / f"{name}.py.txt").read_text(encoding="utf-8"), "golden_model")
    made = model.fake()
    assert model.deserialize(made.serialize()).serialize() == made.serialize()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_the_golden_module_is_clean_for_the_linter(command: list[str], name: str) -> None:
    """By the rules for `codegen/models/`, where a module like it would stand."""
    place = REPOSITORY / "codegen" / "models" / name / "v1.py"
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "--stdin-filename", str(place), "-"],
        input=(GOLDEN / f"{name}.py.txt").read_bytes(),
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
