"""Which versions of a contract are compared by their meaning: neighbours in the history, and pinned pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from codegen.contract import Contract, ContractVersion
from tools.compatibility.findings import Finding, Place
from tools.compatibility.levels import Direction, Level
from tools.compatibility.meaning import meaning_findings
from tools.compatibility.meaning_finding import MeaningFinding
from tools.compatibility.places import places_of, whole_json
from tools.compatibility.rules import CHANGE_RULES, DEPRECATION_RULES, MeaningRule

_ALL = frozenset(MeaningRule) - DEPRECATION_RULES  # these ask what is pinned, not what changed
_READING = _ALL - CHANGE_RULES
# A default is there so that old readers can take new symbols; who is pinned to it is told all the same.
_OLD_READS_NEW = _READING - {MeaningRule.ENUM_SYMBOL_READ_AS_DEFAULT}


def check_meanings(contract: Contract, level: Level, today: date) -> list[Finding]:
    """What does not mean the same from one version to the next, and to readers and writers that are pinned.

    A thing that two ways of looking at the same two versions find is told once.
    """
    found: list[Finding] = []
    told: set[tuple[frozenset[int], MeaningRule, Path, str]] = set()
    for reader, writer, rules, reasons in (*_neighbours(contract, level), *_pinned(contract)):
        if reader is writer or whole_json(reader) == whole_json(writer):
            continue
        numbers = frozenset((reader.number, writer.number))
        for finding in meaning_findings(reader.schema.root, writer.schema.root, today):
            if finding.rule not in rules:
                continue
            places = places_of(finding, reader, writer)
            place, related = places if reader.number > writer.number else reversed(places)
            key = (numbers, finding.rule, place.path, place.pointer)
            if key not in told:
                told.add(key)
                found.append(_finding(contract, finding, (reader.number, writer.number), place, related, reasons))
    return found


_Pair = tuple[ContractVersion, ContractVersion, frozenset[MeaningRule], tuple[str, ...]]


def _neighbours(contract: Contract, level: Level) -> Iterator[_Pair]:
    for previous, current in zip(contract.versions, contract.versions[1:], strict=False):
        yield current, previous, _ALL, ()
        if Direction.CANDIDATE_IS_READ in level.directions:
            yield previous, current, _OLD_READS_NEW, ()


def _pinned(contract: Contract) -> Iterator[_Pair]:
    reasons: dict[tuple[int, int], list[str]] = {}
    for writer, written in sorted(contract.writers.items()):
        for reader, read in sorted(contract.readers.items()):
            reasons.setdefault((read, written), []).append(f"{reader} reads v{read} and {writer} writes v{written}")
    for (read, written), said in sorted(reasons.items()):
        reader_version, writer_version = contract.version(read), contract.version(written)
        if reader_version is not None and writer_version is not None:
            yield reader_version, writer_version, _READING, tuple(said)


def _finding(
    contract: Contract,
    found: MeaningFinding,
    pair: tuple[int, int],
    place: Place,
    related: Place,
    reasons: Iterable[str],
) -> Finding:
    reader, writer = pair
    how = "after" if found.rule in CHANGE_RULES else "reads"
    at = f" at {found.reader_path}" if found.reader_path else ""
    return Finding(
        found.rule,
        contract.name,
        place,
        f"v{reader} {how} v{writer}{at}: {found.message}",
        found.hint,
        related,
        because=tuple(reasons),
        pair=pair,
        meaning=found,
    )
