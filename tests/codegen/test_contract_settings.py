"""contract.toml: its defaults, its faults with their lines, and what several contracts may share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from codegen.contract import InvalidContract, read_contracts
from codegen.reading.contract_rules import RuleSetting, Waiver
from tests.codegen.sample_contracts import Project, record

SCHEMA = record(
    {"name": "user_id", "type": "string"}, {"name": "size", "type": "int"}, name="Parcel", namespace="org.x"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


WAIVER = """[[waivers]]
rule = "DEFAULT_CHANGED"
pointer = "/fields/0"
version = 1
reason = "nobody reads it"
who = "ann"
until = 2026-12-31
"""


def faults(project: Project) -> list[tuple[str, int, str, str]]:
    """File, line, reason and hint of every fault."""
    with pytest.raises(InvalidContract) as caught:
        read_contracts(project.schemas)
    return [(fault.path.name, fault.position.line, fault.reason, fault.hint) for fault in caught.value.faults]


def test_everything_has_a_default(project: Project) -> None:
    project.add("parcel", SCHEMA)
    (contract,) = read_contracts(project.schemas)
    assert (contract.subject, contract.topic, contract.path) == ("parcel-value", "parcel", "/parcel")
    assert (contract.key, contract.compatibility, contract.owner) == (None, "BACKWARD_TRANSITIVE", None)
    assert (contract.ingest, contract.writers, contract.readers) == (True, {}, {})


@pytest.mark.parametrize(
    ("toml", "subject"),
    [
        ('topic = "events"', "events-value"),
        ('topic = "events"\nsubject_strategy = "RecordName"', "org.x.Parcel"),
        ('topic = "events"\nsubject_strategy = "TopicRecordName"', "events-org.x.Parcel"),
        ('subject = "mine"\nsubject_strategy = "RecordName"', "mine"),
    ],
)
def test_the_subject_follows_the_strategy(project: Project, toml: str, subject: str) -> None:
    project.add("parcel", SCHEMA, toml=toml)
    assert read_contracts(project.schemas)[0].subject == subject


@pytest.mark.parametrize(
    ("toml", "line", "reason", "hint"),
    [
        ('owner = "me"\ntopik = "events"', 2, "unknown key 'topik'", "did you mean 'topic'?"),
        ('colour = "red"', 1, "unknown key 'colour'", "the keys are subject, "),
        ("topic = 5", 1, "'topic' is 5", "write a string"),
        ('ingest = "yes"', 1, "'ingest' is 'yes'", "write true or false"),
        ("writers = 1", 1, "'writers' is 1", "write a table"),
        ('compatibility = "BACKWARDS"', 1, "'compatibility' is 'BACKWARDS'", "choose one of BACKWARD, "),
        ('subject_strategy = "Topic"', 1, "'subject_strategy' is 'Topic'", "choose one of TopicName, "),
        ('topic = "a/b"', 1, "'a/b' is no name for a Kafka topic", "use up to 249"),
        ('topic = ".."', 1, "'..' is no name for a Kafka topic", "use up to 249"),
        ('path = "events"', 1, "'events' is no path for a route", 'write it as "/events"'),
        ('path = "/events/"', 1, "'/events/' is no path for a route", 'write it as "/events"'),
        ('path = "/health"', 1, "the path '/health' collides with the API's own route /health", "choose a path"),
        ('path = "/health/live"', 1, "the path '/health/live' collides with", "choose a path"),
        ('path = "/metrics"', 1, "the path '/metrics' collides with", "choose a path"),
        ('path = "/docs"', 1, "the path '/docs' collides with", "choose a path"),
        ('path = "/openapi.json"', 1, "the path '/openapi.json' collides with", "choose a path"),
        ("[writers]\nproducer_api = 2", 2, "writers.producer_api is pinned to 2", "the versions are 1"),
        ("[readers]\nfaust = true", 2, "readers.faust is pinned to True", "the versions are 1"),
        ('[readers]\nfaust = "1"', 2, "readers.faust is pinned to '1'", "the versions are 1"),
        ("[readers]\nfaust = 0", 2, "readers.faust is pinned to 0", "the versions are 1"),
        ('owner = "me"\ntopic = ', 2, "invalid value where the file ends", "correct the TOML"),
        ('owner = "me"\n[readers]\nx = [\n', 3, "invalid value where the file ends", "correct the TOML"),
        ("rules = 1", 1, "'rules' is 1", "write a table"),
        ('[rules]\nA = "off"\nB = "fatal"', 3, "rules.B is 'fatal'", "choose one of error, warning, off"),
        ('rules.B = "fatal"', 1, "rules.B is 'fatal'", "choose one of error, warning, off"),
        ("rules = {B = 1}", 1, "rules.B is 1", "choose one of error, warning, off"),
        ("waivers = 1", 1, "'waivers' is 1", "write an array of tables"),
        ("waivers = [1]", 1, "a waiver is 1", "write it as a table: [[waivers]]"),
        (f"{WAIVER}{WAIVER.replace('ann', ' ')}", 13, "'who' of a waiver is ' '", "say it: "),
        (WAIVER.replace("reason", "because"), 5, "a waiver has the unknown key 'because'", "the keys are rule, "),
        (WAIVER.replace("who", "whoo"), 6, "a waiver has the unknown key 'whoo'", "did you mean 'who'?"),
        (WAIVER.replace("version = 1", "version = 2"), 4, "a waiver names version 2", "the versions are 1"),
        (WAIVER.replace("version = 1", "version = true"), 4, "'version' of a waiver is True", "write the number"),
        (WAIVER.replace("2026-12-31", '"2026-12-31"'), 7, "'until' of a waiver is '2026-12-31'", "write a date"),
        (WAIVER.replace("2026-12-31", "2026-12-31T00:00:00Z"), 7, "'until' of a waiver is datetime", "write a date"),
        (WAIVER.replace('"/fields/0"', '"fields/0"'), 3, "'pointer' of a waiver is 'fields/0'", "write it as the"),
        (f'owner = "me"\n{WAIVER.replace("until", "#")}', 2, "a waiver lacks until", "all of rule, pointer, "),
    ],
)
def test_a_fault_has_its_line_and_a_hint(project: Project, toml: str, line: int, reason: str, hint: str) -> None:
    project.add("parcel", SCHEMA, toml=toml)
    (file, at, said, advice), *_ = faults(project)
    assert (file, at) == ("contract.toml", line)
    assert said.startswith(reason)
    assert advice.startswith(hint)


def test_rules_and_waivers_are_read_with_their_lines(project: Project) -> None:
    toml = f'owner = "me"\n{WAIVER}\n{WAIVER.replace("/fields/0", "")}[rules]\nDOC_MISSING = "off"\n'
    project.add("parcel", SCHEMA, toml=toml)
    (contract,) = read_contracts(project.schemas)
    assert contract.rules == {"DOC_MISSING": RuleSetting("off", 18)}
    assert contract.waivers == (
        Waiver("DEFAULT_CHANGED", "/fields/0", 1, "nobody reads it", "ann", date(2026, 12, 31), 2),
        Waiver("DEFAULT_CHANGED", "", 1, "nobody reads it", "ann", date(2026, 12, 31), 10),
    )


def test_a_contract_that_nobody_posts_to_may_have_any_path(project: Project) -> None:
    project.add("parcel", SCHEMA, toml='path = "/health"\ningest = false')
    assert read_contracts(project.schemas)[0].path == "/health"


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (record({"name": "size", "type": "int"}, name="Parcel"), "the key field 'user_id' is missing from v2.avsc"),
        (
            record({"name": "user_id", "type": ["null", "string"]}, name="Parcel"),
            "the key field 'user_id' is union in v2.avsc",
        ),
        (record({"name": "user_id", "type": "double"}, name="Parcel"), "the key field 'user_id' is double in v2.avsc"),
    ],
)
def test_the_key_must_be_in_every_version(project: Project, second: dict[str, Any], reason: str) -> None:
    project.add("parcel", SCHEMA, second, toml='key = "user_id"')
    ((file, _, said, _),) = faults(project)
    assert (file, said) == ("contract.toml", reason)


def test_two_contracts_cannot_have_one_subject(project: Project) -> None:
    project.add("one", SCHEMA, toml='topic = "events"')
    project.add("two", SCHEMA | {"name": "Other"}, toml='topic = "events"')
    (_, _, reason, hint), (_, _, second, _) = faults(project)
    assert reason == "the subject 'events-value' is also that of the contract two"
    assert second.endswith("contract one")
    assert "TopicRecordName" in hint


def test_two_contracts_may_share_a_topic_by_strategy(project: Project) -> None:
    toml = 'topic = "events"\nsubject_strategy = "TopicRecordName"'
    project.add("one", SCHEMA, toml=toml)
    project.add("two", SCHEMA | {"name": "Other"}, toml=toml)
    assert {contract.topic for contract in read_contracts(project.schemas)} == {"events"}


def test_two_contracts_cannot_have_one_path(project: Project) -> None:
    project.add("one", SCHEMA, toml='path = "/events"')
    project.add("two", SCHEMA, toml='path = "/events"')
    (_, _, reason, _), (_, _, second, _) = faults(project)
    assert reason == "the path '/events' is also that of the contract two"
    assert second.endswith("contract one")


def test_versions_have_no_gap(project: Project) -> None:
    folder = project.add("parcel", SCHEMA, SCHEMA, SCHEMA)
    (folder / "v2.avsc").unlink()
    ((file, _, reason, _),) = faults(project)
    assert (file, reason) == ("v3.avsc", "there is no v2.avsc before it")


@pytest.mark.parametrize("name", ["v01.avsc", "v0.avsc", "latest.avsc", "V1.avsc"])
def test_a_schema_file_of_another_name_is_refused(project: Project, name: str) -> None:
    folder = project.add("parcel", SCHEMA)
    (folder / name).write_text("{}")
    ((file, _, reason, _),) = faults(project)
    assert (file, reason) == (name, "a schema file is called v1.avsc, v2.avsc …")


@pytest.mark.parametrize("name", ["user-action", "class", "1st"])
def test_a_folder_that_is_no_python_name_is_refused(project: Project, name: str) -> None:
    project.add(name, SCHEMA)
    ((file, _, reason, _),) = faults(project)
    assert (file, reason) == (name, f"{name!r} is no Python name")


def test_a_contract_without_a_version_is_refused(project: Project) -> None:
    (project.schemas / "parcel").mkdir(parents=True)
    ((file, _, reason, _),) = faults(project)
    assert (file, reason) == ("parcel", "the contract has no version")
