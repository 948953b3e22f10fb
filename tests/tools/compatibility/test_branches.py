"""Every commit of a branch holds its versions: what was committed once counts, not only what the last commit says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.compatibility.projects import Project, user
from tools.compatibility.published import UnreachableReference

AGE = {"name": "age", "type": "int", "default": 0}
CHANGED, REMOVED = "PUBLISHED_VERSION_CHANGED", "PUBLISHED_VERSION_REMOVED"


def rules(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["rule"], Path(finding["file"]).name) for finding in report["findings"]]


@pytest.fixture
def published(project: Project) -> Project:
    project.write(1, user(doc="People."))
    project.commit()
    return project


def edit(project: Project, version: int, doc: str) -> None:
    project.write(version, user(AGE, doc=doc))
    project.commit(f"{version}: {doc}")


# ---------------------------------------------------------------- on the main branch


def test_an_edit_in_a_later_commit_is_a_finding_where_head_equals_the_tree(published: Project) -> None:
    edit(published, 1, "Changed.")
    code, text = published.check()
    assert code == 1
    assert "v1.avsc is published at commit " in text
    assert "--against git:COMMIT" in text


def test_what_is_undone_in_a_later_commit_holds(published: Project) -> None:
    edit(published, 2, "One.")
    edit(published, 2, "Two.")
    assert rules(published.report()) == [(CHANGED, "v2.avsc")]
    edit(published, 2, "One.")
    assert published.report()["findings"] == []


def test_a_version_that_was_committed_and_removed_is_a_finding(published: Project) -> None:
    edit(published, 2, "One.")
    (published.root / "schemas/users/v2.avsc").unlink()
    published.commit("remove it")
    assert rules(published.report()) == [(REMOVED, "v2.avsc")]


def test_a_renamed_version_says_where_its_text_went(published: Project) -> None:
    edit(published, 2, "One.")
    published.git("mv", "schemas/users", "schemas/people")
    published.commit("rename")
    found = published.report()["findings"]
    assert [finding["rule"] for finding in found] == [REMOVED, REMOVED]
    assert "what it said is now in people/v1.avsc: give the file its name back" in found[0]["hint"]


def test_a_later_start_can_be_named(published: Project) -> None:
    edit(published, 1, "Changed before anybody had it.")
    published.git("tag", "adopted")
    assert published.report(against="git:adopted")["findings"] == []
    edit(published, 1, "Changed again.")
    assert rules(published.report(against="git:adopted")) == [(CHANGED, "v1.avsc")]


def test_what_was_merged_counts_as_of_its_merge(published: Project) -> None:
    published.git("switch", "--quiet", "--create", "topic")
    edit(published, 2, "Draft.")
    edit(published, 2, "Final.")
    published.git("switch", "--quiet", "main")
    published.git("merge", "--quiet", "--no-ff", "--no-edit", "topic")
    assert published.report()["findings"] == []


# ---------------------------------------------------------------- on a branch of its own


@pytest.fixture
def branch(published: Project) -> Project:
    published.git("switch", "--quiet", "--create", "topic")
    return published


def test_a_version_added_and_edited_on_the_branch_is_a_finding(branch: Project) -> None:
    edit(branch, 2, "One.")
    assert branch.report()["findings"] == []
    edit(branch, 2, "Two.")
    (finding,) = branch.report()["findings"]
    assert finding["rule"] == CHANGED
    assert finding["message"].startswith("v2.avsc is published at commit ")
    assert "make the commits that touch it one commit" in finding["hint"]


def test_squashed_it_holds(branch: Project) -> None:
    edit(branch, 2, "One.")
    edit(branch, 2, "Two.")
    branch.git("reset", "--quiet", "--soft", "main")
    branch.commit("one commit")
    assert branch.report()["findings"] == []


def test_a_committed_edit_of_what_main_has_is_a_finding(branch: Project) -> None:
    edit(branch, 1, "Changed.")
    (finding,) = branch.report()["findings"]
    assert finding["rule"] == CHANGED
    assert ", where this branch left and differs" in finding["message"]


def test_a_branch_may_give_up_its_own_version(branch: Project) -> None:
    edit(branch, 2, "One.")
    (branch.root / "schemas/users/v2.avsc").unlink()
    branch.commit("not now")
    assert branch.report()["findings"] == []


def test_a_branch_may_not_remove_what_main_has(branch: Project) -> None:
    edit(branch, 2, "One.")
    branch.git("switch", "--quiet", "main")
    branch.git("merge", "--quiet", "--ff-only", "topic")
    branch.git("switch", "--quiet", "topic")
    (branch.root / "schemas/users/v2.avsc").unlink()
    branch.commit("remove it")
    assert rules(branch.report()) == [(REMOVED, "v2.avsc")]


def test_a_number_that_main_has_taken_meanwhile_is_made_the_next_one(branch: Project) -> None:
    """Both added v2; main is merged in, its v2 stays, ours becomes v3."""
    edit(branch, 2, "Ours.")
    branch.git("switch", "--quiet", "main")
    edit(branch, 2, "Theirs.")
    branch.git("switch", "--quiet", "topic")
    branch.git("merge", "--quiet", "--strategy-option=theirs", "--no-edit", "main")
    branch.write(3, user(AGE, doc="Ours."))
    branch.commit("renumber")
    assert branch.report()["findings"] == []


def test_a_branch_that_is_behind_is_told_so_and_holds(branch: Project) -> None:
    branch.git("switch", "--quiet", "main")
    edit(branch, 2, "Later.")
    branch.git("switch", "--quiet", "topic")
    report = branch.report(against="git:main")
    assert report["findings"] == []
    assert report["notes"] == ["git:main has users/v2.avsc, which this branch does not have yet"]


def test_a_detached_head_is_its_branch(branch: Project) -> None:
    edit(branch, 2, "One.")
    edit(branch, 2, "Two.")
    branch.git("switch", "--quiet", "--detach")
    assert rules(branch.report()) == [(CHANGED, "v2.avsc")]
    assert rules(branch.report(against="git:main")) == [(CHANGED, "v2.avsc")]


def test_a_merge_commit_as_ci_makes_it_is_looked_through(branch: Project) -> None:
    """A pull request is checked on a merge commit whose first parent is the main branch."""
    edit(branch, 2, "One.")
    edit(branch, 2, "Two.")
    branch.git("switch", "--quiet", "--detach", "main")
    branch.git("merge", "--quiet", "--no-ff", "--no-edit", "topic")
    assert rules(branch.report(against="git:main")) == [(CHANGED, "v2.avsc")]


# ---------------------------------------------------------------- clones


def clone(project: Project, *options: str) -> Project:
    target = project.root.parent / f"{project.root.name}-clone"
    project.git("clone", "--quiet", *options, project.root.as_uri(), str(target))
    return Project(target)


def test_the_remote_default_branch_is_the_base(published: Project) -> None:
    published.git("branch", "--move", "trunk")
    copy = clone(published)
    edit(copy, 1, "Changed.")
    (finding,) = copy.report()["findings"]
    assert finding["rule"] == CHANGED
    assert "where this branch left" in finding["message"]


def test_a_shallow_clone_says_what_it_cannot_see(published: Project) -> None:
    edit(published, 1, "Changed.")
    copy = clone(published, "--depth=1")
    copy.git("remote", "remove", "origin")
    report = copy.report()
    assert report["findings"] == []
    assert [note.split(",")[0] for note in report["notes"]] == ["this clone is shallow"]
    with pytest.raises(
        UnreachableReference, match=r"no commit 'HEAD~1' \(this clone is shallow: `git fetch --unshallow`"
    ):
        copy.check(against="git:HEAD~1")


def test_an_unborn_branch_has_nothing_and_a_named_one_is_an_error(project: Project) -> None:
    project.write(1, user())
    project.git("init", "--quiet")
    assert project.check()[0] == 0
    with pytest.raises(UnreachableReference, match="git has no commit 'HEAD'"):
        project.check(against="git:HEAD")


def test_a_project_below_the_top_of_its_repository(project: Project) -> None:
    below = Project(project.root / "services" / "events")
    below.write(1, user(doc="People."))
    project.commit()
    below.write(1, user(doc="Changed."))
    project.commit("change")
    assert rules(below.report()) == [(CHANGED, "v1.avsc")]
