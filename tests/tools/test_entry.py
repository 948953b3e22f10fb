"""The way in takes the code of the project that is meant, and loads nothing that costs before it knows which."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.project import this_code

OTHER = """
import os, sys
def main():
    print("other", __file__, *sys.argv[1:])
    print(os.environ["PYTHONPATH"].split(os.pathsep)[0])
    print(*[name for name in sys.modules if name.startswith("click") or name.split(".")[0] in ("tools", "codegen")])
    sys.exit(3)
"""


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another copy, whose command line says which it is."""
    root = tmp_path / "copy"
    (root / "schemas" / "users").mkdir(parents=True)
    (root / "tools").mkdir()
    (root / "tools" / "__init__.py").touch()
    (root / "tools" / "cli.py").write_text(OTHER, encoding="utf-8")
    return root


def enter(*arguments: str, cwd: Path, module: str = "tools.entry") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(this_code())}
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def told_by(other: Path, done: subprocess.CompletedProcess[str], *arguments: str) -> list[str]:
    assert (done.returncode, done.stderr) == (3, "")
    first, path, loaded = done.stdout.splitlines()
    assert first == " ".join(["other", str(other / "tools" / "cli.py"), *arguments])
    assert path == str(other)
    return loaded.split()


def test_the_copy_around_runs_its_own_code_and_click_was_not_loaded(other: Path) -> None:
    arguments = ["schema", "check", "--root", "is the command's own"]
    loaded = told_by(other, enter(*arguments, cwd=other / "schemas"), *arguments)
    assert loaded == ["tools", "tools.cli"]


@pytest.mark.parametrize("form", [["--root", "{}"], ["--root={}"], ["--root", "nowhere", "--root", "{}"]])
def test_so_does_the_copy_that_is_named(other: Path, tmp_path: Path, form: list[str]) -> None:
    arguments = [*(part.format(other) for part in form), "demo"]
    told_by(other, enter(*arguments, cwd=tmp_path), *arguments)


def test_so_does_this_code_run_as_a_module(other: Path) -> None:
    told_by(other, enter("topics", cwd=other, module="tools.cli"), "topics")


@pytest.mark.parametrize("module", ["tools.entry", "tools.cli"])
@pytest.mark.parametrize("arguments", [["schema", "check"], ["--root", "gone", "schema", "check"], ["--root"]])
def test_without_a_project_it_is_one_sentence(tmp_path: Path, module: str, arguments: list[str]) -> None:
    done = enter(*arguments, cwd=tmp_path, module=module)
    assert (done.returncode, done.stdout) == (2, "")
    assert "project" in done.stderr or "requires an argument" in done.stderr
    assert "Traceback" not in done.stderr


def test_contracts_without_code_are_checked_by_this_code(tmp_path: Path) -> None:
    (tmp_path / "schemas" / "users").mkdir(parents=True)
    (tmp_path / "schemas" / "users" / "v1.avsc").write_text('{"type": "record", "name": "User", "fields": []}')
    done = enter("schema", "check", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "holds: 1 contract checked" in done.stdout
    assert enter("topics", "create", cwd=tmp_path).returncode == 2
