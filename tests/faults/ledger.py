"""The books of a drill: what a client sent and was told, against what the topic holds. No I/O.

An event may be sent more than once: a client that got no word, or was told to try again, sends it again with the same
id. So each attempt has its outcome. `acknowledged` (2xx) promises one record. `refused` promises none. `in_doubt` (no
answer, or "not acknowledged in time") promises nothing: the record may be there all the same, once for each such
attempt. Whatever the topic holds beyond that is doubled, and whatever it lacks is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

_SHOWN = 5


class Place(NamedTuple):
    """Where a record lies in its topic."""

    partition: int
    offset: int


@dataclass(slots=True)
class _Entry:
    content: str
    attempts: int = 0
    acknowledged: list[Place] = field(default_factory=list)
    refused: int = 0
    in_doubt: int = 0
    found: dict[Place, str] = field(default_factory=dict)


@dataclass(slots=True)
class Balance:
    """What the comparison says. The lists hold event ids; each of them is empty if all is well."""

    events: int = 0
    attempts: int = 0
    acknowledged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    in_doubt: Counter[str] = field(default_factory=Counter)
    records: int = 0
    repeated: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    unfounded: list[str] = field(default_factory=list)
    unaccounted: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, list[str]]:
        """Kind → event ids. What each kind is: see `Ledger.balance`."""
        kinds = ("missing", "doubled", "changed", "misplaced", "unfounded", "unaccounted")
        return {kind: getattr(self, kind) for kind in kinds}

    @property
    def holds(self) -> bool:
        return not any(self.faults.values())

    def add(self, other: Balance) -> None:
        """Enter another drill's balance into this one."""
        for name in ("events", "attempts", "acknowledged", "records", "repeated"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.refused += other.refused
        self.in_doubt += other.in_doubt
        for kind, ids in other.faults.items():
            getattr(self, kind).extend(ids)

    def lines(self) -> Iterable[str]:
        """For people."""
        yield f"events sent              {self.events:>9,}   in {self.attempts:,} attempts"
        yield f"acknowledged (2xx)       {self.acknowledged:>9,}"
        yield f"refused with a reason    {self.refused.total():>9,}   {_reasons(self.refused)}"
        yield f"in doubt, sent again     {self.in_doubt.total():>9,}   {_reasons(self.in_doubt)}"
        yield f"records in the topic     {self.records:>9,}   {self.repeated:,} of them a retry's second copy"
        for kind, ids in self.faults.items():
            yield f"{kind:<24} {len(ids):>9,}   {', '.join(ids[:_SHOWN])}".rstrip()


def _reasons(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())


class Ledger:
    """Takes the attempts as they happen and the topic's records afterwards; `balance` compares."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._strangers: list[str] = []
        self._refused: Counter[str] = Counter()
        self._in_doubt: Counter[str] = Counter()
        self.acknowledged = 0

    def send(self, event_id: str, content: str) -> None:
        """An attempt begins. A retry has the same content."""
        entry = self._entries.setdefault(event_id, _Entry(content))
        if entry.content != content:
            raise ValueError(f"{event_id} was sent with another content before: a retry repeats the event")
        entry.attempts += 1

    def acknowledge(self, event_id: str, place: Place) -> None:
        self._entries[event_id].acknowledged.append(place)
        self.acknowledged += 1

    def refuse(self, event_id: str, reason: str) -> None:
        self._entries[event_id].refused += 1
        self._refused[reason] += 1

    def doubt(self, event_id: str, reason: str) -> None:
        self._entries[event_id].in_doubt += 1
        self._in_doubt[reason] += 1

    def find(self, event_id: str, content: str, place: Place) -> None:
        """A record of the topic."""
        entry = self._entries.get(event_id)
        if entry is None:
            self._strangers.append(event_id)
        else:
            entry.found[place] = content

    def places(self) -> dict[str, list[Place]]:
        """Event id → where its records lie, of every event that is in the topic."""
        return {event_id: sorted(entry.found) for event_id, entry in self._entries.items() if entry.found}

    def balance(self) -> Balance:
        """Compare.

        missing: fewer records than acknowledgements. doubled: more than acknowledgements and doubts allow. changed: a
        record that says something else than was sent. misplaced: an acknowledged place that does not hold the event.
        unfounded: a record of an event that was refused every time, or never sent. unaccounted: an attempt without an
        outcome.
        """
        balance = Balance(refused=self._refused.copy(), in_doubt=self._in_doubt.copy())
        balance.events = len(self._entries)
        balance.records = len(self._strangers)
        balance.unfounded.extend(self._strangers)
        for event_id, entry in self._entries.items():
            promised, found = len(entry.acknowledged), len(entry.found)
            balance.attempts += entry.attempts
            balance.acknowledged += promised
            balance.records += found
            balance.repeated += max(0, found - 1)
            if found < promised:
                balance.missing.append(event_id)
            if found and not promised and not entry.in_doubt:
                balance.unfounded.append(event_id)
            elif found > promised + entry.in_doubt:
                balance.doubled.append(event_id)
            if any(content != entry.content for content in entry.found.values()):
                balance.changed.append(event_id)
            if any(place not in entry.found for place in entry.acknowledged) and found >= promised:
                balance.misplaced.append(event_id)
            if entry.attempts != promised + entry.refused + entry.in_doubt:
                balance.unaccounted.append(event_id)
        return balance
