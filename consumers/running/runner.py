"""Puts a consumer process together, and runs it until it is told to stop."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from consumers.clients import make_consumer, make_producer, make_registry, partition_count, registered_id
from consumers.dead_letter import DeadLetterQueue, Reader
from consumers.decoding.deserializer import Deserializer
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.dedupe import Dedupe
from consumers.effects import EffectWriter
from consumers.faults import ConsumerError, Unavailable
from consumers.handler import Handler
from consumers.loop.attempts import Attempts, DeadLetterLimit
from consumers.loop.backoff import Backoff
from consumers.loop.lanes import OwnThread, Threads
from consumers.loop.liveness import Liveness
from consumers.loop.loop import Loop
from consumers.loop.steps import Steps
from consumers.options import ConsumerOptions, ReaderChoice, app_version, choose_reader, find_contract, others_on
from consumers.outbox import Outbox
from consumers.record import Record
from consumers.running.http import Answer, answers_of, serve
from consumers.running.lag_meter import LagMeter
from consumers.running.members import client_id_for
from consumers.running.metrics import ConsumerMetrics
from consumers.running.progress import Progress, Reporter, State
from consumers.running.sending import Sending, open_sending
from consumers.running.start_check import pinned_schemas, refuse_unreadable, registered_schemas
from consumers.running.stopping import stop_on_signals
from consumers.running.tally import Tally, attribute_of
from consumers.topic_reading import READING, latest_schemas, read_stretch
from tools.config.tracing import start_tracing, stop_tracing

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

    from codegen.catalog import GeneratedContract
    from consumers.tracing import RecordTracing

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")


class Stopped(Exception):
    """Asked to stop before the start was complete."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What every consumer process has, whatever its handler and its client library.

    `answers` are what it tells over HTTP, by path; a handler may add some before its first record.
    """

    options: ConsumerOptions
    choice: ReaderChoice
    group: str
    registry: SchemaRegistryClient
    deserializer: Deserializer
    progress: Progress
    tally: Tally
    writers: WriterSchemas
    tracing: RecordTracing | None = None
    answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def contract(self) -> GeneratedContract:
        return self.choice.contract

    def check_registered(self, choice: ReaderChoice | None = None, writers: WriterSchemas | None = None) -> None:
        """Wait for the registry, and refuse what the chosen version cannot read. Raises ConsumerError and Stopped."""
        choice, writers = choice or self.choice, writers or self.writers

        def check() -> None:
            refuse_unreadable(
                choice,
                registered_schemas(choice.contract, self.registry, writers),
                lambda: latest_schemas(self.group, choice.contract.topic, writers),
            )

        self.wait_for(check)

    def steps(self, handler: Handler, make_outbox: Callable[[], Outbox] | None = None) -> Steps:
        """What is done with each record; without `make_outbox`, with a producer of its own. Raises ConsumerError."""
        from codegen.models import CONTRACTS

        if make_outbox is None:
            make_outbox = partial(Outbox, make_producer())
        reader = Reader(self.group, app_version(), self.deserializer.model.FINGERPRINT)
        return Steps(
            deserializer=self.deserializer,
            handler=handler,
            dead_letters=DeadLetterQueue(make_outbox(), reader),
            effects=EffectWriter(
                make_outbox(),
                CONTRACTS,
                lambda contract, model: registered_id(self.registry, contract.subject, model.AVSC),
            ),
            tally=self.tally,
            dedupe=self._dedupe(),
            limit=DeadLetterLimit(self.options.dead_letter_limit),
            tracing=self.tracing,
        )

    def _dedupe(self) -> Dedupe | None:
        field = self.options.dedupe_field
        if field is None:
            return None
        attribute = attribute_of(self.deserializer.model, field)
        return Dedupe(attribute, self.options.dedupe_window, self.deserializer, self._read_back)

    def _read_back(self, partition: int, begin: int, end: int) -> Iterator[Record]:
        consumer = make_consumer(self.group, overrides=READING)  # it joins no group
        try:
            yield from read_stretch(
                consumer, self.contract.topic, {partition: begin}, lambda record: record.offset >= end
            )
        finally:
            consumer.close()

    def reporter(self) -> Reporter:
        return Reporter(self.progress, as_json=self.options.json, interval_s=self.options.report_interval_s)

    def report_stopped(self) -> None:
        """The last word of a process that was stopped before it read anything."""
        self.progress.state = State.STOPPED
        self.reporter().report(final=True)

    def wait_for(self, question: Callable[[], _Answer]) -> _Answer:
        """The answer, asked again while the dependency is away. Raises Stopped."""
        backoff = Backoff()
        while not self.options.stop.is_set():
            try:
                answer = question()
            except Unavailable as reason:
                log.warning("waiting: %s", reason)
                self.progress.state = State.PAUSED
                self.progress.retries += 1
                self.reporter().report()
                self.options.stop.wait(backoff.next_s())
            else:
                self.progress.state = State.STARTING
                return answer
        raise Stopped


@contextmanager
def set_up(app: str, options: ConsumerOptions) -> Iterator[Setup]:
    """The parts of `app`, not yet connected to Kafka; closes the registry's client at the end, and tracing.

    Raises ConsumerError, and tools.config.ConfigError.
    """
    choice = choose_reader(find_contract(options.contract), app, options)
    refuse_unreadable(choice, pinned_schemas(choice.contract), tuple)
    with make_registry() as registry, _tracing(app, options.group_for(app)) as tracing:
        yield _assemble(options, choice, registry, tracing)


@contextmanager
def _tracing(app: str, group: str) -> Iterator[RecordTracing | None]:
    provider = start_tracing(app)
    if provider is None:
        yield None
        return
    from opentelemetry import trace

    from consumers.tracing import RecordTracing

    trace.set_tracer_provider(provider)  # spans that a handler makes itself are exported, too
    try:
        yield RecordTracing(provider.get_tracer("consumers"), group)
    finally:
        stop_tracing(provider)


def _assemble(
    options: ConsumerOptions, choice: ReaderChoice, registry: SchemaRegistryClient, tracing: RecordTracing | None
) -> Setup:
    app, contract = choice.app, choice.contract
    writers = WriterSchemas(registry, contract, options.schema_patience_s)
    deserializer = Deserializer(contract, choice.version, writers, others_on(contract))
    progress = Progress(app, contract.name, choice.version)
    counted: str | None = None
    if options.count_field in deserializer.model.WIRE_NAMES.values():
        counted = attribute_of(deserializer.model, options.count_field)
        progress.counted_field = options.count_field
    tally = Tally(progress, counted)
    return Setup(options, choice, options.group_for(app), registry, deserializer, progress, tally, writers, tracing)


def run(
    app: str,
    options: ConsumerOptions,
    make_handler: Callable[[Setup, Sending], Handler],
    *,
    in_lanes: bool = False,
) -> int:
    """Run `app` until SIGINT, SIGTERM or `options.stop`; 0 after a clean stop. Raises ConsumerError.

    `in_lanes`: the handler may be called from several threads, and takes its time.
    """
    log_to_stderr(app)
    with stop_on_signals(options.stop), set_up(app, options) as setup:
        liveness, reporter = Liveness(options.stuck_after_s), setup.reporter()
        with answering(setup, liveness, reporter) as port:
            name = None if port is None else client_id_for(app, options.http_host, port)
            try:
                loop = _make_loop(setup, make_handler, reporter, liveness, name, in_lanes=in_lanes)
            except Stopped:
                setup.report_stopped()
                return 0
            loop.run()
    return 0


def answering(setup: Setup, liveness: Liveness, reporter: Reporter) -> AbstractContextManager[int | None]:
    """What every consumer tells over HTTP, while the block runs; gives the port, or None where nobody asked for it."""
    options, metrics = setup.options, ConsumerMetrics(setup.progress, setup.group, app_version())
    setup.answers.update(answers_of(liveness, reporter, metrics))
    if options.http_port is None:
        return nullcontext()
    return serve(options.http_host, options.http_port, setup.answers)


def _make_loop(
    setup: Setup,
    make_handler: Callable[[Setup, Sending], Handler],
    reporter: Reporter,
    liveness: Liveness,
    client_id: str | None,
    *,
    in_lanes: bool,
) -> Loop:
    options, topic = setup.options, setup.contract.topic
    consumer, sending = open_sending(topic, setup.group, options, client_id)
    try:
        handler = make_handler(setup, sending)
        setup.wait_for(lambda: partition_count(consumer, topic))
        setup.check_registered()
        setup.wait_for(sending.start)
        steps = setup.steps(handler, sending.outbox)
    except (ConsumerError, Stopped):
        consumer.close()
        raise
    reporter.measure = LagMeter(consumer, topic, setup.progress).measure
    return Loop(
        consumer=consumer,
        commits=sending.commits,
        steps=steps,
        reporter=reporter,
        stop=options.stop,
        commit_interval_s=options.commit_interval_s,
        stop_within_s=options.stop_within_s,
        attempts=lambda: Attempts(options.attempts),
        lanes=Threads(options.concurrency) if in_lanes else OwnThread(),
        liveness=liveness,
    )


def log_to_stderr(app: str) -> None:
    """One line per event on stderr, unless the program that runs us has set up logging already."""
    if not logging.getLogger().handlers:
        logging.basicConfig(
            level=logging.INFO, stream=sys.stderr, format=f"%(asctime)s {app} %(levelname)s %(message)s"
        )
    for chatty in ("httpx", "httpx2", "httpcore", "httpcore2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
