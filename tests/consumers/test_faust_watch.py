"""When a Faust app stands still, by the offsets that the brokers tell."""

from __future__ import annotations

import pytest

from consumers.faust_watch import Place, StandsStill, StandStill


@pytest.fixture
def watch() -> StandStill:
    return StandStill("events", within_s=60.0)


def test_records_that_wait_while_no_offset_moves_are_a_stand_still(watch: StandStill) -> None:
    watch.note({0: Place(5, 9)}, {0}, 0.0)
    watch.note({0: Place(5, 12)}, {0}, 60.0)
    with pytest.raises(StandsStill, match=r"events\[0\] has records from offset 5 on, .* 60 s") as stood:
        watch.note({0: Place(5, 12)}, {0}, 60.1)
    assert stood.value.exit_code not in (0, 2), "a supervisor starts it anew, and nobody has to mend anything"


def test_an_offset_that_moves_is_none_however_far_behind(watch: StandStill) -> None:
    for moment in range(0, 1000, 50):
        watch.note({0: Place(moment, 100_000)}, {0}, float(moment))


def test_one_partition_that_moves_is_enough(watch: StandStill) -> None:
    for moment in range(0, 1000, 50):
        watch.note({0: Place(5, 9), 1: Place(moment, 100_000)}, {0, 1}, float(moment))
    with pytest.raises(StandsStill, match=r"events\[0\] has records from offset 5 on"):
        watch.note({0: Place(5, 9), 1: Place(950, 950)}, {0, 1}, 1010.1)


def test_a_table_that_is_read_back_is_none(watch: StandStill) -> None:
    for moment in range(0, 1000, 50):
        watch.note({0: Place(5, 9)}, {0}, float(moment), restored=moment)
    with pytest.raises(StandsStill):
        watch.note({0: Place(5, 9)}, {0}, 1010.1, restored=950)


def test_an_idle_topic_is_none(watch: StandStill) -> None:
    watch.note({0: Place(5, 5)}, {0}, 0.0)
    watch.note({0: Place(5, 5)}, {0}, 1000.0)
    watch.note({0: Place(5, 6)}, {0}, 1001.0)
    watch.note({0: Place(5, 6)}, {0}, 1060.0)


def test_what_came_after_an_excuse_counts_from_there(watch: StandStill) -> None:
    watch.note({0: Place(5, 9)}, {0}, 0.0)
    watch.excuse()
    watch.note({0: Place(5, 9)}, {0}, 100.0)
    with pytest.raises(StandsStill):
        watch.note({0: Place(5, 9)}, {0}, 160.1)


def test_partitions_of_others_are_their_matter_unless_nothing_is_owned(watch: StandStill) -> None:
    places = {0: Place(9, 9), 1: Place(5, 9)}
    for moment in (0.0, 100.0, 200.0):
        watch.note(places, {0}, moment)
    watch.note(places, (), 300.0)
    with pytest.raises(StandsStill, match=r"events\[1\]"):
        watch.note(places, (), 360.1)
