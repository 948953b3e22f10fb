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


def test_a_contract_without_a_route_says_nothing_of_clients(project: Project) -> None:
    project.write(1, user())
    project.settings("ingest = false\n")
    assert "HTTP" not in plan(project, 1)[1]
