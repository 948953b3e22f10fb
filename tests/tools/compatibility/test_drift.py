"""Drift of generated code is a part of the check, where a project has a generator."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

import pytest

from codegen.contract import ContractFault, read_contracts
from codegen.generate import UnsupportedContract, generate
from codegen.output import compare_output, write_output
from codegen.reading.json_source import Position
from codegen.render import MARKER
from tests.tools.compatibility.projects import Project, user
from tools.compatibility import drift

CHANGED = "--- a/users/v1.py\n+++ b/users/v1.py\n@@ -1 +1 @@\n-one\n+two\n"
MISSING = "--- /dev/null\n+++ b/users/v2.py\n@@ -0,0 +1 @@\n+two\n"


@pytest.fixture
def generated(project: Project) -> Project:
    """A project whose generator says what `says` has told it to say."""
    project.write(1, user())
    project.commit()
    models = project.root / "codegen" / "models" / "users"
    models.mkdir(parents=True)
    (models / "v1.py").write_text("one\n")
    (project.root / "codegen" / "__init__.py").touch()
    says(project, 0)
    return project


def says(project: Project, code: int, out: str = "", err: str = "") -> None:
    (project.root / "codegen").mkdir(exist_ok=True)
    text = f"import sys\nsys.stdout.write({out!r})\nsys.stderr.write({err!r})\nsys.exit({code})\n"
    (project.root / "codegen" / "__main__.py").write_text(text)


def told(project: Project) -> list[tuple[str, str, str]]:
    found = project.report()["findings"]
    assert {finding["rule"] for finding in found} <= {"DRIFT"}
    return [(finding["contract"], finding["file"], finding["message"]) for finding in found]


def test_models_that_are_up_to_date_hold(generated: Project) -> None:
    assert generated.check()[0] == 0


def test_a_file_that_differs_or_is_missing_is_named(generated: Project) -> None:
    says(generated, 1, CHANGED + MISSING + "2 generated file(s) differ from the contracts\n")
    assert told(generated) == [
        ("users", "codegen/models/users/v1.py", "users/v1.py differs from what the contracts make"),
        ("users", "codegen/models/users/v2.py", "users/v2.py is not made yet"),
    ]
    code, text = generated.check()
    assert code == 1
    assert "help: run `python -m codegen`, and commit what it writes" in text


def test_an_orphan_is_named(generated: Project) -> None:
    orphan = generated.root / "codegen/models/users/v9.py"
    says(generated, 1, f"{orphan}: no contract makes this file any more; run …\n")
    assert told(generated) == [("users", "codegen/models/users/v9.py", "v9.py is made by no contract")]


def test_a_generator_that_refuses_is_a_finding(generated: Project) -> None:
    says(generated, 2, err="\nschemas/users/v1.avsc:3:1: no model is made of this\n")
    ((_, _, message),) = told(generated)
    assert message == "the models cannot be made: schemas/users/v1.avsc:3:1: no model is made of this"


def test_it_can_be_left_out(generated: Project) -> None:
    says(generated, 1, CHANGED)
    assert generated.check(drift=False)[0] == 0


def test_only_the_named_contracts_are_told(generated: Project) -> None:
    generated.write(1, user(), contract="orders")
    says(generated, 1, CHANGED)
    assert generated.check("orders")[0] == 0
    assert generated.check("users")[0] == 1


def test_a_project_without_a_generator_has_no_drift(project: Project) -> None:
    project.write(1, user())
    (project.root / "codegen").mkdir()
    assert project.check()[0] == 0


def test_the_running_code_compares_its_own_project_without_a_process(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are what `generate` makes, but for one changed, one missing and one left over."""
    project.write(1, user())
    project.write(1, user(), contract="orders")
    project.settings('subject = "orders"', contract="orders")
    models = project.root / "codegen" / "models"
    write_output(models, generate(read_contracts(project.root / "schemas")), clean=False, out=io.StringIO())
    says(project, 2, err="nobody runs this")
    monkeypatch.setattr(drift, "this_code", lambda: project.root)
    assert told(project) == []
    (models / "users" / "v1.py").write_text("one\n", encoding="utf-8")
    (models / "users" / "__init__.py").unlink()
    (models / "users" / "v9.py").write_text(f'"""{MARKER}"""\n', encoding="utf-8")
    assert told(project) == [
        ("users", "codegen/models/users/__init__.py", "users/__init__.py is not made yet"),
        ("users", "codegen/models/users/v1.py", "users/v1.py differs from what the contracts make"),
        ("users", "codegen/models/users/v9.py", "v9.py is made by no contract"),
    ]
    assert project.check("orders")[0] == 0


def test_what_the_running_code_makes_no_model_of_is_a_finding(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(1, user())
    says(project, 0)
    fault = ContractFault(project.root / "schemas/users/v1.avsc", Position(3, 1), "", "no model is made of this", "…")

    def refuse(_contracts: object) -> None:
        raise UnsupportedContract((fault,))

    monkeypatch.setattr("codegen.generate.generate", refuse)
    monkeypatch.setattr(drift, "this_code", lambda: project.root)
    ((_, _, message),) = told(project)
    assert message.startswith("the models cannot be made: ")
    assert message.endswith("v1.avsc:3:1: no model is made of this; …")


def test_the_real_generator_says_it_in_the_words_that_are_read_here(project: Project) -> None:
    project.write(1, user())
    models = project.root / "codegen" / "models"
    (models / "gone").mkdir(parents=True)
    (models / "gone" / "v1.py").write_text(f'"""{MARKER}"""\n', encoding="utf-8")
    out = io.StringIO()
    compare_output(models, {PurePosixPath("users/v1.py"): "two\n"}, out)
    (project.root / "codegen" / "__init__.py").touch()
    says(project, 1, out.getvalue())
    assert told(project) == [
        ("users", "codegen/models/users/v1.py", "users/v1.py is not made yet"),
        ("gone", "codegen/models/gone/v1.py", "v1.py is made by no contract"),
    ]
