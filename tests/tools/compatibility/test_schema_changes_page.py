"""Each row of docs/schema-changes.md is what the gate says of the change that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools.compatibility.kinds_of_change import CHANGES
from tools.compatibility import Level, check_level

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "schema-changes.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:]
    for line in re.findall(r"^\| (.+) \|$", PAGE, re.MULTILINE)
    if (cells := line.split(" | "))[0] != "change"
}


def answer(level: Level, change: str) -> str:
    """What the page must say."""
    before, after, _ = CHANGES[change]
    found = check_level(level, after, [(1, before)])
    if level is Level.FULL:
        return "breaks" if found else "holds"
    return ", ".join(dict.fromkeys(f"`{incompatibility.type}`" for _, incompatibility in found)) or "holds"


def test_the_page_and_the_cases_are_of_the_same_changes() -> None:
    assert len(ROWS) >= 30
    assert list(ROWS) == list(CHANGES)


@pytest.mark.parametrize("change", CHANGES)
def test_a_row_says_what_the_gate_says(change: str) -> None:
    levels = (Level.BACKWARD, Level.FORWARD, Level.FULL)
    assert ROWS[change][:3] == [answer(level, change) for level in levels]
    assert ROWS[change][3]


@pytest.mark.parametrize("change", CHANGES)
def test_the_safe_way_is_safe(change: str) -> None:
    """Where the change itself does not hold both ways, the page's way does, at the strictest level."""
    before, after, safe = CHANGES[change]
    if answer(Level.FULL, change) == "breaks":
        assert safe is not None
    assert check_level(Level.FULL_TRANSITIVE, after if safe is None else safe, [(1, before)]) == []


@pytest.mark.parametrize("change", CHANGES)
def test_the_change_is_a_change(change: str) -> None:
    before, after, _ = CHANGES[change]
    assert before != after
