"""docs/rules.md has every rule, each once, with the severity that it has in the code."""

from __future__ import annotations

import re
from pathlib import Path

from tools.compatibility import IncompatibilityType
from tools.compatibility.findings import Rule
from tools.compatibility.rules import DEFAULT_SEVERITIES, LintRule, MeaningRule

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([A-Z_]+)` \| (\w+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
FIXED = {
    rule.value: "warning" if rule is Rule.UNUSED_WAIVER else "error"
    for rule in (*Rule, *IncompatibilityType)
    if rule is not Rule.DOUBTFUL_SCHEMA
}


def test_the_page_has_every_rule_with_its_default() -> None:
    said = [(rule, severity) for rule, severity, _, _ in ROWS]
    expected = [(rule, severity.value) for rule, severity in DEFAULT_SEVERITIES.items()]
    assert sorted(said) == sorted([*expected, *FIXED.items()])


def test_the_rules_stand_below_the_command_that_tells_them() -> None:
    meaning, lint = PAGE.index("## Meaning"), PAGE.index("## Style")
    fixed = PAGE.index("## What cannot be rated")
    assert all(meaning < PAGE.index(f"\n| `{rule}` ") < lint for rule in MeaningRule)
    assert all(lint < PAGE.index(f"\n| `{rule}` ") < fixed for rule in LintRule)


def test_every_row_says_what_and_what_to_do() -> None:
    assert all(what.endswith(".") and advice.endswith(".") for _, _, what, advice in ROWS)
