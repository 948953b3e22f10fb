"""For people: what, where with the lines themselves, who suffers and how, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codegen.incompatibility import Incompatibility
from tools.compatibility.findings import CheckResult, Finding, Outcome, Place, relative_path


def report(result: CheckResult, root: Path) -> Iterator[str]:
    """The report in lines."""
    for finding in result.findings:
        yield from (f"{line}\n" for line in finding_lines(finding, root))
        yield "\n"
    for note in result.notes:
        yield f"note: {note}\n"
    yield f"{summary(result)}\n"


def finding_lines(finding: Finding, root: Path) -> Iterator[str]:
    """One finding, without an empty line behind it."""
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
    for consequence in finding.consequences:
        yield f"  then: {consequence}"
    yield f"  help: {finding.hint}"


def _address(place: Place, root: Path) -> str:
    return f"{relative_path(place.path, root)}:{place.position.line}:{place.position.column}"


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


def summary(result: CheckResult) -> str:
    """The whole answer in one line."""
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
