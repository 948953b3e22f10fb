"""The forms of a report: each is legal by its own standard, and says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import fastjsonschema
import pytest
import xmlschema

from tests.tools.compatibility.projects import Project, user
from tools.compatibility import IncompatibilityType
from tools.compatibility.findings import Rule
from tools.compatibility.formats.rules import sentence_of
from tools.compatibility.report import FORMATS
from tools.compatibility.rules import MeaningRule
from tools.schema_cli import schema_check

HERE = Path(__file__).parent
GATE_SCHEMA = HERE.parents[3] / "docs" / "gate.schema.json"
EMAIL = {"name": "email", "type": "string"}


@pytest.fixture(scope="module")
def sarif_schema() -> Any:
    return fastjsonschema.compile(json.loads((HERE / "sarif-2.1.0.schema.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def gate_schema() -> Any:
    return fastjsonschema.compile(json.loads(GATE_SCHEMA.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(HERE / "junit-10.xsd")


def good(project: Project) -> None:
    project.write(1, user())


def doubtful(project: Project) -> None:
    project.write(1, user({"name": "at", "type": {"type": "string", "logicalType": "date"}}))


def breaking(project: Project) -> None:
    """Two findings in one version, one of them with causes."""
    device = {"type": "record", "name": "Device", "fields": [{"name": "model", "type": "string"}]}
    other = {"type": "record", "name": "Device", "fields": [{"name": "model", "type": "int"}]}
    project.write(1, user({"name": "device", "type": ["null", device], "default": None}))
    project.commit()
    project.write(2, user(EMAIL, {"name": "device", "type": ["null", other], "default": None}))
    project.write(1, user({"name": "device", "type": ["null", device], "default": None}, doc="Changed."))
    project.settings("[writers]\napi = 1\n[readers]\nreport = 2\n")


def illegal(project: Project) -> None:
    """Everything that a form might have to escape, in names that a person may write."""
    project.write(1, user({"name": "a]]>&<\"'\u0001", "type": "strin\n::error::x%,:"}))


def gap(project: Project) -> None:
    project.write(1, user())
    project.write(3, user())


def test_the_command_offers_every_form() -> None:
    (option,) = (option for option in schema_check.params if option.name == "format_")
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == list(FORMATS)


def meaning(project: Project) -> None:
    """A finding on meaning that stands, one that is waived, and one that was accepted."""
    first, second, third = (
        {"type": "long", "logicalType": f"timestamp-{unit}"} for unit in ("millis", "micros", "nanos")
    )
    project.write(1, user({"name": "at", "type": first}, {"name": "to", "type": first}))
    project.write(2, user({"name": "at", "type": second}, {"name": "to", "type": first}))
    project.commit()
    project.write(3, user({"name": "at", "type": third}, {"name": "to", "type": second}))
    project.settings(
        '[[waivers]]\nrule = "TIME_UNIT_CHANGED"\npointer = "/fields/2/type"\nversion = 3\n'
        'reason = "never written"\nwho = "ann"\nuntil = 2999-12-31\n[rules]\nFASTAVRO_LOGICAL_TYPE = "off"\n'
    )


STORIES = [good, doubtful, breaking, illegal, gap, meaning]
CODES = {good: 0, doubtful: 0, breaking: 1, illegal: 2, gap: 1, meaning: 1}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("format_", FORMATS)
def test_every_form_has_the_same_exit_code(project: Project, story: Any, format_: str) -> None:
    story(project)
    assert project.check(format_=format_)[0] == CODES[story]


@pytest.mark.parametrize("story", STORIES)
def test_json_is_what_its_schema_says(project: Project, story: Any, gate_schema: Any) -> None:
    story(project)
    gate_schema(project.report())


def test_what_is_waived_or_was_accepted_is_in_the_json_and_counted_in_the_text(project: Project) -> None:
    meaning(project)
    report = project.report()
    assert [finding["meaning"]["rule"] for finding in report["findings"]] == ["TIME_UNIT_CHANGED"]
    ((reason, who, until),) = [(entry["reason"], entry["who"], entry["until"]) for entry in report["waived"]]
    assert (reason, who, until, report["accepted"]) == ("never written", "ann", "2999-12-31", 1)
    told = "does not hold: 1 finding, 1 finding waived (ann 1), 1 finding accepted earlier\n"
    assert project.check()[1].endswith(told)


def test_every_rule_of_the_check_has_a_sentence() -> None:
    kinds = (*Rule, *IncompatibilityType, *MeaningRule)
    assert [kind for kind in kinds if not sentence_of(kind).endswith(".")] == []


def test_the_schema_of_the_json_refuses_what_is_not_told(project: Project, gate_schema: Any) -> None:
    breaking(project)
    report = project.report()
    report["findings"][0]["surprise"] = 1
    with pytest.raises(fastjsonschema.JsonSchemaException):
        gate_schema(report)


@pytest.mark.parametrize("story", STORIES)
def test_sarif_validates(project: Project, story: Any, sarif_schema: Any) -> None:
    story(project)
    log = json.loads(project.check(format_="sarif")[1])
    sarif_schema(log)
    (run,) = log["runs"]
    report = project.report()
    assert len(run["results"]) == len(report["findings"]) + len(report["waived"])
    assert run["invocations"][0]["exitCode"] == CODES[story]
    assert run["invocations"][0]["executionSuccessful"] is (story is not illegal)


def test_sarif_points_at_the_line(project: Project) -> None:
    project.write(1, user())
    project.write(2, user(EMAIL))
    (run,) = json.loads(project.check(format_="sarif")[1])["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
    assert result["level"] == "error"
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "schemas/users/v2.avsc", "uriBaseId": "%SRCROOT%"}
    assert location["region"] == {"startLine": 10, "startColumn": 7, "snippet": {"text": '      "name": "email",'}}


def test_sarif_shows_what_is_waived_as_suppressed(project: Project) -> None:
    meaning(project)
    (run,) = json.loads(project.check(format_="sarif")[1])["runs"]
    stands, waived = run["results"]
    assert stands["suppressions"] == []
    (suppression,) = waived["suppressions"]
    location = suppression.pop("location")["physicalLocation"]
    assert (location["artifactLocation"]["uri"], location["region"]["startLine"]) == ("schemas/users/contract.toml", 1)
    assert suppression == {
        "kind": "external",
        "status": "accepted",
        "justification": "never written (ann, until 2999-12-31)",
        "properties": {"reason": "never written", "who": "ann", "until": "2999-12-31"},
    }
    assert waived["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "/fields/2/type"}]


def test_a_sarif_fingerprint_outlives_a_moved_line(project: Project) -> None:
    def fingerprints() -> list[Any]:
        (run,) = json.loads(project.check(format_="sarif")[1])["runs"]
        return [
            (one["partialFingerprints"], one["locations"][0]["physicalLocation"]["region"]) for one in run["results"]
        ]

    project.write(1, user())
    project.write(2, user(EMAIL))
    (before,) = fingerprints()
    project.write(2, "\n\n" + json.dumps(user(EMAIL), indent=4))
    (after,) = fingerprints()
    assert before[0] == after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize("story", STORIES)
def test_junit_validates(project: Project, story: Any, junit_schema: xmlschema.XMLSchema) -> None:
    story(project)
    junit_schema.validate(project.check(format_="junit")[1])


def test_junit_has_a_case_for_each_version_and_each_pair(project: Project, junit_schema: xmlschema.XMLSchema) -> None:
    breaking(project)
    told: Any = junit_schema.to_dict(project.check(format_="junit")[1])
    (suite,) = told["testsuite"]
    cases = {case["@name"]: case.get("failure") for case in suite["testcase"]}
    assert list(cases) == [
        "v1 is sound and as published",
        "v2 is sound and as published",
        "v1 reads v1",
        "v2 reads v1",
        "v2 reads v2",
    ]
    assert [name for name, failure in cases.items() if failure] == ["v1 is sound and as published", "v2 reads v1"]
    assert "(and 1 more)" in cases["v2 reads v1"][0]["@message"]
    assert (told["@tests"], told["@failures"], told["@errors"]) == ("5", "2", "0")
    assert (suite["@tests"], suite["@failures"], suite["@errors"]) == ("5", "2", "0")


def test_a_fault_of_the_files_is_an_error_and_no_failure(project: Project, junit_schema: xmlschema.XMLSchema) -> None:
    illegal(project)
    told: Any = junit_schema.to_dict(project.check(format_="junit")[1])
    assert (told["@failures"], told["@errors"]) == ("0", "1")


def test_a_warning_passes_its_case_and_is_shown(project: Project, junit_schema: xmlschema.XMLSchema) -> None:
    doubtful(project)
    told: Any = junit_schema.to_dict(project.check(format_="junit")[1])
    assert (told["@failures"], told["@errors"]) == ("0", "0")
    assert "DOUBTFUL_SCHEMA" in told["testsuite"][0]["testcase"][0]["system-out"][0]


def commands(text: str) -> list[str]:
    """The lines that a runner would take for commands: none between stop-commands and its token."""
    found, token = [], None
    for line in text.splitlines():
        if token is not None:
            token = None if line == f"::{token}::" else token
        elif line.startswith("::stop-commands::"):
            token = line.removeprefix("::stop-commands::")
        elif line.startswith("::"):
            found.append(line)
    assert token is None
    return found


def test_github_annotates_the_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    project.write(1, user())
    project.commit()
    project.write(2, user(EMAIL))
    (command,) = commands(project.check(format_="github")[1])
    assert command.startswith(
        "::error file=schemas/users/v2.avsc,line=10,col=7,title=READER_FIELD_MISSING_DEFAULT_VALUE in users::"
        "v2 cannot read what v1 writes at email: "
    )
    assert "%0Athen: consumers that read v2 will dead-letter every v1 record%0A" in command
    assert command.endswith("%0Ahelp: give the field 'email' a default")


def test_github_escapes_what_would_end_a_command(project: Project) -> None:
    illegal(project)
    told = commands(project.check(format_="github")[1])
    assert all(command.startswith("::error file=schemas/users/v1.avsc,line=") for command in told)
    assert "::error::x%25,:" in told[-1]
    assert "%\n" not in "".join(told)


def test_github_names_files_from_the_top_of_the_workspace(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.root.parent))
    gap(project)
    assert f"file={project.root.name}/schemas/users/v3.avsc," in project.check(format_="github")[1]


def test_no_text_of_a_schema_is_taken_for_a_command(project: Project) -> None:
    project.write(1, user())
    project.write(2, '{"type": "record", "name": "User", "fields": [\n::set-output name=x::y\n]}')
    assert all(
        line.startswith(("::error file=", "::notice title=")) for line in commands(project.check(format_="github")[1])
    )


def test_what_holds_is_one_line(project: Project) -> None:
    good(project)
    project.commit()
    assert project.check(format_="github") == (0, "holds: 1 contract checked, compared with git:HEAD\n")
