"""The stamp spares a comparison only where every byte is the same."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen.contract import read_contracts
from codegen.generate import generate
from codegen.output import write_output
from tests.tools.compatibility.projects import Project, user
from tools.compatibility import drift
from tools.compatibility.drift_stamp import digest_of, is_proved, remember

STAMP = Path(".pipeline") / "no-drift.sha256"


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with models that are up to date, of which the running code takes itself for the generator."""
    project.write(1, user())
    (project.root / "schemas/users/contract.toml").write_text('owner = "users"\n')
    (project.root / "codegen").mkdir(exist_ok=True)
    (project.root / "codegen/__main__.py").write_text("# the generator\n")
    contracts = read_contracts(project.root / "schemas")
    write_output(project.root / "codegen/models", generate(contracts), clean=False, out=io.StringIO())
    monkeypatch.setattr(drift, "this_code", lambda: project.root)
    return project


def drifted(project: Project) -> list[str]:
    contracts = read_contracts(project.root / "schemas")
    return [finding.message for finding in drift.check_drift(project.root, contracts)]


def digest(project: Project) -> str | None:
    return digest_of(project.root, read_contracts(project.root / "schemas"))


def test_it_is_written_where_nothing_drifts_and_spares_the_next_comparison(
    here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drifted(here) == []
    assert (here.root / STAMP).read_text() == digest(here)
    monkeypatch.setattr(drift, "_render_and_compare", lambda *_: (1, "+++ b/users/v1.py\n", ""))
    assert drifted(here) == []
    (here.root / STAMP).unlink()
    assert drifted(here) == ["users/v1.py differs from what the contracts make"]
    assert not (here.root / STAMP).exists()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a schema": lambda root: _swap(root / "schemas/users/v1.avsc", "User", "Usar"),
    "a setting": lambda root: _swap(root / "schemas/users/contract.toml", "users", "usars"),
    "the generator": lambda root: _swap(root / "codegen/__main__.py", "the", "teh"),
    "a model": lambda root: _swap(root / "codegen/models/users/v1.py", "User", "Usar"),
    "a model less": lambda root: (root / "codegen/models/users/v1.py").unlink(),
    "a model more": lambda root: (root / "codegen/models/users/v2.py").touch(),
    "a model renamed": lambda root: (root / "codegen/models/users/v1.py").rename(root / "codegen/models/users/v3.py"),
}


def _swap(path: Path, was: str, now: str) -> None:
    """As many bytes as before, at the same time: neither size nor time tells."""
    times = path.stat()
    text = path.read_text()
    assert was in text
    path.write_text(text.replace(was, now))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_is_compared_again(here: Project, what: str) -> None:
    assert drifted(here) == []
    before = digest(here)
    CHANGES[what](here.root)
    after = digest(here)
    assert after is not None
    assert after != before
    assert not is_proved(here.root, after)


def test_a_changed_model_is_told_in_spite_of_the_stamp(here: Project) -> None:
    assert drifted(here) == []
    CHANGES["a model"](here.root)
    assert drifted(here) == ["users/v1.py differs from what the contracts make"]


def test_a_file_that_changes_while_it_is_compared_leaves_no_stamp(
    here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compare(*_: object) -> tuple[int, str, str]:
        CHANGES["a model"](here.root)
        return 0, "", ""

    monkeypatch.setattr(drift, "_render_and_compare", compare)
    assert drifted(here) == []
    assert not (here.root / STAMP).exists()


def test_a_folder_that_cannot_be_written_is_no_error(here: Project) -> None:
    (here.root / ".pipeline").write_text("a file in its place")
    assert drifted(here) == []
    remember(here.root, "0" * 64)
    assert not is_proved(here.root, "0" * 64)


def test_a_file_that_cannot_be_read_has_no_digest(here: Project) -> None:
    (here.root / "codegen/models/gone.py").symlink_to(here.root / "nowhere")
    assert digest(here) is None
    assert drifted(here) == []
    assert not (here.root / STAMP).exists()
