"""One folder of tests/breaking for each rule: the reader is `current.avsc`, the writer `previous.avsc`.

`UPDATE_EXPECTED=1 pytest tests/tools/compatibility` writes what is found now into the folders; read the diff before
you commit it. `why` is written by people.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from codegen.reading.json_source import read_json_source
from tools.compatibility import IncompatibilityType, check

BREAKING = Path(__file__).resolve().parents[2] / "breaking"
CASES = sorted(path.name for path in BREAKING.iterdir() if path.is_dir())


def read(case: str, name: str) -> Any:
    return json.loads((BREAKING / case / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_the_findings_are_exactly_the_expected_ones(case: str) -> None:
    found = [finding.as_json() for finding in check(read(case, "current.avsc"), read(case, "previous.avsc"))]
    expected = read(case, "expected.json")
    if os.environ.get("UPDATE_EXPECTED"):
        text = json.dumps({"why": expected["why"], "findings": found}, indent=2, ensure_ascii=False)
        (BREAKING / case / "expected.json").write_text(f"{text}\n", encoding="utf-8")
    else:
        assert found == expected["findings"]


@pytest.mark.parametrize("case", CASES)
def test_the_places_are_real(case: str) -> None:
    """Both pointers of every finding, and of its causes, stand in the text of their document."""
    reader = read_json_source((BREAKING / case / "current.avsc").read_text(encoding="utf-8"))
    writer = read_json_source((BREAKING / case / "previous.avsc").read_text(encoding="utf-8"))
    pending = check(reader.value, writer.value)
    while pending:
        finding = pending.pop()
        assert finding.reader_pointer in reader.positions
        assert finding.writer_pointer in writer.positions
        pending.extend(finding.causes)


@pytest.mark.parametrize("kind", list(IncompatibilityType))
def test_every_type_has_a_case(kind: IncompatibilityType) -> None:
    types = {finding["type"] for case in CASES for finding in read(case, "expected.json")["findings"]}
    assert kind in types
