"""The shadow's counts beside those that are there: what would change at a cut-over, and what only the span explains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from consumers.counts.windows import Count, Window
from consumers.on_call.replay.span import Stretch


class Verdict(StrEnum):
    EQUAL = "equal"
    DIFFERS = "differs"
    BEFORE_SPAN = "may lie before the span"
    """The live count is greater, and the partition has older records than the span."""
    BEYOND_SPAN = "counted beyond the span"
    """The live count holds records behind the span's end."""
    NOT_YET = "the live consumer is not so far"
    """It has not committed the last record that the shadow counts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One window, live and in the shadow."""

    window: Window
    live: int
    shadow: int
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        return {
            "partition": self.window.partition,
            "minute": f"{self.window.start:%Y-%m-%dT%H:%MZ}",
            "value": self.window.value,
            "live": self.live,
            "shadow": self.shadow,
            "verdict": self.verdict.value,
        }


def compare(
    live: Mapping[Window, Count],
    shadow: Mapping[Window, Count],
    span: Mapping[int, Stretch],
    reached: Mapping[int, int | None],
) -> Iterator[Difference]:
    """Every window of the span's partitions that the span can have a word on, in order.

    A live window that the shadow does not have is left out where its last record is not in the span. `reached` is
    where the live consumer has committed, by partition.
    """
    nothing = Count(0, 0)
    for window in sorted({*live, *shadow}):
        stretch = span.get(window.partition)
        if stretch is None:
            continue
        there, here = live.get(window, nothing), shadow.get(window, nothing)
        # `next_offset` is behind the last record that is counted.
        if window not in shadow and (there.next_offset <= stretch.begin or there.next_offset > stretch.end):
            continue
        yield Difference(window, there.count, here.count, _verdict(there, here, stretch, reached.get(window.partition)))


def _verdict(there: Count, here: Count, stretch: Stretch, reached: int | None) -> Verdict:
    if there.count == here.count:
        return Verdict.EQUAL
    if there.count > here.count and there.next_offset > stretch.end:
        return Verdict.BEYOND_SPAN
    if there.count > here.count and there.next_offset == here.next_offset and not stretch.is_from_first:
        return Verdict.BEFORE_SPAN
    if there.count < here.count and reached is not None and reached < here.next_offset:
        return Verdict.NOT_YET
    return Verdict.DIFFERS


def totals(found: Mapping[Window, Count]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for window, count in found.items():
        sums[window.value] += count.count
    return dict(sorted(sums.items()))
