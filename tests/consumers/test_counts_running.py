"""The counts consumer as a process: late events, its local copy, its answers, and its results in a database."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from consumers.decoding.frame import frame
from tests.consumers.fakes import user_action
from tests.consumers.running import World, world
from tools.ports import free_port

pytestmark = pytest.mark.integration


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def test_late_events_are_told_and_results_are_asked_for(here: World) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    schema_id, port = here.ids["user_action", 2], free_port()
    events = [now - timedelta(minutes=10), now - timedelta(minutes=1), now - timedelta(minutes=9), now]
    here.produce(*[frame(schema_id, user_action(2, "click", at).serialize()) for at in events], partition=1)
    options = {"grace_s": 120.0, "state_dir": here.folder / "state", "http_port": port, "instance": "one"}

    with here.running("counts", **options) as process:
        process.wait_for(lambda line: line.get("late") == 1, "one event was to be late")
        url = f"http://127.0.0.1:{port}/counts?key=click&window={now - timedelta(minutes=10):%Y-%m-%dT%H:%MZ}"
        told = json.load(urllib.request.urlopen(url, timeout=10))
        assert (told["count"], told["complete"], told["partitions"]) == (1, True, {"0": 0, "1": 1})
        assert process.stop()["aggregate"] == {"click": 3}
    (late,) = here.read_all("events.late")
    assert dict(late.headers())["late.reason"] == b"late"
    assert late.value() == frame(schema_id, user_action(2, "click", events[2]).serialize())

    with here.running("counts", **options) as process:
        process.wait_log("that the local copy of the counts had not")
        process.wait_for(lambda line: line.get("aggregate") == {"click": 3}, "the counts were to be there again")
        process.stop()

    with here.running("table", contract="activity_count") as process:
        process.wait_seen(3)
        process.stop()
    with closing(sqlite3.connect(here.folder / "rows.db")) as rows:
        (total,) = rows.execute("SELECT sum(count) FROM activity_count WHERE action = 'click'").fetchone()
    assert total == 3


def test_exactly_once_is_refused_where_aborted_records_are_shown(here: World) -> None:
    with here.running("counts", guarantee="exactly-once") as process:
        code, said = process.ended()
    assert code == 1, "the exception of the function; the command line makes 2 of it"
    assert "exactly-once needs transactions, and the embedded broker shows its readers what was aborted" in said
