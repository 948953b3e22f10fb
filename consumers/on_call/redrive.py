"""`pipeline dlq redrive`: sends dead letters to their topic again, each at most once, and writes down who did it.

What keeps a second run from sending anything twice is the topic itself: each redriven record carries the header
`redrive.from`, the place where its record first lay, and before anything is sent the topic is read for those headers
since the oldest letter. The delivery and its mark are one record, so no crash can part them. A record that fails again
lies at a new place, and so is a new letter. The audit file beside it is for people; no decision is taken from it.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from consumers.clients import make_producer, make_registry, registered_id
from consumers.decoding.frame import VALUE_SCHEMA_HEADER, frame
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import ConsumerError, DeliveryUnconfirmed
from consumers.on_call.dlq import Shelf
from consumers.on_call.judging import Judge, Outlook, Verdict
from consumers.on_call.letters import Letter
from consumers.on_call.locking import only_one
from consumers.on_call.reading import one_sentence, outside_reader, read_since
from consumers.on_call.table import write_table
from consumers.options import find_contract
from consumers.outbox import Outbox, Outgoing
from consumers.record import Record

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

MARK: Final = "redrive.from"
_CONFIRM_S: Final = 30.0
_BATCH: Final = 500
# The letter and the redriven record have their times from two machines.
_CLOCKS_APART_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class RedriveOptions:
    """`upgrade_to` re-encodes into that version; `rate` is records per second; `stage` and `group` choose letters.

    Without `is_real` nothing is sent. `why` goes into `audit_file`, which only grows.
    """

    contract: str = "user_action"
    is_real: bool = False
    why: str = ""
    audit_file: Path = Path(".pipeline/redrive.jsonl")
    reader_version: int | None = None
    upgrade_to: int | None = None
    rate: float | None = None
    limit: int | None = None
    stage: str | None = None
    group: str | None = None


@dataclass(slots=True)
class Plan:
    """What is to be sent, and what stays with its reason: each letter's fate, counted."""

    sendings: list[tuple[Letter, Record]] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)


def run_redrive(options: RedriveOptions, out: TextIO) -> int:
    """Say what would be sent, or send it. Gives 0. Raises ConsumerError."""
    contract = find_contract(options.contract)
    need_reason(options)
    with one_sentence(), make_registry() as registry, only_one(options.audit_file, is_needed=options.is_real):
        letters = list(Shelf(contract, is_rejects=False).letters())
        judge = Judge(contract, WriterSchemas(registry, contract, patience_s=0), options.reader_version)
        upgrade = _upgrader(judge, registry, options.upgrade_to)  # before the plan, which must promise nothing else
        plan = make_plan(letters, judge, options, done_before(letters, contract.topic))
        show_plan(plan, options, out)
        if options.is_real and plan.sendings:
            send_plan(plan, upgrade, options, out)
    return 0


def need_reason(options: RedriveOptions) -> None:
    """Raises ConsumerError where something is to be sent and nobody says why."""
    if options.is_real and not options.why.strip():
        raise ConsumerError("a redrive is written down with its reason: add --why 'what was mended'")


def make_plan(letters: Iterable[Letter], judge: Judge, options: RedriveOptions, done: set[str]) -> Plan:
    """Each letter's fate, oldest first. A record that several groups gave up is sent once: all of them read the topic.

    Raises RegistryUnavailable and ConsumerError.
    """
    plan, planned = Plan(), set[str]()
    for letter in sorted(letters, key=lambda letter: (letter.record.timestamp_ms or 0, letter.record.offset)):
        source = letter.source
        if options.stage not in (None, letter.facts.get("stage")) or options.group not in (
            None,
            letter.facts.get("group"),
        ):
            fate = "left: not chosen by --stage or --group"
        elif source is not None and source.place in done:
            fate = "left: redriven before"
        elif source is not None and source.place in planned:
            fate = "left: a second letter of the same record"
        else:
            fate = _fate(judge, letter, options)
            if fate.startswith("send") and source is not None:
                if options.limit is not None and len(planned) >= options.limit:
                    fate = "left: beyond --limit"
                else:
                    planned.add(source.place)
                    plan.sendings.append((letter, source))
        plan.fates[fate] += 1
    return plan


def _fate(judge: Judge, letter: Letter, options: RedriveOptions) -> str:
    source, verdict = letter.source, judge.judge(letter)
    if source is None or verdict.outlook is Outlook.NO_STORY:
        return f"left: {verdict.reason}"
    if source.topic != judge.contract.topic:
        return f"left: it came from another topic than {judge.contract.topic}"
    if verdict.outlook is Outlook.UNREADABLE:
        return f"left: version {verdict.version} cannot read it today ({_without_numbers(verdict)})"
    if options.upgrade_to is not None and verdict.decoded is not None and verdict.decoded.value is not None:
        return f"send: re-encoded into version {options.upgrade_to}"
    return "send: as it was"


