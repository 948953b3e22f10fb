"""0 holds, 1 findings, 2 could not check: as a shell sees it, never confused, never a traceback."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.tools.compatibility.projects import Project, user
from tools import cli

EMAIL = {"name": "email", "type": "string"}


class Ended(NamedTuple):
    code: int
    out: str
    err: str


class Shell:
    """Runs the command line in this process, as if the project's code were the one that runs already."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.project, self._monkeypatch, self._capsys = project, monkeypatch, capsys
        (project.root / "tools").mkdir()
        (project.root / "tools" / "cli.py").touch()
        monkeypatch.setenv("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9")
        monkeypatch.chdir(project.root)

    def run(self, *arguments: str) -> Ended:
        """An exception that is no SystemExit would be a traceback, and fails the test."""
        self._monkeypatch.setattr("sys.argv", ["pipeline", "schema", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, out, err)


@pytest.fixture
def shell(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    project.write(1, user())
    return Shell(project, monkeypatch, capsys)


def test_holds(shell: Shell) -> None:
    assert shell.run("check").code == 0


def test_findings(shell: Shell) -> None:
    shell.project.write(2, user(EMAIL))
    ended = shell.run("check")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.endswith("does not hold: 1 finding\n")


def bad_json(project: Project) -> None:
    project.write(1, "{")


def bad_schema(project: Project) -> None:
    project.write(1, user({"name": "x", "type": "strin"}))


def no_utf8(project: Project) -> None:
    project.write(1, user()).write_bytes(b"\xff\xfe")


def bad_settings(project: Project) -> None:
    project.settings("compatibility = 7")


def nothing(project: Project) -> None:
    pass


@pytest.mark.parametrize(
    ("story", "arguments"),
    [
        (bad_json, ["check"]),
        (bad_schema, ["check"]),
        (no_utf8, ["check"]),
        (bad_settings, ["check"]),
        (bad_schema, ["diff", "users", "1", "1"]),
        (bad_schema, ["plan", "users", "1"]),
        (bad_schema, ["history", "users"]),
        (bad_schema, ["new", "users"]),
        (bad_schema, ["compare", "users@1", "users@1"]),
        (bad_schema, ["comment"]),
        (bad_schema, ["register"]),
        (nothing, ["check", "nobody"]),
        (nothing, ["check", "--level", "SIDEWAYS"]),
        (nothing, ["check", "--format", "pdf"]),
        (nothing, ["check", "--against", "git:HEAD"]),
        (nothing, ["check", "--against", "git:no-such-branch"]),
        (nothing, ["check", "--against", "registry"]),
        (nothing, ["check", "--against", "no-such-folder"]),
        (nothing, ["comment", "--against", "registry"]),
        (nothing, ["register", "--dry-run"]),
        (nothing, ["diff", "users", "1", "2"]),
        (nothing, ["diff", "users", "0", "1"]),
        (nothing, ["plan", "users", "2"]),
        (nothing, ["plan", "nobody", "1"]),
        (nothing, ["history", "nobody"]),
        (nothing, ["new", "nobody"]),
        (nothing, ["compare", "users@1", "users@7"]),
        (nothing, ["compare", "nobody@1", "users@1"]),
        (nothing, ["compare", "no-such-file.avsc", "users@1"]),
        (nothing, ["compare", "schemas", "users@1"]),
        (nothing, ["compare", "README.md", "users@1"]),
        (nothing, ["no-such-command"]),
    ],
)
def test_could_not_check(shell: Shell, story: object, arguments: list[str]) -> None:
    assert callable(story)
    story(shell.project)
    ended = shell.run(*arguments)
    assert ended.code == 2
    assert ended.out + ended.err


def test_contracts_without_our_code_are_enough(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a hook in another repository meets them; every other command needs the code."""
    project.write(1, user())
    monkeypatch.chdir(project.root / "schemas")
    for arguments, code in (
        (["schema", "check"], 0),
        (["codegen"], 2),
        (["--root", "..", "schema", "history", "users"], 0),
    ):
        monkeypatch.setattr("sys.argv", ["pipeline", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == code, arguments


def test_an_audit_needs_the_code_too(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reads with the models of the project, which a folder of contracts has not."""
    project.write(1, user())
    monkeypatch.setattr("sys.argv", ["pipeline", "--root", str(project.root), "schema", "audit"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "has contracts and no models of them" in capsys.readouterr().err
