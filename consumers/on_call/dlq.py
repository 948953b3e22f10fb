"""`pipeline dlq ls` and `pipeline dlq show`: what was put aside, why, and how far each record can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, TextIO

from codegen.catalog import GeneratedContract
from codegen.masking import MASK
from consumers.clients import make_registry
from consumers.dead_letter import dead_letter_topic
from consumers.decoding.frame import SchemaRef, parse_frame
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import ConsumerError, Undecodable
from consumers.on_call.dissection import Dissection, dissect
from consumers.on_call.judging import Judge, Outlook
from consumers.on_call.letters import (
    DEAD_LETTER_CAUSE,
    REJECT_CAUSE,
    REJECTS_SUFFIX,
    Letter,
    by_cause,
    dead_letter,
    printable,
    reject,
)
from consumers.on_call.reading import moment, one_sentence, outside_reader, read_whole
from consumers.on_call.table import write_json, write_table
from consumers.options import find_contract
from consumers.topic_reading import extents_of, read_stretch

# A handler's own words may quote the record; those of the stages before it speak of schemas and places alone.
_QUOTING_STAGE = "handle"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where letters lie: the dead-letter topic of a contract, or its rejects topic."""

    contract: GeneratedContract
    is_rejects: bool

    @property
    def topic(self) -> str:
        topic = self.contract.topic
        return topic + REJECTS_SUFFIX if self.is_rejects else dead_letter_topic(topic)

    @property
    def cause(self) -> tuple[str, ...]:
        return REJECT_CAUSE if self.is_rejects else DEAD_LETTER_CAUSE

    def letters(self) -> Iterator[Letter]:
        """All of them. Raises Unavailable and ConsumerError."""
        with outside_reader() as consumer:
            for record in read_whole(consumer, self.topic):
                yield reject(record) if self.is_rejects else dead_letter(record)

    def letter_at(self, partition: int, offset: int) -> Letter:
        """Raises ConsumerError where there is none, and Unavailable."""
        with outside_reader({"auto.offset.reset": "error"}) as consumer:
            extents = extents_of(consumer, self.topic)
            extent = extents.get(partition)
            if extent is None:
                raise ConsumerError(f"{self.topic} has the partitions 0 to {len(extents) - 1}, and no {partition}")
            if offset >= extent.begin:
                begins = {partition: min(offset, max(extent.begin, extent.end - 1))}
                for record in read_stretch(consumer, self.topic, begins, lambda record: record.offset > offset):
                    if record.offset == offset:
                        return reject(record) if self.is_rejects else dead_letter(record)
        raise ConsumerError(
            f"{self.topic} holds no record {partition}@{offset}: `pipeline dlq ls` names one of each cause"
        )


def run_ls(contract: str, format_: str, out: TextIO, *, is_rejects: bool = False) -> int:
    """Count what lies in the topic by cause. Raises ConsumerError."""
    shelf = Shelf(find_contract(contract), is_rejects)
    with one_sentence():
        causes = by_cause(shelf.letters(), shelf.cause)
    if format_ == "json":
        write_json({"topic": shelf.topic, "causes": [asdict(cause) for cause in causes]}, out)
        return 0
    if not causes:
        print(f"{shelf.topic} is empty", file=out)
        return 0
    total = sum(cause.count for cause in causes)
    print(f"{shelf.topic}: {total:,} {'record' if total == 1 else 'records'} of {len(causes)} causes", file=out)
    rows = [
        [f"{each.count:,}", *each.facts.values(), moment(each.first_ms), moment(each.last_ms), each.example]
        for each in causes
    ]
    write_table(["count", *(name.replace("_", " ") for name in shelf.cause), "first", "last", "example"], rows, out)
    rejects = " --rejects" if is_rejects else ""
    print(f"look at one: pipeline dlq show --contract {contract}{rejects} {causes[0].example}", file=out)
    return 0


def parse_place(text: str) -> tuple[int, int]:
    """`partition@offset`. Raises ConsumerError."""
    partition, at, offset = text.partition("@")
    if not (at and partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()):
        raise ConsumerError(f"{text!r} is no place of a record: write partition@offset, such as 0@17")
    return int(partition), int(offset)


