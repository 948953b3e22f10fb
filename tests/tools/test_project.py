"""The project that a command acts on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.project import NoProject, copy_project, find_project, is_project, project_environment, this_code


def make_project(folder: Path) -> Path:
    (folder / "schemas").mkdir(parents=True)
    (folder / "tools").mkdir()
    (folder / "tools" / "cli.py").write_text("", encoding="utf-8")
    return folder


def test_a_project_is_found_upward(tmp_path: Path) -> None:
    root = make_project(tmp_path / "clone")
    inner = root / "schemas" / "orders"
    inner.mkdir()
    assert find_project(inner) == root
    assert find_project(root) == root


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    outer = make_project(tmp_path / "outer")
    inner = make_project(outer / "copy")
    assert find_project(inner / "schemas") == inner


def test_no_project_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoProject, match=r"no project at or above .*--root DIR"):
        find_project(tmp_path)


def test_this_very_code_is_in_a_project() -> None:
    assert is_project(this_code())


def test_a_child_takes_its_code_from_the_project(tmp_path: Path) -> None:
    environment = project_environment(tmp_path, {"PYTHONPATH": f"/elsewhere{os.pathsep}{tmp_path}", "HOME": "/h"})
    assert environment["PYTHONPATH"].split(os.pathsep) == [str(tmp_path), "/elsewhere"]
    assert environment["HOME"] == "/h"


def test_a_copy_leaves_environment_history_and_caches_behind(tmp_path: Path) -> None:
    root = make_project(tmp_path / "clone")
    for name in (".venv", ".venv-3.13", ".git", ".mypy_cache", "tools/__pycache__", ".pipeline"):
        (root / name).mkdir()
        (root / name / "file").write_text("x", encoding="utf-8")
    copy = copy_project(root, tmp_path / "copy")
    assert sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*")) == ["schemas", "tools", "tools/cli.py"]
