import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from codegen.models.activity_count.v1 import ActivityCount
from codegen.models.user_action.v2 import Action, UserAction
from consumers.testing import Driver, crash_everywhere
from tests.consumers import greetings


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(greetings, "FILE", tmp_path / "greetings.db")
    return greetings.FILE


def login(number: int, user_id: str) -> UserAction:
    return UserAction(
        event_id=UUID(int=number),
        user_id=user_id,
        action=Action.LOGIN,
        page_url="/",
        occurred_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def greeted(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return sorted(row[0] for row in database.execute("SELECT user_id FROM greeted"))


def test_a_login_is_greeted(file: Path) -> None:
    driver = Driver(greetings.welcome)
    driver.send(login(1, "ann"))
    driver.run()
    assert greeted(file) == ["ann"]
    assert [made.action for made in driver.produced(ActivityCount)] == ["login"]


def test_a_mail_address_ends_in_the_dead_letter_topic() -> None:
    driver = Driver(greetings.welcome)
    driver.send(login(1, "ann@example.com"))
    driver.run()
    (letter,) = driver.dead_letters
    assert (letter.stage, letter.attempts, letter.facts["error_class"]) == ("handle", 1, "ValueError")


def test_wherever_the_process_dies_everybody_is_greeted(file: Path) -> None:
    def make() -> Driver:
        file.unlink(missing_ok=True)
        driver = Driver(greetings.welcome)
        driver.send(login(1, "ann"), login(2, "bob"))
        return driver

    for driver in crash_everywhere(make):
        assert greeted(file) == ["ann", "bob"]
        assert len({made.bucket for made in driver.produced(ActivityCount)}) == 2
