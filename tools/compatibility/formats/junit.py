"""For CI systems that show tests: JUnit XML, a suite for each contract, a case for each version and each pair.

Source: the schema `junit-10.xsd` of Jenkins' xUnit plugin, which pytest's own reports follow too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from tools.compatibility.findings import CheckResult, Finding, Rule
from tools.compatibility.formats.text import finding_lines

# XML 1.0, production 2: what may not even be escaped.
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The name of a case, and what was found in it.
_Cases: TypeAlias = dict[str, list[Finding]]


def report(result: CheckResult, root: Path) -> Iterator[str]:
    """The report as an XML document."""
    suites = _suites(result)
    tests = sum(len(cases) for cases in suites.values())
    failed = [first for cases in suites.values() for first in _failed(cases)]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="schema check" tests="{tests}" {_counts(failed)}>\n'
    for contract, cases in suites.items():
        yield from _suite(contract, cases, root)
    yield "</testsuites>\n"


def _suites(result: CheckResult) -> dict[str, _Cases]:
    suites: dict[str, _Cases] = {}
    for contract in result.contracts:
        cases = suites.setdefault(contract, {})
        for number in result.versions.get(contract, ()):
            cases[_version_case(number)] = []
        for reader, writer in result.pairs.get(contract, ()):
            cases[_pair_case(reader, writer)] = []
    for finding in result.findings:
        suites.setdefault(finding.contract or "contracts", {}).setdefault(_case_of(finding), []).append(finding)
    return suites


def _case_of(finding: Finding) -> str:
    if finding.pair is not None:
        return _pair_case(*finding.pair)
    number = finding.version
    return f"{finding.kind} {finding.place.path.name}" if number is None else _version_case(number)


def _version_case(number: int) -> str:
    return f"v{number} is sound and as published"


def _pair_case(reader: int, writer: int) -> str:
    return f"v{reader} reads v{writer}"


def _failed(cases: _Cases) -> list[Finding]:
    """The first error of each case that has one: a case fails once."""
    errors = ([finding for finding in found if not finding.is_warning] for found in cases.values())
    return [found[0] for found in errors if found]


def _counts(failed: list[Finding]) -> str:
    failures = [finding.rule is not Rule.INVALID for finding in failed]
    return f'failures="{sum(failures)}" errors="{len(failures) - sum(failures)}"'


def _suite(contract: str, cases: _Cases, root: Path) -> Iterator[str]:
    yield f'  <testsuite name={_attribute(contract)} tests="{len(cases)}" {_counts(_failed(cases))} skipped="0">\n'
    for name, found in cases.items():
        head = f'    <testcase classname={_attribute(contract)} name={_attribute(name)} time="0"'
        if found:
            yield f"{head}>\n"
            yield from _told(found, root)
            yield "    </testcase>\n"
        else:
            yield f"{head}/>\n"
    yield "  </testsuite>\n"


def _told(found: list[Finding], root: Path) -> Iterator[str]:
    """One failure with everything in it, and the warnings as output."""
    errors = [finding for finding in found if not finding.is_warning]
    if errors:
        element = "error" if errors[0].rule is Rule.INVALID else "failure"
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        attributes = f"type={_attribute(errors[0].kind)} message={_attribute(errors[0].message + more)}"
        yield f"      <{element} {attributes}>{_text(errors, root)}</{element}>\n"
    warnings = [finding for finding in found if finding.is_warning]
    if warnings:
        yield f"      <system-out>{_text(warnings, root)}</system-out>\n"


def _text(found: list[Finding], root: Path) -> str:
    return escape(_legal("\n\n".join("\n".join(finding_lines(finding, root)) for finding in found)))


def _attribute(value: str) -> str:
    return quoteattr(_legal(value))


def _legal(value: str) -> str:
    return _ILLEGAL.sub("\ufffd", value)
