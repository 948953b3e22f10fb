"""Whatever is made illegal in a legal schema is refused at its place, before anything is generated."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from codegen.reading.json_source import read_json_source
from codegen.schema import InvalidSchema, parse_schema
from tests.codegen.illegal_strategies import CHANGES, illegal_schemas
from tests.codegen.sample_contracts import Project, record


@given(illegal_schemas())
def test_a_schema_that_was_made_illegal_is_refused_at_that_place(case: tuple[dict[str, Any], str, str]) -> None:
    schema, pointer, reason = case
    with pytest.raises(InvalidSchema) as caught:
        parse_schema(schema)
    assert [fault for fault in caught.value.faults if fault.pointer == pointer and reason in fault.reason]
    assert all(fault.hint for fault in caught.value.faults)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_codegen_shows_the_line_and_writes_nothing(name: str) -> None:
    schema = record({"name": "first", "type": "int"})
    inside, reason = CHANGES[name](schema)
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        path = project.add("sample", schema) / "v1.avsc"
        assert project.run() == 2
        position = read_json_source(json.dumps(schema, indent=2, ensure_ascii=False) + "\n").position(inside)
        assert f"{path}:{position.line}:{position.column}: " in project.err
        assert reason in project.err
        assert not project.models.exists()


def test_the_faults_of_all_places_are_told_together() -> None:
    """As many as were made, each once."""
    schema = record()
    made = {CHANGES[name](schema)[0] for name in ("hyphenated field", "no type", "duplicate field", "int out of range")}
    with pytest.raises(InvalidSchema) as caught:
        parse_schema(schema)
    assert {fault.pointer for fault in caught.value.faults} == made
