"""`compare`, `new`, `history` and `comment`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.tools.compatibility.projects import Project, user
from tools.compatibility.choice import UnreadableSchema
from tools.compatibility.comment import MARKER, run_comment
from tools.compatibility.compare import run_compare
from tools.compatibility.history import run_history
from tools.compatibility.new_version import LatestNotPublished, run_new

EMAIL = {"name": "email", "type": "string"}
AGE = {"name": "age", "type": "int", "default": 0}


def compare(project: Project, reader: str, writer: str, format_: str = "text") -> tuple[int, str]:
    out = io.StringIO()
    return run_compare(project.root, reader, writer, format_, out), out.getvalue()


def test_compare_versions_and_files(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    project.write(1, user())
    loose = tmp_path / "loose.avsc"
    loose.write_text(json.dumps(user(EMAIL)))
    assert compare(project, "users@1", str(loose)) == (0, f"users@1 can read what {loose} writes\n")
    code, text = compare(project, str(loose), "users@v1")
    assert code == 1
    assert text.splitlines()[0] == "loose.avsc:1:82: error READER_FIELD_MISSING_DEFAULT_VALUE"
    assert "  and in schemas/users/v1.avsc:4:3:" in text
    assert text.endswith(f"{loose} cannot read what users@v1 writes\n")


def test_compare_as_json(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(EMAIL))
    told = json.loads(compare(project, "users@2", "users@1", "json")[1])
    assert (told["reader"], told["writer"], told["can_read"]) == ("users@2", "users@1", False)
    assert told["findings"][0]["incompatibility"]["type"] == "READER_FIELD_MISSING_DEFAULT_VALUE"


def test_compare_names_every_fault_of_what_is_no_schema(project: Project, tmp_path: Path) -> None:
    broken = tmp_path / "broken.avsc"
    broken.write_text('{"type": "record", "name": "X", "fields": [{"name": "1"}]}')
    with pytest.raises(UnreadableSchema) as caught:
        compare(project, str(broken), str(broken))
    head, *faults = str(caught.value).splitlines()
    assert head == f"{broken} is no legal schema:"
    assert faults[0].startswith(f'  {broken}:1:44: the field has no "type";')
    assert faults[1].startswith(f"  {broken}:1:45: '1' is no Avro name")


def new(project: Project) -> tuple[int, str]:
    out = io.StringIO()
    return run_new(project.root, "users", out), out.getvalue()


def test_new_copies_the_latest_byte_for_byte(project: Project) -> None:
    text = json.dumps(user(doc="Ünï\u0007code"), indent=3) + "\r\n\n"
    project.write(1, text).write_bytes(text.encode())
    project.commit()
    code, told = new(project)
    assert code == 0
    assert (project.root / "schemas/users/v2.avsc").read_bytes() == text.encode()
    assert told.splitlines()[0] == "wrote schemas/users/v2.avsc, a copy of v1"
    assert told.splitlines()[-1] == "4. pipeline schema plan users 2"


def test_new_is_refused_while_the_latest_can_still_be_changed(project: Project) -> None:
    project.write(1, user())
    project.commit()
    new(project)
    with pytest.raises(LatestNotPublished, match=r"users/v2\.avsc is not committed yet: change it instead") as caught:
        new(project)
    assert caught.value.exit_code == 1
    project.commit()
    project.write(2, user(AGE))
    with pytest.raises(LatestNotPublished, match=r"v2\.avsc differs from what is published"):
        new(project)
    assert not (project.root / "schemas/users/v3.avsc").exists()


def test_new_without_git_says_what_it_does_not_know(project: Project) -> None:
    project.write(1, user())
    assert new(project)[1].startswith("note: this folder is in no git repository, so that nobody can tell whether")
    assert (project.root / "schemas/users/v2.avsc").exists()


def history(project: Project, format_: str = "text") -> str:
    out = io.StringIO()
    assert run_history(project.root, "users", format_, out) == 0
    return out.getvalue()


def test_history_is_a_matrix_with_the_pins(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(AGE))
    project.write(3, user(EMAIL))
    project.settings('compatibility = "NONE"\n[writers]\napi = 2\n[readers]\nreport = 2\naudit = 1\n')
    assert history(project).splitlines() == [
        "users, level NONE: a row reads, a column writes",
        "",
        "      v1   v2   v3",
        "v1   yes  yes  yes   read by audit",
        "v2   yes  yes  yes   read by report",
        "v3    NO   NO  yes",
        "",
        "v2 is written by api",
    ]
    pairs = json.loads(history(project, "json"))["pairs"]
    assert {"reader": 3, "writer": 1, "can_read": False} in pairs
    assert len(pairs) == 9


def test_history_without_pins_says_who_takes_what(project: Project) -> None:
    project.write(1, user())
    assert history(project).endswith("no pins in contract.toml: everybody takes the latest, v1\n")


def comment(project: Project, against: str | None = None) -> tuple[int, str]:
    out = io.StringIO()
    return run_comment(project.root, against, out), out.getvalue()


def test_a_comment_has_findings_changes_and_the_rollout(project: Project) -> None:
    project.write(1, user())
    project.commit()
    project.write(2, user(EMAIL))
    code, text = comment(project)
    assert code == 1
    lines = text.splitlines()
    assert lines[:2] == [MARKER, "### Schema changes do not hold"]
    for wanted in (
        "does not hold: 1 finding",
        "users v1 → v2: 1 change",
        "  field added          email: string, no default",
    ):
        assert wanted in lines
    assert "users v2, level BACKWARD_TRANSITIVE: nothing moves" in lines


def test_a_comment_is_short_where_nothing_changed(project: Project) -> None:
    project.write(1, user())
    project.commit()
    assert comment(project)[1] == (
        f"{MARKER}\n### Schema changes hold\n\n~~~~text\nholds: 1 contract checked, compared with git:HEAD\n~~~~\n"
    )


def test_a_comment_compares_with_what_it_is_told_to(project: Project) -> None:
    project.write(1, user())
    project.commit()
    project.git("tag", "start")
    project.write(2, user(AGE))
    project.commit()
    assert "v1 → v2" not in comment(project)[1]
    assert "v1 → v2" in comment(project, "git:start")[1]


def test_a_schema_cannot_break_out_of_a_comment(project: Project) -> None:
    project.write(1, user())
    project.commit()
    project.write(2, user({**AGE, "doc": "~~~~\n<script>"}, doc="~~~~"))
    _, text = comment(project)
    assert text.count("~~~~") == 2 * text.count("~~~~text")


def test_a_comment_fits(project: Project) -> None:
    project.write(1, user())
    project.commit()
    project.write(2, user(*({"name": f"f{index}", "type": "string"} for index in range(400))))
    _, text = comment(project)
    assert len(text) < 65_536
    assert text.endswith("The rest is left out: `pipeline schema check` shows it.\n")


def test_a_comment_on_files_that_cannot_be_read(project: Project) -> None:
    project.write(1, "{")
    code, text = comment(project)
    assert code == 2
    assert "### Schema changes could not be checked" in text
