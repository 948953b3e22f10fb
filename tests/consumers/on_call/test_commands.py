"""The commands for the person on call, on a broker of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.models import CONTRACTS
from tests.consumers.running import World, run, world

pytestmark = pytest.mark.integration


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def test_from_a_dead_letter_to_its_redrive(here: World) -> None:
    assert run(here, "dlq", "ls") == (0, "events.dlq is empty\n", "")
    unknown = 4711
    body = CONTRACTS["user_action"].model(2).fake().serialize()
    here.produce_actions(20)
    here.produce(b"\0" + unknown.to_bytes(4, "big") + body, b"no frame", partition=1)
    with here.running("standard") as process:
        process.wait_seen(22)
        process.stop()
    code, text, _ = run(here, "dlq", "ls", "--format", "json")
    causes = json.loads(text)["causes"]
    assert (code, {cause["facts"]["stage"] for cause in causes}) == (0, {"frame", "schema"})
    (place,) = (cause["example"] for cause in causes if cause["facts"]["stage"] == "frame")
    assert "nothing of which can be read" in run(here, "dlq", "show", place)[1]
    audit_file = here.folder / "audit.jsonl"
    redrive = ("dlq", "redrive", "--audit-file", str(audit_file))
    assert "add --run --why '…' to send 0" in run(here, *redrive)[1]
    assert run(here, *redrive, "--run")[0] == 2  # without a reason
    assert not audit_file.exists()


def test_what_can_be_read_today_is_sent_once(here: World) -> None:
    good = b"\0" + here.ids["user_action", 1].to_bytes(4, "big") + CONTRACTS["user_action"].model(1).fake().serialize()
    story = {"topic": "events", "partition": 0, "offset": 7, "stage": "handle", "group": "user_action-standard"}
    headers = [("own", b"1"), *((f"dlq.{name}", str(value).encode()) for name, value in story.items())]
    here.produce(good, headers=headers, topic="events.dlq")
    audit_file = here.folder / "audit.jsonl"
    redrive = ("dlq", "redrive", "--audit-file", str(audit_file), "--upgrade", "2", "--run", "--why", "mended")
    for but_for in ((), ("--run", "--why", "mended")):  # a plan promises nothing that cannot be done
        code, text, error = run(here, "dlq", "redrive", "--upgrade", "9", *but_for)
        assert (code, text, "has no version 9" in error) == (2, "", True)
    code, text, error = run(here, *redrive)
    assert (code, error, "redriven: 1" in text) == (0, "", True)
    (sent,) = here.read_all("events")
    assert sent.headers() == [("own", b"1"), ("redrive.from", b"events[0]@7")]
    assert int.from_bytes(sent.value()[1:5], "big") == here.ids["user_action", 2]
    assert "redriven before" in run(here, *redrive)[1]
    assert len(here.read_all("events")) == 1
    (line,) = map(json.loads, audit_file.read_text().splitlines())
    assert (line["why"], line["record"]) == ("mended", "events[0]@7")


def test_tail_and_lag(here: World) -> None:
    here.produce_actions(30)
    code, text, _ = run(
        here, "tail", "--from-beginning", "--count", "4", "--format", "json", "--where", 'action == "search"'
    )
    lines = [json.loads(line) for line in text.splitlines()]
    assert (code, {line["record"]["action"] for line in lines}, len(lines)) == (0, {"search"}, 4)
    assert {line["record"]["user_id"] for line in lines} == {"***"}
    code, text, _ = run(here, "lag", "--interval", "0", "--group", "nobody", "--format", "json")
    assert (code, sum(json.loads(line)["lag"] for line in text.splitlines())) == (0, 30)


@pytest.mark.parametrize(
    "command", [("dlq", "ls"), ("dlq", "redrive"), ("tail",), ("lag",), ("replay", "--into", "new")]
)
def test_without_a_broker_each_says_so_in_a_sentence(here: World, command: tuple[str, ...]) -> None:
    code, text, error = run(here, *command, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert (code, text) == (2, "")
    assert error.startswith("error: could not find out: no Kafka broker answered")


def test_a_replay_counts_as_the_consumer_did_and_says_where_it_did_not(here: World) -> None:
    here.produce_actions(60)
    with here.running("counts") as process:
        process.wait_seen(60)
        process.stop()
    code, text, error = run(here, "replay", "--into", "shadow", "--json")
    told = json.loads(text)
    assert (code, error, told["read"], told["differences"]) == (0, "", 60, [])
    assert told["totals"]["live"] == told["totals"]["shadow"] == here.expected()
    assert run(here, "replay", "--into", "shadow")[2].startswith(
        "error: the group shadow has offsets in events already"
    )
    here.produce_actions(3)  # by the group's own offsets the live consumer is not so far
    code, text, _ = run(here, "replay", "--into", "shadow", "--again", "--json")
    told = json.loads(text)
    assert (code, told["read"], sum(told["totals"]["shadow"].values())) == (0, 63, 63)
    assert {each["verdict"] for each in told["differences"]} == {"the live consumer is not so far"}
    code, text, _ = run(here, "lag", "--interval", "0", "--group", "shadow", "--format", "json")
    assert sum(json.loads(line)["lag"] for line in text.splitlines()) == 0
    with here.running("standard") as process:
        process.wait_seen(63)
        used = run(here, "replay", "--into", "user_action-standard", "--again")
        assert used[0] == 2
        assert used[2].startswith("error: the group user_action-standard is in use")
        process.stop()
