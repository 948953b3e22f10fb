"""Whether the Faust app still moves: by the brokers' word, since its own parts do not tell.

After brokers were killed or rolled, Faust's client was seen to hold its partitions and to fetch nothing any more. So
the group's committed offsets are compared with the ends of the partitions: records that wait, and an offset that does
not move, make a stand-still. It takes the process down with a sentence, and whoever supervises it starts it anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from consumers.faults import ConsumerError, Unavailable

if TYPE_CHECKING:
    from confluent_kafka import Consumer

# A process that is told to stop waits for the question under way.
_ASK_TIMEOUT_S: Final = 2.0


class StandsStill(ConsumerError):
    """The app must be started anew. Nothing needs to be mended: 75 is EX_TEMPFAIL of sysexits.h."""

    exit_code = 75


class Place(NamedTuple):
    """How far a partition is committed, and where it ends, both as the offset of the next record."""

    committed: int
    end: int


@dataclass(slots=True)
class StandStill:
    """Told the places again and again; for one consumer process. `within_s` seconds without a move are too many."""

    topic: str
    within_s: float
    _seen: tuple[int, Mapping[int, int]] | None = None
    _still_since: float | None = None

    def excuse(self) -> None:
        """The app has something in hand, or the brokers do not answer: what was seen before counts no more."""
        self._still_since = None

    def note(self, places: Mapping[int, Place], owned: Collection[int], now: float, restored: int = 0) -> None:
        """Raises StandsStill. A member that owns nothing looks at all partitions: nobody may own them.

        One partition that moves is enough, since a long backlog of another may come first; and so is `restored`, how
        far the table's changelog was read back.
        """
        looked_at = {number: place for number, place in places.items() if not owned or number in owned}
        waiting = [number for number, place in looked_at.items() if place.committed < place.end]
        seen = (restored, {number: place.committed for number, place in looked_at.items()})
        if not waiting or seen != self._seen or self._still_since is None:
            self._still_since = now
        self._seen = seen
        if now - self._still_since > self.within_s:
            number = waiting[0]
            raise StandsStill(
                f"Faust stands still: {self.topic}[{number}] has records from offset {places[number].committed} on, "
                f"and nothing was committed for {self.within_s:g} s although the brokers answer; start the process anew"
            )


def ask_places(consumer: Consumer, topic: str, partitions: Collection[int]) -> dict[int, Place]:
    """The brokers' word, by a client of the same group that does not join it. Raises Unavailable without brokers."""
    from confluent_kafka import KafkaException, TopicPartition

    asked = [TopicPartition(topic, number) for number in partitions]
    places: dict[int, Place] = {}
    try:
        for answer in consumer.committed(asked, timeout=_ASK_TIMEOUT_S):
            begin, end = consumer.get_watermark_offsets(answer, timeout=_ASK_TIMEOUT_S)
            places[answer.partition] = Place(max(answer.offset, begin), end)
    except KafkaException as error:
        raise Unavailable(f"the brokers do not say how far the group is ({error.args[0].str()})") from error
    return places
