"""`pipeline schema check`: what it finds, what it says, and with which exit code."""

from __future__ import annotations

import pytest

from tests.tools.compatibility.projects import Project, user
from tools.compatibility.gate import UnknownContract, UnknownLevel

EMAIL = {"name": "email", "type": "string"}
EMAIL_OR_NONE = {"name": "email", "type": ["null", "string"], "default": None}
AGE = {"name": "age", "type": "int", "default": 0}


def rules(report: dict[str, object]) -> list[tuple[str, str]]:
    findings = report["findings"]
    assert isinstance(findings, list)
    return [(finding["rule"], f"{finding['file']}:{finding['line']}:{finding['column']}") for finding in findings]


def test_a_good_history_holds(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(EMAIL_OR_NONE))
    project.commit()
    assert project.check() == (0, "holds: 1 contract checked, compared with git:HEAD\n")


def test_a_finding_shows_both_lines_who_breaks_and_the_way_out(project: Project) -> None:
    project.write(1, user())
    project.commit()
    project.write(2, user(EMAIL))
    code, text = project.check()
    reason = "the writer's record User has no field 'email', and the reader's has no default"
    assert code == 1
    assert text.splitlines() == [
        "schemas/users/v2.avsc:10:7: error READER_FIELD_MISSING_DEFAULT_VALUE",
        f"  v2 cannot read what v1 writes at email: {reason}",
        '  10 |       "name": "email",',
        "     |       ^",
        "  and in schemas/users/v1.avsc:4:3:",
        '  4 |   "fields": [',
        "    |   ^",
        "  breaks: v1 of users (level BACKWARD_TRANSITIVE)",
        "  then: consumers that read v2 will dead-letter every v1 record",
        "  then: clients that post v1 get 422 while the API writes v2: email is required",
        "  help: give the field 'email' a default",
        "",
        "does not hold: 1 finding",
    ]


def test_causes_are_shown_below_their_union(project: Project) -> None:
    def device(kind: str) -> dict[str, object]:
        inner = {"type": "record", "name": "Device", "fields": [{"name": "model", "type": kind}]}
        return user({"name": "device", "type": ["null", inner], "default": None})

    project.write(1, device("string"))
    project.write(2, device("int"))
    _, text = project.check()
    assert "  because device.model: the reader's int cannot read the writer's string (TYPE_MISMATCH); read it" in text


def test_the_same_as_json(project: Project) -> None:
    project.write(1, user())
    project.commit()
    project.write(2, user(EMAIL))
    report = project.report()
    (finding,) = report.pop("findings")
    assert report == {
        "status": "findings",
        "contracts": ["users"],
        "against": "git:HEAD",
        "notes": [],
        "waived": [],
        "accepted": 0,
    }
    incompatibility = finding.pop("incompatibility")
    assert incompatibility["type"] == "READER_FIELD_MISSING_DEFAULT_VALUE"
    assert finding == {
        "rule": "INCOMPATIBLE",
        "severity": "error",
        "contract": "users",
        "file": "schemas/users/v2.avsc",
        "line": 10,
        "column": 7,
        "pointer": "/fields/1",
        "source": '      "name": "email",',
        "related": {
            "file": "schemas/users/v1.avsc",
            "line": 4,
            "column": 3,
            "pointer": "/fields",
            "source": '  "fields": [',
        },
        "message": "v2 cannot read what v1 writes at email: " + incompatibility["message"],
        "hint": incompatibility["hint"],
        "breaks": 1,
        "because": ["level BACKWARD_TRANSITIVE"],
        "consequences": [
            "consumers that read v2 will dead-letter every v1 record",
            "clients that post v1 get 422 while the API writes v2: email is required",
        ],
        "reader": 2,
        "writer": 1,
        "meaning": None,
    }


def test_the_newer_version_is_told_even_when_the_older_one_reads(project: Project) -> None:
    project.write(1, user(EMAIL))
    project.write(2, user())
    project.settings('compatibility = "FORWARD"')
    (finding,) = project.report()["findings"]
    assert (finding["file"], finding["breaks"]) == ("schemas/users/v2.avsc", 1)
    assert finding["message"].startswith("v1 cannot read what v2 writes at email: ")
    assert finding["hint"] == "keep the field 'email' in v2: v1 has no default for it"


@pytest.mark.parametrize(
    ("one", "two", "hint"),
    [
        (
            {"type": "enum", "name": "E", "symbols": ["A"]},
            {"type": "enum", "name": "E", "symbols": ["A", "B"]},
            "v1 has no default for symbols that it does not know: put the new ones into a new field",
        ),
        (
            {"type": "enum", "name": "E", "symbols": ["A"]},
            {"type": "enum", "name": "Other", "symbols": ["A"]},
            "keep the name that v1 knows: only the reader's aliases count, and v1 has none for it",
        ),
        (
            ["null", "int"],
            ["null", "int", "string"],
            "keep to the branches that v1 can read, or put the new one into a new field with a default",
        ),
        (
            {"type": "record", "name": "In", "fields": [{"name": "a", "type": "int", "aliases": ["b"]}]},
            {"type": "record", "name": "In", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]},
            "give the field of v2 another name than the alias that v1 carries",
        ),
        ("int", "long", "read it as long, float or double, or add a new field that has a default"),
    ],
)
def test_a_published_reader_cannot_be_mended(project: Project, one: object, two: object, hint: str) -> None:
    project.write(1, user({"name": "x", "type": one}))
    project.write(2, user({"name": "x", "type": two}))
    project.settings('compatibility = "FORWARD"')
    assert [finding["hint"] for finding in project.report()["findings"]] == [hint]


