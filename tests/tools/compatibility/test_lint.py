"""`pipeline schema lint`: each rule on a schema that breaks it, and on one beside it that does not."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.tools.compatibility.projects import Project
from tools.compatibility.lint import lint_project, run_lint
from tools.compatibility.rules import LintRule

TODAY = date(2026, 6, 1)
ROOT = Path(__file__).resolve().parents[3]
OWNER = 'owner = "web"\n'
SUNSET = {"owner": "web", "since": "2026-01-01", "sunset": "2026-05-31"}


def contract(*fields: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"type": "record", "name": "Order", "doc": "An order.", "fields": list(fields), **rest}


def field(name: str, kind: Any, **rest: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "doc": "What it means.", **rest}


def enum(*symbols: str, **rest: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "State", "doc": "How far.", "symbols": list(symbols), "default": symbols[0], **rest}


def without_default(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "default"}


def endless() -> dict[str, Any]:
    return contract(field("order", "Order"))


MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
ONE, OTHER = ({**enum("A"), "namespace": name} for name in ("one", "other"))
# Rule, the schema that breaks it, the pointer, and one beside it that does not.
CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("DOUBTFUL_SCHEMA", endless(), "", contract(field("order", ["null", "Order"], default=None))),
    (
        "DOUBTFUL_SCHEMA",
        contract(field("day", {"type": "string", "logicalType": "date"})),
        "/fields/0/type/logicalType",
        contract(field("day", {"type": "int", "logicalType": "date"})),
    ),
    ("DOC_MISSING", contract(doc=""), "", contract()),
    ("DOC_MISSING", contract({"name": "id", "type": "string"}), "/fields/0", contract(field("id", "string"))),
    ("DOC_MISSING", contract(field("state", enum("A", doc=""))), "/fields/0/type", contract(field("state", enum("A")))),
    ("TYPE_NAME_STYLE", contract(name="order_line"), "/name", contract(name="OrderLine2")),
    ("FIELD_NAME_STYLE", contract(field("userId", "string")), "/fields/0/name", contract(field("user_id_2", "string"))),
    (
        "SYMBOL_STYLE",
        contract(field("state", enum("OPEN", "closed"))),
        "/fields/0/type/symbols",
        contract(field("state", enum("HALF_OPEN", "CLOSED"))),
    ),
    (
        "SYMBOL_STYLE",
        contract(field("state", enum("halfOpen"))),
        "/fields/0/type/symbols",
        contract(field("state", enum("half_open", "closed"))),
    ),
    (
        "ENUM_WITHOUT_DEFAULT",
        contract(field("state", without_default(enum("A")), default="A")),
        "/fields/0/type",
        contract(field("state", enum("A"))),
    ),
    (
        "NULLABLE_WITHOUT_DEFAULT",
        contract(field("note", ["null", "string"])),
        "/fields/0",
        contract(field("note", ["null", "string"], default=None)),
    ),
    (
        "COLLECTION_WITHOUT_DEFAULT",
        contract(field("tags", {"type": "array", "items": "string"})),
        "/fields/0",
        contract(field("tags", {"type": "array", "items": "string"}, default=[])),
    ),
    (
        "COLLECTION_WITHOUT_DEFAULT",
        contract(field("tags", {"type": "map", "values": "string"})),
        "/fields/0",
        contract(field("tags", {"type": "map", "values": "string"}, default={})),
    ),
    (
        "DEFAULT_OF_LATER_BRANCH",
        contract(field("note", ["string", "null"], default=None)),
        "/fields/0/default",
        contract(field("note", ["string", "null"], default="")),
    ),
    (
        "BRANCHES_OVERLAP",
        contract(field("size", ["double", "int"])),
        "/fields/0/type",
        contract(field("size", ["int", "double"])),
    ),
    (
        "BRANCHES_OVERLAP",
        contract(field("text", ["string", "bytes"])),
        "/fields/0/type",
        contract(field("b", ["bytes"])),
    ),
    ("BRANCHES_OVERLAP", contract(field("state", [ONE, OTHER])), "/fields/0/type", contract(field("state", [ONE]))),
    ("INEXACT_MONEY", contract(field("unit_price", "double")), "/fields/0/type", contract(field("unit_price", MONEY))),
    (
        "INEXACT_MONEY",
        contract(field("fee", ["null", "float"], default=None)),
        "/fields/0/type",
        contract(field("feeling", "float")),
    ),
    ("BARE_TIME", contract(field("created_at", "long")), "/fields/0/type", contract(field("created_at", MILLIS))),
    ("BARE_TIME", contract(field("event_time", "long")), "/fields/0/type", contract(field("runtime_days", "long"))),
    (
        "DEPRECATED_FIELD_KEPT",
        contract(field("mail", "string", deprecated=SUNSET)),
        "/fields/0/deprecated",
        contract(field("mail", "string", deprecated={**SUNSET, "sunset": "2026-06-01"})),
    ),
    (
        "DEPRECATION_MALFORMED",
        contract(field("mail", "string", deprecated="soon")),
        "/fields/0/deprecated",
        contract(field("mail", "string", deprecated=None)),
    ),
]


def found(project: Project, **options: Any) -> list[tuple[str, str]]:
    result = lint_project(project.root, today=TODAY, **options)
    return [(finding.kind, finding.place.pointer) for finding in result.findings]


def text(project: Project) -> tuple[int, list[str]]:
    out = io.StringIO()
    return run_lint(project.root, (), "text", out, today=TODAY), out.getvalue().splitlines()


@pytest.mark.parametrize(("rule", "schema", "pointer", "harmless"), CASES)
def test_a_rule_tells_its_case_and_not_the_one_beside_it(
    project: Project, rule: str, schema: dict[str, Any], pointer: str, harmless: dict[str, Any]
) -> None:
    project.write(1, schema)
    project.settings(OWNER)
    assert (rule, pointer) in found(project)
    project.write(1, harmless)
    assert rule not in {kind for kind, _ in found(project)}


def test_every_rule_has_a_case() -> None:
    assert {rule.value for rule in LintRule} - {case[0] for case in CASES} == {"OWNER_MISSING"}


def test_somebody_must_answer_for_a_contract(project: Project) -> None:
    project.write(1, contract())
    assert found(project) == [("OWNER_MISSING", "")]
    project.settings('topic = "orders"\n')
    assert found(project) == [("OWNER_MISSING", "")]
    project.settings(OWNER)
    assert text(project) == (0, ["holds: 1 contract checked"])


def test_only_the_latest_version_is_looked_at(project: Project) -> None:
    project.write(1, contract(field("userId", "string", default="")))
    project.write(2, contract())
    project.settings(OWNER)
    assert found(project) == []


def test_warnings_pass_and_errors_fail(project: Project) -> None:
    project.write(1, contract(field("userId", "string")))
    project.settings(OWNER)
    code, lines = text(project)
    assert code == 0
    assert lines[0] == "schemas/users/v1.avsc:7:7: warning FIELD_NAME_STYLE"
    assert lines[-1] == "holds: 1 contract checked, 1 warning"
    project.settings(f'{OWNER}[rules]\nFIELD_NAME_STYLE = "error"\n')
    assert text(project)[0] == 1
    project.settings(f'{OWNER}[rules]\nFIELD_NAME_STYLE = "off"\n')
    assert text(project) == (0, ["holds: 1 contract checked"])


def test_what_cannot_be_read_is_no_finding(project: Project) -> None:
    project.write(1, contract(field("id", "strin")))
    assert text(project)[0] == 2
    project.write(1, contract())
    project.settings('[rules]\nFIELD_STYLE = "off"\n')
    assert text(project)[0] == 2


def test_a_waiver_lets_one_stand(project: Project) -> None:
    project.write(1, contract(field("userId", "string"), field("groupId", "string")))
    waiver = (
        '[[waivers]]\nrule = "FIELD_NAME_STYLE"\npointer = "/fields/0/name"\nversion = 1\n'
        'reason = "the apps send it"\nwho = "ann"\nuntil = 2026-06-01\n'
    )
    project.settings(OWNER + waiver)
    assert found(project) == [("FIELD_NAME_STYLE", "/fields/1/name")]
    project.settings(OWNER + waiver.replace("/fields/0", "/fields/2"))
    assert [kind for kind, _ in found(project)] == ["FIELD_NAME_STYLE", "FIELD_NAME_STYLE", "UNUSED_WAIVER"]
    project.settings(OWNER + waiver.replace("FIELD_NAME_STYLE", "DEFAULT_CHANGED"))
    assert "UNUSED_WAIVER" not in {kind for kind, _ in found(project)}, "that is for the check to say"


def test_contracts_can_be_named(project: Project) -> None:
    project.write(1, contract())
    project.write(1, contract(), contract="orders")
    assert lint_project(project.root, ["orders"]).contracts == ("orders",)


def test_the_contracts_of_the_house_are_clean() -> None:
    assert lint_project(ROOT, today=TODAY).findings == ()
