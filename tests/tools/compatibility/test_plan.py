"""`pipeline schema plan`: who moves first, which lines change, when to go on, what clients notice."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.tools.compatibility.projects import Project, user
from tools.compatibility.plan import run_plan

EMAIL = {"name": "email", "type": "string"}
AGE = {"name": "age", "type": "int", "default": 0}
PINS = "# pins\n[writers]\nproducer_api = 1  # the API\n\n[readers]\nreport = 1\naudit = 1\n"


def plan(project: Project, version: int, format_: str = "text") -> tuple[int, str]:
    out = io.StringIO()
    code = run_plan(project.root, "users", version, format_, out)
    return code, out.getvalue()


def as_json(project: Project, version: int) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(plan(project, version, "json")[1])
    return told


def test_readers_first_with_the_lines_that_change(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(AGE))
    project.settings(PINS)
    assert plan(project, 2) == (
        0,
        """\
users v2, level BACKWARD_TRANSITIVE: readers first

1. Register v2
   pipeline schema check users && pipeline schema register users
   go on when the registry holds version 2

2. Move the readers: audit, report
   schemas/users/contract.toml, [readers]:
      6 - report = 1
        + report = 2
      7 - audit = 1
        + audit = 2
   python -m codegen, commit, roll them out
   safe because v2 reads what is written: v1
   go on when every instance of audit, report runs with v2, and nothing comes to the dead-letter topic

3. Move the writers: producer_api
   schemas/users/contract.toml, [writers]:
      3 - producer_api = 1  # the API
        + producer_api = 2  # the API
   python -m codegen, commit, roll them out
   safe because v2 is read by v2
   go on when every instance of producer_api runs with v2

HTTP clients:
  now, while producer_api writes v1: events in the shape of v1, v2 are accepted
  once it writes v2: v1, v2
  until then events in the shape of v2 are turned into v1, without what is new
  no client has to change: an old shape ends only with a version that cannot read it
""",
    )


def test_writers_first_where_the_new_one_cannot_read_the_old(project: Project) -> None:
    project.write(1, user(AGE))
    project.write(2, user(AGE, EMAIL))
    project.settings(f'compatibility = "FORWARD"\n{PINS}')
    told = as_json(project, 2)
    assert told["order"] == "writers first"
    assert [move["table"] for move in told["moves"]] == ["writers", "readers"]
    assert told["moves"][0]["because"] == "v2 is read by v1"
    assert told["moves"][1]["needs"] == ["every consumer is past the last record of v1, which v2 cannot read"]
    assert (told["shapes_accepted_before"], told["shapes_accepted_after"]) == ([1, 2], [2])
    code, text = plan(project, 2)
    assert code == 0
    assert "clients that still post v1 get 422 from then on, because v2 cannot read it:" in text
    assert 'move producer_api when api_event_shapes_total{version="1"} stands still' in text


@pytest.mark.parametrize(
    ("level", "order"),
    [
        ("BACKWARD", "readers first"),
        ("FULL", "readers first"),
        ("NONE", "readers first"),
        ("FORWARD", "writers first"),
        ("FORWARD_TRANSITIVE", "writers first"),
    ],
)
def test_where_both_are_safe_the_level_decides(project: Project, level: str, order: str) -> None:
    project.write(1, user())
    project.write(2, user(AGE))
    project.settings(f'compatibility = "{level}"\n{PINS}')
    assert as_json(project, 2)["order"] == order


def test_where_neither_is_safe_it_says_so(project: Project) -> None:
    project.write(1, user({"name": "x", "type": "int"}))
    project.write(2, user({"name": "x", "type": "string"}))
    project.settings(f'compatibility = "NONE"\n{PINS}')
    code, text = plan(project, 2)
    assert code == 1
    assert text.startswith(
        "users v2, level NONE: no safe order\n"
        "  readers cannot move first: v2 cannot read v1, which producer_api writes\n"
        "  writers cannot move first: audit, report reads v1, which cannot read v2\n"
        "  help: make a version in between"
    )
    assert as_json(project, 2)["moves"] == []


def test_who_is_there_already_does_not_move(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(AGE))
    project.settings("[writers]\napi = 2\n[readers]\nreport = 2\nnext = 2\n")
    assert as_json(project, 2)["order"] == "nothing moves"
    assert "every pin in contract.toml is at v2 or later" in plan(project, 2)[1]
    project.settings("[writers]\napi = 1\n[readers]\nreport = 2\nnext = 1\n")
    assert [pin["app"] for move in as_json(project, 2)["moves"] for pin in move["pins"]] == ["next", "api"]


def test_without_pins_it_asks_for_them(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(AGE))
    assert "contract.toml pins nobody" in plan(project, 2)[1]
    project.settings("[readers]\nreport = 1\n")
    assert "no writer is pinned: they take the latest when deployed next" in plan(project, 2)[1]


def test_old_records_that_nobody_writes_any_more_are_waited_for(project: Project) -> None:
    project.write(1, user({"name": "x", "type": "string"}))
    project.write(2, user({"name": "y", "type": "int"}))
    project.write(3, user({"name": "y", "type": "long"}))
    project.settings('compatibility = "NONE"\n[writers]\napi = 2\n[readers]\nreport = 2\n')
    (readers, _) = as_json(project, 3)["moves"]
    assert readers["needs"] == ["every consumer is past the last record of v1, which v3 cannot read"]
    assert readers["because"] == "v3 reads what is written: v2"


def test_a_pin_without_a_line_of_its_own_is_shown_as_it_would_be_written(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(AGE))
    project.settings("readers = {report = 1}\n")
    assert "     - report = 1\n        + report = 2\n" in plan(project, 2)[1]


def deployed(project: Project, text: str) -> None:
    (project.root / "deployments.toml").write_text(text, encoding="utf-8")


def test_what_runs_is_shown_and_asked_for(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(AGE))
    project.settings(f"ingest = false\n{PINS}")
    deployed(
        project,
        "[production.users]\nretained = [1]\n"
        "[production.users.readers]\naudit = [1]\nbilling = [1]\nreport = [1, 2]\n"
        "[production.users.writers]\nproducer_api = [1]\n"
        "[staging.orders.readers]\nbilling = [1]\n",
    )
    assert plan(project, 2) == (
        0,
        """\