def run_show(contract: str, place: str, out: TextIO, *, is_rejects: bool = False, version: int | None = None) -> int:
    """Show one letter and how far its record can be read. Raises ConsumerError."""
    shelf = Shelf(find_contract(contract), is_rejects)
    partition, offset = parse_place(place)
    with one_sentence():
        letter = shelf.letter_at(partition, offset)
        if is_rejects:
            _show_reject(letter, shelf.contract, out)
            return 0
        with make_registry() as registry:
            writers = WriterSchemas(registry, shelf.contract, patience_s=0)
            _show_dead(letter, Judge(shelf.contract, writers, version), out)
    return 0


def _show_dead(letter: Letter, judge: Judge, out: TextIO) -> None:
    record, facts, source = letter.record, letter.facts, letter.source
    lines = [(record.place, f"dead-lettered {moment(record.timestamp_ms)} by {facts.get('group', 'nobody known')}")]
    if source is not None:
        lines.append(("came from", f"{printable(source.place)}, written {moment(source.timestamp_ms)}"))
    lines.append(("stage", f"{facts.get('stage', '-')}, {facts.get('error_class', '-')}{_attempts(facts)}"))
    message = facts.get("error_message", "-")
    if facts.get("stage") == _QUOTING_STAGE:
        message = "(not shown, it may quote the record: it is in the header dlq.error_message)"
    lines.append(("error", message))
    findings = ((name, facts.get(f"incompatibility_{name}")) for name in ("pointer", "message", "hint"))
    lines.extend((f"finding {name}", text) for name, text in findings if text is not None)
    lines.append(("app version", facts.get("app_version", "-")))
    verdict = judge.judge(letter)
    readable = verdict.outlook is Outlook.READABLE
    today = "can read it: `pipeline dlq redrive` would send it again" if readable else f"cannot: {verdict.reason}"
    lines.append(("today", f"version {verdict.version} {today}"))
    for label, text in lines:
        print(f"{label:<16}  {text}", file=out)
    _show_bytes(letter, judge.writers, out)


def _attempts(facts: Any) -> str:
    return f", after {facts['attempts']} attempts" if "attempts" in facts else ""


def _show_bytes(letter: Letter, writers: WriterSchemas, out: TextIO) -> None:
    value = letter.record.value
    if value is None:
        print("value             null: a tombstone", file=out)
        return
    source = letter.source or letter.record
    try:
        ref, body = parse_frame(value, source.headers)
        writer = writers.get(ref)
    except Undecodable as fault:
        print(f"value             {len(value)} bytes, nothing of which can be read: {fault.reason}", file=out)
        return
    version = f"version {writer.version} of {writers.contract.name}" if writer.version else writer.record
    base = len(value) - len(body)
    found = dissect(writer.root, body, base)
    print(f"value             {len(value)} bytes, written with {_ref(ref)}, {version}", file=out)
    _show_parts(found, base, out)


def _show_parts(found: Dissection, base: int, out: TextIO) -> None:
    rows = [["0", str(base), "(frame)", ""]] if base else []
    rows += [[str(part.begin), str(part.end), part.path, part.shown] for part in found.parts]
    if found.stop is not None:
        rows.append(
            [str(found.stop.at), "", found.stop.path or "(behind the last field)", f"STOP: {found.stop.reason}"]
        )
    write_table(["from", "to", "field", "value"], rows, out)


def _ref(ref: SchemaRef) -> str:
    return f"schema id {ref}" if isinstance(ref, int) else f"schema GUID {ref}"


def _show_reject(letter: Letter, contract: GeneratedContract, out: TextIO) -> None:
    record = letter.record
    print(f"{record.place:<16}  refused {moment(record.timestamp_ms)}", file=out)
    for name in ("contract", "stage", "field", "reason"):
        print(f"{name:<16}  {letter.facts.get(name, '-')}", file=out)
    print(f"{'body':<16}  {_masked_body(record.value or b'', contract)}", file=out)


def _masked_body(body: bytes, contract: GeneratedContract) -> str:
    """The JSON that a client sent, but only values of untagged scalar fields that a version knows."""
    model = contract.model()
    known = {wire for wire in model.WIRE_NAMES.values() if wire not in model.TAGS}
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return f"{len(body)} bytes that are no JSON (not shown: they may hold personal data)"
    if not isinstance(sent, dict):
        return f"{len(body)} bytes of JSON, no object"
    shown = {key: value if key in known and not isinstance(value, dict | list) else MASK for key, value in sent.items()}
    return json.dumps(shown)
