"""Large and hostile schemas: the work is bounded, and a quick answer is the exact one."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest

from codegen.contract import Contract, ContractVersion, read_contracts
from codegen.reading.json_source import read_json_source
from codegen.resolution import resolve
from codegen.schema import parse_schema
from tests.tools.compatibility.near_misses import change, near_miss
from tests.tools.compatibility.projects import Project, user
from tools.compatibility import check, pairs
from tools.compatibility.history import run_history
from tools.compatibility.sure_pairs import SurePairs


def version(number: int, schema: Any) -> ContractVersion:
    return ContractVersion(number, Path(), "", read_json_source('""'), parse_schema(schema))


def wide(number: int, width: int = 60) -> dict[str, Any]:
    """A record of which every version has one field more, with types of every plain kind."""
    kinds: list[Any] = ["string", "long", ["null", "string"], {"type": "array", "items": "string"}]
    old = [{"name": f"f{index}", "type": kinds[index % len(kinds)]} for index in range(width)]
    new = [{"name": f"g{index}", "type": ["null", "int"], "default": None} for index in range(1, number)]
    return {"type": "record", "name": "Wide", "fields": [*old, *new]}


def test_a_long_history_asks_the_resolver_for_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What versions have in common is compared as sets: 40 versions at FULL_TRANSITIVE are 1,600 pairs."""
    for number in range(1, 41):
        project.write(number, wide(number))
    asked: list[object] = []
    monkeypatch.setattr(pairs, "resolve", lambda *pair: asked.append(pair) or [])
    assert project.check(level="FULL_TRANSITIVE")[0] == 0
    assert asked == []


def test_a_quick_yes_is_never_wrong() -> None:
    """On near misses, wherever the quick way says yes the resolver finds nothing; and it says yes often enough."""
    quick = 0
    for seed in range(300):
        chance = random.Random(seed)
        one, other = near_miss(seed)
        reader = {"type": "record", "name": "R", "fields": [{"name": "x", "type": one}, {"name": "y", "type": "int"}]}
        writer = {"type": "record", "name": "R", "fields": [{"name": "x", "type": other}, {"name": "y", "type": "int"}]}
        schemas: list[Any] = [reader, writer, change(reader, chance)]
        try:
            versions = [version(number, schema) for number, schema in enumerate(schemas, start=1)]
        except ValueError:
            continue
        sure = SurePairs([made for made in versions if type(made.schema.root).__name__ == "Record"])
        for read in versions:
            for written in versions:
                if sure.resolves(read.number, written.number):
                    quick += 1
                    assert resolve(read.schema.root, written.schema.root) == []
    assert quick > 300


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        (
            [{"name": "a", "type": "int", "aliases": ["b"]}],
            [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}],
        ),
        ([{"name": "a", "type": "int"}], [{"name": "b", "type": "int"}]),
        ([{"name": "a", "type": "int"}], [{"name": "a", "type": "long"}]),
        ([{"name": "a", "type": ["null", "int"]}], []),
    ],
)
def test_a_quick_answer_leaves_what_is_doubtful(reader: list[Any], writer: list[Any]) -> None:
    versions = [
        version(number, {"type": "record", "name": "R", "fields": fields})
        for number, fields in enumerate((reader, writer), start=1)
    ]
    assert not SurePairs(versions).resolves(1, 2)


def test_unions_of_ten_thousand_branches() -> None:
    def union(first: int) -> list[Any]:
        return [{"type": "fixed", "name": f"F{index}", "size": 1} for index in range(first, first + 10_000)]

    assert check(union(0), union(0)) == []
    found = check(union(0), union(10))
    assert len(found) == 10
    assert {finding.type for finding in found} == {"MISSING_UNION_BRANCH"}


def ring(size: int, kind: str) -> dict[str, Any]:
    """Records that each lead to the next, and the last to the first."""
    links: list[dict[str, Any]] = []
    for index in range(size):
        fields: list[dict[str, Any]] = [{"name": "value", "type": kind}]
        if index:
            fields.append({"name": "next", "type": ["null", f"L{index - 1}", "Root"]})
        links.append({"name": f"f{index}", "type": {"type": "record", "name": f"L{index}", "fields": fields}})
    return {"type": "record", "name": "Root", "fields": links}


def test_a_deep_ring_of_records_ends() -> None:
    assert check(ring(400, "long"), ring(400, "int")) == []
    assert check(ring(400, "int"), ring(400, "long"))


def test_a_report_of_a_deep_ring_is_written(project: Project) -> None:
    project.write(1, ring(60, "long"))
    project.write(2, ring(60, "int"))
    code, text = project.check()
    assert code == 1
    assert text.endswith(" findings\n")


def test_a_history_of_many_versions_is_shown(project: Project) -> None:
    for number in range(1, 31):
        project.write(number, wide(number, 5))
    out = io.StringIO()
    assert run_history(project.root, "users", "text", out) == 0
    assert out.getvalue().count("yes") == 900


def contracts(project: Project) -> list[Contract]:
    return read_contracts(project.root / "schemas")


def test_positions_are_not_looked_for_where_nothing_is_found(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading places costs more than reading values, and is only for findings."""
    project.write(1, user())
    monkeypatch.setattr("codegen.reading.json_source._Reader", None)
    assert contracts(project)[0].latest.json == user()
