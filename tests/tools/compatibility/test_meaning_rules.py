"""One folder of tests/meaning for each rule: the reader is `current.avsc`, the writer `previous.avsc`.

`UPDATE_EXPECTED=1 pytest tests/tools/compatibility` writes what is found now into the folders; read the diff before
you commit it. `why` is written by people.
"""

from __future__ import annotations

import copy
import json
import os
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.reading.json_source import read_json_source
from tests.tools.compatibility.near_misses import near_miss
from tools.compatibility import MeaningFinding, MeaningRule, check, check_meaning

MEANING = Path(__file__).resolve().parents[2] / "meaning"
CASES = sorted(path.name for path in MEANING.iterdir() if path.is_dir())
TODAY = date(2026, 6, 1)


def read(case: str, name: str) -> Any:
    return json.loads((MEANING / case / name).read_text(encoding="utf-8"))


def found_in(case: str) -> list[MeaningFinding]:
    return check_meaning(read(case, "current.avsc"), read(case, "previous.avsc"), TODAY)


@pytest.mark.parametrize("case", CASES)
def test_the_findings_are_exactly_the_expected_ones(case: str) -> None:
    found = [finding.as_json() for finding in found_in(case)]
    expected = read(case, "expected.json")
    if os.environ.get("UPDATE_EXPECTED"):
        text = json.dumps({"why": expected["why"], "findings": found}, indent=2, ensure_ascii=False)
        (MEANING / case / "expected.json").write_text(f"{text}\n", encoding="utf-8")
    else:
        assert found == expected["findings"]


@pytest.mark.parametrize("rule", list(MeaningRule))
def test_every_rule_has_a_case_of_its_name(rule: MeaningRule) -> None:
    assert rule in {finding["rule"] for finding in read(rule.lower(), "expected.json")["findings"]}


@pytest.mark.parametrize("case", CASES)
def test_the_places_are_real(case: str) -> None:
    """Both pointers stand in the text of their document, or the attribute that is gone is missing from it."""
    for name, side in (("current.avsc", "reader_pointer"), ("previous.avsc", "writer_pointer")):
        positions = read_json_source((MEANING / case / name).read_text(encoding="utf-8")).positions
        for finding in found_in(case):
            pointer = getattr(finding, side)
            gone = pointer.removesuffix("/doc").removesuffix("/confluent:tags").removesuffix("/name")
            assert pointer in positions or gone in positions


@pytest.mark.parametrize("case", CASES)
def test_the_versions_resolve(case: str) -> None:
    """These findings stand where the structural verdict has nothing to say; a rename is told besides it."""
    structural = check(read(case, "current.avsc"), read(case, "previous.avsc"))
    assert not structural or case.startswith("probable_rename")


def plain(schema: Any) -> Any:
    return {"type": "record", "name": "R", "fields": [{"name": "x", "type": schema}]}


def record(*fields: dict[str, Any], **rest: Any) -> Any:
    return {"type": "record", "name": "R", "fields": list(fields), **rest}


