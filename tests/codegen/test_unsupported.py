"""What codegen does not make is refused by name, with exit 2 and nothing written, wherever it stands."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from codegen.contract import read_contracts
from codegen.generate import UnsupportedContract, refuse_unsupported
from tests.codegen.sample_contracts import Project, contract_of, model_of, record
from tests.codegen.unsupported_strategies import UNSUPPORTED, unsupported_schemas

WORDS = {
    "union of two": "[string, long]",
    "union of three": "[null, string, long]",
    "union of one": "[string]",
    "empty union": "([])",
    "itself": "Outer inside itself",
    "error": "error type (Raw)",
}


def refusals(schema: dict[str, Any]) -> list[tuple[str, str]]:
    """Pointer and reason of every refusal."""
    with pytest.raises(UnsupportedContract) as caught:
        refuse_unsupported([contract_of(schema)])
    return [(fault.pointer, fault.reason) for fault in caught.value.faults]


@given(unsupported_schemas())
def test_an_unsupported_type_is_refused_by_name_anywhere(case: tuple[str, dict[str, Any]]) -> None:
    name, schema = case
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        project.add("sample", schema)
        assert project.run() == 2
        assert WORDS.get(name, name) in project.err
        assert not project.models.exists()


def test_every_unsupported_type_is_refused_as_a_field() -> None:
    for name, avro_type in UNSUPPORTED.items():
        found = refusals(record({"name": "it", "type": avro_type}, name="Outer"))
        assert [reason for _, reason in found if WORDS.get(name, name) in reason], (name, found)


@pytest.mark.parametrize(
    "name", ["AvroModel", "Field", "None", "True", "print", "Exception", "Meta", "MODEL", "__Hidden"]
)
def test_a_type_name_that_would_break_the_module_is_refused(name: str) -> None:
    inner = {"type": "enum", "name": name, "symbols": ["a"]}
    assert ("/fields/0/type/name", name) in [
        (pointer, name) for pointer, reason in refusals(record({"name": "it", "type": inner})) if repr(name) in reason
    ]


def test_a_fixed_is_a_type_of_the_module_too() -> None:
    one = {"type": "fixed", "name": "Kind", "namespace": "a", "size": 1}
    two = {"type": "enum", "name": "Kind", "namespace": "b", "symbols": ["y"]}
    found = refusals(record({"name": "one", "type": one}, {"name": "two", "type": two}))
    assert [pointer for pointer, _ in found] == ["/fields/1/type/name"]
    hidden = refusals(record({"name": "one", "type": {"type": "fixed", "name": "Bytes", "size": 1}}))
    assert hidden[0][0] == "/fields/0/type/name"


def test_two_types_that_need_one_name_are_refused() -> None:
    one = {"type": "enum", "name": "Kind", "namespace": "a", "symbols": ["x"]}
    two = {"type": "enum", "name": "Kind", "namespace": "b", "symbols": ["y"]}
    found = refusals(record({"name": "one", "type": one}, {"name": "two", "type": two}))
    assert ("/fields/1/type/name", "two types that need the name 'Kind'") in found


def test_two_enums_whose_tables_need_one_name_are_refused() -> None:
    one = {"type": "enum", "name": "AB", "symbols": ["x"]}
    two = {"type": "enum", "name": "aB", "symbols": ["y"]}
    found = refusals(record({"name": "one", "type": one}, {"name": "two", "type": two}))
    assert found == [("/fields/1/type/name", "two types that need the name '_A_B'")]


@pytest.mark.parametrize(
    "fields",
    [
        [{"name": "page_url", "type": "string", "aliases": ["page"]}, {"name": "page", "type": "string"}],
        [{"name": "page", "type": "string"}, {"name": "page_url", "type": "string", "aliases": ["page"]}],
        [{"name": "a", "type": "string", "aliases": ["page"]}, {"name": "b", "type": "string", "aliases": ["page"]}],
    ],
)
def test_an_alias_that_means_two_fields_is_refused(fields: list[dict[str, Any]]) -> None:
    ((pointer, reason),) = refusals(record(*fields))
    assert pointer.endswith("/aliases")
    assert "'page'" in reason


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
    two = ["int", "string"]
    project.add("one", record({"name": "a", "type": "int"}), record({"name": "a", "type": two, "default": 0}))
    project.add("two", record({"name": "b", "type": ["int", "long"]}))
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
    "wrap",
    [
        lambda inner: {"type": "array", "items": inner},
        lambda inner: {"type": "map", "values": inner},
        lambda inner: {"type": "array", "items": ["null", inner]} if not isinstance(inner, list) else inner,
    ],
)
def test_nesting_is_made_as_deep_as_python_takes_it_and_refused_beyond(wrap: Any) -> None:
    made = model_of(record({"name": "it", "type": nested(4, wrap)}))
    assert made.deserialize(made.fake().serialize())
    ((_, reason),) = refusals(record({"name": "it", "type": nested(40, wrap)}))
    assert "inside each other" in reason


def test_a_long_chain_of_records_is_made() -> None:
    inner: Any = {"type": "record", "name": "R0", "fields": [{"name": "it", "type": "int"}]}
    for number in range(1, 30):
        inner = {"type": "record", "name": f"R{number}", "fields": [{"name": "it", "type": inner}]}
    assert model_of(inner).__name__ == "R29"


def test_an_enum_that_nothing_can_be_is_refused() -> None:
    ((pointer, reason),) = refusals(record({"name": "it", "type": {"type": "enum", "name": "Kind", "symbols": []}}))
    assert pointer == "/fields/0/type"
    assert "without symbols" in reason
