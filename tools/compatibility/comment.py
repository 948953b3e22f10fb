"""`pipeline schema comment`: what a pull request's readers want to see of its schema changes, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

from codegen.contract import Contract, InvalidContract, read_contracts
from tools.compatibility.diff import diff_lines
from tools.compatibility.differences import find_changes
from tools.compatibility.findings import CheckResult, Outcome
from tools.compatibility.formats import text
from tools.compatibility.gate import check_project
from tools.compatibility.plan import plan_lines, settings_lines
from tools.compatibility.published import NothingPublished, Publications, read_published
from tools.compatibility.rollout import plan_rollout
from tools.deployments.file import read_deployments

# By this line a workflow finds the comment that it has written before.
MARKER: Final = "<!-- pipeline schema check -->"
_TITLES: Final = {
    Outcome.HOLDS: "Schema changes hold",
    Outcome.FINDINGS: "Schema changes do not hold",
    Outcome.COULD_NOT_CHECK: "Schema changes could not be checked",
}
_MAX_LENGTH: Final = 60_000  # characters; GitHub takes 65,536
_FENCE: Final = "~~~~"


def run_comment(root: Path, against: str | None, out: TextIO) -> int:
    """Write the comment, and give back the exit code of the check. Raises UserError as the check does."""
    result = check_project(root, (), against, drift=True)
    whole = "".join(f"{line}\n" for line in _lines(result, root, against))
    if len(whole) > _MAX_LENGTH:
        whole = f"{whole[:_MAX_LENGTH]}\n{_FENCE}\n\nThe rest is left out: `pipeline schema check` shows it.\n"
    out.write(whole)
    return result.outcome.exit_code


def _lines(result: CheckResult, root: Path, against: str | None) -> Iterator[str]:
    yield MARKER
    yield f"### {_TITLES[result.outcome]}"
    yield from _block("".join(text.report(result, root)).splitlines())
    deployed = read_deployments(root)
    for contract, before in _changed(root, against):
        latest = contract.latest
        for version in contract.versions:
            was = contract.version(version.number - 1)
            if version.number > before and was is not None:
                changes = find_changes(was.schema.root, version.schema.root)
                yield from _block(diff_lines(contract, was, version, changes))
        rollout = plan_rollout(contract, latest, settings_lines(contract), deployed)
        yield from _block(plan_lines(rollout, root))


def _changed(root: Path, against: str | None) -> Iterator[tuple[Contract, int]]:
    """The contracts with versions that are not published yet, and the highest number that is."""
    try:
        contracts = read_contracts(root / "schemas")
    except InvalidContract:
        return
    published = Publications(())
    with suppress(NothingPublished):  # then every version is new
        published = read_published(root, contracts, against)
    for contract in contracts:
        at_reference = published.places[0].versions.get(contract.name, {}) if published.places else {}
        before = max(at_reference, default=0)
        if contract.latest.number > before:
            yield contract, before


def _block(lines: Iterator[str] | list[str]) -> Iterator[str]:
    """A block of text in which nothing is Markdown. A schema's own text cannot end it."""
    yield ""
    yield f"{_FENCE}text"
    yield from (line.replace(_FENCE, "~ ~ ~ ~") for line in lines)
    yield _FENCE
