"""Reading the topic of counts back: to its end, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from consumers.counts.store import CountStore
from consumers.counts.topic import CountReader
from consumers.faults import Unavailable
from consumers.topic_reading import Ends


class _Silent:
    """A consumer whose brokers are gone."""

    def __init__(self) -> None:
        self.polls = 0
        self.closed = False

    def assign(self, _partitions: object) -> None:
        pass

    def poll(self, _timeout_s: float) -> None:
        self.polls += 1

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountStore]:
    with closing(CountStore(tmp_path)) as made:
        yield made


def reader(consumer: _Silent, store: CountStore, **more: Any) -> CountReader:
    return CountReader(
        topic="activity_count",
        deserializer=cast("Any", None),
        make_consumer=lambda: cast("Any", consumer),
        ends=lambda: Ends("a cluster", {0: 3}),
        store=store,
        **more,
    )


def test_a_process_that_stops_does_not_wait_for_brokers_that_are_gone(store: CountStore) -> None:
    consumer = _Silent()
    with pytest.raises(Unavailable, match="could not be read to its end"):
        list(reader(consumer, store, is_stopping=lambda: consumer.polls == 2).read("events", {0}))
    assert (consumer.polls, consumer.closed) == (2, True)


def test_any_other_gives_up_when_the_time_is_over(store: CountStore) -> None:
    consumer = _Silent()
    with pytest.raises(Unavailable, match="could not be read to its end"):
        list(reader(consumer, store, clock=lambda: float(consumer.polls), within_s=3.0).read("events", {0}))
    assert (consumer.polls, consumer.closed) == (4, True)
