"""`pipeline deploy`: what is recorded, what is answered, and with which exit code."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.tools.compatibility.projects import Project, user
from tools.deployments.command import (
    BadQuestion,
    NotSafe,
    Release,
    parse_spec,
    run_check,
    run_expire,
    run_record,
    store_of,
)
from tools.deployments.model import Role, StillWritten
from tools.deployments.verdict import UnknownVersion
from tools.errors import UserError
from tools.project import this_code

EMAIL = {"name": "email", "type": "string"}
EMAIL_OR_NONE = {"name": "email", "type": ["null", "string"], "default": None}
PROD = "production"


class Site(Project):
    """A project with the commands."""

    def record(self, app: str, *reads: str, writes: tuple[str, ...] = (), env: str = PROD, **how: bool) -> str:
        out = io.StringIO()
        assert run_record(self.root, store_of(self.root), Release(app, reads, writes), env, out, **how) == 0
        return out.getvalue()

    def ask(
        self, app: str | None, *reads: str, writes: tuple[str, ...] = (), env: str | None = PROD
    ) -> tuple[int, str]:
        out = io.StringIO()
        release = None if app is None else Release(app, reads, writes)
        return run_check(self.root, store_of(self.root), release, env, "text", out), out.getvalue()

    def expire(self, spec: str, env: str = PROD) -> str:
        out = io.StringIO()
        assert run_expire(store_of(self.root), spec, env, out) == 0
        return out.getvalue()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Version 2 adds a required field: it cannot read version 1, and version 1 can read it. Version 3 reads all."""
    made = Site(tmp_path)
    made.write(1, user())
    made.write(2, user(EMAIL))
    made.write(3, user(EMAIL_OR_NONE))
    return made


def test_a_rollout_is_both_versions_until_it_is_done(site: Site) -> None:
    assert site.record("billing", "users@1") == "production: billing reads version 1 of users\n"
    assert site.record("billing", "users@3") == (
        "production: billing reads version 1 of users\nproduction: billing reads version 3 of users\n"
    )
    assert site.record("billing", "users@3", done=True) == "production: billing reads version 3 of users\n"
    assert site.record("billing", "users@3", remove=True) == "production: nothing of billing runs\n"


def test_the_end_of_a_rollout_is_about_what_is_named(site: Site) -> None:
    site.record("billing", "users@1", writes=("users@1",))
    site.record("billing", "users@3", writes=("users@3",))
    site.record("billing", "users@3", done=True)
    running = store_of(site.root).load().of(PROD, "users", Role.WRITES)
    assert [one.version for one in running] == [1, 3]
    site.record("other", "users@1")
    assert site.record("billing", remove=True) == "production: nothing of billing runs\n"
    assert [one.app for one in store_of(site.root).load().running] == ["other"]


def test_a_reader_must_read_every_writer_that_runs(site: Site) -> None:
    site.record("api", writes=("users@1",))
    code, text = site.ask("billing", "users@2")
    assert code == 1
    assert text == (
        "production: billing reads version 2 of users, which cannot read version 1, which api writes "
        "(READER_FIELD_MISSING_DEFAULT_VALUE at email: the writer's record User has no field 'email', and the reader's "
        "has no default)\n"
        "  help: let billing read version 3, which reads all that is there\n"
        "no: production\n"
    )
    assert site.ask("billing", "users@3") == (0, "yes: production\n")


def test_a_writer_must_be_readable_for_every_reader_that_runs(site: Site) -> None:
    site.record("billing", "users@2")
    code, text = site.ask("api", writes=("users@1",))
    assert code == 1
    assert text.startswith(
        "production: billing reads version 2 of users, which cannot read version 1, which api writes"
    )
    assert site.ask("api", writes=("users@2",))[0] == 0