users v2, level BACKWARD_TRANSITIVE: readers first

What runs, as deployments.toml has it:
  production: readers audit v1, billing v1, report v1, report v2; writers producer_api v1; its topic may hold v1

1. Register v2
   pipeline schema check users && pipeline schema register users
   go on when the registry holds version 2

2. Move the readers: audit, report
   schemas/users/contract.toml, [readers]:
      7 - report = 1
        + report = 2
      8 - audit = 1
        + audit = 2
   production still runs audit with v1
   production still runs report with v1
   may it go? pipeline deploy check audit --reads users@2
   may it go? pipeline deploy check report --reads users@2
   python -m codegen, commit, roll them out
   safe because v2 reads what is written: v1
   go on when every instance of audit, report runs with v2, and nothing comes to the dead-letter topic
   go on when that is recorded: pipeline deploy record APP --reads users@2 --env ENV --done

3. Move the writers: producer_api
   schemas/users/contract.toml, [writers]:
      4 - producer_api = 1  # the API
        + producer_api = 2  # the API
   production still runs producer_api with v1
   may it go? pipeline deploy check producer_api --writes users@2
   python -m codegen, commit, roll them out
   safe because v2 is read by v2
   go on when every instance of producer_api runs with v2
   go on when that is recorded: pipeline deploy record APP --writes users@2 --env ENV --done
