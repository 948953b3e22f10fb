"""`pipeline tail`: the records of a topic as they come, typed, with their schema version, personal fields masked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TextIO

from codegen.masking import TAGS_KEY
from codegen.nodes import Array, Map, Node, Union, children
from codegen.nodes import Record as RecordNode
from codegen.schema import parse_schema
from consumers.clients import make_registry, partition_count
from consumers.decoding.deserializer import Decoded, Deserializer
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import ConsumerError, Undecodable
from consumers.loop.commits import polled_record
from consumers.on_call.expression import Fields, Test, parse_where
from consumers.on_call.letters import printable
from consumers.on_call.reading import moment, one_sentence, outside_reader
from consumers.options import find_contract, others_on
from consumers.record import Record
from consumers.running.stopping import stop_on_signals
from consumers.topic_reading import extents_of

if TYPE_CHECKING:
    from confluent_kafka import Consumer

_POLL_S: Final = 0.5
_WIDEST: Final = 160


@dataclass(frozen=True, slots=True)
class TailOptions:
    """`count` records are shown (None: until a signal), from the beginning of the topic or from now on."""

    contract: str = "user_action"
    where: str | None = None
    format_: str = "table"
    from_beginning: bool = False
    count: int | None = None
    version: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)


def run_tail(options: TailOptions, out: TextIO) -> int:
    """Show records until a signal comes or `count` are shown; gives 0. Raises ConsumerError."""
    contract = find_contract(options.contract)
    try:
        model = contract.model(options.version)
    except ValueError as error:
        raise ConsumerError(f"{error}: correct --reader-version") from None
    fields = Fields(tuple(model.WIRE_NAMES.values()), tuple(tagged_ways(parse_schema(json.loads(model.AVSC)).root)))
    test: Test = parse_where(options.where, fields) if options.where is not None else lambda _values: True
    with stop_on_signals(options.stop), one_sentence(), make_registry() as registry, outside_reader() as consumer:
        partition_count(consumer, contract.topic)
        writers = WriterSchemas(registry, contract, patience_s=0)
        deserializer = Deserializer(contract, model.VERSION, writers, others_on(contract))
        shown = 0
        for record in _arriving(consumer, contract.topic, options):
            line = _line(record, deserializer, test, has_test=options.where is not None)
            if line is None:
                continue
            if options.format_ == "json":
                print(json.dumps(line, ensure_ascii=True), file=out, flush=True)
            else:
                _write_row(line, out, is_first=shown == 0)
            shown += 1
            if shown == options.count:
                break
    return 0


def _arriving(consumer: Consumer, topic: str, options: TailOptions) -> Iterator[Record]:
    from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

    extents = extents_of(consumer, topic)
    # The embedded broker's end is the last batch's beginning: a few records of the moment before are shown, too.
    begins = {n: OFFSET_BEGINNING if options.from_beginning else extent.end for n, extent in extents.items()}
    consumer.assign([TopicPartition(topic, number, offset) for number, offset in begins.items()])
    while not options.stop.is_set():
        message = consumer.poll(_POLL_S)
        error = message.error() if message is not None else None
        if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            continue
        if (record := polled_record(message)) is not None:
            yield record


def _line(record: Record, deserializer: Deserializer, test: Test, *, has_test: bool) -> dict[str, Any] | None:
    """What is shown of a record; None if the test leaves it out. What cannot be read passes no test."""
    line: dict[str, Any] = {
        "partition": record.partition,
        "offset": record.offset,
        "at": moment(record.timestamp_ms),
    }
    try:
        decoded = deserializer.read(record)
    except Undecodable as finding:
        return None if has_test else {**line, "version": None, "undecodable": f"{finding.stage}: {finding.reason}"}
    if decoded.value is None or decoded.writer is None:
        what = "tombstone" if decoded.writer is None else f"a record of {decoded.writer.record}"
        return None if has_test else {**line, "version": None, "note": what}
    if has_test and not test(_values(decoded)):  # the values are dumped for the test alone
        return None
    return {**line, "version": decoded.writer.label, "record": decoded.value.masked()}


def _values(decoded: Decoded) -> Mapping[str, Any]:
    value, record = decoded.value, decoded.record
    if value is None or decoded.writer is None:
        return {}
    own = {"$version": decoded.writer.version, "$partition": record.partition, "$offset": record.offset}
    return {**value.model_dump(mode="python", by_alias=True), **own}


def _write_row(line: Mapping[str, Any], out: TextIO, *, is_first: bool) -> None:
    if is_first:
        print(f"{'place':<12} {'version':<7} {'written':<20} record", file=out)
    place = f"{line['partition']}@{line['offset']}"
    if "record" in line:
        text = "  ".join(f"{name}={_short(value)}" for name, value in line["record"].items() if value is not None)
    else:
        text = f"({line.get('undecodable') or line.get('note')})"
    text = text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"
    print(f"{place:<12} {line['version'] or '-':<7} {line['at']:<20} {printable(text)}", file=out, flush=True)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def tagged_ways(root: Node) -> Iterator[str]:
    """The dotted ways to every tagged field; one inside a list is as its list."""
    yield from _tagged(root, (), frozenset())


def _tagged(node: Node, way: tuple[str, ...], above: frozenset[int]) -> Iterator[str]:
    if id(node) in above:
        return
    if isinstance(node, RecordNode):
        for each in node.fields:
            if each.properties.get(TAGS_KEY):
                yield ".".join((*way, each.name))
            else:
                yield from _tagged(each.type, (*way, each.name), above | {id(node)})
    elif isinstance(node, Union):
        for branch in children(node):
            yield from _tagged(branch, way, above | {id(node)})
    elif isinstance(node, Array | Map) and next(_inner(node, above), None) is not None:
        # Its parts have no fixed way: the whole of it is kept back if anything inside is tagged.
        yield ".".join(way)


def _inner(node: Node, above: frozenset[int]) -> Iterator[str]:
    for child in children(node):
        yield from _tagged(child, ("*",), above | {id(node)})