X = {"name": "x", "type": "int"}
COLOUR = {"type": "enum", "name": "Colour", "symbols": ["RED", "BLUE"], "default": "RED"}
DEPRECATED = {"owner": "web", "since": "2026-01-01", "sunset": "2026-12-31"}
HARMLESS: dict[str, tuple[Any, Any]] = {
    "int to long": (plain("long"), plain("int")),
    "int to double: 53 bits hold every int": (plain("double"), plain("int")),
    "float to double": (plain("double"), plain("float")),
    "nullable": (plain(["null", "long"]), plain("long")),
    "a logical type that nobody knows stays": (
        plain({"type": "string", "logicalType": "url"}),
        plain({"type": "string", "logicalType": "url"}),
    ),
    "a known logical type that is ignored on both sides": (
        plain({"type": "string", "logicalType": "date"}),
        plain("string"),
    ),
    "a property besides the logical type": (
        plain({"type": "long", "logicalType": "timestamp-millis", "unit": "ms"}),
        plain({"type": "long", "logicalType": "timestamp-millis"}),
    ),
    "an implicit scale of 0": (
        plain({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 0}),
        plain({"type": "bytes", "logicalType": "decimal", "precision": 4}),
    ),
    "a symbol added": (plain({**COLOUR, "symbols": ["RED", "BLUE", "GREEN"]}), plain(COLOUR)),
    "symbols reordered": (plain({**COLOUR, "symbols": ["BLUE", "RED"]}), plain(COLOUR)),
    "a default added": (record({**X, "default": 1}), record(X)),
    "a default of the same number": (
        record({"name": "x", "type": "double", "default": 1.0}),
        record({"name": "x", "type": "int", "default": 1}),
    ),
    "a doc changed or added": (
        record({**X, "doc": "New."}, {**X, "name": "y", "doc": "Y."}, doc="R."),
        record({**X, "doc": "Old."}, {**X, "name": "y"}),
    ),
    "a tag added": (record({**X, "confluent:tags": ["PII"]}), record(X)),
    "a tag moved into the type": (
        record({"name": "x", "type": {"type": "int", "confluent:tags": ["PII"]}}),
        record({**X, "confluent:tags": ["PII"]}),
    ),
    "fields reordered where nobody sorts": (
        record({**X, "name": "y"}, X),
        record(X, {**X, "name": "y"}),
    ),
    "an ignored field moved": (
        record({**X, "name": "y", "order": "ignore"}, X),
        record(X, {**X, "name": "y", "order": "ignore"}),
    ),
    "renamed with an alias": (
        record({"name": "user_id", "type": "string", "aliases": ["user"]}),
        record({"name": "user", "type": "string"}),
    ),
    "one gone and quite another added": (
        record({"name": "colour", "type": "string", "default": ""}),
        record({"name": "weight", "type": "string"}),
    ),
    "a like name of a type that could not read it": (
        record({"name": "user_id", "type": "int", "default": 0}),
        record({"name": "user", "type": "string"}),
    ),
    "a field added": (record(X, {"name": "y", "type": "string", "default": ""}), record(X)),
    "no longer deprecated": (record({**X, "deprecated": False}), record(X)),
    "a deprecated field that the writer does not have": (
        record(X, {"name": "y", "type": "int", "default": 0, "deprecated": DEPRECATED}),
        record(X),
    ),
    "an enum of a union by its alias": (
        plain(["null", {**COLOUR, "namespace": "new", "aliases": ["old.Colour"]}]),
        plain({**COLOUR, "namespace": "old"}),
    ),
    "an exact branch before one that promotes": (plain(["int", "float"]), plain("int")),
    "a null default of bytes": (
        record(X, {"name": "y", "type": ["null", "bytes"], "default": None}),
        record(X),
    ),
    "null by null": ("null", "null"),
    "a namespace that moved": (record(X, namespace="b"), record(X, namespace="a")),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_similar_harmless_change_means_the_same(name: str) -> None:
    current, previous = HARMLESS[name]
    assert check_meaning(current, previous, TODAY) == []


LOGICAL = {
    "int": {"type": "int", "logicalType": "date"},
    "long": {"type": "long", "logicalType": "timestamp-micros"},
    "bytes": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
    "string": {"type": "string", "logicalType": "made-up", "confluent:tags": ["PII"]},
}


def decorated(schema: Any, chance: random.Random) -> Any:
    """The same schema with docs, tags, orders and logical types here and there."""
    if isinstance(schema, str):
        return copy.deepcopy(LOGICAL[schema]) if schema in LOGICAL and chance.random() < 0.5 else schema
    if isinstance(schema, list):
        return [decorated(branch, chance) for branch in schema]
    made = {key: decorated(schema[key], chance) for key in ("items", "values") if key in schema}
    if "fields" in schema:
        made["fields"] = [
            {
                **{key: value for key, value in field.items() if key != "default"},
                "type": decorated(field["type"], chance),
                "doc": "Said.",
                "order": chance.choice(["ascending", "descending", "ignore"]),
                "confluent:tags": ["PII"],
            }
            for field in schema["fields"]
        ]
    if "name" in schema:
        made |= {"doc": "Said.", "confluent:tags": ["SECRET"]}
    return {**schema, **made}


@given(st.integers(0, 2**32))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
def test_a_schema_means_the_same_to_itself(seed: int) -> None:
    schema = decorated(near_miss(seed)[0], random.Random(seed))
    assert check_meaning(schema, copy.deepcopy(schema), TODAY) == []


def test_recursion_ends_and_is_told_once() -> None:
    def tree(kind: str) -> Any:
        branches = ["null", "Tree"]
        return record({"name": "v", "type": kind}, {"name": "l", "type": branches}, {"name": "r", "type": branches}) | {
            "name": "Tree"
        }

    (finding,) = check_meaning(tree("double"), tree("long"), TODAY)
    assert (finding.rule, finding.pointer, finding.reader_path) == ("LOSSY_PROMOTION", "/fields/0/type", "v")


def test_the_cost_is_that_of_the_pairs_not_of_the_ways() -> None:
    """Thirty records, each of which uses the next one twice: a billion ways, sixty pairs."""

    def chain(leaf: str) -> Any:
        schema: Any = leaf
        for depth in range(30):
            second = f"R{depth - 1}" if depth else leaf
            fields = [{"name": "a", "type": schema}, {"name": "b", "type": second}]
            schema = {"type": "record", "name": f"R{depth}", "fields": fields}
        return schema

    assert len(check_meaning(chain("float"), chain("int"), TODAY)) == 2


def test_a_wide_union_is_looked_at_branch_by_branch() -> None:
    """A thousand enums whose namespace has moved: each finds its own by an index, not by a search."""

    def wide(namespace: str) -> list[Any]:
        return ["null", *({**COLOUR, "name": f"E{index}", "namespace": namespace} for index in range(1_000))]

    found = check_meaning(plain([*wide("new"), "int"]), plain(wide("old")), TODAY)
    assert {finding.rule for finding in found} == {"AVRO_JAVA_BRANCH_NAME"}
    assert len(found) == 1_000
    assert check_meaning(plain(wide("new")), plain(wide("old")), TODAY) == [], "Avro Java goes by position here"


def test_the_day_of_the_sunset_still_belongs_to_the_field() -> None:
    schema = record({**X, "deprecated": DEPRECATED})
    assert [finding.rule for finding in check_meaning(schema, schema, date(2026, 12, 31))] == ["DEPRECATED_FIELD_USED"]
    assert [finding.rule for finding in check_meaning(schema, schema, date(2027, 1, 1))] == [
        "DEPRECATED_FIELD_PAST_SUNSET"
    ]


@pytest.mark.parametrize(
    ("value", "reason", "hint"),
    [
        (True, '"deprecated" is no object', 'write {"owner"'),
        ({**DEPRECATED, "sunst": "2027-01-01"}, '"deprecated" has the unknown key "sunst"', 'did you mean "sunset"?'),
        ({**DEPRECATED, "colour": "red"}, '"deprecated" has the unknown key "colour"', "the keys are owner, "),
        ({"since": "1", "sunset": "2027-01-01"}, '"deprecated" has no "owner"', 'write {"owner"'),
        ({**DEPRECATED, "owner": 5}, '"owner" of "deprecated" is 5', "write it as a string"),
        ({**DEPRECATED, "owner": " "}, '"owner" of "deprecated" is \' \'', "write it as a string"),
        ({**DEPRECATED, "sunset": "soon"}, 'the "sunset" of "deprecated" is \'soon\', which is no date', "write it"),
    ],
)
def test_a_malformed_deprecation_is_told(value: Any, reason: str, hint: str) -> None:
    schema = record({**X, "deprecated": value})
    (finding,) = check_meaning(schema, schema, TODAY)
    assert finding.rule == "DEPRECATION_MALFORMED"
    assert finding.message.startswith(reason)
    assert finding.hint.startswith(hint)


def test_a_replacement_is_the_advice() -> None:
    schema = record({**X, "deprecated": {**DEPRECATED, "replacement": "y"}})
    assert [finding.hint for finding in check_meaning(schema, schema, TODAY)] == ["use y"]
    schema = record({**X, "deprecated": {**DEPRECATED, "replacement": None}})
    assert [finding.hint for finding in check_meaning(schema, schema, TODAY)] == ["ask web what to use instead"]


def test_no_alias_is_advised_that_avro_cannot_spell() -> None:
    """An alias without a dot lives in the namespace of its type."""
    (finding,) = check_meaning(plain(["null", {**COLOUR, "namespace": "new"}]), plain(COLOUR), TODAY)
    assert finding.rule == "AVRO_JAVA_BRANCH_NAME"
    assert finding.hint == "call it Colour again, without a namespace: no alias can name it"


def test_the_paths_name_both_sides() -> None:
    inner = {"type": "record", "name": "I", "fields": [{"name": "ids", "type": {"type": "array", "items": "double"}}]}
    old = {"type": "record", "name": "I", "fields": [{"name": "ids", "type": {"type": "array", "items": "long"}}]}
    current = record({"name": "new", "type": ["null", inner], "aliases": ["old"]})
    (finding,) = check_meaning(current, record({"name": "old", "type": ["null", old]}), TODAY)
    assert (finding.reader_path, finding.writer_path) == ("new.ids[]", "old.ids[]")
    assert finding.pointer == "/fields/0/type/1/fields/0/type/items"
    assert finding.reader_pointer == "/fields/0/type/1/fields/0/type/items"
