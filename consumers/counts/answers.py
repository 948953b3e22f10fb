"""Counts over HTTP: what this process holds, and which member of the group holds the rest.

    GET /counts?window=2026-01-02T03:04Z&key=click

A count is the sum over the partitions of the source. A process answers for those that it owns, as of the last record
that it has handled; for the others it says whom to ask, and which of its own it is still reading back. What is
committed is in the topic of counts, and in a table of `pipeline consume table`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from consumers.counts.windows import Window, Windows, minute_of
from consumers.faults import ConsumerError, Unavailable
from consumers.running.members import Member
from consumers.running.progress import Progress

_EXAMPLE: Final = "/counts?window=2026-01-02T03:04Z&key=click"


@dataclass(frozen=True, slots=True)
class CountAnswers:
    """`partitions` is how many the source has; `holders` asks the group who owns which."""

    source: str
    windows: Windows
    progress: Progress
    partitions: Callable[[], int]
    holders: Callable[[], Mapping[int, Member]]

    def answer(self, query: Mapping[str, str]) -> tuple[HTTPStatus, Any]:
        """The count of one minute and value; `complete` where this process holds all of it."""
        if not {"window", "key"} <= query.keys():
            return HTTPStatus.BAD_REQUEST, {"error": f"say which window and key: {_EXAMPLE}"}
        try:
            moment = datetime.fromisoformat(query["window"])
        except ValueError:
            return HTTPStatus.BAD_REQUEST, {"error": f"{query['window']!r} is no moment: {_EXAMPLE}"}
        start_ms, key = minute_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC)), query["key"]
        # Taken before `held`: the loop, on another thread, empties neither in place.
        counts, assigned, held = self.windows.counts, frozenset(self.progress.assigned), self.windows.held
        found = {number: counts.get(Window(number, start_ms, key)) for number in sorted(held)}
        mine = {number: 0 if count is None else count.count for number, count in found.items()}
        restoring = sorted(assigned - held)
        try:
            elsewhere = self._elsewhere(assigned | held)
        except (ConsumerError, Unavailable) as reason:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(reason)}
        return HTTPStatus.OK, {
            "source": self.source,
            "window": f"{Window(0, start_ms, key).start:%Y-%m-%dT%H:%MZ}",
            "key": key,
            "count": sum(mine.values()),
            "partitions": mine,
            "complete": not restoring and not elsewhere,
            "restoring": restoring,
            "elsewhere": elsewhere,
        }

    def _elsewhere(self, mine: frozenset[int]) -> dict[int, Any]:
        """Whom to ask about the other partitions; None for one that nobody owns now."""
        missing = sorted(set(range(self.partitions())) - mine)
        if not missing:
            return {}
        holders = self.holders()
        return {number: asdict(holders[number]) if number in holders else None for number in missing}
