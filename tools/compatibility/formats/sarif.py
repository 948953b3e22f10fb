"""For code scanning: SARIF 2.1.0 (OASIS standard), one run, one result for each finding, waived ones too."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from urllib.parse import quote

from codegen.nodes import Json
from codegen.reading.contract_rules import Waiver
from codegen.reading.json_source import Position
from tools.compatibility.findings import CheckResult, Finding, Outcome, Place, relative_path
from tools.compatibility.formats.rules import sentence_of

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def report(result: CheckResult, root: Path) -> Iterator[str]:
    """The report as indented JSON."""
    yield json.dumps(sarif_log(result, root), indent=2, ensure_ascii=False)
    yield "\n"


def sarif_log(result: CheckResult, root: Path) -> dict[str, Json]:
    """The report as a SARIF log file's object."""
    told: list[tuple[Finding, Waiver | None]] = [(finding, None) for finding in result.findings]
    told += [(one.finding, one.waiver) for one in result.waived]
    kinds = list(dict.fromkeys(finding.kind for finding, _ in told))
    rules: list[Json] = [{"id": kind, "shortDescription": {"text": sentence_of(kind)}} for kind in kinds]
    driver: dict[str, Json] = {"name": "pipeline schema check", "rules": rules}
    with suppress(PackageNotFoundError):  # a copy may run without being installed
        driver["version"] = version("schema-pipeline")
    notes: list[Json] = [{"level": "note", "message": {"text": note}} for note in result.notes]
    invocation: dict[str, Json] = {
        "executionSuccessful": result.outcome is not Outcome.COULD_NOT_CHECK,
        "exitCode": result.outcome.exit_code,
        "toolExecutionNotifications": notes,
    }
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, waiver, kinds.index(finding.kind), root) for finding, waiver in told],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, waiver: Waiver | None, rule_index: int, root: Path) -> dict[str, Json]:
    lines = [finding.message, *finding.consequences, f"Help: {finding.hint}"]
    told: dict[str, Json] = {
        "ruleId": finding.kind,
        "ruleIndex": rule_index,
        "level": "warning" if finding.is_warning else "error",
        "message": {"text": ".\n".join(lines)},
        "locations": [_location(finding.place, root)],
        "partialFingerprints": {"contractFinding/v1": _fingerprint(finding, root)},
        # SARIF 2.1.0, 3.27.23: where one result has it, all have; an empty list says that nothing suppresses it.
        "suppressions": [] if waiver is None else [_suppression(finding, waiver, root)],
    }
    if finding.related is not None:
        told["relatedLocations"] = [{**_location(finding.related, root), "message": {"text": "the other version"}}]
    return told


def _suppression(finding: Finding, waiver: Waiver, root: Path) -> dict[str, Json]:
    """The waiver (3.35): external, because it stands in contract.toml and not beside what it lets stand."""
    settings = root / "schemas" / finding.contract / "contract.toml"
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"{waiver.reason} ({waiver.who}, until {waiver.until.isoformat()})",
        "location": _location(Place(settings, Position(waiver.line, 1), "", ""), root),
        "properties": {"reason": waiver.reason, "who": waiver.who, "until": waiver.until.isoformat()},
    }


def _location(place: Place, root: Path) -> dict[str, Json]:
    region: dict[str, Json] = {"startLine": place.position.line, "startColumn": place.position.column}
    if place.line:
        region["snippet"] = {"text": place.line}
    artifact: Json = {"uri": quote(relative_path(place.path, root)), "uriBaseId": "%SRCROOT%"}
    location: dict[str, Json] = {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    if place.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": place.pointer}]
    return location


def _fingerprint(finding: Finding, root: Path) -> str:
    """The same finding keeps it when lines move."""
    said = (
        finding.kind,
        finding.contract,
        relative_path(finding.place.path, root),
        finding.place.pointer,
        finding.pair,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]
