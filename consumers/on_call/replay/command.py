"""`pipeline replay`: what a consumer would make of records that were there before, without doing any of it.

The span is read from outside, by no member of any group. Only when all of it was read is the group that `--into` names
set to its end: a consumer that is started under that name goes on where the replay ended. That is the cut-over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TextIO

from consumers.clients import make_consumer, make_registry
from consumers.counts.app import APP as COUNTS
from consumers.counts.app import OUTPUT
from consumers.counts.store import CountStore
from consumers.counts.topic import CountReader
from consumers.counts.windows import Count, Window, Windows
from consumers.decoding.deserializer import Deserializer
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import ConsumerError
from consumers.function import function_handler, load_function
from consumers.on_call.lag import committed_by
from consumers.on_call.reading import GROUP, one_sentence, outside_reader
from consumers.on_call.replay.difference import Difference, Verdict, compare, totals
from consumers.on_call.replay.shadow import Shadow, ShadowCounts, ShadowFunction, Told
from consumers.on_call.replay.shadow_group import leave_behind, refuse_used
from consumers.on_call.replay.span import BEGINNING, END, Stretch, find_span, parse_edge
from consumers.on_call.table import write_json, write_table
from consumers.options import find_contract, others_on
from consumers.running.tally import attribute_of
from consumers.topic_reading import READING, extents_of, present_ends, read_stretch

if TYPE_CHECKING:
    from confluent_kafka import Consumer
    from confluent_kafka.schema_registry import SchemaRegistryClient

    from codegen.catalog import GeneratedContract

_MOST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """`begin` and `end` as they were written; `handler` is a function of the user's, else the counts are replayed.

    `again` lets a group be set that has offsets already. `count_field` and `time_field` as for a consumer.
    """

    into: str
    contract: str = "user_action"
    begin: str = BEGINNING
    end: str = END
    handler: str | None = None
    reader_version: int | None = None
    again: bool = False
    json: bool = False
    count_field: str = "action"
    time_field: str = "occurred_at"


def run_replay(options: ReplayOptions, out: TextIO) -> int:
    """Replay and tell; 0, or 1 where live and shadow differ without a reason. Raises ConsumerError."""
    contract = find_contract(options.contract)
    begin, end = parse_edge("--from", options.begin), parse_edge("--to", options.end)
    with one_sentence(), make_registry() as registry, outside_reader({"auto.offset.reset": "error"}) as consumer:
        refuse_used(options.into, contract.topic, len(extents_of(consumer, contract.topic)), again=options.again)
        span = find_span(consumer, contract.topic, begin, end)
        shadow = _make_shadow(options, contract, registry, span)
        _read(consumer, contract.topic, shadow)
        differences, sums = _compare(contract, registry, shadow)
        leave_behind(options.into, contract.topic, span)
    has_differences = any(each.verdict is Verdict.DIFFERS for each in differences)
    if options.json:
        write_json(_as_json(options, contract, shadow, differences, sums), out)
    else:
        _write(options, contract, shadow, differences, sums, out)
    return int(has_differences)


def _make_shadow(
    options: ReplayOptions, contract: GeneratedContract, registry: SchemaRegistryClient, span: Mapping[int, Stretch]
) -> Shadow:
    name = COUNTS if options.handler is None else options.handler.rpartition(":")[2].replace(".", "_")
    try:
        model = contract.model(options.reader_version or contract.reader_version(name))
    except ValueError as error:
        raise ConsumerError(f"{error}: correct --reader-version") from None
    writers = WriterSchemas(registry, contract, patience_s=0)
    deserializer = Deserializer(contract, model.VERSION, writers, others_on(contract))
    if options.handler is not None:
        return Shadow(deserializer, ShadowFunction(function_handler(load_function(options.handler), model)), span)
    moment, value = attribute_of(model, options.time_field), attribute_of(model, options.count_field)
    return Shadow(deserializer, ShadowCounts(moment, value), span)


def _read(consumer: Consumer, topic: str, shadow: Shadow) -> None:
    begins = {number: stretch.begin for number, stretch in shadow.span.items()}
    for record in read_stretch(consumer, topic, begins, lambda one: one.offset >= shadow.span[one.partition].end):
        shadow.take(record)
    shadow.end()


def _compare(
    contract: GeneratedContract, registry: SchemaRegistryClient, shadow: Shadow
) -> tuple[Sequence[Difference], Mapping[str, Mapping[str, int]]]:
    """The differences, and both totals over the windows that are compared."""
    if isinstance(shadow.handler, ShadowFunction):
        return [], {}
    counts = shadow.handler.windows.counts
    # Before the counts: a consumer that runs writes them first, and asked later it could have committed what they lack.
    reached = committed_by(f"{contract.name}-{COUNTS}", contract.topic, list(shadow.span))
    live = _live_counts(contract, registry, shadow.span)
    differences = list(compare(live, counts, shadow.span, reached))
    chosen = {each.window for each in differences}
    there = {window: count for window, count in live.items() if window in chosen}
    return differences, {"live": totals(there), "shadow": totals(counts)}


def _live_counts(
    contract: GeneratedContract, registry: SchemaRegistryClient, span: Mapping[int, Stretch]
) -> dict[Window, Count]:
    output, windows = find_contract(OUTPUT), Windows()
    with closing(CountStore()) as store:
        reader = CountReader(
            topic=output.topic,
            deserializer=Deserializer(
                output, output.reader_version(COUNTS), WriterSchemas(registry, output, patience_s=0)
            ),
            make_consumer=lambda: make_consumer(GROUP, overrides={**READING, "isolation.level": "read_committed"}),
            ends=lambda: present_ends(GROUP, output.topic),
            store=store,
        )
        for window, count in reader.read(contract.topic, span.keys()):
            windows.restore(window, count)
    return windows.counts


def _as_json(
    options: ReplayOptions,
    contract: GeneratedContract,
    shadow: Shadow,
    differences: Sequence[Difference],
    sums: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    return {
        "topic": contract.topic,
        "group": options.into,
        "reader_version": shadow.deserializer.model.VERSION,
        "span": {str(number): {"begin": each.begin, "end": each.end} for number, each in shadow.span.items()},
        **shadow.told.as_json(),
        "totals": sums,
        "equal": sum(each.verdict is Verdict.EQUAL for each in differences),
        "differences": [each.as_json() for each in differences if each.verdict is not Verdict.EQUAL],
    }


def _write(
    options: ReplayOptions,
    contract: GeneratedContract,
    shadow: Shadow,
    differences: Sequence[Difference],
    sums: Mapping[str, Mapping[str, int]],
    out: TextIO,
) -> None:
    rows = [
        [str(number), str(each.begin), str(each.end), f"{each.end - each.begin:,}"]
        for number, each in shadow.span.items()
    ]
    write_table(["partition", "from", "to", "offsets"], rows, out)
    _write_told(shadow.told, shadow.deserializer.model.VERSION, out)
    if sums:
        _write_differences(differences, sums, out)
    elif not shadow.told.effects:
        print("no effects", file=out)
    print(
        f"the group {options.into} stands at the span's end: start the consumer with --group {options.into} to go on "
        f"from there in {contract.topic}",
        file=out,
    )


def _write_told(told: Told, version: int, out: TextIO) -> None:
    versions = ", ".join(f"v{name} {count:,}" for name, count in sorted(told.by_version.items()))
    print(f"read {told.read:,} as version {version}; written with {versions or 'no known version'}", file=out)
    if told.passed_over:
        print(f"passed over: {told.passed_over:,} tombstones and records of other contracts", file=out)
    if told.missing:
        print(f"{told.missing:,} offsets hold no record: compacted away, or marks of transactions", file=out)
    for cause, count in told.given_up.most_common():
        print(f"would be dead-lettered: {count:,} ({cause})", file=out)
    for name, count in sorted(told.effects.items()):
        print(f"would be produced: {count:,} of {name}", file=out)


def _write_differences(differences: Sequence[Difference], sums: Mapping[str, Mapping[str, int]], out: TextIO) -> None:
    there, here = sums["live"], sums["shadow"]
    rows = [
        [name, f"{there.get(name, 0):,}", f"{here.get(name, 0):,}", f"{here.get(name, 0) - there.get(name, 0):+,}"]
        for name in sorted({*there, *here})
    ]
    write_table(["value", "live", "shadow", "change"], rows, out)
    unequal = [each for each in differences if each.verdict is not Verdict.EQUAL]
    # What nothing explains comes first.
    unequal.sort(key=lambda each: (each.verdict is not Verdict.DIFFERS, each.window))
    if unequal:
        shown = [
            [
                str(one["partition"]),
                one["minute"],
                one["value"],
                f"{one['live']:,}",
                f"{one['shadow']:,}",
                one["verdict"],
            ]
            for one in (each.as_json() for each in unequal[:_MOST_ROWS])
        ]
        write_table(["partition", "minute", "value", "live", "shadow", "why"], shown, out)
    if len(unequal) > _MOST_ROWS:
        print(f"… and {len(unequal) - _MOST_ROWS:,} more: --json has all", file=out)
    wrong = sum(each.verdict is Verdict.DIFFERS for each in differences)
    print(
        f"{len(differences):,} windows compared: {len(differences) - len(unequal):,} equal, {len(unequal) - wrong:,} "
        f"unequal for the reason given, {wrong:,} differ without one",
        file=out,
    )
