"""The local copy of the counts, and what is read from the topic to bring it up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consumers.counts.store import CountStore, Kept
from consumers.counts.windows import Count, Window
from consumers.faults import ConsumerError

CLICKS = Window(0, 60_000, "click")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(folder: Path) -> Iterator[CountStore]:
    with closing(CountStore(folder)) as made:
        yield made


def kept(end: int, count: int | None, next_offset: int = 0, partition: int = 0) -> Kept:
    entry = None if count is None else ("events", CLICKS, Count(count, next_offset))
    return Kept(partition, end, b"clicks", entry)


def test_a_new_copy_starts_at_the_beginning(store: CountStore) -> None:
    assert store.positions("c", "counts", {0: 7, 1: 0}) == {0: 0, 1: 0}


def test_a_copy_goes_on_where_it_is(store: CountStore, folder: Path) -> None:
    store.positions("c", "counts", {0: 9, 1: 9})
    store.keep([kept(4, 2, 10), kept(6, 3, 12)])
    store.close()
    with closing(CountStore(folder)) as again:
        assert again.positions("c", "counts", {0: 9, 1: 9}) == {0: 6, 1: 0}
        assert list(again.counts("events", 0)) == [(CLICKS, Count(3, 12))]
        assert list(again.counts("events", 1)) == list(again.counts("others", 0)) == []


def test_an_older_count_behind_a_newer_one_changes_nothing(store: CountStore) -> None:
    """A process that was declared dead, and writes all the same."""
    store.positions("c", "counts", {0: 9})
    store.keep([kept(4, 9, 12), kept(5, 7, 10)])
    assert list(store.counts("events", 0)) == [(CLICKS, Count(9, 12))]


def test_a_deleted_bucket_is_gone(store: CountStore) -> None:
    store.positions("c", "counts", {0: 9})
    store.keep([kept(4, 9, 12), kept(5, None)])
    assert list(store.counts("events", 0)) == []


@pytest.mark.parametrize(
    ("cluster", "topic", "end"), [("other", "counts", 9), ("c", "others", 9), ("c", "counts", 3)], ids=str
)
def test_a_copy_of_another_topic_is_read_anew(store: CountStore, cluster: str, topic: str, end: int) -> None:
    store.positions("c", "counts", {0: 9})
    store.keep([kept(4, 9, 12)])
    assert store.positions(cluster, topic, {0: end}) == {0: 0}
    assert list(store.counts("events", 0)) == []


def test_some_records_are_kept_together_or_not_at_all(store: CountStore) -> None:
    store.positions("c", "counts", {0: 9})

    def torn() -> Iterator[Kept]:
        yield kept(4, 9, 12)
        raise ConsumerError("cannot be read")

    with pytest.raises(ConsumerError):
        store.keep(torn())
    assert store.positions("c", "counts", {0: 9}) == {0: 0}
    assert list(store.counts("events", 0)) == []


def test_two_processes_do_not_share_a_folder(store: CountStore, folder: Path) -> None:
    store.positions("c", "counts", {0: 9})
    with pytest.raises(ConsumerError, match="--state-dir"):
        CountStore(folder)


def test_what_is_no_store_is_said(folder: Path) -> None:
    folder.mkdir()
    (folder / "counts.db").write_bytes(b"no database" * 1000)
    with pytest.raises(ConsumerError, match="cannot be used"):
        CountStore(folder)
