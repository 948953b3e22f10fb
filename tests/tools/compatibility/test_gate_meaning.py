"""`pipeline schema check` on what resolves and does not mean the same: which pairs, how rated, what is waived."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest

from tests.tools.compatibility.projects import Project, user
from tools.compatibility.gate import check_project, run_check

TODAY = date(2026, 6, 1)
MILLIS = {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}
MICROS = {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}}
ONE = {"name": "n", "type": "int", "default": 1}
TWO = {"name": "n", "type": "int", "default": 2}
WAIVER = """
[[waivers]]
rule = "TIME_UNIT_CHANGED"
pointer = "/fields/1/type"
version = 2
reason = "nobody has written it yet"
who = "ann"
until = 2026-12-31
"""


def found(project: Project, today: date = TODAY, **options: Any) -> list[tuple[str, bool, str]]:
    """Kind, whether it is a warning, and the file of each finding."""
    result = check_project(project.root, today=today, **options)
    return [(finding.kind, finding.is_warning, finding.place.path.name) for finding in result.findings]


def text(project: Project, today: date = TODAY) -> tuple[int, list[str]]:
    out = io.StringIO()
    return run_check(project.root, (), None, None, "text", out, today=today), out.getvalue().splitlines()


@pytest.fixture
def units(project: Project) -> Project:
    """The unit of a time has changed in version 2, and a default."""
    project.write(1, user(MILLIS, ONE))
    project.write(2, user(MICROS, TWO))
    return project


def test_what_changes_values_is_an_error_and_the_rest_warns(units: Project) -> None:
    assert found(units) == [
        ("DEFAULT_CHANGED", True, "v2.avsc"),
        ("TIME_UNIT_CHANGED", False, "v2.avsc"),
        ("FASTAVRO_LOGICAL_TYPE", True, "v2.avsc"),
    ]
    code, lines = text(units)
    assert code == 1
    at = lines.index("schemas/users/v2.avsc:11:7: error TIME_UNIT_CHANGED")
    assert lines[at + 1].startswith("  v2 reads v1 at at: timestamp-millis was written and is read as timestamp-micros")
    assert lines[-1] == "does not hold: 1 finding, 2 warnings"


def test_a_change_is_told_against_the_version_before_it(units: Project) -> None:
    units.write(3, user(MICROS, TWO, doc="The same."))
    assert {file for _, _, file in found(units)} == {"v2.avsc"}


def test_the_json_has_the_whole_finding(units: Project) -> None:
    finding = units.report()["findings"][0]
    assert (finding["rule"], finding["severity"], finding["pointer"]) == (
        "DEFAULT_CHANGED",
        "warning",
        "/fields/2/default",
    )
    assert finding["related"]["file"] == "schemas/users/v1.avsc"
    assert (finding["breaks"], finding["incompatibility"]) == (None, None)
    assert finding["meaning"]["reader_path"] == "n"


def test_a_contract_rates_the_rules_itself(units: Project) -> None:
    units.settings('[rules]\nDEFAULT_CHANGED = "error"\nTIME_UNIT_CHANGED = "warning"\nFASTAVRO_LOGICAL_TYPE = "off"\n')
    assert found(units) == [("DEFAULT_CHANGED", False, "v2.avsc"), ("TIME_UNIT_CHANGED", True, "v2.avsc")]


@pytest.mark.parametrize(
    ("toml", "line", "reason", "hint"),
    [
        ('[rules]\nDEFAULT_CHANGD = "off"', 2, "there is no rule 'DEFAULT_CHANGD'", "did you mean DEFAULT_CHANGED?"),
        ('[rules]\ndoc_missing = "off"', 2, "there is no rule 'doc_missing'", "did you mean DOC_MISSING?"),
        ('[rules]\nX = "off"', 2, "there is no rule 'X'", "docs/rules.md has all of them"),
        ('[rules]\nTYPE_MISMATCH = "off"', 2, "the rule 'TYPE_MISMATCH' cannot be rated", "waive the one finding"),
        ('[rules]\nINCOMPATIBLE = "off"', 2, "the rule 'INCOMPATIBLE' cannot be rated", "mend what it finds"),
        (WAIVER.replace("TIME_UNIT", "TIME_UNITS"), 2, "there is no rule 'TIME_UNITS_CHANGED'", "did you mean TIME_"),
        (WAIVER.replace("TIME_UNIT_CHANGED", "KEY_FIELD"), 2, "the rule 'KEY_FIELD' cannot be waived", "mend what"),
    ],
)
def test_an_unknown_rule_is_a_fault_of_the_file(units: Project, toml: str, line: int, reason: str, hint: str) -> None:
    units.settings(toml)
    (finding,) = check_project(units.root, today=TODAY).findings
    assert (finding.rule, finding.place.path.name, finding.place.position.line) == ("INVALID", "contract.toml", line)
    assert finding.message == reason
    assert finding.hint.startswith(hint)
    assert text(units)[0] == 2


def test_a_waiver_silences_exactly_that_finding(units: Project) -> None:
    units.settings(WAIVER)
    code, lines = text(units)
    assert code == 0
    assert lines[-1] == "holds: 1 contract checked, 2 warnings, 1 finding waived (ann 1)"
    assert [kind for kind, _, _ in found(units)] == ["DEFAULT_CHANGED", "FASTAVRO_LOGICAL_TYPE"]
    report = units.report()
    (waived,) = report["waived"]
    assert (waived["rule"], waived["pointer"], waived["who"]) == ("TIME_UNIT_CHANGED", "/fields/1/type", "ann")
    assert (waived["reason"], waived["until"]) == ("nobody has written it yet", "2026-12-31")


def test_a_waiver_ends_with_its_last_day(units: Project) -> None:
    units.settings(WAIVER)
    assert text(units, date(2026, 12, 31))[0] == 0
    code, lines = text(units, date(2027, 1, 1))
    assert code == 1
    said = "(the waiver of ann expired on 2026-12-31: nobody has written it yet)"
    assert sum(said in line for line in lines) == 1


@pytest.mark.parametrize(
    ("was", "is_now"),
    [("/fields/1/type", "/fields/2"), ("TIME_UNIT", "LOGICAL_TYPE"), ("version = 2", "version = 1")],
)
def test_an_unused_waiver_is_a_warning(units: Project, was: str, is_now: str) -> None:
    units.settings(WAIVER.replace(was, is_now))
    assert found(units)[-1] == ("UNUSED_WAIVER", True, "contract.toml")
    assert found(units)[1] == ("TIME_UNIT_CHANGED", False, "v2.avsc")


def test_a_waiver_that_the_next_command_uses_is_not_called_unused(units: Project) -> None:
    units.settings(WAIVER.replace("TIME_UNIT_CHANGED", "DOC_MISSING"))
    assert "UNUSED_WAIVER" not in {kind for kind, _, _ in found(units)}
    units.settings(WAIVER.replace("TIME_UNIT_CHANGED", "DEFAULT_CHANGED"))
    assert "UNUSED_WAIVER" not in {kind for kind, _, _ in found(units, level="NONE")}


def test_an_incompatibility_can_be_waived_and_nothing_else(project: Project) -> None:
    project.write(1, user())
    project.write(2, user({"name": "n", "type": "int"}))
    waiver = WAIVER.replace("TIME_UNIT_CHANGED", "READER_FIELD_MISSING_DEFAULT_VALUE")
    project.settings(waiver.replace("/fields/1/type", "/fields/1"))
    code, lines = text(project)
    assert (code, lines[-1]) == (0, "holds: 1 contract checked, 1 finding waived (ann 1)")
    project.commit()
    assert text(project)[0] == 0, "it is still there when both versions are published, and still waived"


def test_what_is_published_was_accepted_and_is_only_counted(units: Project) -> None:
    units.commit()
    assert text(units) == (0, ["holds: 1 contract checked, compared with git:HEAD, 3 findings accepted earlier"])
    assert units.report()["accepted"] == 3
    units.write(3, user(MILLIS, TWO))
    assert {file for _, _, file in found(units)} == {"v3.avsc"}


def test_a_waiver_of_a_published_version_is_no_nuisance(units: Project) -> None:
    units.settings(WAIVER)
    units.commit()
    assert found(units) == []
    units.settings(WAIVER.replace("/fields/1/type", "/fields/7"))
    assert found(units) == []


def test_pinned_applications_count_beyond_neighbours(project: Project) -> None:
    project.write(1, user(MILLIS))
    project.write(2, user(MICROS))
    project.write(3, user(MICROS, doc="The same."))
    project.settings("[writers]\napi = 1\n[readers]\nreport = 3\n")
    result = check_project(project.root, today=TODAY)
    units_changed = [finding for finding in result.findings if finding.kind == "TIME_UNIT_CHANGED"]
    assert [finding.pair for finding in units_changed] == [(2, 1), (3, 1)]
    assert units_changed[1].because == ("report reads v3 and api writes v1",)
    assert "  concerns: report reads v3 and api writes v1" in text(project)[1]


def test_a_pinned_pair_of_neighbours_is_told_once(units: Project) -> None:
    units.settings("[writers]\napi = 1\n[readers]\nreport = 2\n")
    assert [kind for kind, _, _ in found(units)].count("TIME_UNIT_CHANGED") == 1
    units.settings("[writers]\napi = 2\n[readers]\nreport = 1\n")
    assert [kind for kind, _, _ in found(units)].count("TIME_UNIT_CHANGED") == 1


def test_a_level_that_lets_the_old_read_the_new_is_looked_at_that_way(project: Project) -> None:
    project.write(1, user({"name": "n", "type": "double", "default": 0}))
    project.write(2, user({"name": "n", "type": "long", "default": 0}))
    project.settings('compatibility = "FORWARD"')
    assert found(project) == [("LOSSY_PROMOTION", True, "v2.avsc")]


def test_new_symbols_concern_only_who_is_pinned_to_the_old_ones(project: Project) -> None:
    def state(*symbols: str) -> dict[str, Any]:
        enum = {"type": "enum", "name": "State", "symbols": list(symbols), "default": symbols[0]}
        return user({"name": "state", "type": enum})

    project.write(1, state("UNKNOWN", "OPEN"))
    project.write(2, state("UNKNOWN", "OPEN", "CLOSED"))
    project.settings('compatibility = "FULL"')
    assert found(project) == []
    project.settings('compatibility = "FULL"\n[writers]\napi = 2\n[readers]\nreport = 1\n')
    assert found(project) == [("ENUM_SYMBOL_READ_AS_DEFAULT", True, "v2.avsc")]


def test_a_rename_that_does_not_resolve_is_told_by_that(project: Project) -> None:
    project.write(1, user({"name": "mail", "type": "string"}))
    project.write(2, user({"name": "email", "type": "string"}))
    assert [kind for kind, _, _ in found(project)] == ["READER_FIELD_MISSING_DEFAULT_VALUE"]
    project.write(2, user({"name": "email", "type": "string", "default": ""}))
    assert [kind for kind, _, _ in found(project)] == ["PROBABLE_RENAME"]


DEPRECATED = {"owner": "web", "since": "2026-01-01", "replacement": "email", "sunset": "2026-12-31"}


def old(**rest: Any) -> dict[str, Any]:
    return {"name": "mail", "type": "string", "default": "", **rest}


@pytest.fixture
def deprecated(project: Project) -> Project:
    """A field that version 2 deprecates, and version 3 does not have."""
    project.write(1, user(old()))
    project.write(2, user(old(deprecated=DEPRECATED)))
    project.write(3, user())
    return project


def test_a_deprecated_field_is_told_as_long_as_somebody_is_pinned_to_it(deprecated: Project) -> None:
    assert found(deprecated) == []
    deprecated.settings("[writers]\napi = 2\n[readers]\nreport = 1\nmailer = 3\n")
    deprecated.commit()
    (finding,) = check_project(deprecated.root, today=TODAY).findings
    assert (finding.kind, finding.is_warning) == ("DEPRECATED_FIELD_USED", True)
    assert (finding.place.path.name, finding.place.pointer) == ("v2.avsc", "/fields/1/deprecated")
    assert finding.because == ("report reads v1", "api writes v2")
    assert finding.hint == "use email, and move these applications to a version without it"
    deprecated.settings("[writers]\napi = 3\n[readers]\nreport = 3\n")
    assert found(deprecated) == []


def test_after_its_sunset_it_is_an_error(deprecated: Project) -> None:
    deprecated.settings("[readers]\nreport = 1\n")
    deprecated.commit()
    assert found(deprecated, date(2026, 12, 31)) == [("DEPRECATED_FIELD_USED", True, "v2.avsc")]
    assert found(deprecated, date(2027, 1, 1)) == [("DEPRECATED_FIELD_PAST_SUNSET", False, "v2.avsc")]


def test_the_newest_version_that_has_the_field_decides(deprecated: Project) -> None:
    deprecated.write(3, user({**old(aliases=["mail"]), "name": "post"}))
    deprecated.settings("[readers]\nreport = 1\n")
    assert found(deprecated) == []


def test_a_malformed_deprecation_is_told_until_it_is_published(project: Project) -> None:
    project.write(1, user(old(deprecated={"owner": "web"})))
    assert found(project) == [("DEPRECATION_MALFORMED", True, "v1.avsc")]
    project.commit()
    assert found(project) == []
