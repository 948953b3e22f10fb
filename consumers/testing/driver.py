"""The test driver: a handler in the real loop, with no broker, in virtual time, typed in and out."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from codegen.catalog import GeneratedContract
from codegen.runtime import AvroModel
from consumers.dead_letter import PREFIX, DeadLetterQueue, Reader
from consumers.decoding.deserializer import Decoded, Deserializer
from consumers.decoding.frame import frame
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.dedupe import Dedupe
from consumers.effects import EffectWriter, attribute_named
from consumers.function import annotated_model, function_handler
from consumers.handler import Handler
from consumers.loop.attempts import Attempts, DeadLetterLimit
from consumers.loop.backoff import Backoff
from consumers.loop.commits import Commits, Committing
from consumers.loop.lanes import OwnThread
from consumers.loop.liveness import Liveness
from consumers.loop.loop import Loop
from consumers.loop.steps import Steps
from consumers.loop.transactions import Transactions
from consumers.options import Guarantee, find_contract
from consumers.outbox import Outbox
from consumers.record import Header, Record
from consumers.running.progress import Progress, Reporter
from consumers.running.tally import Tally, text_of
from consumers.testing.lanes import DrawnLanes, WatchedHandler
from consumers.testing.transactions import TransactionalProducer
from consumers.testing.world import Consumer, Producer, Registry, World

if TYPE_CHECKING:
    from consumers.tracing import RecordTracing

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Model = TypeVar("_Model", bound=AvroModel)

_MOST_STEPS: Final = 100_000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record of the dead-letter topic, and what its headers say: names without their prefix."""

    record: Record
    facts: Mapping[str, str]

    @property
    def stage(self) -> str:
        return self.facts["stage"]

    @property
    def attempts(self) -> int:
        return int(self.facts["attempts"])


class _WatchedTally(Tally):
    """An event that was there before needs no handler."""

    def __init__(self, progress: Progress, world: World) -> None:
        super().__init__(progress, None)
        self._world = world

    def take_repeated(self, decoded: Decoded) -> None:
        self._world.settled.add((decoded.record.partition, decoded.record.offset))
        super().take_repeated(decoded)


