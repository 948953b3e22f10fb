"""The tables `[rules]` and `[[waivers]]` of a `contract.toml`: how findings are rated, and which of them may stand.

Which rules there are is the gate's business; here the form alone is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

SEVERITIES: Final = ("error", "warning", "off")
_WAIVER: Final[Mapping[str, Any]] = {
    "rule": str,
    "pointer": str,
    "version": int,
    "reason": str,
    "who": str,
    "until": date,
}
_KINDS: Final[Mapping[Any, str]] = {
    str: "a string",
    int: "the number of a version",
    date: "a date without quotes, such as 2026-12-31",
}
_WAIVERS_HEADER: Final = r"\s*\[\[\s*[\"']?waivers[\"']?\s*\]\]"  # compiled where there are rules or waivers
_HEADER: Final = r"\s*\["


class RuleSetting(NamedTuple):
    """How a contract rates one rule; `line` is where it says so, from 1."""

    severity: str
    line: int


class Waiver(NamedTuple):
    """One finding that may stand until the end of a day, and who says so. `line` is where it stands, from 1."""

    rule: str
    pointer: str
    version: int
    reason: str
    who: str
    until: date
    line: int


class SettingsFault(NamedTuple):
    """`line` counts from 1; `key` is the TOML key, or empty."""

    line: int
    key: str
    reason: str
    hint: str


def read_rules(values: Mapping[str, Any], text: str) -> tuple[dict[str, RuleSetting], list[SettingsFault]]:
    """The settings of `[rules]` by rule, and what is wrong with them."""
    if not values:
        return {}, []
    settings: dict[str, RuleSetting] = {}
    faults: list[SettingsFault] = []
    lines = text.splitlines()
    start = _line_of(lines, r"\[\s*[\"']?rules\b", 0) or _line_of(lines, r"[\"']?rules\b", 0) or 1
    for rule, severity in values.items():
        line = _line_of(lines, rf"(?:rules\s*\.\s*)?[\"']?{re.escape(rule)}[\"']?\s*=", start - 1) or start
        if severity in SEVERITIES:
            settings[rule] = RuleSetting(severity, line)
        else:
            hint = f"choose one of {', '.join(SEVERITIES)}"
            faults.append(SettingsFault(line, f"rules/{rule}", f"rules.{rule} is {severity!r}", hint))
    return settings, faults


def read_waivers(
    values: Sequence[Any], text: str, versions: Sequence[int]
) -> tuple[tuple[Waiver, ...], list[SettingsFault]]:
    """The waivers in the order of the file, and what is wrong with them."""
    if not values:
        return (), []
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines, start=1) if re.match(_WAIVERS_HEADER, line)]
    waivers: list[Waiver] = []
    faults: list[SettingsFault] = []
    for index, value in enumerate(values):
        start = starts[index] if index < len(starts) else _line_of(lines, "waivers", 0) or 1
        found = list(_waiver_faults(value, lines, start, index, versions))
        faults += found
        if not found:
            waivers.append(Waiver(**value, line=start))
    return tuple(waivers), faults


def _waiver_faults(
    value: Any, lines: Sequence[str], start: int, index: int, versions: Sequence[int]
) -> Iterator[SettingsFault]:
    if not isinstance(value, dict):
        yield SettingsFault(start, "waivers", f"a waiver is {value!r}", "write it as a table: [[waivers]]")
        return
    given: Any
    for key, given in value.items():
        line = _line_of(lines, rf"[\"']?{re.escape(key)}[\"']?\s*=", start) or start
        where = f"waivers/{index}/{key}"
        if key not in _WAIVER:
            yield SettingsFault(line, where, f"a waiver has the unknown key {key!r}", _key_hint(key))
        elif type(given) is not _WAIVER[key]:
            yield SettingsFault(line, where, f"{key!r} of a waiver is {given!r}", f"write {_KINDS[_WAIVER[key]]}")
        elif key in ("rule", "reason", "who") and not given.strip():
            yield SettingsFault(line, where, f"{key!r} of a waiver is {given!r}", "say it: a waiver is read by others")
        elif key == "version" and given not in versions:
            known = ", ".join(str(number) for number in versions)
            yield SettingsFault(line, where, f"a waiver names version {given}", f"the versions are {known}")
        elif key == "pointer" and given and not given.startswith("/"):
            yield SettingsFault(line, where, f"'pointer' of a waiver is {given!r}", "write it as the finding shows it")
    missing = [key for key in _WAIVER if key not in value]
    if missing:
        reason = f"a waiver lacks {', '.join(missing)}"
        yield SettingsFault(start, f"waivers/{index}", reason, f"all of {', '.join(_WAIVER)} are required")


def _key_hint(key: str) -> str:
    import difflib

    near = difflib.get_close_matches(key, _WAIVER, 1)
    return f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(_WAIVER)}"


def _line_of(lines: Sequence[str], pattern: str, behind: int) -> int | None:
    """The first line (from 1) after the first `behind` ones that starts with `pattern`, within its table."""
    expression = re.compile(rf"\s*(?:{pattern})")
    for number, line in enumerate(lines[behind:], start=behind + 1):
        if expression.match(line):
            return number
        if behind and number > behind + 1 and re.match(_HEADER, line):
            return None
    return None
