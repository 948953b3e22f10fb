"""A published version never changes again: at a git ref, in a folder, docs included."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests.tools.compatibility.projects import Project, user
from tools.compatibility.published import UnreachableReference
from tools.compatibility.published_changes import first_difference

AGE = {"name": "age", "type": "int", "default": 0}


def rules(report: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(finding["rule"], finding["file"], finding["line"]) for finding in report["findings"]]


@pytest.fixture
def published(project: Project) -> Project:
    project.write(1, user(doc="People."))
    project.write(2, user(AGE))
    project.commit()
    return project


def test_untouched_files_hold(published: Project) -> None:
    assert published.report()["findings"] == []


def test_a_changed_doc_is_a_finding_at_its_line(published: Project) -> None:
    published.write(1, user(doc="Persons."))
    assert rules(published.report()) == [("PUBLISHED_VERSION_CHANGED", "schemas/users/v1.avsc", 10)]
    code, text = published.check()
    assert code == 1
    assert "v1.avsc is published at git:HEAD and differs from it at /doc" in text


def test_layout_and_the_order_of_keys_are_no_change(published: Project) -> None:
    published.write(1, json.dumps(dict(reversed(user(doc="People.").items()))))
    assert published.report()["findings"] == []


def test_a_removed_version_and_a_removed_contract_are_findings(published: Project) -> None:
    (published.root / "schemas/users/v2.avsc").unlink()
    assert rules(published.report()) == [("PUBLISHED_VERSION_REMOVED", "schemas/users/v2.avsc", 1)]
    published.write(1, user(), contract="orders")
    shutil.rmtree(published.root / "schemas/users")
    assert rules(published.report()) == [
        ("PUBLISHED_VERSION_REMOVED", "schemas/users/v1.avsc", 1),
        ("PUBLISHED_VERSION_REMOVED", "schemas/users/v2.avsc", 1),
    ]
    assert published.report("orders")["findings"] == []


def test_a_new_version_is_free_to_change_until_it_is_committed(published: Project) -> None:
    published.write(3, user(AGE))
    assert published.report()["findings"] == []
    published.write(3, user(AGE, doc="Changed."))
    assert published.report()["findings"] == []


def test_an_older_ref_can_be_named(published: Project) -> None:
    published.write(1, user(doc="Changed and committed."))
    published.commit("break the rule")
    assert rules(published.report(against="git:HEAD~1")) == [("PUBLISHED_VERSION_CHANGED", "schemas/users/v1.avsc", 10)]


def test_the_project_may_be_a_folder_of_the_repository(project: Project) -> None:
    inner = Project(project.root / "services" / "pipeline")
    inner.write(1, user())
    project.commit()
    inner.write(1, user(doc="New."))
    assert rules(inner.report()) == [("PUBLISHED_VERSION_CHANGED", "schemas/users/v1.avsc", 10)]


def test_a_folder_can_be_compared_with(published: Project) -> None:
    copy = published.root / "released"
    shutil.copytree(published.root / "schemas", copy / "schemas")
    published.write(2, user(AGE, doc="New."))
    expected = [("PUBLISHED_VERSION_CHANGED", "schemas/users/v2.avsc", 15)]
    assert rules(published.report(against="released")) == expected
    assert rules(published.report(against=str(copy / "schemas"))) == expected
    with pytest.raises(UnreachableReference, match="there is no such folder"):
        published.check(against="nowhere")


def test_outside_git_the_rest_is_checked(project: Project) -> None:
    project.write(1, user())
    code, text = project.check()
    assert code == 0
    assert text.splitlines() == [
        "note: this folder is in no git repository, so that nothing counts as published; everything else was checked",
        "holds: 1 contract checked",
    ]


def test_without_a_commit_the_rest_is_checked(project: Project) -> None:
    project.write(1, user())
    project.git("init", "--quiet")
    assert project.report()["notes"] == [
        "git has no commit 'HEAD', so that nothing counts as published; everything else was checked"
    ]


def test_without_git_the_rest_is_checked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(1, user())
    monkeypatch.setenv("PATH", "")
    assert project.report()["notes"][0].startswith("git is not installed, so that")


@pytest.mark.parametrize("reference", ["git:nothing", "git:", "git:--all"])
def test_a_named_ref_that_is_not_there_cannot_be_checked(published: Project, reference: str) -> None:
    with pytest.raises(UnreachableReference, match="cannot compare with git:") as caught:
        published.check(against=reference)
    assert caught.value.exit_code == 2


def test_a_named_ref_needs_a_repository(project: Project) -> None:
    project.write(1, user())
    with pytest.raises(UnreachableReference, match="no git repository"):
        project.check(against="git:HEAD")


def test_what_was_no_json_when_it_was_committed_may_be_mended(project: Project) -> None:
    project.write(1, "oops")
    project.commit()
    project.write(1, user())
    assert project.report()["findings"] == []


@pytest.mark.parametrize(
    ("one", "other", "pointer"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, None),
        ({"a": 1}, {"a": 1.0}, "/a"),
        ({"a": 1}, {"a": True}, "/a"),
        ({"a": [1, 2]}, {"a": [1]}, "/a/1"),
        ({"a": [1]}, {"a": [1, 2]}, "/a/1"),
        ({"a/b": {"c": None}}, {"a/b": {}}, "/a~1b/c"),
        ({"a": 1}, {"a": 1, "b": None}, "/b"),
        ([], {}, ""),
        ("x", "y", ""),
    ],
)
def test_the_first_difference(one: Any, other: Any, pointer: str | None) -> None:
    assert first_difference(one, other, "") == pointer