def test_the_whole_history_is_held_to_the_level(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(EMAIL_OR_NONE))
    project.write(3, user(EMAIL))
    found = project.report()["findings"]
    assert [(finding["file"], finding["breaks"]) for finding in found] == [
        ("schemas/users/v3.avsc", 1),
        ("schemas/users/v3.avsc", 2),
    ]
    project.settings('compatibility = "BACKWARD"')
    assert [finding["breaks"] for finding in project.report()["findings"]] == [2]
    project.settings('compatibility = "NONE"')
    assert project.report()["findings"] == []


def test_a_level_on_the_command_line_replaces_the_contracts(project: Project) -> None:
    project.write(1, user(EMAIL))
    project.write(2, user())
    assert project.check()[0] == 0
    assert project.check(level="full")[0] == 1
    with pytest.raises(UnknownLevel, match="did you mean BACKWARD"):
        project.check(level="BACKWARDS")


def test_pins_count_whatever_the_level_says(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(EMAIL))
    project.settings('compatibility = "NONE"\n[writers]\napi = 1\nbatch = 1\n[readers]\nreport = 2\nold = 1\n')
    (finding,) = project.report()["findings"]
    assert finding["because"] == ["report reads v2 and api writes v1", "report reads v2 and batch writes v1"]


def test_a_pair_is_told_once_with_all_that_asks_for_it(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(EMAIL))
    project.settings("[writers]\napi = 1\n[readers]\nreport = 2\n")
    (finding,) = project.report()["findings"]
    assert finding["because"] == ["level BACKWARD_TRANSITIVE", "report reads v2 and api writes v1"]


def test_a_version_must_read_itself(project: Project) -> None:
    project.write(1, user(EMAIL, {"name": "mail", "type": "string", "aliases": ["email"]}))
    (finding,) = project.report()["findings"]
    assert finding["incompatibility"]["type"] == "AMBIGUOUS_ALIAS"
    assert finding["message"].startswith("v1 cannot read what it writes at mail: ")


def test_a_bad_schema_cannot_be_checked(project: Project) -> None:
    project.write(1, user({"name": "x", "type": "strin"}))
    code, text = project.check()
    assert code == 2
    assert text.splitlines() == [
        "schemas/users/v1.avsc:11:7: error INVALID",
        "  the type 'strin' is not defined before this place",
        '  11 |       "type": "strin"',
        "     |       ^",
        "  help: define it at its first use, or correct the name",
        "",
        "could not check: 1 fault in the files",
    ]
    assert project.report()["status"] == "could not check"


def test_broken_json_has_its_line(project: Project) -> None:
    project.write(1, '{"type": "record",\n oops}')
    code, text = project.check()
    assert code == 2
    assert "schemas/users/v1.avsc:2:2: error INVALID" in text
    assert "  2 |  oops}" in text


def test_a_gap_in_the_versions_is_a_finding(project: Project) -> None:
    project.write(1, user())
    project.write(3, user())
    assert rules(project.report()) == [("VERSION_GAP", "schemas/users/v3.avsc:1:1")]
    assert project.check()[0] == 1


def test_a_key_field_must_be_in_every_version(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(EMAIL_OR_NONE))
    project.settings('key = "email"')
    assert {rule for rule, _ in rules(project.report())} == {"KEY_FIELD"}
    assert project.check()[0] == 1


def test_what_is_legal_and_surely_not_meant_is_a_warning(project: Project) -> None:
    project.write(1, user({"name": "at", "type": {"type": "string", "logicalType": "date"}}))
    code, text = project.check()
    assert code == 0
    assert "schemas/users/v1.avsc:13:9: warning DOUBTFUL_SCHEMA" in text
    assert text.splitlines()[-1] == "holds: 1 contract checked, 1 warning"
    project.commit()
    assert "DOUBTFUL_SCHEMA" not in project.check()[1]


def test_contracts_can_be_named(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(EMAIL))
    project.write(1, user(), contract="orders")
    assert project.check("orders")[0] == 0
    assert project.check("users", "orders", "users")[0] == 1
    with pytest.raises(UnknownContract, match="there is no contract 'user'; did you mean users"):
        project.check("user")
    with pytest.raises(UnknownContract, match="there are orders, users"):
        project.check("nothing-like-it")


def test_a_tab_keeps_the_mark_below_its_column(project: Project) -> None:
    project.write(1, '{"type": "record", "name": "User",\n\t"fields": 5}')
    lines = project.check()[1].splitlines()
    shown = next(line for line in lines if line.startswith("  1 | "))
    mark = lines[lines.index(shown) + 1]
    assert shown[mark.index("^")] == "{"
