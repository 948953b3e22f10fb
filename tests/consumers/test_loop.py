"""The loop with a scripted consumer: each poll brings a record, an error, or a rebalance."""

from __future__ import annotations

import io
import json
import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from consumers.dead_letter import DeadLetterQueue, Reader
from consumers.decoding.deserializer import Decoded, Deserializer
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.effects import EffectWriter
from consumers.faults import ConsumerError, DeliveryUnconfirmed, TransientError
from consumers.loop.backoff import Backoff
from consumers.loop.commits import Commits
from consumers.loop.loop import Loop
from consumers.loop.steps import Steps
from consumers.outbox import Outbox
from consumers.running.progress import Progress, Reporter, State
from consumers.running.tally import Tally, attribute_of
from tests.consumers.fakes import CONTRACT, TOPIC, Clock, FakeProducer, FakeRegistry, framed, message
from tests.frozen_contracts import CONTRACTS


@dataclass
class FakeConsumer:
    """Polls what `script` holds; an entry that can be called is called (a rebalance) and brings nothing."""

    commits: Commits
    clock: Clock
    script: deque[Any] = field(default_factory=deque)
    callbacks: dict[str, Callable[..., None]] = field(default_factory=dict)
    owned: set[int] = field(default_factory=set)
    paused: bool = False
    committed: dict[int, int] = field(default_factory=dict)
    answers: deque[KafkaError] = field(default_factory=deque)
    silent: bool = False
    pending: list[TopicPartition] | None = None
    closing: bool = False
    closed: bool = False
    when_idle: Callable[[], None] = lambda: None

    def subscribe(self, topics: list[str], **callbacks: Callable[..., None]) -> None:
        assert topics == [TOPIC]
        self.callbacks = callbacks

    def poll(self, timeout: float) -> Message | None:
        self.clock.advance(timeout)
        self._answer_commit()
        if self.paused:
            return None
        if not self.script:
            self.when_idle()
            return None
        entry = self.script.popleft()
        if callable(entry):
            entry()
            return None
        return entry  # type: ignore[no-any-return] - a message of the script

    def _answer_commit(self) -> None:
        if self.pending is None or self.silent:
            return
        places, self.pending = self.pending, None
        error = self.answers.popleft() if self.answers else None
        if error is None:
            self.committed.update({place.partition: place.offset for place in places})
        self.commits.on_commit(error, places)

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous
        assert self.pending is None or self.closing, "one commit at a time"
        self.pending = offsets

    def assign(self, *partitions: int) -> None:
        self.owned |= set(partitions)
        self.callbacks["on_assign"](self, [TopicPartition(TOPIC, number) for number in partitions])

    def revoke(self, *partitions: int, lost: bool = False) -> None:
        name = "on_lost" if lost else "on_revoke"
        self.callbacks[name](self, [TopicPartition(TOPIC, number) for number in partitions])
        self.owned -= set(partitions)

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(TOPIC, number) for number in sorted(self.owned)]

    def pause(self, partitions: list[TopicPartition]) -> None:
        assert {place.partition for place in partitions} == self.owned
        self.paused = True

    def resume(self, partitions: list[TopicPartition]) -> None:
        resumed = {place.partition for place in partitions}
        assert resumed <= self.owned
        if resumed == self.owned and not self.closing:
            self.paused = False

    def close(self) -> None:
        self.closing = True
        self.revoke(*self.owned)
        self._answer_commit()
        self.closed = True