""",
    )


@pytest.fixture
def site(project: Project) -> Project:
    """Version 2 reads version 1, which does not read version 2."""
    project.write(1, user(EMAIL))
    project.write(2, user(AGE))
    return project


def test_a_reader_of_another_repository_that_cannot_follow_is_waited_for(site: Project) -> None:
    site.settings("[writers]\napi = 1\n[readers]\nreport = 2\n")
    deployed(site, "[production.users.readers]\nbilling = [1]\nmailing = [2]\nreport = [2]\n")
    told = as_json(site, 2)
    assert told["order"] == "readers first"
    (writers,) = told["moves"]
    assert writers["needs"] == [
        "billing in production reads v1 no more, which cannot read v2: pipeline deploy check billing --reads users@2"
    ]


def test_a_pin_that_has_moved_moves_nobody_by_itself(site: Project) -> None:
    site.settings("[writers]\napi = 2\n[readers]\nreport = 2\n")
    assert as_json(site, 2)["order"] == "nothing moves"
    deployed(site, "[production.users.readers]\nreport = [1]\n[production.users.writers]\napi = [1]\n")
    told = as_json(site, 2)
    assert told["order"] == "readers first"
    assert [(move["table"], move["pins"], move["running"]) for move in told["moves"]] == [
        ("readers", [], [{"environment": "production", "app": "report", "version": 1}]),
        ("writers", [], [{"environment": "production", "app": "api", "version": 1}]),
    ]
    assert "   roll them out: their pins are there already\n" in plan(site, 2)[1]


def test_a_writer_of_another_repository_counts(project: Project) -> None:
    """Version 2 cannot read version 1, which reads version 2; no pin writes version 1."""
    project.write(1, user())
    project.write(2, user(EMAIL))
    project.settings('compatibility = "NONE"\n[writers]\napi = 2\n[readers]\nreport = 1\n')
    assert as_json(project, 2)["order"] == "readers first"
    deployed(project, "[production.users.writers]\nshop = [1]\n")
    told = as_json(project, 2)
    assert told["order"] == "writers first"
    (need,) = told["moves"][0]["needs"]
    assert need == (
        "every consumer is past the last record of v1, which v2 cannot read: the topic in production may still hold it "
        "(pipeline deploy expire users@1 --env production)"
    )


def test_where_a_reader_and_a_writer_elsewhere_hold_each_other_no_order_is_safe(project: Project) -> None:
    project.write(1, user({"name": "x", "type": "int"}))
    project.write(2, user({"name": "x", "type": "string"}))
    project.settings('compatibility = "NONE"\n[writers]\napi = 1\n')
    deployed(project, "[a.users.readers]\nbilling = [1]\n[a.users.writers]\napi = [1]\n")
    assert as_json(project, 2)["obstacles"] == [
        "readers cannot move first: v2 cannot read v1, which api in a writes",
        "writers cannot move first: billing in a reads v1, which cannot read v2",
    ]
    assert plan(project, 2)[0] == 1


def test_records_that_are_known_to_be_gone_are_not_waited_for(project: Project) -> None:
    project.write(1, user({"name": "x", "type": "string"}))
    project.write(2, user({"name": "y", "type": "int"}))
    project.write(3, user({"name": "y", "type": "long"}))
    project.settings('compatibility = "NONE"\n[writers]\napi = 2\n[readers]\nreport = 2\n')
    deployed(project, "[production.users.writers]\napi = [2]\n")
    assert [move["needs"] for move in as_json(project, 3)["moves"]] == [[], []]


def test_where_nobody_moves_it_still_says_who_cannot_read_the_version(site: Project) -> None:
    site.settings("[writers]\napi = 2\n[readers]\nreport = 2\n")
    deployed(site, "[production.users.readers]\nbilling = [1]\n")
    told = as_json(site, 2)
    assert (told["order"], told["moves"]) == ("nothing moves", [])
    assert told["notes"] == [
        "billing in production reads v1, which cannot read v2: let it read v2 before that is written"
    ]


def test_a_recorded_version_that_is_not_here_is_a_note(site: Project) -> None:
    site.settings("[writers]\napi = 1\n[readers]\nreport = 1\n")
    deployed(site, "[production.users.readers]\nbilling = [7]\n")
    assert as_json(site, 2)["order"] == "readers first"
    (note,) = as_json(site, 2)["notes"]
    assert note.startswith("billing in production reads version 7 of users, which this project does not have (yet)")
    assert f"  note: {note}\n" in plan(site, 2)[1]


def test_a_contract_without_a_route_says_nothing_of_clients(project: Project) -> None:
    project.write(1, user())
    project.settings("ingest = false\n")
    assert "HTTP" not in plan(project, 1)[1]
