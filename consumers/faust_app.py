"""`pipeline consume faust`: a Faust app with a windowed table of events per minute and action.

Faust by itself loses records: what its codec or an agent raises is logged, acknowledged and committed. So Faust moves
bytes here, and our own deserializer, dead-letter queue and retries run inside the agent; a record is acknowledged by
us, after its work is done, and never by Faust.

Guarantees: at least once for records and dead letters. The table is exact across clean stops. After a crash it is
approximate: its changelog and the committed offsets are not written together, so the records of the last commit
interval may count twice. (The consumer `counts` has no such gap.) Table keys carry the source partition, because a
table is kept by partition, and one key in two partitions would overwrite itself on recovery.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import threading
from datetime import datetime
from time import monotonic
from typing import Any, Final, NamedTuple

from consumers.clients import make_consumer, topic_size
from consumers.faults import ConsumerError, Unavailable
from consumers.faust_edges import ended_in_time, let_faust_say, record_from_faust, report_thread
from consumers.faust_recovery import recover_to_real_ends
from consumers.faust_settings import faust_settings
from consumers.faust_steps import FaustSteps
from consumers.faust_table import CountInTable, make_table, totals_of
from consumers.faust_watch import StandStill, ask_places
from consumers.function import Function, function_handler, load_function
from consumers.loop.liveness import Liveness
from consumers.options import ConsumerOptions
from consumers.running.progress import Reporter, State
from consumers.running.runner import Setup, Stopped, answering, log_to_stderr, set_up
from consumers.running.stopping import stop_on_signals

log = logging.getLogger(__name__)

APP: Final = "faust"
# Changed by KAFKA_… variables; see consumers.clients for why the session is short.
_TIMINGS: Final = {
    "broker_session_timeout": 6.0,
    "broker_heartbeat_interval": 2.0,
    "consumer_auto_offset_reset": "earliest",
}
# One changelog record follows each source record; without this each travels alone.
_LINGER_S: Final = 0.02
_STOP_WITHIN_S: Final = 6.0
_TICK_S: Final = 0.1
# How often the brokers are asked whether the group moves.
_WATCH_S: Final = 5.0


def run_faust(options: ConsumerOptions, handler: str | None = None) -> int:
    """Run the app until stopped; the exit code. Raises ConsumerError for what a person must mend.

    `handler` (`module:function`) is called with each event instead of counting it in the table.
    """
    log_to_stderr(APP)
    function = load_function(handler) if handler is not None else None
    let_faust_say(logging.ERROR)
    threading.excepthook = report_thread
    with (
        stop_on_signals(options.stop),
        tempfile.TemporaryDirectory(prefix="faust-") as folder,
        set_up(APP, options) as setup,
    ):
        voice = Voice(Liveness(options.stuck_after_s), setup.reporter())
        with answering(setup, voice.liveness, voice.reporter):
            try:
                asyncio.run(_run(setup, voice, folder, function))
            except Stopped:
                setup.report_stopped()
    return 0


async def _run(setup: Setup, voice: Voice, folder: str, function: Function | None) -> None:
    await FaustConsumer(setup, voice, folder, function).run()  # made inside the loop, which Faust takes for its own


class Voice(NamedTuple):
    """By what the process tells how it fares: from before its dependencies answer until it has ended."""

    liveness: Liveness
    reporter: Reporter


class FaustConsumer:
    """One Faust app for one contract. `folder` is where Faust keeps its files; nothing in it must survive."""

    def __init__(self, setup: Setup, voice: Voice, folder: str, function: Function | None) -> None:
        self._setup = setup
        self._liveness, self._reporter = voice
        self._stop = setup.options.stop
        handler = (
            CountInTable(self.count, setup)
            if function is None
            else function_handler(function, setup.deserializer.model)
        )
        self._steps = FaustSteps(setup.steps(handler), setup.options, setup.progress, in_thread=function is not None)
        self._busy = asyncio.Lock()
        self._moment = 0.0
        self._next: dict[int, int] = {}
        self._recovered = False
        self._watch = StandStill(setup.contract.topic, setup.options.stuck_after_s)
        self._partitions = 0
        self.app, self._table = self._make_app(folder)

    def _make_app(self, folder: str) -> tuple[Any, Any]:
        import faust

        from tools.config import kafka_conf

        probe = make_consumer(self._setup.group)
        try:
            size = self._setup.wait_for(lambda: topic_size(probe, self._setup.contract.topic))
            self._setup.check_registered()
        finally:
            probe.close()
        self._partitions = size.partitions
        app: Any = faust.App(  # its own annotations do not cover what its documentation allows
            self._setup.group,
            **{**_TIMINGS, **faust_settings(kafka_conf("consumer"))},
            store="memory://",
            datadir=folder,
            topic_partitions=size.partitions,
            # One copy of the table's changelog, Faust's default, would be gone with its broker.
            topic_replication_factor=size.replicas,
            topic_disable_leader=True,
            web_enabled=False,
            autodiscover=False,
            producer_acks=-1,
            producer_linger=_LINGER_S,
            stream_wait_empty=False,
            broker_commit_interval=self._setup.options.commit_interval_s,
        )
        recover_to_real_ends(app, self._setup.group)
        bytes_only = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
        topic = app.topic(self._setup.contract.topic, **bytes_only)
        table = make_table(app, self._setup.options.count_field)
        app.agent(topic, name=f"{self._setup.group}-agent")(self._consume)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        app.on_rebalance_complete.connect(self._hold_flow, weak=False)
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        table.table.on_recover(self._on_recovered)
        return app, table.relative_to(lambda _event: self._moment)

    async def run(self) -> None:
        """Start the app, report while it runs, and stop it so that nothing handled is left uncommitted."""
        self._reporter.report()
        try:
            await self._until_stopped()
            drained = await ended_in_time(self._drain(), _STOP_WITHIN_S)
        finally:
            # Without brokers Faust would wait for them to take its leave, and show how each of its parts was cut off.
            let_faust_say(logging.CRITICAL)
            stopped = await ended_in_time(self.app.stop(), _STOP_WITHIN_S)
        if drained and stopped:
            self._setup.progress.state = State.STOPPED
        self._reporter.report(final=True)
        if not (drained and stopped):
            log.error("stopped before the broker confirmed all: some records will be read again")
            logging.shutdown()
            os._exit(ConsumerError.exit_code)

    async def _until_stopped(self) -> None:
        starting, watching = asyncio.ensure_future(self.app.start()), asyncio.ensure_future(self._watch_offsets())
        while not self._stop.is_set():
            self._liveness.come_round(self._steps.handling_since)
            if starting.done():
                starting.result()
            if watching.done():
                watching.result()
            if self.app.crashed:
                raise ConsumerError(f"Faust gave up: {self.app.crash_reason!r}")
            if self._steps.fault is not None:
                raise self._steps.fault
            if self._reporter.due:
                self._setup.progress.restored = self._restored()
                self._show_aggregate()
                self._reporter.report()
            await asyncio.sleep(_TICK_S)
        watching.cancel()
        if not starting.done():
            starting.cancel()

    async def _watch_offsets(self) -> None:
        """Raises StandsStill. A record in hand is an excuse, for its handler or a dependency takes its time."""
        probe = make_consumer(self._setup.group)  # it joins nothing, and so has no leave to take
        topic, numbers = self._setup.contract.topic, range(self._partitions)
        while True:
            await asyncio.sleep(_WATCH_S)
            try:
                places = await asyncio.to_thread(ask_places, probe, topic, numbers)
            except Unavailable:
                self._watch.excuse()
                continue
            if self._busy.locked():
                self._watch.excuse()
            progress = self._setup.progress
            # The embedded broker tells the beginning of its last batch for the end, which may be committed beyond.
            progress.lag = {
                number: max(0, places[number].end - places[number].committed)
                for number in progress.assigned
                if number in places
            }
            self._watch.note(places, progress.assigned, monotonic(), self._restored())

    def _restored(self) -> int:
        # A partition whose changelog was not asked yet has None.
        return sum(max(0, offset or 0) for offset in self.app.tables.recovery.active_offsets.values())

    async def _drain(self) -> None:
        """Let the record in hand come to its end, make the table durable, then commit.

        The agent takes no further record while `stop` is set. A partition's changelog is durable when its last record
        is confirmed, so each gets a last one: a count that it holds already.
        """
        async with self._busy:
            if not self._recovered or not self.app.consumer.assignment():
                return  # what was recovered so far must not be written: it would overwrite the whole
            await asyncio.gather(*self._repeat_last_counts())
            await self.app.consumer.maybe_wait_for_commit_to_finish()  # a plain commit() would then do nothing
            await self.app.consumer.force_commit()
        self._show_aggregate()

    def _repeat_last_counts(self) -> list[Any]:
        table = self._table.table
        one_of_each = {int(key[0].partition("|")[0]): (key, count) for key, count in table.items()}
        assigned = self._setup.progress.assigned
        return [table.send_changelog(n, key, count) for n, (key, count) in one_of_each.items() if n in assigned]

    async def _on_assigned(self, _app: object, assigned: set[Any], **_: object) -> None:
        topic = self._setup.contract.topic
        self._setup.progress.assigned = sorted(each.partition for each in assigned if each.topic == topic)
        log.info("assigned %s of %s", self._setup.progress.assigned, topic)

    async def _hold_flow(self, app: Any, **_: object) -> None:
        """Let nothing be fetched until Faust has sought the committed offsets, after which it resumes the flow itself.

        Without this, what the fetcher brings between the end of a table's recovery and that seek is thrown away when
        the flow is resumed (faust-streaming 0.15.3), or leaves the committed offset stuck.
        """
        app.consumer.stop_flow()
        app.flow_control.suspend()

    async def _on_revoked(self, _app: object, _revoked: set[Any], **_: object) -> None:
        self._recovered = False
        self._next.clear()

    async def _on_recovered(self) -> None:
        self._recovered = True
        self._setup.progress.state = State.READY
        self._show_aggregate()
        self._reporter.report()

    async def _consume(self, stream: Any) -> None:
        async for event in stream.noack().events():
            async with self._busy:
                record = record_from_faust(event.message)
                if record.offset >= self._next.get(record.partition, 0):
                    if self._stop.is_set() or not await self._steps.take(record):
                        break
                    self._next[record.partition] = record.offset + 1
                event.ack()
        await asyncio.Event().wait()  # an agent that returned would be started anew; app.stop() cancels this

    def count(self, partition: int, moment: datetime, value: str) -> None:
        """Into the table, from inside the agent."""
        self._moment = moment.timestamp()
        self._table[f"{partition}|{value}"] += 1

    def _show_aggregate(self) -> None:
        if not self._recovered:
            return
        self._setup.progress.aggregate = totals_of(self._table.table)