@dataclass
class RecordingHandler:
    """Notes every call; `trouble` is raised, first to last, by the methods that are named."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    trouble: dict[str, deque[Exception]] = field(default_factory=dict)
    handled: list[tuple[int, int]] = field(default_factory=list)
    durable: list[tuple[int, int]] = field(default_factory=list)

    def _note(self, name: str, *details: Any) -> None:
        if self.trouble.get(name):
            raise self.trouble[name].popleft()
        self.calls.append((name, *details))

    def assign(self, partitions: Collection[int]) -> None:
        self._note("assign", *sorted(partitions))

    def handle(self, decoded: Decoded) -> None:
        self._note("handle", decoded.record.partition, decoded.record.offset)
        self.handled.append((decoded.record.partition, decoded.record.offset))

    def flush(self, timeout_s: float) -> None:
        self._note("flush")
        self.durable = list(self.handled)

    def discard(self, partitions: Collection[int]) -> None:
        self._note("discard", *sorted(partitions))


class Bench:
    """A loop with everything around it faked but the models."""

    def __init__(self, registry: FakeRegistry, producer: FakeProducer, clock: Clock) -> None:
        commits = Commits(TOPIC)
        self.registry, self.producer, self.clock = registry, producer, clock
        self.consumer = FakeConsumer(commits, clock)
        self.handler = RecordingHandler()
        self.out = io.StringIO()
        self.stop = threading.Event()
        self.consumer.when_idle = self.stop.set
        writers = WriterSchemas(registry, CONTRACT, patience_s=5, clock=clock)  # type: ignore[arg-type] - a fake
        deserializer = Deserializer(CONTRACT, 2, writers)
        self.progress = Progress("test", CONTRACT.name, 2, "action")
        self.loop = Loop(
            consumer=self.consumer,  # type: ignore[arg-type] - a fake
            commits=commits,
            steps=Steps(
                deserializer=deserializer,
                handler=self.handler,
                dead_letters=DeadLetterQueue(Outbox(producer), Reader("g", "1", "f")),  # type: ignore[arg-type] - a fake
                effects=EffectWriter(Outbox(producer), CONTRACTS, lambda _contract, _model: 77),  # type: ignore[arg-type] - a fake
                tally=Tally(self.progress, attribute_of(deserializer.model, "action")),
            ),
            reporter=Reporter(self.progress, as_json=True, out=self.out, clock=clock),
            stop=self.stop,
            clock=clock,
            backoff=Backoff(draw=Random(1)),
        )

    def run(self, *script: Any, assigned: tuple[int, ...] = (0,)) -> None:
        self.consumer.script.extend([lambda: self.consumer.assign(*assigned), *script])
        self.loop.run()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def bench(registry: FakeRegistry, producer: FakeProducer, clock: Clock) -> Bench:
    return Bench(registry, producer, clock)


def test_records_of_both_versions_are_handled_counted_and_committed(bench: Bench) -> None:
    bench.run(
        message(framed(1, "click"), 5), message(framed(2, "share"), 0, partition=1), message(None, 6), assigned=(0, 1)
    )
    assert bench.handler.handled == [(0, 5), (1, 0), (0, 6)]
    assert bench.consumer.committed == {0: 7, 1: 1}
    last = bench.lines[-1]
    assert (last["final"], last["state"], last["seen"], last["decoded"], last["tombstones"]) == (
        True,
        "stopped",
        3,
        2,
        1,
    )
    assert last["totals"] == {"click": 1, "share": 1}
    assert last["by_schema_version"] == {"1": 1, "2": 1}
    assert last["positions"] == {"0": 7, "1": 1}


def test_the_first_lines_say_when_it_is_ready(bench: Bench) -> None:
    bench.run()
    states = [(line["state"], line["assigned"]) for line in bench.lines]
    assert states[:2] == [("starting", []), ("ready", [0])]
    assert bench.consumer.closed


def test_an_undecodable_record_is_safe_in_the_dead_letter_topic_before_its_offset_moves(bench: Bench) -> None:
    bench.producer.silent = True
    seen: list[dict[int, int]] = []

    def speak() -> None:
        seen.append(dict(bench.consumer.committed))
        bench.producer.silent = False

    bench.consumer.when_idle = lambda: (speak(), bench.stop.set())[0]
    bench.run(message(b"junk", 0), message(framed(2), 1), *[lambda: None] * 20)
    assert seen == [{}], "nothing is committed while the dead letter is unconfirmed"
    assert [sent["value"] for sent in bench.producer.delivered] == [b"junk"]
    assert bench.consumer.committed == {0: 2}
    assert (bench.progress.dead_lettered, bench.progress.decoded, bench.progress.seen) == (1, 1, 2)
    assert bench.progress.dead_letters_by_stage == {"frame": 1}


def test_zero_bytes_are_poison_and_a_null_is_not(bench: Bench) -> None:
    bench.run(message(b"", 0), message(None, 1))
    assert (bench.progress.dead_lettered, bench.progress.tombstones) == (1, 1)
    assert [sent["value"] for sent in bench.producer.delivered] == [b""]


def test_a_registry_that_is_away_pauses_the_consumer_and_nothing_is_dead_lettered(bench: Bench) -> None:
    bench.registry.away = ConnectionError("refused")
    polls_while_paused = 0

    def poll(timeout: float) -> Message | None:
        nonlocal polls_while_paused
        polls_while_paused += bench.consumer.paused
        if polls_while_paused == 200:
            bench.registry.away = None
        return FakeConsumer.poll(bench.consumer, timeout)

    bench.consumer.poll = poll  # type: ignore[method-assign] - a spy
    bench.run(message(framed(1), 0), message(framed(2), 1))
    assert polls_while_paused >= 200, "polling goes on, so that the member keeps its place in the group"
    assert bench.handler.handled == [(0, 0), (0, 1)]
    assert (bench.producer.delivered, bench.consumer.committed, bench.consumer.paused) == ([], {0: 2}, True)
    assert {"paused", "ready", "stopped"} <= {line["state"] for line in bench.lines}
    assert 0 < bench.progress.retries < 20, "attempts are spaced out"


def test_an_unknown_id_is_waited_for_and_then_dead_lettered(bench: Bench) -> None:
    bench.run(message(b"\x00\x00\x00\x00\x63body", 0), message(framed(2), 1))
    assert dict(bench.producer.delivered[0]["headers"])["dlq.stage"] == b"schema"
    assert bench.handler.handled == [(0, 1)]
    assert bench.progress.retries > 1


def test_what_the_handler_has_not_made_durable_is_not_committed(bench: Bench) -> None:
    bench.handler.trouble["flush"] = deque([DeliveryUnconfirmed("slow")] * 3)
    bench.run(message(framed(2), 0), *[lambda: None] * 40)
    assert bench.handler.durable == [(0, 0)]
    assert bench.consumer.committed == {0: 1}
    assert bench.progress.retries == 3


def test_a_handler_that_cannot_load_a_partition_gets_no_record_of_it(bench: Bench) -> None:
    bench.handler.trouble["assign"] = deque([DeliveryUnconfirmed("away")] * 2)
    bench.run(message(framed(2), 0))
    assert bench.handler.calls[:2] == [("assign", 0), ("handle", 0, 0)]


def test_a_record_whose_handling_failed_for_a_passing_cause_is_handled_again(bench: Bench) -> None:
    bench.handler.trouble["handle"] = deque([DeliveryUnconfirmed("away")])
    bench.run(message(framed(2), 0), message(framed(2), 1))
    assert bench.handler.handled == [(0, 0), (0, 1)]
    assert bench.progress.seen == 2


def test_before_partitions_are_given_back_their_work_is_durable_and_its_commit_sent(bench: Bench) -> None:
    def rebalance() -> None:
        bench.consumer.revoke(0)
        assert bench.handler.durable == [(0, 0)]
        assert bench.consumer.pending is not None

    bench.run(message(framed(2), 0), rebalance, message(framed(2), 5, partition=1), assigned=(0, 1))
    assert bench.consumer.committed == {0: 1, 1: 6}
    assert ("discard", 0) in bench.handler.calls


def test_lost_partitions_are_dropped_without_a_write(bench: Bench) -> None:
    def lose() -> None:
        bench.consumer.revoke(0, lost=True)
        assert bench.consumer.pending is None

    bench.run(message(framed(2), 0), lose)
    assert bench.consumer.committed == {}
    assert "flush" not in [name for name, *_ in bench.handler.calls]


def test_records_of_a_partition_that_was_taken_away_meanwhile_are_not_handled(bench: Bench) -> None:
    bench.registry.away = ConnectionError("refused")

    def rebalance_while_paused(timeout: float) -> Message | None:
        if bench.consumer.paused and 0 in bench.consumer.owned:
            bench.consumer.revoke(0)
            bench.registry.away = None
        return FakeConsumer.poll(bench.consumer, timeout)

    bench.consumer.poll = rebalance_while_paused  # type: ignore[method-assign] - a spy
    bench.run(message(framed(2), 0), message(framed(2), 9, partition=1), assigned=(0, 1))
    assert bench.handler.handled == [(1, 9)]
    assert bench.consumer.committed == {1: 10}


def test_partitions_that_come_while_paused_are_paused_too(bench: Bench) -> None:
    bench.registry.away = ConnectionError("refused")

    def join_while_paused(timeout: float) -> Message | None:
        if bench.consumer.paused and 1 not in bench.consumer.owned:
            bench.consumer.paused = False  # a new assignment starts unpaused
            bench.consumer.assign(1)
            return None
        if bench.consumer.paused and 1 in bench.consumer.owned:
            bench.registry.away = None
        return FakeConsumer.poll(bench.consumer, timeout)

    bench.consumer.poll = join_while_paused  # type: ignore[method-assign] - a spy
    bench.run(message(framed(2), 0), message(framed(2), 0, partition=1))
    assert bench.handler.handled == [(0, 0), (1, 0)]


def test_a_record_that_is_delivered_again_counts_once(bench: Bench) -> None:
    def rebalance() -> None:
        bench.consumer.revoke(0, lost=True)
        bench.consumer.assign(0)

    bench.run(message(framed(2), 0), rebalance, message(framed(2), 0), message(framed(2), 1))
    assert (bench.progress.seen, bench.progress.redelivered) == (2, 1)
    assert bench.handler.handled == [(0, 0), (0, 0), (0, 1)], "the handler sees it again: at least once"


def test_a_commit_that_failed_is_sent_again(bench: Bench) -> None:
    bench.consumer.answers.append(KafkaError(KafkaError.REQUEST_TIMED_OUT))
    bench.run(message(framed(2), 0))
    assert bench.consumer.committed == {0: 1}


def test_a_broker_that_never_answers_the_last_commit_is_told_by_the_exit(bench: Bench) -> None:
    bench.consumer.silent = True
    with pytest.raises(ConsumerError, match="read again"):
        bench.run(message(framed(2), 0))
    assert bench.consumer.closed
    assert bench.lines[-1]["final"]
    assert bench.lines[-1]["state"] != "stopped"


def test_work_that_cannot_be_made_durable_at_the_end_is_told_by_the_exit(bench: Bench) -> None:
    bench.producer.silent = True
    with pytest.raises(ConsumerError, match="not confirmed 1 record"):
        bench.run(message(b"junk", 0))
    assert bench.consumer.committed == {}


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), "pipeline topics create"),
        (KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), "may not be read"),
        (KafkaError(KafkaError._FATAL, "fenced", fatal=True), "cannot go on"),
    ],
)
def test_what_polling_again_cannot_mend_stops_the_consumer(bench: Bench, error: KafkaError, sentence: str) -> None:
    with pytest.raises(ConsumerError, match=sentence):
        bench.run(Message(topic=TOPIC, error=error))
    assert bench.consumer.closed


def test_a_passing_error_of_the_client_is_survived(bench: Bench) -> None:
    bench.run(Message(topic=TOPIC, error=KafkaError(KafkaError._TRANSPORT)), message(framed(2), 0))
    assert bench.handler.handled == [(0, 0)]


def test_a_hopeless_dead_letter_during_a_rebalance_stops_the_consumer(bench: Bench) -> None:
    bench.producer.verdicts.append(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))
    with pytest.raises(ConsumerError, match=r"events\.dlq"):
        bench.run(message(b"junk", 0), lambda: bench.consumer.revoke(0), lambda: None)
    assert bench.consumer.committed == {}


@pytest.mark.parametrize("stopped", [False, True])
def test_a_hopeless_dead_letter_during_a_rebalance_keeps_back_the_partitions_that_stay(
    bench: Bench, stopped: bool
) -> None:
    def rebalance() -> None:
        bench.consumer.revoke(0)
        if stopped:
            bench.stop.set()

    bench.producer.refusal = KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))
    with pytest.raises(ConsumerError, match=r"events\.dlq"):
        bench.run(message(b"junk", 0), message(b"junk", 0, partition=1), rebalance, assigned=(0, 1))
    assert (bench.consumer.committed, bench.consumer.pending) == ({}, None)


def test_a_slow_commit_is_waited_for_before_the_next(bench: Bench) -> None:
    def listen() -> None:
        bench.consumer.silent = False

    bench.consumer.silent = True
    records = [message(framed(2), offset) for offset in range(30)]
    bench.run(*records[:20], listen, *records[20:])
    assert bench.consumer.committed == {0: 30}


def test_a_commit_that_cannot_start_is_tried_again(bench: Bench) -> None:
    refusals = deque([KafkaException(KafkaError(KafkaError._STATE))])
    commit = bench.consumer.commit

    def refuse_once(**what: Any) -> None:
        if refusals:
            raise refusals.popleft()
        commit(**what)

    bench.consumer.commit = refuse_once  # type: ignore[method-assign] - a spy
    bench.run(message(framed(2), 0), *[lambda: None] * 10)
    assert bench.consumer.committed == {0: 1}


def test_a_record_whose_handler_fails_for_good_is_dead_lettered_with_the_stage(bench: Bench) -> None:
    bench.handler.trouble["handle"] = deque([ZeroDivisionError("by none")])
    bench.run(message(framed(2), 0), message(framed(2), 1))
    headers = dict(bench.producer.delivered[0]["headers"])
    assert (headers["dlq.stage"], headers["dlq.error_class"]) == (b"handle", b"ZeroDivisionError")
    assert (headers["dlq.attempts"], headers["dlq.writer_schema_id"]) == (b"1", b"12")
    assert bench.handler.handled == [(0, 1)]
    assert bench.consumer.committed == {0: 2}


def test_a_passing_failure_is_tried_again(bench: Bench) -> None:
    bench.handler.trouble["handle"] = deque([TransientError("busy"), TimeoutError(), ConnectionError()])
    bench.run(message(framed(2), 0), *[lambda: None] * 40)
    assert (bench.handler.handled, bench.producer.delivered) == ([(0, 0)], [])
    assert bench.progress.retries == 3


def test_a_passing_failure_that_does_not_pass_ends_in_the_dead_letter_topic(bench: Bench) -> None:
    bench.handler.trouble["handle"] = deque([TransientError("busy")] * 5)
    bench.run(message(framed(2), 0), *[lambda: None] * 60)
    headers = dict(bench.producer.delivered[0]["headers"])
    assert (headers["dlq.stage"], headers["dlq.attempts"]) == (b"handle", b"5")
    assert bench.consumer.committed == {0: 1}


def test_a_consumer_that_would_dead_letter_everything_stops_and_commits_what_is_done(bench: Bench) -> None:
    with pytest.raises(ConsumerError, match="50 of the last 50 records were dead-lettered"):
        bench.run(*[message(b"junk", offset) for offset in range(100)])
    assert len(bench.producer.delivered) == 50
    assert bench.consumer.committed == {0: 50}


def test_a_flush_that_fails_for_good_closes_the_consumer_without_a_commit(bench: Bench) -> None:
    bench.handler.trouble["flush"] = deque([ZeroDivisionError()])
    with pytest.raises(ZeroDivisionError):
        bench.run(message(framed(2), 0), lambda: None)
    assert bench.consumer.closed
    assert bench.consumer.committed == {}
    assert bench.progress.state is not State.STOPPED


def test_a_member_whose_place_was_taken_stops(bench: Bench) -> None:
    """What poll brings then is a fatal error that does not say that it is one."""
    with pytest.raises(ConsumerError, match="cannot go on: Static consumer fenced"):
        bench.run(Message(error=KafkaError(KafkaError._FATAL, "Static consumer fenced by other consumer")))
