"""`python -m codegen` acts on the project around the current folder."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from codegen.__main__ import run
from tests.codegen.sample_contracts import Project, record


def test_the_project_around_the_current_folder_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "clone"
    (root / "codegen").mkdir(parents=True)
    (root / "codegen" / "__main__.py").write_text("", encoding="utf-8")
    project = Project(root)
    project.add("order", record({"name": "number", "type": "int"}))
    inner = root / "docs"
    inner.mkdir()
    monkeypatch.chdir(inner)
    out, err = io.StringIO(), io.StringIO()
    assert run(["--check"], out, err) == 1
    assert "order/v1.py" in out.getvalue()
    assert run([], out, err) == 0
    assert (root / "codegen" / "models" / "order" / "v1.py").is_file()


def test_without_a_project_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        run(["--check"], io.StringIO(), io.StringIO())
    assert caught.value.code == 2
    assert "there is no project at or above" in capsys.readouterr().err
