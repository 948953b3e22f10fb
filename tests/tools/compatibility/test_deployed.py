"""The gate asks what really runs, besides the pins."""

from __future__ import annotations

import pytest

from tests.tools.compatibility.projects import Project, user
from tools.errors import UserError

EMAIL = {"name": "email", "type": "string"}


@pytest.fixture
def site(project: Project) -> Project:
    """Version 2 cannot read version 1; version 1 can read version 2."""
    project.write(1, user())
    project.write(2, user(EMAIL))
    project.settings('compatibility = "NONE"\n')
    return project


def because(project: Project) -> list[str]:
    return [reason for finding in project.report()["findings"] for reason in finding["because"]]


def deployed(project: Project, text: str) -> None:
    (project.root / "deployments.toml").write_text(text, encoding="utf-8")


def test_a_recorded_reader_meets_a_pinned_writer(site: Project) -> None:
    site.settings('compatibility = "NONE"\n[writers]\napi = 1\n')
    deployed(site, "[production.users.readers]\nbilling = [2]\n")
    assert because(site) == ["billing in production reads v2 and api writes v1"]
    code, text = site.check()
    assert code == 1
    assert "breaks: v1 of users (billing in production reads v2 and api writes v1)" in text


def test_a_pinned_reader_meets_a_recorded_writer(site: Project) -> None:
    site.settings('compatibility = "NONE"\n[readers]\nreport = 2\n')
    deployed(site, "[staging.users.writers]\nshop = [1, 2]\n")
    assert because(site) == ["report reads v2 and shop in staging writes v1"]


def test_a_pinned_reader_meets_records_of_the_past(site: Project) -> None:
    site.settings('compatibility = "NONE"\n[readers]\nreport = 2\n')
    deployed(site, "[production.users]\nretained = [1]\n[production.users.writers]\nshop = [2]\n")
    assert because(site) == ["report reads v2 and the topic in production may still hold v1"]


def test_what_runs_meets_what_runs_in_the_same_environment_alone(site: Project) -> None:
    deployed(site, "[a.users.readers]\nbilling = [2]\n[b.users.writers]\nshop = [1]\n")
    assert because(site) == []
    deployed(site, "[a.users.readers]\nbilling = [2]\n[a.users.writers]\nshop = [1]\n")
    assert because(site) == ["billing in a reads v2 and shop in a writes v1"]


def test_another_contracts_deployments_say_nothing(site: Project) -> None:
    site.settings('compatibility = "NONE"\n[writers]\napi = 1\n')
    deployed(site, "[production.orders.readers]\nbilling = [2]\n")
    assert because(site) == []


def test_a_recorded_version_that_is_not_here_is_a_note(site: Project) -> None:
    deployed(site, "[production.users.readers]\nbilling = [3]\n")
    report = site.report()
    assert report["findings"] == []
    assert report["notes"][-1] == (
        "billing in production reads version 3 of users, which this project does not have (yet), so that nothing was "
        "checked against it"
    )


def test_a_file_that_cannot_be_understood_stops_the_check(site: Project) -> None:
    deployed(site, "<<<<<<< HEAD\n")
    with pytest.raises(UserError, match=r"deployments\.toml cannot be understood") as caught:
        site.check()
    assert caught.value.exit_code == 2
