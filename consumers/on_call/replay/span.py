"""Which records are replayed: a begin and an end for each partition, from moments, offsets or places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from consumers.faults import ConsumerError
from consumers.on_call.reading import offsets_at
from consumers.record import Record
from consumers.topic_reading import Extent, extents_of, read_stretch, real_ends

if TYPE_CHECKING:
    from confluent_kafka import Consumer

BEGINNING: Final = "beginning"
END: Final = "end"
_PLACES: Final = re.compile(r"[0-9]{1,10}@[0-9]{1,19}(,[0-9]{1,10}@[0-9]{1,19})*")
_OFFSET: Final = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Edge:
    """One end of a span, as it was written: a word, a moment, an offset of every partition, or places of some."""

    option: str
    word: str = ""
    at_ms: int | None = None
    offset: int | None = None
    places: Mapping[int, int] | None = None


def parse_edge(option: str, text: str) -> Edge:
    """Raises ConsumerError for what is none of them, and for a moment without an offset from UTC."""
    if text in (BEGINNING, END):
        return Edge(option, word=text)
    if _OFFSET.fullmatch(text):
        return Edge(option, offset=int(text))
    if _PLACES.fullmatch(text):
        pairs = [place.split("@") for place in text.split(",")]
        return Edge(option, places={int(partition): int(offset) for partition, offset in pairs})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConsumerError(
            f"{option} {text!r} is neither a moment (2026-01-31T08:00:00Z), nor an offset (1200), nor places "
            f"(0@1200,1@1187), nor {BEGINNING} or {END}"
        ) from None
    if at.tzinfo is None:
        raise ConsumerError(f"{option} {text!r} does not say which hour of the world it means: add Z or +01:00")
    return Edge(option, at_ms=round(at.timestamp() * 1000))


@dataclass(frozen=True, slots=True)
class Stretch:
    """The records of one partition from `begin` up to, and without, `end`; `first` is the oldest that is kept."""

    begin: int
    end: int
    first: int

    @property
    def is_from_first(self) -> bool:
        return self.begin <= self.first


def find_span(consumer: Consumer, topic: str, begin: Edge, end: Edge) -> dict[int, Stretch]:
    """The stretch of each partition that has one; `consumer` needs the properties READING.

    Raises ConsumerError for a topic or a partition that is not there, for an offset that is not kept (any more, or
    yet), for an end before its start and for a span without records; Unavailable without brokers.
    """
    extents = extents_of(consumer, topic)
    ends = real_ends(consumer, topic, extents)
    kept = {number: Extent(extent.begin, ends[number]) for number, extent in extents.items()}
    if begin.at_ms is not None and end.at_ms is not None and end.at_ms <= begin.at_ms:
        raise ConsumerError(f"{end.option} is not after {begin.option}: nothing lies between them")
    begins, stops = _resolve(consumer, topic, begin, kept), _resolve(consumer, topic, end, kept)
    span: dict[int, Stretch] = {}
    for number in begins.keys() & stops.keys():
        if stops[number] < begins[number]:
            raise ConsumerError(
                f"{topic}[{number}] would be read from {begins[number]} to {stops[number]}: the end is before the "
                f"start, correct {begin.option} or {end.option}"
            )
        if stops[number] > begins[number]:
            span[number] = Stretch(begins[number], stops[number], kept[number].begin)
    if not span:
        raise ConsumerError(f"no record of {topic} lies between {begin.option} and {end.option}")
    return dict(sorted(span.items()))


def _resolve(consumer: Consumer, topic: str, edge: Edge, kept: Mapping[int, Extent]) -> dict[int, int]:
    """The offset of the edge in each partition that it names."""
    if edge.word:
        return {number: extent.begin if edge.word == BEGINNING else extent.end for number, extent in kept.items()}
    if edge.at_ms is not None:
        # Where nothing is so new the answer is the place before the extent's end, which is here to be the end itself.
        one_more = {number: Extent(extent.begin, extent.end + 1) for number, extent in kept.items()}
        found = offsets_at(consumer, topic, edge.at_ms, one_more)
        return _first_not_older(consumer, topic, edge.at_ms, found, kept)
    named = edge.places if edge.places is not None else dict.fromkeys(kept, edge.offset or 0)
    for number, offset in named.items():
        extent = kept.get(number)
        if extent is None:
            raise ConsumerError(
                f"{edge.option} names partition {number}: {topic} has the partitions 0 to {len(kept) - 1}"
            )
        if offset < extent.begin:
            raise ConsumerError(
                f"{edge.option}: {topic}[{number}] holds nothing before {extent.begin} any more, so not {offset}: the "
                f"span would lack records; begin at {extent.begin}, or say {BEGINNING}"
            )
        if offset > extent.end:
            raise ConsumerError(
                f"{edge.option}: {topic}[{number}] ends at {extent.end}, there is no {offset} yet: say {END}, or name "
                f"places, one for each partition ({number}@{extent.end})"
            )
    return dict(named)


def _first_not_older(
    consumer: Consumer, topic: str, at_ms: int, found: Mapping[int, int], kept: Mapping[int, Extent]
) -> dict[int, int]:
    """The place of the first record from `found` on that is not older than the moment, else the partition's end.

    A Kafka broker has found it already; the embedded one gives the batch before it, or the first of all.
    """
    firsts = {number: extent.end for number, extent in kept.items()}

    def is_past(record: Record) -> bool:
        is_new_enough = (record.timestamp_ms or 0) >= at_ms
        if is_new_enough:
            firsts[record.partition] = min(firsts[record.partition], record.offset)
        return is_new_enough or record.offset >= kept[record.partition].end

    asked = {number: offset for number, offset in found.items() if offset < kept[number].end}
    for _older in read_stretch(consumer, topic, asked, is_past):
        pass
    return firsts
