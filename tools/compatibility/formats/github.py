"""For a GitHub workflow: commands that put an annotation on the line.

Source: GitHub's "Workflow commands for GitHub Actions"; what is escaped is what the toolkit's `command.ts` escapes.
A run shows ten annotations of a kind, so the report as text follows, which a log shows whole.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.compatibility.findings import CheckResult, Finding, Outcome, relative_path
from tools.compatibility.formats import text

_DATA: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY: Final = (*_DATA, (":", "%3A"), (",", "%2C"))


def report(result: CheckResult, root: Path) -> Iterator[str]:
    """A command for each finding and note, then the text, in which nothing is taken for a command."""
    top = Path(os.environ.get("GITHUB_WORKSPACE") or root)
    for finding in result.findings:
        yield _annotation(finding, top if root.is_relative_to(top) else root)
    for note in result.notes:
        yield f"::notice title=schema check::{_escaped(note, _DATA)}\n"
    if result.outcome is not Outcome.HOLDS or result.findings:
        yield from _quoted(text.report(result, root))
    else:
        yield f"{text.summary(result)}\n"


def _annotation(finding: Finding, top: Path) -> str:
    properties = {
        "file": relative_path(finding.place.path, top),
        "line": str(finding.place.position.line),
        "col": str(finding.place.position.column),
        "title": f"{finding.kind} in {finding.contract}" if finding.contract else finding.kind,
    }
    told = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    lines = [
        finding.message,
        *(f"then: {consequence}" for consequence in finding.consequences),
        f"help: {finding.hint}",
    ]
    command = "warning" if finding.is_warning else "error"
    message = _escaped("\n".join(lines), _DATA)
    return f"::{command} {told}::{message}\n"


def _quoted(lines: Iterator[str]) -> Iterator[str]:
    """Lines that may hold anything a schema holds: the runner takes none of them for a command."""
    token = secrets.token_hex(16)
    yield f"::stop-commands::{token}\n"
    yield from lines
    yield f"::{token}::\n"


def _escaped(value: str, table: tuple[tuple[str, str], ...]) -> str:
    for plain, escaped in table:
        value = value.replace(plain, escaped)
    return value
