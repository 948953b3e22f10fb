"""What a contract says about the findings on it: the table `[rules]` rates them, `[[waivers]]` let some of them stand.

A waiver silences the findings of one rule at one pointer of one version until the end of a day. Findings on meaning
between two versions that are both published were told when the newer one came; they are counted and not told again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from codegen.contract import Contract, ContractFault
from codegen.incompatibility import IncompatibilityType
from codegen.reading.contract_rules import Waiver
from codegen.reading.json_source import Position
from tools.compatibility.findings import Finding, Place, Rule, Waived, from_fault
from tools.compatibility.rules import DEFAULT_SEVERITIES, LintRule, MeaningRule, Severity

_STRUCTURAL: Final = frozenset(kind.value for kind in IncompatibilityType)
_FIXED: Final = _STRUCTURAL | {rule.value for rule in Rule} - {LintRule.DOUBTFUL_SCHEMA.value}
_WAIVABLE: Final = _STRUCTURAL | DEFAULT_SEVERITIES.keys()
# Told for as long as they are so, however old the versions are.
_LASTING: Final = frozenset({MeaningRule.DEPRECATED_FIELD_USED, MeaningRule.DEPRECATED_FIELD_PAST_SUNSET})
CHECK_RULES: Final = _STRUCTURAL | {rule.value for rule in MeaningRule} | {LintRule.DOUBTFUL_SCHEMA.value}
LINT_RULES: Final = frozenset(rule.value for rule in LintRule) - {LintRule.DOUBTFUL_SCHEMA.value}


class Rated:
    """What is left to tell, what may stand, and how many findings were accepted with their versions."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.waived: list[Waived] = []
        self.accepted = 0


def settings_faults(contracts: Sequence[Contract], schemas_dir: Path) -> list[Finding]:
    """Rules that nobody knows, or that cannot be rated or waived, each at its line."""
    found: list[Finding] = []
    for contract in contracts:
        path = contract.folder / "contract.toml"
        for name, setting in contract.rules.items():
            if name not in DEFAULT_SEVERITIES:
                reason, hint = _unknown(name, DEFAULT_SEVERITIES, "rated")
                fault = ContractFault(path, Position(setting.line, 1), f"/rules/{name}", reason, hint)
                found.append(from_fault(fault, schemas_dir))
        for waiver in contract.waivers:
            if waiver.rule not in _WAIVABLE:
                reason, hint = _unknown(waiver.rule, _WAIVABLE, "waived")
                fault = ContractFault(path, Position(waiver.line, 1), "/waivers", reason, hint)
                found.append(from_fault(fault, schemas_dir))
    return found


def _unknown(name: str, known: Collection[str], what: str) -> tuple[str, str]:
    if name in _FIXED:
        hint = "waive the one finding that may stand" if name in _STRUCTURAL else "mend what it finds"
        return f"the rule {name!r} cannot be {what}", hint
    import difflib

    near = difflib.get_close_matches(name.upper(), sorted(known), 1)
    return f"there is no rule {name!r}", f"did you mean {near[0]}?" if near else "docs/rules.md has all of them"


def rate(
    contract: Contract,
    findings: Sequence[Finding],
    published: Collection[int],
    today: date,
    own_rules: Collection[str],
) -> Rated:
    """Rate the findings on `contract`; `own_rules` are those of which an unused waiver is told here."""
    rated = Rated()
    used: set[Waiver] = set()
    broken = {
        (finding.place.path, finding.place.pointer) for finding in findings if finding.incompatibility is not None
    }
    for finding in findings:
        if finding.rule is MeaningRule.PROBABLE_RENAME and (finding.place.path, finding.place.pointer) in broken:
            continue  # what does not resolve there has the better hint
        severity = _severity(contract, finding)
        waiver = _waiver_for(contract, finding)
        if waiver is not None:
            used.add(waiver)
        if severity is Severity.OFF:
            continue
        now = finding if severity is None else finding._replace(is_warning=severity is Severity.WARNING)
        if waiver is not None and today <= waiver.until:
            rated.waived.append(Waived(now, waiver))
        elif _is_accepted(finding, published):
            rated.accepted += 1
        else:
            rated.findings.append(now if waiver is None else _after(now, waiver))
    unused = [waiver for waiver in contract.waivers if waiver not in used and waiver.rule in own_rules]
    rated.findings += [
        _unused(contract, waiver) for waiver in unused if waiver.rule in _STRUCTURAL or waiver.version not in published
    ]
    return rated


def _severity(contract: Contract, finding: Finding) -> Severity | None:
    """None leaves the finding as it is."""
    setting = contract.rules.get(finding.kind)
    return DEFAULT_SEVERITIES.get(finding.kind) if setting is None else Severity(setting.severity)


def _waiver_for(contract: Contract, finding: Finding) -> Waiver | None:
    """The waiver that names the finding; of several the one that lasts longest."""
    named = (finding.kind, finding.place.pointer, finding.version)
    fitting = [waiver for waiver in contract.waivers if (waiver.rule, waiver.pointer, waiver.version) == named]
    return max(fitting, key=lambda waiver: waiver.until, default=None)


def _is_accepted(finding: Finding, published: Collection[int]) -> bool:
    if finding.pair is None or finding.rule in _LASTING or not isinstance(finding.rule, MeaningRule):
        return False
    return all(number in published for number in finding.pair)


def _after(finding: Finding, waiver: Waiver) -> Finding:
    said = f"{finding.message} (the waiver of {waiver.who} expired on {waiver.until.isoformat()}: {waiver.reason})"
    return finding._replace(message=said)


def _unused(contract: Contract, waiver: Waiver) -> Finding:
    path = contract.folder / "contract.toml"
    line = path.read_text(encoding="utf-8").splitlines()[waiver.line - 1]
    where = waiver.pointer or "the root"
    return Finding(
        Rule.UNUSED_WAIVER,
        contract.name,
        Place(path, Position(waiver.line, 1), "/waivers", line),
        f"the waiver of {waiver.who} silences nothing: there is no {waiver.rule} at {where} of v{waiver.version}",
        "remove it, or correct its rule, pointer and version",
        is_warning=True,
    )
