"""Dead letters and rejects as they lie in their topics: where each came from, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from consumers.dead_letter import PREFIX
from consumers.record import Record

REJECTS_SUFFIX: Final = ".rejects"
_REJECT_FACTS: Final = ("contract", "stage", "field", "reason")


@dataclass(frozen=True, slots=True)
class Letter:
    """`facts` are the headers that tell the story, by name without prefix; of one name the newest."""

    record: Record
    facts: Mapping[str, str]

    @property
    def source(self) -> Record | None:
        """The record as it was in its source topic: key, value and headers untouched. None where nothing says so."""
        try:
            topic, partition, offset = self.facts["topic"], int(self.facts["partition"]), int(self.facts["offset"])
            timestamp_ms = int(self.facts["timestamp_ms"]) if "timestamp_ms" in self.facts else None
        except (KeyError, ValueError):
            return None
        headers = tuple(header for header in self.record.headers if not header[0].startswith(PREFIX))
        return Record(topic, partition, offset, timestamp_ms, self.record.key, self.record.value, headers)


def dead_letter(record: Record) -> Letter:
    """A record of a dead-letter topic."""
    facts = {name.removeprefix(PREFIX): _text(value) for name, value in record.headers if name.startswith(PREFIX)}
    return Letter(record, facts)


def reject(record: Record) -> Letter:
    """A record of a rejects topic, as the API keeps what it refused."""
    return Letter(record, {name: _text(value) for name, value in record.headers if name in _REJECT_FACTS})


def _text(value: bytes | None) -> str:
    return "" if value is None else printable(value.decode(errors="replace"))


def printable(text: str) -> str:
    """`text` without what a terminal would obey."""
    if text.isprintable():  # nearly always, and then no sign is looked at by itself
        return text
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


@dataclass(slots=True)
class Cause:
    """Letters with one cause; the moments are when they were put aside."""

    facts: Mapping[str, str]
    count: int
    first_ms: int | None
    last_ms: int | None
    example: str


DEAD_LETTER_CAUSE: Final = ("stage", "error_class", "writer_schema_id", "group")
REJECT_CAUSE: Final = ("contract", "stage", "field")


def by_cause(letters: Iterable[Letter], names: tuple[str, ...]) -> list[Cause]:
    """The letters counted by the facts `names`, the most frequent cause first."""
    causes: dict[tuple[str, ...], Cause] = {}
    for letter in letters:
        key = tuple(letter.facts.get(name, "-") for name in names)
        at = letter.record.timestamp_ms
        cause = causes.get(key)
        if cause is None:
            place = f"{letter.record.partition}@{letter.record.offset}"
            causes[key] = Cause(dict(zip(names, key, strict=True)), 1, at, at, place)
            continue
        cause.count += 1
        if at is not None:
            cause.first_ms = at if cause.first_ms is None else min(cause.first_ms, at)
            cause.last_ms = at if cause.last_ms is None else max(cause.last_ms, at)
    return sorted(causes.values(), key=lambda cause: (-cause.count, cause.example))
