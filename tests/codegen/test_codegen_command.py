"""`python -m codegen`: what it writes, compares, cleans and refuses, and how it says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.codegen.sample_contracts import Project, record

REPOSITORY = Path(__file__).resolve().parents[2]
SIMPLE = record({"name": "size", "type": "int"}, name="Parcel")
WIDER = record({"name": "size", "type": "int"}, {"name": "note", "type": "string", "default": ""}, name="Parcel")
PACKAGE = ["__init__.py", "parcel/__init__.py", "parcel/v1.py", "parcel/v1_transcoder.py"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.add("parcel", SIMPLE)
    assert made.run() == 0
    return made


def test_a_run_writes_the_package_and_a_second_run_nothing(project: Project) -> None:
    assert list(project.files()) == PACKAGE
    before = {path: path.stat().st_mtime_ns for path in project.models.rglob("*.py")}
    assert project.run() == 0
    assert "4 generated files are up to date" in project.out
    assert before == {path: path.stat().st_mtime_ns for path in project.models.rglob("*.py")}


def test_output_is_the_same_for_every_hash_seed(tmp_path: Path) -> None:
    outputs = []
    for seed in ("0", "1", "4711"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "codegen", "--schemas", str(REPOSITORY / "schemas"), "--out", str(out)]
        subprocess.run(
            command, check=True, cwd=REPOSITORY, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True
        )
        outputs.append({path.relative_to(out): path.read_bytes() for path in sorted(out.rglob("*.py"))})
    assert len(outputs[0]) > 3
    assert outputs[0] == outputs[1] == outputs[2]


def test_check_is_silent_where_nothing_differs(project: Project) -> None:
    assert project.run("--check") == 0
    assert (project.out, project.err) == ("", "")


def test_check_shows_drift_as_a_diff_and_writes_nothing(project: Project) -> None:
    target = project.models / "parcel" / "v1.py"
    target.write_text(target.read_text() + "# edited by hand\n")
    before = project.files()
    assert project.run("--check") == 1
    assert "--- a/parcel/v1.py" in project.out
    assert "-# edited by hand" in project.out
    assert project.files() == before


def test_check_shows_a_missing_file(project: Project) -> None:
    (project.models / "parcel" / "v1.py").unlink()
    assert project.run("--check") == 1
    assert "--- /dev/null" in project.out
    assert "+++ b/parcel/v1.py" in project.out
    assert not (project.models / "parcel" / "v1.py").exists()


def test_check_shows_other_line_ends(project: Project) -> None:
    target = project.models / "parcel" / "v1.py"
    target.write_bytes(target.read_bytes().replace(b"\n", b"\r\n"))
    assert project.run("--check") == 1


def test_check_shows_an_orphan(project: Project) -> None:
    project.add("other", SIMPLE | {"name": "Other"})
    project.run()
    (project.schemas / "other" / "v1.avsc").unlink()
    (project.schemas / "other").rmdir()
    assert project.run("--check") == 1
    assert str(project.models / "other" / "v1.py") in project.out


def test_clean_removes_orphans_and_nothing_else(project: Project) -> None:
    project.add("parcel", SIMPLE, WIDER)
    project.add("other", SIMPLE | {"name": "Other"})
    project.run()
    foreign = project.models / "other" / "notes.py"
    foreign.write_text("mine = 1\n")
    (project.schemas / "other" / "v1.avsc").unlink()
    (project.schemas / "other").rmdir()
    (project.schemas / "parcel" / "v2.avsc").unlink()
    assert project.run() == 0
    assert "orphan: " in project.out
    assert "parcel/v2.py" in project.files()
    assert project.run("--clean") == 0
    assert list(project.files()) == [PACKAGE[0], "other/notes.py", *PACKAGE[1:]]
    foreign.unlink()
    foreign.parent.rmdir()


def test_clean_removes_the_folder_of_a_contract_that_is_gone(project: Project) -> None:
    project.add("other", SIMPLE | {"name": "Other"})
    project.run()
    cache = project.models / "other" / "__pycache__"
    cache.mkdir()
    (cache / "v1.cpython-311.pyc").write_bytes(b"")
    (project.schemas / "other" / "v1.avsc").unlink()
    (project.schemas / "other").rmdir()
    assert project.run("--clean") == 0
    assert not (project.models / "other").exists()


@pytest.mark.parametrize("content", [b"mine = 1\n", b"\xff\xfe no text"])
def test_a_foreign_file_is_never_overwritten(project: Project, content: bytes) -> None:
    (project.models / "parcel" / "v1.py").write_bytes(content)
    (project.models / "parcel" / "__init__.py").unlink()
    assert project.run() == 2
    assert "v1.py was not generated: move it away" in project.err
    assert (project.models / "parcel" / "v1.py").read_bytes() == content
    assert not (project.models / "parcel" / "__init__.py").exists()


def test_an_output_folder_that_is_a_file_gets_a_sentence(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.add("parcel", SIMPLE)
    project.models.write_text("")
    assert project.run() == 2
    assert project.err.startswith("error: ")
    assert str(project.models) in project.err


def test_a_fault_shows_file_line_column_text_pointer_reason_and_hint(project: Project) -> None:
    before = project.files()
    broken = (
        '{\n  "type": "record",\n  "name": "Parcel",\n  "fields": [\n    {"name": "size", "type": "integer"}\n  ]\n}\n'
    )
    folder = project.add("parcel", SIMPLE, broken)
    assert project.run() == 2
    lines = project.err.splitlines()
    assert lines[0] == f"{folder / 'v2.avsc'}:5:22: the type 'integer' is not defined before this place"
    assert lines[1] == '    {"name": "size", "type": "integer"}'
    assert lines[2] == "    at /fields/0/type"
    assert lines[3] == "    define it at its first use, or correct the name"
    assert lines[4].startswith("error: 1 fault(s)")
    assert project.files() == before


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ('{"type": "record",\n "name": }', "2:10", "expected a JSON value"),
        ('{"type": "record",\n "type": "record"}', "2:2", "stands twice"),
        ('"string"', "1:1", "the root of a contract is a record, not string"),
        ("", "1:1", "the text ends"),
    ],
)
def test_a_text_that_is_no_contract_is_refused_with_its_place(
    project: Project, text: str, place: str, reason: str
) -> None:
    before = project.files()
    folder = project.add("broken", text)
    assert project.run() == 2
    assert project.err.startswith(f"{folder / 'v1.avsc'}:{place}: ")
    assert reason in project.err
    assert project.files() == before


def test_bytes_that_are_no_utf8_are_refused(project: Project) -> None:
    folder = project.add("parcel", SIMPLE, toml="")
    (folder / "v2.avsc").write_bytes(b'{"type": "\xff"}')
    (folder / "contract.toml").write_bytes(b'owner = "\xff"')
    assert project.run() == 2
    assert "byte 10 is no UTF-8" in project.err
    assert "byte 9 is no UTF-8" in project.err
    (folder / "v2.avsc").unlink()
    assert project.run() == 2
    assert "byte 9 is no UTF-8" in project.err


def test_every_fault_of_every_contract_is_shown_at_once(project: Project) -> None:
    project.add("one", record({"name": "a", "type": "nope"}))
    project.add("two", record({"name": "b", "type": "int", "default": "x"}))
    assert project.run() == 2
    assert "one/v1.avsc" in project.err
    assert "two/v1.avsc" in project.err
    assert "2 fault(s)" in project.err


def test_an_unproved_model_stops_with_the_path_of_the_field(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = project.files()
    inner = record({"name": "note", "type": "string", "default": "x"}, name="Inner")
    project.add("outer", record({"name": "inner", "type": inner}, name="Outer"))
    monkeypatch.setattr("codegen.rendering.python_defaults._primitive_default", lambda *_: '"y"')
    assert project.run() == 2
    assert "Inner.note: default is 'x' in the contract, 'y' for the library" in project.err
    assert project.files() == before


def test_a_missing_folder_of_schemas_gets_a_sentence(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.run() == 2
    assert "there is no such folder" in project.err
    project.schemas.mkdir()
    assert project.run() == 2
    assert "there is no contract in here" in project.err


def test_what_the_library_derives_otherwise_is_told_when_it_is_asked_for(project: Project) -> None:
    project.add("box", record({"name": "tags", "type": {"type": "array", "items": "int"}}))
    assert project.run() == 0
    assert "given a name" not in project.out
    assert project.run("--explain") == 0
    assert "- box.v1: tags: arrays and maps are given a name, which Avro does not have.\n" in project.out


def test_a_check_loads_no_model(project: Project) -> None:
    """Render and compare: what derives schemas and validates events is not needed, and costs a second."""
    assert project.run() == 0
    program = (
        "import sys; from codegen.__main__ import run; "
        f"code = run(['--schemas', {str(project.schemas)!r}, '--out', {str(project.models)!r}, '--check'], "
        "sys.stdout, sys.stderr); "
        "heavy = {'dataclasses_avroschema', 'pydantic', 'fastavro', 'faker'} & set(sys.modules); "
        "sys.exit(f'loaded: {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
