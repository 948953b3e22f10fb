from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.counts.windows import Count, Window, Windows, minute_of

CLICK = Window(0, 60_000, "click")


@pytest.mark.parametrize(
    ("moment", "minute_ms"),
    [
        (datetime(1970, 1, 1, 0, 0, 59, 999999, UTC), 0),
        (datetime(1970, 1, 1, 0, 1, tzinfo=UTC), 60_000),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), -60_000),
        (datetime(1970, 1, 1, 5, 31, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))), 60_000),
    ],
)
def test_a_minute_is_floored_in_utc(moment: datetime, minute_ms: int) -> None:
    assert minute_of(moment) == minute_ms


def test_a_record_that_a_count_includes_is_not_counted_again() -> None:
    windows = Windows()
    windows.restore(CLICK, Count(5, 10))
    assert [windows.add(CLICK, offset) for offset in (8, 9, 10, 11)] == [False, False, True, True]
    assert windows.counts[CLICK] == Count(7, 12)


def test_of_several_written_counts_the_fullest_counts() -> None:
    windows = Windows()
    for count in (Count(5, 10), Count(9, 30), Count(7, 20)):
        windows.restore(CLICK, count)
    assert windows.counts[CLICK] == Count(9, 30)
    assert not windows.dirty


def test_a_count_that_went_on_stays_dirty() -> None:
    windows = Windows()
    windows.add(CLICK, 0)
    windows.add(CLICK, 1)
    windows.confirmed(CLICK, 1)
    assert list(windows.pending()) == [(CLICK, Count(2, 2))]
    windows.confirmed(CLICK, 2)
    assert list(windows.pending()) == []


def test_partitions_that_are_discarded_leave_nothing() -> None:
    windows = Windows()
    other = Window(1, 0, "click")
    windows.add(CLICK, 0)
    windows.add(other, 0)
    windows.discard({0})
    assert (set(windows.counts), windows.dirty, windows.totals()) == ({other}, {other}, {"click": 1})


@given(
    events=st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc")), max_size=60),
    steps=st.lists(st.tuples(st.integers(1, 20), st.sampled_from(["flush", "commit", "crash"])), max_size=12),
)
def test_totals_are_exact_wherever_the_process_dies(
    events: list[tuple[int, str]], steps: list[tuple[int, str]]
) -> None:
    """A crash loses the memory; what was flushed stays, and reading starts at the last commit."""
    topic: list[tuple[Window, Count]] = []
    windows, position, committed = Windows(), 0, 0

    def flush() -> None:
        for window, count in list(windows.pending()):
            topic.append((window, Count(count.count, count.next_offset)))
            windows.confirmed(window, count.next_offset)

    for length, step in [*steps, (len(events), "commit")]:
        for offset in range(position, min(position + length, len(events))):
            minute, value = events[offset]
            windows.add(Window(0, minute, value), offset)
            position = offset + 1
        if step in ("flush", "commit"):
            flush()
        if step == "commit":
            committed = position
        if step == "crash":
            windows, position = Windows(), committed
            for window, count in topic:
                windows.restore(window, count)
    for offset in range(position, len(events)):
        windows.add(Window(0, *events[offset]), offset)
    assert {(w.start_ms, w.value): c.count for w, c in windows.counts.items()} == Counter(events)
