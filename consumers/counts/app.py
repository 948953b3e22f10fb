"""`pipeline consume counts`: events per minute and action, written to the compacted topic of `activity_count`.

Totals are exact after any restart, kill -9 included, as long as one process at a time owns a partition. Each record of
the output holds a count and the source offset up to which it is counted, in one atomic write; the process that takes a
partition over reads these records first, and skips whatever a count includes already. Not covered: a process that was
declared dead but still writes (it may put an older count over a newer one), and a source topic that was deleted and
made anew under the same name (its offsets start over: empty the topic of counts, too).
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from consumers.clients import make_consumer, registered_id
from consumers.counts.answers import CountAnswers
from consumers.counts.store import CountStore
from consumers.counts.topic import FIELDS, CountReader, CountWriter
from consumers.counts.untimely import LATE_SUFFIX, Grace, LateTopic
from consumers.counts.windows import Window, Windows, minute_of
from consumers.decoding.deserializer import Decoded, Deserializer
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import ConsumerError
from consumers.options import ConsumerOptions, ReaderChoice, find_contract
from consumers.outbox import Outbox
from consumers.record import Record
from consumers.running.members import holders_of
from consumers.running.progress import Progress
from consumers.running.runner import Setup, run
from consumers.running.sending import Sending
from consumers.running.start_check import pinned_schemas, refuse_unreadable
from consumers.running.tally import attribute_of, text_of
from consumers.topic_reading import READING, present_ends, size_of

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract

log = logging.getLogger(__name__)

APP: Final = "counts"
OUTPUT: Final = "activity_count"


@dataclass(slots=True)
class CountsHandler:
    """Counts by `value_attribute` and the minute of `time_attribute`; see the module for what that guarantees."""

    source: str
    time_attribute: str
    value_attribute: str
    reader: CountReader
    writer: CountWriter
    outbox: Outbox
    windows: Windows
    progress: Progress
    grace: Grace | None = None
    late: LateTopic | None = None

    def assign(self, partitions: Collection[int]) -> None:
        self.windows.discard(partitions)
        for window, count in self.reader.read(self.source, partitions):
            self.windows.restore(window, count)
        self.windows.hold(partitions)
        self._show()

    def handle(self, decoded: Decoded) -> None:
        if decoded.value is None:
            return
        moment = getattr(decoded.value, self.time_attribute)
        value = text_of(getattr(decoded.value, self.value_attribute))
        window = Window(decoded.record.partition, minute_of(moment), value)
        if not self._is_untimely(decoded.record, window):
            self.windows.add(window, decoded.record.offset)

    def _is_untimely(self, record: Record, window: Window) -> bool:
        """Whether the event was told in the topic of late ones instead. One that is counted stays so."""
        if self.grace is None or self.late is None or self.windows.includes(window, record.offset):
            return False
        newest_ms = self.windows.newest.get(record.partition)
        reason = self.grace.judge(window, newest_ms, record)
        if reason is None:
            return False
        self.late.put(record, reason, window, newest_ms)
        if record.offset >= self.progress.positions.get(record.partition, 0):
            self.progress.late += 1
        return True

    def flush(self, timeout_s: float) -> None:
        if self.late is not None:
            self.late.outbox.confirm(timeout_s)
        for window, count in self.windows.pending():
            self.outbox.put(self.writer.outgoing(window, count))
        self.outbox.confirm(timeout_s)
        self._show()

    def discard(self, partitions: Collection[int]) -> None:
        self.windows.discard(partitions)
        self._show()

    def _show(self) -> None:
        self.progress.aggregate = self.windows.totals()


def run_counts(options: ConsumerOptions) -> int:
    """Count until stopped; the exit code. Raises ConsumerError for what a person must mend."""
    output = find_contract(OUTPUT)
    _check_output(output)
    return run(APP, options, lambda setup, sending: _make_handler(setup, sending, output))


def _check_output(output: GeneratedContract) -> None:
    model = output.model(output.writer_version(APP))
    missing = sorted(set(FIELDS) - set(model.WIRE_NAMES))
    if missing:
        raise ConsumerError(
            f"version {model.VERSION} of {output.name} lacks {', '.join(missing)}: counts cannot be written"
        )


def _make_handler(setup: Setup, sending: Sending, output: GeneratedContract) -> CountsHandler:
    model = output.model(output.writer_version(APP))
    windows = Windows()
    writers = WriterSchemas(setup.registry, output)
    grace = None if setup.options.grace_s is None else Grace(int(setup.options.grace_s * 1000))
    if grace is not None:
        late_topic = f"{setup.contract.topic}{LATE_SUFFIX}"
        setup.wait_for(lambda: size_of(setup.group, late_topic))
    restoring = f"{setup.group}-restore"
    own = ReaderChoice(APP, output, output.reader_version(APP))
    refuse_unreadable(own, pinned_schemas(output), tuple)
    setup.check_registered(own, writers)
    setup.answers["/counts"] = CountAnswers(
        source=setup.contract.topic,
        windows=windows,
        progress=setup.progress,
        partitions=lambda: size_of(setup.group, setup.contract.topic),
        holders=lambda: holders_of(setup.group, setup.contract.topic),
    ).answer
    return CountsHandler(
        source=setup.contract.topic,
        time_attribute=attribute_of(setup.deserializer.model, setup.options.time_field),
        value_attribute=attribute_of(setup.deserializer.model, setup.options.count_field),
        reader=CountReader(
            topic=output.topic,
            deserializer=Deserializer(output, own.version, writers),
            make_consumer=lambda: make_consumer(restoring, overrides={**READING, "isolation.level": "read_committed"}),
            ends=lambda: present_ends(restoring, output.topic),
            store=CountStore(setup.options.state_dir),
            is_stopping=setup.options.stop.is_set,
        ),
        writer=CountWriter(
            topic=output.topic,
            model=model,
            schema_id=setup.wait_for(lambda: registered_id(setup.registry, output.subject, model.AVSC)),
            source=setup.contract.topic,
        ),
        outbox=sending.outbox(retry=False, on_confirmed=lambda token: windows.confirmed(token[0], token[1])),
        windows=windows,
        progress=setup.progress,
        grace=grace,
        late=None if grace is None else LateTopic(sending.outbox(), setup.group),
    )
