"""A world without a broker: topics in memory, a clock that passes when it is told, and a process that can die.

Whatever happens at a boundary of the process is a point at which it may crash: each is passed by `World.point`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, Message, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaRegistryError

from codegen.catalog import GeneratedContract
from consumers.effects import Produce
from consumers.record import Record


class Crash(BaseException):
    """The process died here. No code of a consumer can catch it for an error."""


@dataclass(slots=True)
class World:
    """What outlives a process. `log` has the records of each topic by partition, `committed` the group's offsets.

    `points` names each point that was passed; at the point number `crash_at` the process dies. `settled` are the
    records whose work is done, as the outside sees it: the handler returned and its effects are in their
    topics, or the dead letter is in its own; `owed` are the effects that are not there yet.
    """

    topic: str
    partitions: int
    log: dict[str, list[list[Record]]] = field(default_factory=dict)
    committed: dict[int, int] = field(default_factory=dict)
    settled: set[tuple[int, int]] = field(default_factory=set)
    owed: dict[tuple[int, int], list[Produce]] = field(default_factory=dict)
    points: list[str] = field(default_factory=list)
    crash_at: int | None = None
    now: float = 1_000.0
    registry_away: bool = False
    broker_silent: bool = False

    def clock(self) -> float:
        return self.now

    def point(self, name: str) -> None:
        """The process does `name` now, unless it dies before."""
        number = len(self.points)
        self.points.append(name)
        if number == self.crash_at:
            self.crash_at = None
            raise Crash(f"at point {number}, {name}")

    def handled(self, place: tuple[int, int], effects: Iterable[Produce]) -> None:
        """The handler has returned with `effects`."""
        owed = self.owed[place] = list(effects)
        if not owed:
            self.settled.add(place)

    def confirmed(self, effect: Produce) -> None:
        """An effect is in its topic."""
        for place, owed in self.owed.items():
            for position, each in enumerate(owed):
                if each is effect:
                    del owed[position]
                    if not owed:
                        self.settled.add(place)
                    return

    def append(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Any, partition: int | None = None
    ) -> Record:
        """A record into its topic; without a partition, by its key."""
        lines = self.log.setdefault(topic, [[] for _ in range(self.partitions)])
        number = sum(key or b"") % self.partitions if partition is None else partition
        record = Record(topic, number, len(lines[number]), int(self.now * 1000), key, value, tuple(headers))
        lines[number].append(record)
        return record

    def records(self, topic: str) -> list[Record]:
        """All records of a topic, by partition and offset."""
        return [record for line in self.log.get(topic, []) for record in line]

    def commit(self, partition: int, offset: int) -> None:
        """Raises AssertionError for an offset that passes a record whose work is not done."""
        for number in range(offset):
            if (partition, number) not in self.settled:
                raise AssertionError(
                    f"{self.topic}[{partition}] was committed up to {offset}, and the record at {number} is neither "
                    f"handled nor in the dead-letter topic: a crash would lose it"
                )
        self.committed[partition] = offset

    @property
    def caught_up(self) -> bool:
        """Whether everything in the topic is committed."""
        lines = self.log.get(self.topic, [])
        return all(self.committed.get(number, 0) >= len(line) for number, line in enumerate(lines))


class Consumer:
    """As much of confluent_kafka.Consumer as the loop asks for. Owns what `give` and `take_away` say."""

    def __init__(self, world: World, on_commit: Callable[[KafkaError | None, list[TopicPartition]], None]) -> None:
        self._world = world
        self._on_commit = on_commit
        self._callbacks: dict[str, Callable[[object, list[TopicPartition]], None]] = {}
        self._position: dict[int, int] = {}
        self._paused: set[int] = set()
        self._commits: deque[list[TopicPartition]] = deque()
        self._events: deque[Callable[[], None]] = deque()

    def subscribe(self, _topics: list[str], **callbacks: Callable[[object, list[TopicPartition]], None]) -> None:
        self._callbacks = callbacks

    def poll(self, timeout_s: float) -> Message | None:
        world = self._world
        world.now += timeout_s
        world.point("poll")
        if self._events:
            self._events.popleft()()
            return None
        if not world.broker_silent:
            self._answer_commits()
        for number in sorted(self._position.keys() - self._paused):
            line = world.log.get(world.topic, [[] for _ in range(world.partitions)])[number]
            offset = self._position[number]
            if offset < len(line) and not world.broker_silent:
                self._position[number] = offset + 1
                # Round robin, as far as a sorted order allows: the partition goes to the end.
                self._position[number] = self._position.pop(number)
                return _message(line[offset])
        return None

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        del timeout
        found = self._world.committed
        return [
            TopicPartition(self._world.topic, each.partition, found.get(each.partition, -1001)) for each in partitions
        ]

    def seek(self, place: TopicPartition) -> None:
        self._position[place.partition] = place.offset

    def consumer_group_metadata(self) -> frozenset[int]:
        """Stands for the generation: what this member owns."""
        return frozenset(self._position)

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        if not asynchronous:
            raise ValueError("a synchronous commit blocks without limit while the coordinator is away")
        self._world.point("commit sent")
        self._commits.append(offsets)

    def assignment(self) -> list[TopicPartition]:
        return self._places(self._position)

    def pause(self, partitions: list[TopicPartition]) -> None:
        self._paused |= {place.partition for place in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self._paused -= {place.partition for place in partitions}

    def close(self) -> None:
        self._revoke(set(self._position), "on_revoke")

    def give(self, *partitions: int) -> None:
        """The next poll assigns these partitions."""
        self._events.append(lambda: self._assign(set(partitions)))

    def take_away(self, *partitions: int, lost: bool = False) -> None:
        """The next poll revokes these partitions; or says that they are lost, when others own them already."""
        self._events.append(lambda: self._revoke(set(partitions), "on_lost" if lost else "on_revoke"))

    def _assign(self, partitions: set[int]) -> None:
        new = sorted(partitions - self._position.keys())
        self._position |= {number: self._world.committed.get(number, 0) for number in new}
        self._world.point("assign")
        self._callbacks["on_assign"](self, self._places(new))

    def _revoke(self, partitions: set[int], callback: str) -> None:
        gone = sorted(partitions & self._position.keys())
        if not gone:
            return
        self._world.point(callback)
        self._callbacks[callback](self, self._places(gone))
        if callback == "on_revoke" and not self._world.broker_silent:
            self._answer_commits()  # librdkafka sends what was committed before it gives the partitions back
        for number in gone:
            del self._position[number]

    def _answer_commits(self) -> None:
        while self._commits:
            places = self._commits.popleft()
            for place in places:
                if place.partition in self._position:  # else its owner is another, and the broker refuses
                    self._world.commit(place.partition, place.offset)
            self._world.point("commit answered")
            self._on_commit(None, places)

    def _places(self, numbers: Any) -> list[TopicPartition]:
        return [TopicPartition(self._world.topic, number) for number in sorted(numbers)]


Sent = tuple[str, bytes | None, bytes | None, Any]


class Producer:
    """As much of confluent_kafka.Producer as an outbox asks for: what is produced dies with the process until flush."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: deque[tuple[Sent, Callable[..., None]]] = deque()

    def produce(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Any, on_delivery: Callable[..., None]
    ) -> None:
        self._world.point(f"produce to {topic}")
        self._queue.append(((topic, key, value, headers), on_delivery))

    def poll(self, _timeout_s: float) -> int:
        return 0

    def flush(self, timeout_s: float) -> int:
        self._world.point("flush")
        if self._world.broker_silent:
            self._world.now += timeout_s
            return len(self._queue)
        while self._queue:
            sent, on_delivery = self._queue.popleft()
            self._keep(sent)
            self._world.point(f"delivered to {sent[0]}")
            on_delivery(None, None)
        return 0

    def _keep(self, sent: Sent) -> None:
        """The broker has it."""
        self._appear(sent)

    def _appear(self, sent: Sent) -> None:
        """It is in the topic for everybody; a dead letter settles the record that it tells of."""
        topic, _, _, headers = sent
        self._world.append(*sent)
        if topic == f"{self._world.topic}.dlq":
            told = dict(headers)
            self._world.settled.add((int(told["dlq.partition"]), int(told["dlq.offset"])))


@dataclass(slots=True)
class Registry:
    """Knows every version of `contract` by the id that `ids` gives it."""

    world: World
    contract: GeneratedContract

    def ids(self) -> dict[int, int]:
        """Version → schema id."""
        return {version: 100 + version for version in self.contract.versions}

    def get_schema(self, schema_id: int) -> Schema:
        """Raises ConnectionError while the registry is away, and SchemaRegistryError for an unknown id."""
        self.world.point("ask the registry")
        if self.world.registry_away:
            raise ConnectionError("the registry is away")
        for version, number in self.ids().items():
            if number == schema_id:
                return Schema(self.contract.avsc(version), "AVRO")
        raise SchemaRegistryError(404, 40403, "Schema not found")

    def get_schema_by_guid(self, _guid: str) -> Schema:
        """No schema has a GUID here."""
        raise SchemaRegistryError(404, 40403, "Schema not found")


def _message(record: Record) -> Message:
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
        timestamp=(1, record.timestamp_ms or 0),
    )
