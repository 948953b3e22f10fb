"""What codegen cannot make is refused by name, with exit 2 and nothing written, wherever it stands."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from codegen.contract import read_contracts
from codegen.generate import UnsupportedContract, refuse_unsupported
from codegen.supported import MAX_DEPTH
from tests.codegen.sample_contracts import Project, contract_of, model_of, record
from tests.codegen.unsupported_strategies import UNSUPPORTED, unsupported_schemas


def refusals(schema: dict[str, Any]) -> list[tuple[str, str]]:
    """Pointer and reason of every refusal."""
    with pytest.raises(UnsupportedContract) as caught:
        refuse_unsupported([contract_of(schema)])
    return [(fault.pointer, fault.reason) for fault in caught.value.faults]


@given(unsupported_schemas())
def test_an_unsupported_type_is_refused_by_name_anywhere(case: tuple[str, dict[str, Any]]) -> None:
    reason, schema = case
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        project.add("sample", schema)
        assert project.run() == 2
        assert reason in project.err
        assert not project.models.exists()


@pytest.mark.parametrize("reason", sorted(UNSUPPORTED))
def test_every_unsupported_type_is_refused_as_a_field(reason: str) -> None:
    assert refusals(record({"name": "it", "type": UNSUPPORTED[reason]})) == [("/fields/0/type", reason)]


@pytest.mark.parametrize(
    ("avro_type", "default", "why"),
    [
        ({"type": "long", "logicalType": "timestamp-millis"}, 2**60, "9999"),
        ({"type": "long", "logicalType": "timestamp-micros"}, -(2**62), "0001"),
        ({"type": "long", "logicalType": "local-timestamp-micros"}, 2**62, "9999"),
        ({"type": "int", "logicalType": "date"}, 2**31 - 1, "9999"),
        ({"type": "int", "logicalType": "date"}, -(2**31), "0001"),
        ({"type": "int", "logicalType": "time-millis"}, 86_400_000, "no such time"),
        ({"type": "long", "logicalType": "time-micros"}, -1, "no such time"),
        ({"type": "string", "logicalType": "uuid"}, "nobody", "36 characters"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 1}, "\u0001\u0000", "more than 2 digits"),
        ({"type": "bytes", "logicalType": "big-decimal"}, "", "ends too early"),
        ({"type": "bytes", "logicalType": "big-decimal"}, "\u0002\u0001\u0000\u0000", "bytes behind"),
        ({"type": "array", "items": {"type": "string", "logicalType": "uuid"}}, [""], "36 characters"),
        (
            {"type": "fixed", "name": "Sum", "size": 2, "logicalType": "decimal", "precision": 2},
            "\u007f\u0000",
            "more than 2 digits",
        ),
    ],
)
def test_a_default_that_no_value_can_be_is_refused(avro_type: Any, default: Any, why: str) -> None:
    ((pointer, reason),) = refusals(record({"name": "it", "type": avro_type, "default": default}))
    assert pointer == "/fields/0/default"
    assert why in reason


def test_all_versions_of_all_contracts_are_refused_at_once(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.add("one", record({"name": "a", "type": "int"}), record({"name": "a", "type": []}))
    project.add("two", record({"name": "b", "type": {"type": "array", "items": []}}))
    with pytest.raises(UnsupportedContract) as caught:
        refuse_unsupported(read_contracts(project.schemas))
    assert [(fault.path.parent.name, fault.path.name) for fault in caught.value.faults] == [
        ("one", "v2.avsc"),
        ("two", "v1.avsc"),
    ]


def nested(levels: int, wrap: Any) -> Any:
    schema: Any = "int"
    for _ in range(levels):
        schema = wrap(schema)
    return schema


@pytest.mark.parametrize(
    ("wrap", "levels"),
    [
        (lambda inner: {"type": "array", "items": inner}, 1),
        (lambda inner: {"type": "map", "values": inner}, 1),
        (lambda inner: {"type": "array", "items": ["null", inner]}, 2),
        (lambda inner: {"type": "map", "values": ["null", "string", inner]}, 2),
    ],
)
def test_nesting_is_made_as_deep_as_python_takes_it_and_refused_beyond(wrap: Any, levels: int) -> None:
    made = model_of(record({"name": "it", "type": nested(MAX_DEPTH // levels, wrap)}))
    one = made.fake()
    assert made.deserialize(one.serialize()) == one
    assert made.model_validate_json(one.model_dump_json()) == one
    ((pointer, reason),) = refusals(record({"name": "it", "type": nested(MAX_DEPTH // levels + 1, wrap)}))
    assert pointer == "/fields/0/type"
    assert "inside each other" in reason


def test_a_long_chain_of_records_is_made() -> None:
    inner: Any = {"type": "record", "name": "R0", "fields": [{"name": "it", "type": "int"}]}
    for number in range(1, 30):
        inner = {"type": "record", "name": f"R{number}", "fields": [{"name": "it", "type": inner}]}
    assert model_of(inner).__name__ == "R29"
