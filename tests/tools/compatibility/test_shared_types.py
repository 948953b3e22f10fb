"""Types that stand in another file: what is published of them stays, and a finding points into their file."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.tools.compatibility.projects import Project
from tools.compatibility.compare import run_compare
from tools.compatibility.lint import lint_project

STREET = {"name": "street", "type": "string", "doc": "With its number."}
COUNTRY = {"type": "enum", "name": "Country", "namespace": "geo", "symbols": ["IT", "JP"]}


def address(*fields: dict[str, Any], name: str = "Address") -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "geo", "doc": "Where.", "fields": [STREET, *fields]}


def user(*types: Any) -> dict[str, Any]:
    fields = [{"name": f"f{index}", "type": type_} for index, type_ in enumerate(types)]
    return {"type": "record", "name": "User", "doc": "Who.", "fields": fields}


def shared(project: Project, schema: Any, name: str = "address") -> None:
    path = project.root / "schemas" / "shared" / f"{name}.avsc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")


def told(project: Project, **options: Any) -> list[tuple[str, str, str]]:
    findings = project.report(**options)["findings"]
    return [(finding["rule"], finding["file"], finding["pointer"]) for finding in findings]


@pytest.fixture
def published(project: Project) -> Project:
    """v1 of users, which needs shared/address.avsc and by it shared/country.avsc; both are committed."""
    shared(project, COUNTRY, "country")
    shared(project, address({"name": "country", "type": "Country"}))
    project.write(1, user("string", "geo.Address"))
    project.commit()
    return project


# ------------------------------------------------------------------ what is published


def test_a_shared_file_in_use_never_changes(published: Project) -> None:
    assert told(published) == []
    shared(published, address({"name": "country", "type": "Country", "doc": "New."}))
    code, text = published.check()
    assert code == 1
    assert told(published) == [
        ("PUBLISHED_VERSION_CHANGED", "schemas/shared/address.avsc", "/fields/1/doc"),
    ]
    assert "address.avsc is published at git:HEAD and differs from it at /fields/1/doc; it has types of v1 of" in text
    assert "then: v1 of users would mean two schemas" in text


def test_neither_does_one_that_only_another_shared_file_needs(published: Project) -> None:
    shared(published, {**COUNTRY, "symbols": ["IT", "JP", "NO"]}, "country")
    assert told(published) == [("PUBLISHED_VERSION_CHANGED", "schemas/shared/country.avsc", "/symbols/2")]


def test_another_layout_is_no_change(published: Project) -> None:
    (published.root / "schemas/shared/country.avsc").write_text(json.dumps(COUNTRY), encoding="utf-8")
    assert told(published) == []


def test_a_shared_file_that_nothing_published_needs_is_free(published: Project) -> None:
    shared(published, {**COUNTRY, "name": "Planet"}, "planet")
    published.commit()
    shared(published, {**COUNTRY, "name": "Planet", "symbols": ["EARTH"]}, "planet")
    published.write(2, user("string", "geo.Address", ["null", "geo.Planet"]))
    assert ("PUBLISHED_VERSION_CHANGED", "schemas/shared/planet.avsc", "/symbols/0") not in told(
        published, level="NONE"
    )


def test_a_shared_file_that_moved_is_missed(published: Project) -> None:
    folder = published.root / "schemas" / "shared"
    (folder / "country.avsc").rename(folder / "state.avsc")
    assert told(published) == [("PUBLISHED_VERSION_REMOVED", "schemas/shared/country.avsc", "")]


def test_a_shared_file_that_is_gone_is_told_beside_what_cannot_be_read(published: Project) -> None:
    (published.root / "schemas" / "shared" / "country.avsc").unlink()
    assert published.check()[0] == 2
    rules = [rule for rule, _, _ in told(published)]
    assert "INVALID" in rules
    assert told(published)[-1] == ("PUBLISHED_VERSION_REMOVED", "schemas/shared/country.avsc", "")


def test_a_folder_has_shared_files_too(published: Project) -> None:
    old = published.root / "old"
    (published.root / "schemas").rename(old)
    shared(published, COUNTRY, "country")
    shared(published, address({"name": "country", "type": "Country", "default": "IT"}))
    published.write(1, user("string", "geo.Address"))
    assert told(published, against="old") == [
        ("PUBLISHED_VERSION_CHANGED", "schemas/shared/address.avsc", "/fields/1/default")
    ]


def test_a_shared_file_counts_from_the_commit_on_that_uses_it(project: Project) -> None:
    project.write(1, user("string"))
    project.commit()
    project.git("switch", "--quiet", "--create", "change")
    shared(project, {**COUNTRY, "symbols": ["IT"]}, "country")
    project.commit("a first draft")
    shared(project, COUNTRY, "country")
    project.write(2, user(["string", "geo.Country"]))
    project.commit("use it")
    assert told(project) == []
    shared(project, {**COUNTRY, "symbols": ["IT", "JP", "NO"]}, "country")
    project.commit("edit it")
    assert told(project) == [("PUBLISHED_VERSION_CHANGED", "schemas/shared/country.avsc", "/symbols/2")]
    assert "make the commits that touch it one commit" in project.check()[1]


def test_only_users_of_the_named_contracts_count(published: Project) -> None:
    published.write(1, {"type": "record", "name": "Order", "fields": []}, contract="orders")
    shared(published, {**COUNTRY, "symbols": ["IT"]}, "country")
    assert published.check("orders")[0] == 0
    assert published.check("users")[0] == 1


# ------------------------------------------------------------------ where a finding is


def test_what_does_not_resolve_inside_a_shared_type_is_shown_there(published: Project) -> None:
    zip_code = {"name": "zip", "type": "string", "doc": "Of the post."}
    shared(published, address({"name": "country", "type": "Country"}, zip_code), "address_2")
    other = json.loads((published.root / "schemas/shared/address_2.avsc").read_text(encoding="utf-8"))
    shared(
        published,
        {**other, "namespace": "geo.two", "aliases": ["geo.Address"]}
        | {"fields": [STREET, {"name": "country", "type": "geo.Country"}, zip_code]},
        "address_2",
    )
    published.write(2, user("string", "geo.two.Address"))
    (finding,) = published.report(level="BACKWARD")["findings"]
    assert finding["incompatibility"]["type"] == "READER_FIELD_MISSING_DEFAULT_VALUE"
    assert (finding["file"], finding["pointer"]) == ("schemas/shared/address_2.avsc", "/fields/2")
    assert '"name": "zip"' in finding["source"]
    related = finding["related"]
    assert (related["file"], related["pointer"]) == ("schemas/shared/address.avsc", "/fields")


def test_a_waiver_names_the_version_that_refers_to_the_type(published: Project) -> None:
    shared(published, {**COUNTRY, "namespace": "geo.two", "symbols": ["IT"]}, "country_2")
    published.write(1, user("geo.Country"), contract="orders")
    published.commit()
    published.write(2, user("geo.two.Country"), contract="orders")
    waiver = (
        '[[waivers]]\nrule = "MISSING_ENUM_SYMBOLS"\npointer = "/symbols"\nversion = 2\n'
        'reason = "none was written"\nwho = "ann"\nuntil = 2999-12-31\n'
    )
    assert published.check("orders")[0] == 1
    published.settings(waiver, contract="orders")
    report = published.report("orders")
    assert report["findings"] == []
    assert [entry["file"] for entry in report["waived"]] == ["schemas/shared/country_2.avsc"]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: inner,
        lambda inner: {"type": "array", "items": inner},
        lambda inner: {"type": "map", "values": inner},
        lambda inner: ["null", inner, "long"],
    ],
)
def test_what_means_something_else_is_shown_there_on_every_way(project: Project, wrap: Any) -> None:
    amount = {"name": "amount", "doc": "Of money.", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9}}
    shared(project, address(amount, name="One"), "one")
    changed = {**amount, "type": {**amount["type"], "scale": 2}}
    shared(project, {**address(changed, name="One"), "namespace": "geo.two"}, "two")
    project.write(1, user("string", wrap("geo.One")))
    project.commit()
    project.write(2, user("string", wrap("geo.two.One")))
    found = [finding for finding in project.report()["findings"] if finding["rule"] == "DECIMAL_SCALE_CHANGED"]
    assert [(finding["file"], finding["pointer"]) for finding in found] == [
        ("schemas/shared/two.avsc", "/fields/1/type")
    ]
    assert [finding["related"]["file"] for finding in found] == ["schemas/shared/one.avsc"]


def test_the_same_pointer_in_two_files_is_two_findings(project: Project) -> None:
    """The unit changes at /fields/0/type of the version and of the type that it refers to."""
    millis, micros = ({"type": "long", "logicalType": f"timestamp-{unit}"} for unit in ("millis", "micros"))
    at = {"name": "At", "type": "record", "fields": [{"name": "at", "type": millis}]}
    shared(project, {**at, "namespace": "one"}, "one")
    shared(project, {**at, "namespace": "two", "fields": [{"name": "at", "type": micros}]}, "two")
    project.write(1, user(millis, "one.At"))
    project.commit()
    project.write(2, user(micros, "two.At"))
    found = [place for place in told(project) if place[0] == "TIME_UNIT_CHANGED"]
    assert found == [
        ("TIME_UNIT_CHANGED", "schemas/users/v2.avsc", "/fields/0/type"),
        ("TIME_UNIT_CHANGED", "schemas/shared/two.avsc", "/fields/0/type"),
    ]


def test_a_type_that_a_version_defines_itself_is_shown_in_it(published: Project) -> None:
    """Its pointer also fits the shared record, which is the other branch."""
    own = {"type": "record", "name": "Own", "fields": [{"name": "x", "type": "int"}]}
    published.write(1, user("string", ["geo.Address", own]), contract="orders")
    published.commit()
    published.write(2, user("string", ["geo.Address", {**own, "fields": [{"name": "y", "type": "int"}]}]), "orders")
    (finding,) = published.report("orders", level="BACKWARD")["findings"][:1]
    assert finding["file"] == "schemas/orders/v2.avsc"


def test_versions_that_differ_only_in_a_shared_type_are_compared(project: Project) -> None:
    """Their texts are the same: only what they refer to is another, as [references] says."""
    for number, unit in ((1, "millis"), (2, "micros")):
        field = {"name": "at", "type": {"type": "long", "logicalType": f"timestamp-{unit}"}}
        project.write(number, {"type": "record", "name": "Time", "fields": [field]}, contract="times")
        project.write(number, {"type": "record", "name": "User", "fields": [{"name": "at", "type": "Time"}]})
    project.settings("[references.v1]\ntimes = 1\n[references.v2]\ntimes = 2\n")
    found = [place for place in told(project) if place[0] == "TIME_UNIT_CHANGED"]
    assert found == [
        ("TIME_UNIT_CHANGED", "schemas/times/v2.avsc", "/fields/0/type"),
        ("TIME_UNIT_CHANGED", "schemas/times/v2.avsc", "/fields/0/type"),
    ]


def test_a_doubt_about_a_shared_type_is_shown_there(published: Project) -> None:
    endless = {"type": "record", "name": "Loop", "namespace": "geo", "fields": [{"name": "next", "type": "Loop"}]}
    shared(published, endless, "loop")
    published.write(2, user("string", "geo.Address", ["null", "geo.Loop"]))
    doubts = [place for place in told(published, level="NONE") if place[0] == "DOUBTFUL_SCHEMA"]
    assert doubts == [("DOUBTFUL_SCHEMA", "schemas/shared/loop.avsc", "")]


def test_lint_shows_a_shared_type_in_its_file_and_leaves_other_contracts_alone(published: Project) -> None:
    published.write(1, user("User"), contract="orders")
    orders = {"type": "record", "name": "Order", "fields": [{"name": "who", "type": "User"}]}
    published.write(1, orders, contract="orders")
    found = lint_project(published.root, ["users"]).findings
    places = [(finding.rule.value, finding.place.path.name, finding.place.pointer) for finding in found]
    assert ("ENUM_WITHOUT_DEFAULT", "country.avsc", "") in places
    assert all(finding.version == 1 for finding in found if finding.place.path.suffix == ".avsc")
    names = {finding.place.path.parent.name for finding in lint_project(published.root, ["orders"]).findings}
    assert names == {"orders", "shared"}


def test_a_deprecated_field_of_a_shared_type_is_shown_there(published: Project) -> None:
    said = {"owner": "web", "since": "2026-01-01", "sunset": "2999-01-01"}
    shared(
        published,
        {"type": "record", "name": "Old", "fields": [{"name": "x", "type": "int", "deprecated": said}]},
        "old",
    )
    published.write(2, user("string", "geo.Address", ["null", "Old"]))
    published.settings("[readers]\nreport = 2\n")
    found = [place for place in told(published, level="NONE") if place[0].startswith("DEPRECATED")]
    assert found == [("DEPRECATED_FIELD_USED", "schemas/shared/old.avsc", "/fields/0/deprecated")]


def test_compare_shows_a_shared_type_in_its_file(published: Project) -> None:
    file = published.root / "flat.avsc"
    inline = address({"name": "country", "type": {**COUNTRY, "symbols": ["IT", "JP", "NO"]}})
    file.write_text(json.dumps(user("string", inline)), encoding="utf-8")
    out = io.StringIO()
    assert run_compare(published.root, "users@1", str(file), "json", out) == 1
    (finding,) = json.loads(out.getvalue())["findings"]
    assert finding["file"].endswith("schemas/shared/country.avsc")
    assert finding["related"]["file"].endswith("flat.avsc")