class Driver(Generic[_Function]):
    """Runs `function` as `pipeline consume run` does, on topics in memory. Time passes only when the loop waits.

    It reads into the version that the function is annotated with, unless `reader_version` says another.

    `function` stands for the world outside the process as well: it lives on when the process crashes, so what it keeps
    in itself is what a database would keep. Under exactly-once, `produced` is what is seen of committed transactions.
    `seed` draws the order in which lanes come to their end, and the waits. `tracing` makes a span for each record. With
    `own_thread` it runs on the loop's thread, as the handlers of `standard` and `counts` do.
    """

    def __init__(
        self,
        function: _Function,
        contract: str | GeneratedContract = "user_action",
        *,
        reader_version: int | None = None,
        partitions: int = 1,
        concurrency: int = 1,
        attempts: int = 5,
        dead_letter_limit: int = 50,
        dedupe_field: str | None = None,
        dedupe_window: int = 10_000,
        commit_interval_s: float = 1.0,
        guarantee: Guarantee = Guarantee.AT_LEAST_ONCE,
        seed: int = 0,
        tracing: RecordTracing | None = None,
        own_thread: bool = False,
    ) -> None:
        self.function = function
        self.contract = find_contract(contract) if isinstance(contract, str) else contract
        self.version = reader_version or _annotated_version(function) or self.contract.latest
        self.world = World(self.contract.topic, partitions)
        self.progress = Progress("test", self.contract.name, self.version)
        self._concurrency = concurrency
        self._attempts = attempts
        self._limit = dead_letter_limit
        self._commit_interval_s = commit_interval_s
        self._guarantee = guarantee
        self._dedupe = (dedupe_field, dedupe_window)
        self._tracing = tracing
        self._own_thread = own_thread
        self._draw = Random(seed)  # noqa: S311 - no secret is drawn
        self._registry = Registry(self.world, self.contract)
        self._stop = threading.Event()
        self._loop: Loop | None = None
        self.consumer: Consumer | None = None

    # ------------------------------------------------------------ in

    def send(self, *events: AvroModel, partition: int | None = None) -> None:
        """Events of any version of the contract, framed and keyed as the API does."""
        for event in events:
            key = None
            if self.contract.key is not None:
                key = text_of(getattr(event, attribute_named(type(event), self.contract.key))).encode()
            value = frame(self._registry.ids()[event.VERSION], event.serialize())
            self.world.append(self.world.topic, key, value, (), partition)

    def send_bytes(
        self,
        value: bytes | None,
        key: bytes | None = None,
        partition: int | None = None,
        headers: tuple[Header, ...] = (),
    ) -> None:
        """A record as it may lie in a topic, whatever it holds; None is a tombstone."""
        self.world.append(self.world.topic, key, value, headers, partition)

    # ------------------------------------------------------------ run

    def run(self) -> None:
        """Until everything is done and committed, then stop as on SIGTERM.

        Raises ConsumerError as the consumer would, Crash at the point that was asked for, and AssertionError where the
        loop comes to no end.
        """
        self._step_until(lambda: self.world.caught_up)
        self.stop()

    def stop(self) -> None:
        """Stop as on SIGTERM. Raises as `run`."""
        if self._loop is None:
            self.start()
        self._stop.set()
        loop, self._loop = cast("Loop", self._loop), None
        self._guard(loop.run_to_end)

    def step(self) -> None:
        """One turn of the loop; starts a process where none runs. Raises as `run`."""
        if self._loop is None:
            self.start()
        self._guard(cast("Loop", self._loop).step)

    def start(self) -> None:
        """A new process, which is given all partitions."""
        self._stop = threading.Event()
        self._loop = self._make_loop()
        self._guard(self._loop.begin)
        if self.consumer is not None:
            self.consumer.give(*range(self.world.partitions))

    def crash_at(self, point: int) -> None:
        """Let the process die at the point with this number, counted over all processes of this driver."""
        self.world.crash_at = point

    def kill(self) -> None:
        """The process dies now, as by kill -9."""
        self._loop = None

    def _step_until(self, holds: Callable[[], bool]) -> None:
        for _ in range(_MOST_STEPS):
            self.step()
            if holds():
                return
        raise AssertionError(f"the loop came to no end in {_MOST_STEPS} steps: {self.progress}")

    def _guard(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException:
            self.kill()
            raise

    # ------------------------------------------------------------ out

    def produced(self, model: type[_Model]) -> list[_Model]:
        """What the handler produced into the topic of `model`'s contract."""
        from codegen.models import CONTRACTS

        (contract,) = (each for each in CONTRACTS.values() if each.record == model.FULL_NAME)
        return [model.deserialize(record.value[5:]) for record in self.world.records(contract.topic) if record.value]

    @property
    def dead_letters(self) -> list[DeadLetter]:
        """The dead-letter topic; a record that was given up twice, around a crash, is there twice."""
        found = []
        for record in self.world.records(f"{self.world.topic}.dlq"):
            facts = {n.removeprefix(PREFIX): (v or b"").decode() for n, v in record.headers if n.startswith(PREFIX)}
            found.append(DeadLetter(record, facts))
        return found

    @property
    def unhandled(self) -> list[str]:
        """Records that neither the handler has taken nor the dead-letter topic has: lost, once they are committed."""
        settled = self.world.settled
        return [r.place for r in self.world.records(self.world.topic) if (r.partition, r.offset) not in settled]

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.world.now, UTC)

    # ------------------------------------------------------------ a process

    def _make_loop(self) -> Loop:
        world = self.world
        commits, producer, confirmed = self._committing()
        self.consumer = Consumer(world, getattr(commits, "on_commit", _never_asked))
        writers = WriterSchemas(cast("Any", self._registry), self.contract, clock=world.clock)
        deserializer = Deserializer(self.contract, self.version, writers)
        self.progress = Progress("test", self.contract.name, self.version)
        waits = Random(self._draw.random())  # noqa: S311 - no secret is drawn
        return Loop(
            consumer=cast("Any", self.consumer),
            commits=commits,
            steps=self._steps(deserializer, producer, confirmed),
            reporter=Reporter(self.progress, as_json=True, out=io.StringIO(), clock=world.clock),
            stop=self._stop,
            commit_interval_s=self._commit_interval_s,
            attempts=lambda: Attempts(self._attempts, Backoff(draw=waits)),
            lanes=OwnThread() if self._own_thread else DrawnLanes(world, self._concurrency, self._draw),
            liveness=Liveness(clock=world.clock),
            backoff=Backoff(draw=waits),
            clock=world.clock,
        )

    def _committing(self) -> tuple[Committing, Any, Callable[[Any], None]]:
        """What commits, what produces, and what is told of each effect that is safe."""
        world = self.world
        if self._guarantee is Guarantee.AT_LEAST_ONCE:
            return Commits(world.topic), Producer(world), world.confirmed
        producer = TransactionalProducer(world)
        transactions = Transactions(cast("Any", producer), world.topic, clock=world.clock)
        return transactions, transactions, lambda effect: producer.when_committed(lambda: world.confirmed(effect))

    def _steps(self, deserializer: Deserializer, producer: Any, confirmed: Callable[[Any], None]) -> Steps:
        from codegen.models import CONTRACTS

        handler: Handler = function_handler(self.function, deserializer.model)
        if self._own_thread:
            handler = WatchedHandler(handler, self.world)
        retry = self._guarantee is Guarantee.AT_LEAST_ONCE
        field, window = self._dedupe
        return Steps(
            deserializer=deserializer,
            handler=handler,
            dead_letters=DeadLetterQueue(
                Outbox(producer, retry=retry), Reader("test", "0", deserializer.model.FINGERPRINT)
            ),
            effects=EffectWriter(
                Outbox(producer, retry=retry, on_confirmed=confirmed), CONTRACTS, lambda _contract, _model: 1
            ),
            tally=_WatchedTally(self.progress, self.world),
            dedupe=None
            if field is None
            else Dedupe(attribute_named(deserializer.model, field), window, deserializer, self._read_back),
            limit=DeadLetterLimit(self._limit),
            tracing=self._tracing,
        )

    def _read_back(self, partition: int, begin: int, end: int) -> Iterator[Record]:
        self.world.point("read back")
        yield from self.world.log[self.world.topic][partition][begin:end]


def _never_asked(*_arguments: object) -> None:
    """Offsets that go with a transaction are answered there."""


def _annotated_version(function: Callable[..., Any]) -> int | None:
    """The version of the model that the function is annotated to take."""
    model = annotated_model(function)
    return None if model is None else model.VERSION
