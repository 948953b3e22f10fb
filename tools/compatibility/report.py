"""The gate's answer as text for people and as JSON for programs.

The JSON is an object: `status` ("holds", "findings", "could not check"), `contracts`, `against` (or null), `notes`, and
`findings`, each with `rule`, `severity`, `contract`, `file` (relative to the project), `line`, `column`, `pointer`,
`source` (the line), `related` (the same five for the other file, or null), `message`, `hint`, `breaks` (a version
number, or null), `because`, `incompatibility` and `meaning` (the finding on two schemas, or null). `waived` has the
findings that a waiver lets stand, each with its `reason`, `who` and `until` besides; `accepted` is the number of
findings on meaning between published versions, which are not told again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from codegen.incompatibility import Incompatibility
from codegen.nodes import Json
from tools.compatibility.findings import CheckResult, Finding, Outcome, Place


def write_report(result: CheckResult, root: Path, format_: str, out: TextIO) -> None:
    """Write `result` to `out`; `format_` is "text" or "json"."""
    if format_ == "json":
        out.write(json.dumps(json_report(result, root), indent=2, ensure_ascii=False) + "\n")
    else:
        out.writelines(f"{line}\n" for line in text_report(result, root))


def text_report(result: CheckResult, root: Path) -> Iterator[str]:
    """The lines of the report."""
    for finding in result.findings:
        yield from _finding_lines(finding, root)
        yield ""
    for note in result.notes:
        yield f"note: {note}"
    yield _summary(result)


def _finding_lines(finding: Finding, root: Path) -> Iterator[str]:
    severity = "warning" if finding.is_warning else "error"
    yield f"{_address(finding.place, root)}: {severity} {finding.kind}"
    yield f"  {finding.message}"
    yield from _source_lines(finding.place)
    if finding.related is not None:
        yield f"  and in {_address(finding.related, root)}:"
        yield from _source_lines(finding.related)
    if finding.breaks is not None:
        yield f"  breaks: v{finding.breaks} of {finding.contract} ({'; '.join(finding.because)})"
    elif finding.because:
        yield f"  concerns: {'; '.join(finding.because)}"
    if finding.incompatibility is not None:
        yield from _cause_lines(finding.incompatibility, "  ")
    yield f"  help: {finding.hint}"


def _address(place: Place, root: Path) -> str:
    return f"{_relative(place.path, root)}:{place.position.line}:{place.position.column}"


def _source_lines(place: Place) -> Iterator[str]:
    if place.line:
        number = str(place.position.line)
        # One blank for a tab, so that the mark stands below its column.
        yield f"  {number} | {place.line.rstrip().expandtabs(1)}"
        yield f"  {' ' * len(number)} | {' ' * (place.position.column - 1)}^"


def _cause_lines(incompatibility: Incompatibility, indent: str) -> Iterator[str]:
    for cause in incompatibility.causes:
        at = f"{cause.reader_path}: " if cause.reader_path else ""
        yield f"{indent}because {at}{cause.message} ({cause.type}); {cause.hint}"
        yield from _cause_lines(cause, f"{indent}  ")


def _summary(result: CheckResult) -> str:
    errors = sum(not finding.is_warning for finding in result.findings)
    warnings = len(result.findings) - errors
    told = (f", {_count(warnings, 'warning')}" if warnings else "") + _silent(result)
    match result.outcome:
        case Outcome.HOLDS:
            compared = f", compared with {result.against}" if result.against else ""
            return f"holds: {_count(len(result.contracts), 'contract')} checked{compared}{told}"
        case Outcome.FINDINGS:
            return f"does not hold: {_count(errors, 'finding')}{told}"
        case Outcome.COULD_NOT_CHECK:
            return f"could not check: {_count(errors, 'fault')} in the files{told}"


def _silent(result: CheckResult) -> str:
    """What is not told, and who says so."""
    names = [entry.waiver.who for entry in result.waived]
    who = ", ".join(f"{name} {names.count(name)}" for name in sorted(set(names)))
    waived = f", {_count(len(names), 'finding')} waived ({who})" if names else ""
    return waived + (f", {_count(result.accepted, 'finding')} accepted earlier" if result.accepted else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def json_report(result: CheckResult, root: Path) -> dict[str, Json]:
    """The report as a JSON object, in the form that this module's docstring fixes."""
    return {
        "status": result.outcome.value,
        "contracts": list(result.contracts),
        "against": result.against,
        "notes": list(result.notes),
        "findings": [_finding_json(finding, root) for finding in result.findings],
        "waived": [
            {
                **_finding_json(entry.finding, root),
                "reason": entry.waiver.reason,
                "who": entry.waiver.who,
                "until": entry.waiver.until.isoformat(),
            }
            for entry in result.waived
        ],
        "accepted": result.accepted,
    }


def _finding_json(finding: Finding, root: Path) -> dict[str, Json]:
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
        "incompatibility": None if finding.incompatibility is None else finding.incompatibility.as_json(),
        "meaning": None if finding.meaning is None else finding.meaning.as_json(),
    }


def _place_json(place: Place, root: Path) -> dict[str, Json]:
    return {
        "file": _relative(place.path, root),
        "line": place.position.line,
        "column": place.position.column,
        "pointer": place.pointer,
        "source": place.line,
    }


def _relative(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
