"""A whole project word for word: types of other files, steps between versions, and the faults of an illegal schema.

UPDATE_GOLDEN=1 writes what is expected anew.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from codegen.__main__ import run
from codegen.contract import read_contracts
from codegen.generate import generate
from codegen.proof import prove_all

PROJECT = Path(__file__).parent / "golden_project"


def check(found: dict[str, str], folder: Path) -> None:
    """`found` has the texts by their paths below `folder`, where they end in `.txt`."""
    if os.environ.get("UPDATE_GOLDEN") == "1":
        for name, text in found.items():
            path = folder / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    expected = {
        path.relative_to(folder).as_posix().removesuffix(".txt"): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.txt")
    }
    assert found == expected


def test_the_modules_of_the_project_are_the_golden_ones() -> None:
    contracts = read_contracts(PROJECT / "schemas")
    files = generate(contracts)
    list(prove_all(contracts, files))
    check({path.as_posix(): text for path, text in files.items()}, PROJECT / "models")


def test_all_faults_of_an_illegal_schema_are_shown_as_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT / "illegal")
    out, err = io.StringIO(), io.StringIO()
    assert run(["--schemas", "schemas", "--out", "models"], out, err) == 2
    assert out.getvalue() == ""
    check({"faults": err.getvalue()}, PROJECT / "illegal" / "expected")