def test_records_of_the_past_count_until_they_are_declared_gone(site: Site) -> None:
    site.record("api", writes=("users@1",))
    with pytest.raises(StillWritten, match="api in production still writes version 1 of users"):
        site.expire("users@1")
    site.record("api", writes=("users@3",), done=True)
    code, text = site.ask("billing", "users@2")
    assert code == 1
    assert "cannot read version 1, which the topic may still hold" in text
    assert "say so: pipeline deploy expire users@1 --env production" in text
    assert site.expire("users@1") == (
        "production: version 1 of users is gone; versions that its topic may still hold: 3\n"
    )
    assert "users@1" not in site.ask("billing", "users@2")[1]
    with pytest.raises(BadQuestion, match=r"version 1 of users is not recorded in production; .* there: 3"):
        site.expire("users@1")


def test_the_applications_own_old_instances_count_while_they_run(site: Site) -> None:
    site.record("pipe", "users@2", writes=("users@2",))
    assert site.ask("pipe", "users@3", writes=("users@1",))[0] == 1
    site.record("pipe", "users@3", done=True)
    assert site.ask("pipe", writes=("users@1",))[0] == 0


def test_a_release_must_read_what_it_writes_itself(site: Site) -> None:
    code, text = site.ask("pipe", "users@2", writes=("users@1",))
    assert (code, "which pipe writes" in text) == (1, True)
    assert site.ask("pipe", "users@2", writes=("users@1",), env=None)[0] == 1


def test_environments_do_not_know_each_other(site: Site) -> None:
    site.record("api", writes=("users@1",), env="staging")
    site.record("api", writes=("users@2",))
    assert site.ask("billing", "users@2")[0] == 0
    code, text = site.ask("billing", "users@2", env=None)
    assert (code, text.splitlines()[-1]) == (1, "no: production, staging")


def test_where_nothing_is_recorded_everything_may_run_and_that_is_said(site: Site) -> None:
    assert site.ask("billing", "users@2") == (0, "note: nothing is recorded of production\nyes: production\n")
    assert site.ask(None, env=None) == (0, "note: nothing is recorded of any environment\nyes: any environment\n")


def test_what_is_true_is_recorded_with_a_warning_and_judged_without_a_question(site: Site) -> None:
    site.record("api", writes=("users@1",))
    assert "\nwarning: production: billing reads version 2 of users, which cannot" in site.record("billing", "users@2")
    code, text = site.ask(None)
    assert (code, text.splitlines()[-1]) == (1, "no: production")
    assert site.ask("other", "users@3")[0] == 0, "it has nothing to do with what is broken already"


def test_asking_and_recording_can_be_one_step(site: Site) -> None:
    site.record("api", writes=("users@1",), if_safe=True)
    with pytest.raises(NotSafe, match="nothing was recorded: production: billing reads version 2") as caught:
        site.record("billing", "users@2", if_safe=True)
    assert caught.value.exit_code == 1
    assert [one.app for one in store_of(site.root).load().running] == ["api"]