def _without_numbers(verdict: Verdict) -> str:
    """The reason as far as it is the same for many records: bytes differ, schemas do not."""
    stage, _, rest = verdict.reason.partition(": ")
    return verdict.reason if stage in ("schema", "resolve") else f"{stage}: {rest.partition(',')[0]}"


def done_before(letters: Sequence[Letter], topic: str) -> set[str]:
    """The first places of the records that were redriven already. Raises Unavailable and ConsumerError."""
    if not letters:
        return set()
    since_ms = max(0, min(letter.record.timestamp_ms or 0 for letter in letters) - _CLOCKS_APART_MS)
    with outside_reader() as consumer:
        return {
            value.decode(errors="replace")
            for record in read_since(consumer, topic, since_ms)
            for name, value in record.headers
            if name == MARK and value is not None
        }


Upgrade = Callable[[Letter, Record], Record]


def _upgrader(judge: Judge, registry: SchemaRegistryClient, version: int | None) -> Upgrade:
    """What makes a record of `version` of a letter's. Raises ConsumerError where that is not registered."""
    if version is None:
        return lambda _letter, source: source
    reader = judge.reader(version)
    schema_id = registered_id(registry, judge.contract.subject, judge.contract.avsc(version))

    def upgrade(letter: Letter, source: Record) -> Record:
        value = reader.read(source).value
        if value is None:
            return source
        headers = tuple(header for header in source.headers if header[0] != VALUE_SCHEMA_HEADER)
        body = frame(schema_id, value.serialize())
        return Record(
            source.topic, source.partition, source.offset, source.timestamp_ms, letter.record.key, body, headers
        )

    return upgrade


def send_plan(plan: Plan, upgrade: Upgrade, options: RedriveOptions, out: TextIO) -> None:
    """Send what `upgrade` makes of each source, marked with the source's place. Raises ConsumerError."""
    outbox = Outbox(make_producer())
    pause_s = 0.0 if options.rate is None else 1 / options.rate
    batch = _BATCH if options.rate is None else max(1, min(_BATCH, round(options.rate)))
    sent = 0
    for number in range(0, len(plan.sendings), batch):
        part = plan.sendings[number : number + batch]
        started = time.monotonic()
        for letter, source in part:
            record = upgrade(letter, source)
            headers = (*(each for each in record.headers if each[0] != MARK), (MARK, source.place.encode()))
            outbox.put(Outgoing(record.topic, record.key, record.value, headers))
        try:
            outbox.confirm(_CONFIRM_S)
        except DeliveryUnconfirmed as reason:
            raise ConsumerError(
                f"{sent} records were redriven, then the broker confirmed no more ({reason}): run the same command "
                f"again, it sends nothing twice"
            ) from reason
        sent += len(part)
        _write_down(options, part)
        if sent < len(plan.sendings):
            time.sleep(max(0.0, pause_s * len(part) - (time.monotonic() - started)))
    print(f"redriven: {sent:,}; written down in {options.audit_file}", file=out)


def _write_down(options: RedriveOptions, part: Sequence[tuple[Letter, Record]]) -> None:
    """One line for each record, in a file that only grows."""
    said = {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "who": f"{getpass.getuser()}@{socket.gethostname()}",
        "why": options.why,
        "upgrade_to": options.upgrade_to,
    }
    with options.audit_file.open("a", encoding="utf-8") as file:
        for letter, source in part:
            line: dict[str, Any] = {**said, "letter": letter.record.place, "record": source.place}
            line |= {name: letter.facts.get(name) for name in ("stage", "error_class", "group")}
            file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _rows(fates: Counter[str]) -> Iterator[list[str]]:
    for fate, count in fates.most_common():
        yield [f"{count:,}", fate]


def show_plan(plan: Plan, options: RedriveOptions, out: TextIO, empty: str = "there are no dead letters") -> None:
    """What becomes of all, counted; `empty` where there is nothing."""
    if not plan.fates:
        print(empty, file=out)
        return
    write_table(["count", "what becomes of them"], list(_rows(plan.fates)), out)
    if not options.is_real:
        print(f"nothing was sent: add --run --why '…' to send {len(plan.sendings):,}", file=out)
    elif not plan.sendings:
        print("nothing to send", file=out)
