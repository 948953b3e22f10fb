"""Contracts as tables of Flink SQL: word for word, type by type, and refused by name. No Flink is needed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings

from codegen.contract import Contract, read_contracts
from codegen.nodes import Record
from codegen.schema import parse_schema
from tests.codegen.schema_strategies import schemas
from tools.cli import pipeline
from tools.flink.job import JobOptions, counts_job
from tools.flink.sql_types import columns_of
from tools.flink.table import FlinkRefusal, Place, event_time_field, pinned_version, sink_table, source_table

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = Path(__file__).parent / "golden"
CONTRACTS = {contract.name: contract for contract in read_contracts(ROOT / "schemas")}
PLACE = Place("kafka:9092", "http://registry:8081", {"security.protocol": "SSL"})


def frozen(name: str, versions: int) -> Contract:
    """The contract as of its first versions, which never change."""
    contract = CONTRACTS[name]
    return contract._replace(versions=contract.versions[:versions], readers={}, writers={})


USER_ACTION, ACTIVITY_COUNT = frozen("user_action", 2), frozen("activity_count", 1)


def compare(name: str, text: str) -> None:
    path = GOLDEN / name
    if "UPDATE_GOLDEN" in os.environ:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def source(contract: Contract, number: int) -> str:
    version = pinned_version(contract, number)
    at = event_time_field(contract, version)
    return source_table(contract, version, PLACE, topic="t.clean", group="g", time_field=at, delay_s=90).ddl()


def contract_of(tmp_path: Path, *fields: dict[str, Any], **more: Any) -> Contract:
    folder = tmp_path / "schemas" / "thing"
    folder.mkdir(parents=True)
    schema = {"type": "record", "name": "Thing", "fields": list(fields), **more}
    (folder / "v1.avsc").write_text(json.dumps(schema), encoding="utf-8")
    (contract,) = read_contracts(tmp_path / "schemas")
    return contract


@pytest.mark.parametrize(
    ("contract", "number"), [(USER_ACTION, 1), (USER_ACTION, 2), (ACTIVITY_COUNT, 1)], ids=["v1", "v2", "counts"]
)
def test_a_contract_as_a_table_word_for_word(contract: Contract, number: int) -> None:
    compare(f"{contract.name}_v{number}.sql", source(contract, number) + "\n")


def test_the_counts_as_a_job_word_for_word() -> None:
    job = counts_job(USER_ACTION, ACTIVITY_COUNT, PLACE, JobOptions("file:///checkpoints"))
    compare("counts_job.sql", job.sql())


TYPES: list[tuple[Any, str]] = [
    ("boolean", "BOOLEAN NOT NULL"),
    ("int", "INT NOT NULL"),
    ("long", "BIGINT NOT NULL"),
    ("float", "FLOAT NOT NULL"),
    ("double", "DOUBLE NOT NULL"),
    ("bytes", "BYTES NOT NULL"),
    ("string", "STRING NOT NULL"),
    (["null", "string"], "STRING"),
    (["int", "null"], "INT"),
    (["int"], "INT NOT NULL"),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "STRING NOT NULL"),
    ({"type": "fixed", "name": "F", "size": 3}, "VARBINARY(3) NOT NULL"),
    ({"type": "array", "items": ["null", "int"]}, "ARRAY<INT> NOT NULL"),
    ({"type": "map", "values": "long"}, "MAP<STRING NOT NULL, BIGINT NOT NULL> NOT NULL"),
    (
        ["null", {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}],
        "ROW<`a` INT NOT NULL>",
    ),
    ({"type": "string", "logicalType": "uuid"}, "STRING NOT NULL"),
    ({"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}, "VARBINARY(16) NOT NULL"),
    ({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}, "VARBINARY(12) NOT NULL"),
    ({"type": "int", "logicalType": "date"}, "DATE NOT NULL"),
    ({"type": "int", "logicalType": "time-millis"}, "TIME(3) NOT NULL"),
    ({"type": "long", "logicalType": "timestamp-millis"}, "TIMESTAMP(3) NOT NULL"),
    ({"type": "long", "logicalType": "timestamp-nanos"}, "BIGINT NOT NULL"),
    ({"type": "long", "logicalType": "local-timestamp-millis"}, "BIGINT NOT NULL"),
    ({"type": "long", "logicalType": "local-timestamp-micros"}, "BIGINT NOT NULL"),
    ({"type": "long", "logicalType": "local-timestamp-nanos"}, "BIGINT NOT NULL"),
    ({"type": "bytes", "logicalType": "big-decimal"}, "BYTES NOT NULL"),
    ({"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 4}, "DECIMAL(38, 4) NOT NULL"),
    (
        {"type": "fixed", "name": "M", "size": 8, "logicalType": "decimal", "precision": 9, "scale": 2},
        "DECIMAL(9, 2) NOT NULL",
    ),
]


def columns(node: Any, *, written: bool = False) -> tuple[list[str], list[str]]:
    root = parse_schema({"type": "record", "name": "T", "fields": [{"name": "x", "type": node}]}).root
    assert isinstance(root, Record)
    found, refusals = columns_of(root, written=written)
    return [column.sql_type for column in found], [str(refusal) for refusal in refusals]


@pytest.mark.parametrize(("node", "sql_type"), TYPES, ids=lambda value: value if isinstance(value, str) else "")
def test_every_type_of_avro_has_its_column(node: Any, sql_type: str) -> None:
    assert columns(node) == ([sql_type], [])


EMPTY = {"type": "record", "name": "R", "fields": []}
SELF = {"type": "record", "name": "R", "fields": [{"name": "next", "type": ["null", "R"]}]}
REFUSED: list[tuple[Any, str]] = [
    ("null", "x: the type null alone"),
    (["null"], "x: a union of null"),
    ([], "x: a union of nothing"),
    (["null", "int", "string"], "x: a union of null, int, string"),
    ({"type": "array", "items": ["int", "string"]}, "x[]: a union of int, string"),
    ({"type": "map", "values": "null"}, "x{}: the type null alone"),
    ({"type": "long", "logicalType": "timestamp-micros"}, "x: a timestamp-micros; Flink takes its number for millisec"),
    ({"type": "long", "logicalType": "time-micros"}, "x: a time-micros; Flink fails on each of its values"),
    ({"type": "bytes", "logicalType": "decimal", "precision": 39}, "x: a decimal of 39 digits"),
    ({"type": "fixed", "name": "F", "size": 0}, "x: the fixed type F of no bytes"),
    (EMPTY, "x: the record R without fields"),
    (SELF, "x.next: the record R inside itself"),
]


@pytest.mark.parametrize(("node", "words"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_flink_cannot_have_is_refused_by_name(node: Any, words: str) -> None:
    (refusal,) = columns(node)[1]
    assert refusal.startswith(words)


def test_flink_reads_fixed_types_and_does_not_write_them() -> None:
    (refusal,) = columns({"type": "fixed", "name": "F", "size": 3}, written=True)[1]
    assert refusal == "x: the fixed type F; Flink reads fixed types only: write bytes"


def test_types_that_multiply_or_go_deep_are_refused_and_not_written_out() -> None:
    inner: Any = "int"
    for number in range(30):
        name = f"R{number}"
        fields = [{"name": "a", "type": inner}, *({"name": n, "type": f"R{number - 1}"} for n in "bc" if number)]
        inner = {"type": "record", "name": name, "fields": fields}
    assert any("more than 10000 types in one row" in refusal for refusal in columns(inner)[1])
    deep: Any = "int"
    for _ in range(150):
        deep = {"type": "array", "items": deep}
    assert "more than 100 levels of types" in columns(deep)[1][0]


@settings(max_examples=20)  # drawing a schema is what takes the time
@given(schemas())
@example({"type": "error", "name": "X", "fields": []})
def test_any_schema_becomes_a_table_or_is_refused_with_a_place(schema: dict[str, Any]) -> None:
    root = parse_schema(schema).root
    assert isinstance(root, Record)
    for written in (False, True):
        found, refusals = columns_of(root, written=written)
        assert ("?" in "".join(column.sql_type for column in found) or not root.fields) == bool(refusals)
        assert [column.name for column in found] == [field.name for field in root.fields]
        assert all(refusal.reason and refusal.hint for refusal in refusals)


MILLIS = {"type": "long", "logicalType": "timestamp-millis"}


def test_the_time_of_the_event_is_the_tagged_field_or_the_only_timestamp(tmp_path: Path) -> None:
    contract = contract_of(
        tmp_path, {"name": "sent", "type": MILLIS}, {"name": "happened", "type": MILLIS, "event-time": True}
    )
    assert event_time_field(contract, contract.latest) == "happened"
    assert event_time_field(contract, contract.latest, "sent") == "sent"
    with pytest.raises(FlinkRefusal, match="nope of version 1 of thing cannot be the time of the event"):
        event_time_field(contract, contract.latest, "nope")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([{"name": "a", "type": ["null", MILLIS]}], "version 1 of thing has no time of the event"),
        ([{"name": "a", "type": MILLIS}, {"name": "b", "type": MILLIS}], r"several fields .* \(a, b\)"),
        ([{"name": "a", "type": "long", "event-time": True}], "a of version 1 of thing cannot be the time"),
    ],
)
def test_a_time_of_the_event_that_is_not_clear_is_asked_for(
    tmp_path: Path, fields: list[dict[str, Any]], words: str
) -> None:
    contract = contract_of(tmp_path, *fields)
    with pytest.raises(FlinkRefusal, match=words):
        event_time_field(contract, contract.latest)


def test_names_of_the_source_give_way_to_the_contract(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, {"name": "at", "type": MILLIS}, {"name": "source_offset", "type": "int"})
    assert "`source_offset_` BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL" in source(contract, 1)


def test_quotes_in_a_schema_stay_inside_its_literal(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, {"name": "at", "type": MILLIS}, doc="it's; ' -- é")
    assert "it''s; '' -- \\u00e9" in source(contract, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count_field": "nope"}, "nope cannot be counted by: version 2 of user_action has no such field"),
        ({"count_field": "session_id"}, "is neither a string nor an enum that is always there"),
        ({"version": 9}, "user_action has no version 9; it has: 1, 2"),
    ],
)
def test_a_job_that_cannot_be_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(FlinkRefusal, match=words):
        counts_job(USER_ACTION, ACTIVITY_COUNT, PLACE, JobOptions("file:///c", **change))


def test_only_counts_are_written_and_windows_need_their_names() -> None:
    with pytest.raises(FlinkRefusal, match=r"no count that Flink can write; it lacks bucket.*; nobody says what goes"):
        counts_job(USER_ACTION, USER_ACTION, PLACE, JobOptions("file:///c"))
    with pytest.raises(FlinkRefusal, match="Flink calls columns of its own window_start"):
        counts_job(ACTIVITY_COUNT, ACTIVITY_COUNT, PLACE, JobOptions("file:///c"))


def test_every_refusal_of_a_table_is_told_at_once(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, {"name": "a", "type": "null"}, {"name": "b", "type": ["int", "string"]})
    with pytest.raises(FlinkRefusal) as refusal:
        sink_table(contract, contract.latest, PLACE, name="t", transactions="t")
    assert str(refusal.value).splitlines()[0] == "version 1 of thing cannot be written by Flink:"
    assert len(str(refusal.value).splitlines()) == 3


def test_the_commands_print_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, clean_environment: Path) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:1234")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SSL")
    run = ["--root", str(ROOT), "flink"]
    ddl = CliRunner().invoke(pipeline, [*run, "ddl", "user_action"])
    assert "'properties.bootstrap.servers' = 'kafka:1234'" in ddl.stdout
    assert "security.protocol of the environment are librdkafka's" in ddl.stderr
    words = ["--checkpoints", "file:///c", "--property", "security.protocol=SSL", "--set", "parallelism.default=8"]
    job = CliRunner().invoke(pipeline, [*run, "job", "user_action", *words])
    assert job.stderr == ""
    assert "'properties.security.protocol' = 'SSL'" in job.stdout
    assert "SET 'parallelism.default' = '8';" in job.stdout
    wrong = CliRunner().invoke(pipeline, [*run, "job", "user_action", "--checkpoints", "c", "--set", "a"])
    assert str(wrong.exception) == "--set 'a' has no '=': write it as key=value"
    unknown = CliRunner().invoke(pipeline, [*run, "ddl", "nope"])
    assert str(unknown.exception).startswith("there is no contract 'nope'; there are: activity_count, ")