def test_of_two_that_exclude_each_other_one_is_refused_however_they_race(site: Site) -> None:
    for _ in range(10):
        store_of(site.root).path.unlink(missing_ok=True)
        outcomes: list[str] = []

        def attempt(app: str, reads: tuple[str, ...], writes: tuple[str, ...], outcomes: list[str] = outcomes) -> None:
            try:
                site.record(app, *reads, writes=writes, if_safe=True)
            except NotSafe:
                outcomes.append("refused")
            else:
                outcomes.append("recorded")

        threads = [
            threading.Thread(target=attempt, args=("reader", ("users@2",), ())),
            threading.Thread(target=attempt, args=("writer", (), ("users@1",))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["recorded", "refused"]


def test_the_answer_as_json(site: Site) -> None:
    site.record("api", writes=("users@1",))
    out = io.StringIO()
    assert run_check(site.root, store_of(site.root), Release("billing", ("users@2",)), PROD, "json", out) == 1
    answer: dict[str, Any] = json.loads(out.getvalue())
    (reason,) = answer.pop("reasons")
    assert answer == {"status": "no", "environments": ["production"], "notes": []}
    assert reason.pop("incompatibility")["type"] == "READER_FIELD_MISSING_DEFAULT_VALUE"
    assert reason.pop("message").startswith("production: billing reads version 2 of users")
    assert reason == {
        "environment": "production",
        "contract": "users",
        "reader": "billing",
        "reader_version": 2,
        "writer": "api",
        "writer_version": 1,
        "hint": "let billing read version 3, which reads all that is there",
    }


@pytest.mark.parametrize("spec", ["users", "users@", "users@0", "users@two", "@1", "us ers@1", "users@1@2"])
def test_a_version_is_written_in_one_way(spec: str) -> None:
    with pytest.raises(BadQuestion, match="write it as user_action@3"):
        parse_spec(spec)


def test_the_v_of_the_file_may_stand_before_the_number() -> None:
    assert parse_spec("user_action@v3") == ("user_action", 3)


def test_what_the_project_does_not_have_is_not_recorded(site: Site) -> None:
    with pytest.raises(UnknownVersion, match="there is no contract 'people' in this project; there are users"):
        site.record("billing", "people@1")
    with pytest.raises(UnknownVersion, match="users has no version 4 in this project, whose versions are 1 to 3"):
        site.ask("billing", "users@4")
    with pytest.raises(UnknownVersion, match="users has no version 4"):
        site.ask("billing", "users@4", env=None)


def test_what_was_recorded_elsewhere_of_an_unknown_version_cannot_be_judged(site: Site) -> None:
    (site.root / "deployments.toml").write_text("[production.users.writers]\napi = [4]\n")
    with pytest.raises(UnknownVersion, match="what is recorded cannot be judged: users has no version 4"):
        site.ask("billing", "users@3")
    site.record("api", "users@4", writes=("users@4",), remove=True)
    site.expire("users@4")
    assert site.ask("billing", "users@3")[0] == 0


def test_half_a_question_is_a_sentence(site: Site) -> None:
    with pytest.raises(BadQuestion, match="say what it reads or writes"):
        site.record("billing")
    with pytest.raises(BadQuestion, match="say what billing would read or write"):
        site.ask("billing")
    with pytest.raises(BadQuestion, match="--remove goes with neither"):
        site.record("billing", "users@1", remove=True, done=True)
    with pytest.raises(BadQuestion, match="'bil ling' is no name of an application"):
        site.record("bil ling", "users@1")
    with pytest.raises(BadQuestion, match="'' is no name of an environment"):
        site.record("billing", "users@1", env="")


def test_contracts_that_cannot_be_read_are_a_sentence(site: Site) -> None:
    site.write(4, "oops")
    with pytest.raises(UserError, match=r"the contracts cannot be read: .*v4\.avsc:1:1"):
        site.ask("billing", "users@1")


def test_the_commands_themselves(tmp_path: Path) -> None:
    file = str(tmp_path / "own.toml")

    def deploy(*arguments: str) -> tuple[int, str, str]:
        command = [sys.executable, "-P", "-m", "tools.cli", "deploy", *arguments, "--file", file]
        done = subprocess.run(command, cwd=this_code(), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert deploy("record", "api", "--writes", "user_action@2", "--env", PROD)[0] == 0
    assert deploy("check", "old", "--reads", "user_action@1", "--env", PROD)[0] == 1
    assert deploy("record", "old", "--reads", "user_action@1", "--env", PROD, "--if-safe")[0] == 1
    code, out, error = deploy("check", "--reads", "user_action@1")
    assert (code, out, error) == (
        2,
        "",
        "error: say whose versions these are: pipeline deploy check APP --reads CONTRACT@N\n",
    )
    assert deploy("record", "api", "--remove", "--env", PROD)[0] == 0
    assert deploy("expire", "user_action@2", "--env", PROD)[0] == 0
    assert deploy("check") == (0, "note: nothing is recorded of any environment\nyes: any environment\n", "")
