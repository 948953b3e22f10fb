"""For programs: the JSON object of docs/gate-json.md and docs/gate.schema.json. Members are only ever added."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from codegen.nodes import Json
from tools.compatibility.findings import CheckResult, Finding, Place, relative_path


def report(result: CheckResult, root: Path) -> Iterator[str]:
    """The report as indented JSON."""
    yield json.dumps(json_report(result, root), indent=2, ensure_ascii=False)
    yield "\n"


def json_report(result: CheckResult, root: Path) -> dict[str, Json]:
    """The report as a JSON object."""
    return {
        "status": result.outcome.value,
        "contracts": list(result.contracts),
        "against": result.against,
        "notes": list(result.notes),
        "findings": [finding_json(finding, root) for finding in result.findings],
        "waived": [
            {
                **finding_json(entry.finding, root),
                "reason": entry.waiver.reason,
                "who": entry.waiver.who,
                "until": entry.waiver.until.isoformat(),
            }
            for entry in result.waived
        ],
        "accepted": result.accepted,
    }


def finding_json(finding: Finding, root: Path) -> dict[str, Json]:
    """One finding as a JSON object."""
    return {
        "rule": finding.rule.value,
        "severity": "warning" if finding.is_warning else "error",
        "contract": finding.contract,
        **_place_json(finding.place, root),
        "related": None if finding.related is None else _place_json(finding.related, root),
        "message": finding.message,
        "hint": finding.hint,
        "breaks": finding.breaks,
        "because": list(finding.because),
        "consequences": list(finding.consequences),
        "reader": None if finding.pair is None else finding.pair[0],
        "writer": None if finding.pair is None else finding.pair[1],
        "incompatibility": None if finding.incompatibility is None else finding.incompatibility.as_json(),
        "meaning": None if finding.meaning is None else finding.meaning.as_json(),
    }


def _place_json(place: Place, root: Path) -> dict[str, Json]:
    return {
        "file": relative_path(place.path, root),
        "line": place.position.line,
        "column": place.position.column,
        "pointer": place.pointer,
        "source": place.line,
    }
