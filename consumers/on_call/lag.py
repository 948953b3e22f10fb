"""`pipeline lag`: how far each group is behind on each partition, how fast it goes, and when it will be there.

Two looks with some seconds between them. The end of a partition is found by reading its last batch, because the
embedded broker tells only where that begins; on Kafka both are the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, TextIO

from codegen.catalog import GeneratedContract
from consumers.clients import make_consumer
from consumers.faults import ConsumerError, Unavailable
from consumers.on_call.reading import one_sentence, outside_reader
from consumers.on_call.table import write_json, write_table
from consumers.options import find_contract
from consumers.running.stopping import stop_on_signals
from consumers.topic_reading import READING, extents_of, real_ends

if TYPE_CHECKING:
    from confluent_kafka import Consumer

_BROKER_S: Final = 10.0
_FORBIDDEN: Final = 30  # GROUP_AUTHORIZATION_FAILED


@dataclass(frozen=True, slots=True)
class Look:
    """One moment: where partitions begin and end, and the committed offset of each group (None: none)."""

    at_s: float
    begins: Mapping[int, int]
    ends: Mapping[int, int]
    committed: Mapping[str, Mapping[int, int | None]]


@dataclass(frozen=True, slots=True)
class Lag:
    """`rate` is records per second that the group commits, `arriving` those that come; None after one look only.

    `catch_up_s` is None where the group does not come nearer.
    """

    group: str
    partition: int
    committed: int | None
    end: int
    lag: int
    rate: float | None = None
    arriving: float | None = None
    catch_up_s: float | None = None


def run_lag(
    contract: str,
    groups: Sequence[str],
    format_: str,
    out: TextIO,
    interval_s: float = 5.0,
    stop: threading.Event | None = None,
) -> int:
    """Tell the lag of the groups, by default those of the pinned readers; 0. Raises ConsumerError."""
    chosen = find_contract(contract)
    names = list(dict.fromkeys(groups)) or default_groups(chosen)
    wanted = stop or threading.Event()
    with stop_on_signals(wanted), one_sentence(), outside_reader() as consumer:
        before = look(consumer, chosen.topic, names)
        if interval_s and not wanted.wait(interval_s):
            lags = compare(before, look(consumer, chosen.topic, names))
        else:
            lags = compare(None, before)
    for one in lags if format_ == "json" else ():
        write_json({"topic": chosen.topic, **asdict(one)}, out)
    if format_ != "json":
        _write(lags, interval_s, out)
    return 0


def default_groups(contract: GeneratedContract) -> list[str]:
    """The groups of the pinned readers, by their default names. Raises ConsumerError where nobody is pinned."""
    if not contract.readers:
        raise ConsumerError(f"contract.toml pins no reader of {contract.name}: name the groups with --group")
    return [f"{contract.name}-{app}" for app in contract.readers]


def look(consumer: Consumer, topic: str, groups: Sequence[str], clock: Callable[[], float] = time.monotonic) -> Look:
    """Raises Unavailable and ConsumerError."""
    extents = extents_of(consumer, topic)
    # First what is committed: an end that is read later can only be further.
    committed = {group: committed_by(group, topic, list(extents)) for group in groups}
    at_s = clock()
    ends = real_ends(consumer, topic, extents)
    return Look(at_s, {number: extent.begin for number, extent in extents.items()}, ends, committed)


def committed_by(group: str, topic: str, partitions: Sequence[int]) -> dict[int, int | None]:
    """The committed offsets of a group that is not joined. Raises Unavailable, and ConsumerError without permission."""
    from confluent_kafka import KafkaException, TopicPartition

    with closing(make_consumer(group, overrides=READING)) as consumer:
        try:
            found = consumer.committed([TopicPartition(topic, number) for number in partitions], timeout=_BROKER_S)
        except KafkaException as error:
            if error.args[0].code() == _FORBIDDEN:
                raise ConsumerError(f"the group {group} may not be seen by this user ({error.args[0].str()})") from None
            raise Unavailable(f"no broker told what {group} has committed ({error.args[0].str()})") from error
    for place in found:
        if place.error is not None:
            raise Unavailable(f"the broker did not tell what {group} has committed ({place.error.str()})")
    return {place.partition: place.offset if place.offset >= 0 else None for place in found}


def compare(before: Look | None, now: Look) -> list[Lag]:
    """The lag of each group and partition now, with rates since the look before."""
    return [_lag(before, now, group, number) for group, offsets in now.committed.items() for number in sorted(offsets)]


def _lag(before: Look | None, now: Look, group: str, number: int) -> Lag:
    committed, end = now.committed[group][number], now.ends[number]
    behind = max(0, end - (now.begins[number] if committed is None else committed))
    earlier = before.committed[group].get(number) if before is not None else None
    elapsed_s = now.at_s - before.at_s if before is not None else 0.0
    if before is None or elapsed_s <= 0:
        return Lag(group, number, committed, end, behind)
    rate = max(0, (committed or 0) - (earlier if earlier is not None else committed or 0)) / elapsed_s
    arriving = max(0, end - before.ends.get(number, end)) / elapsed_s
    nearer = rate - arriving
    catch_up_s = 0.0 if behind == 0 else behind / nearer if nearer > 0 else None
    return Lag(group, number, committed, end, behind, round(rate, 1), round(arriving, 1), catch_up_s)


def _write(lags: Sequence[Lag], interval_s: float, out: TextIO) -> None:
    head = ["group", "partition", "committed", "end", "lag", "records/s", "arriving/s", "caught up in"]
    rows = [
        [
            one.group,
            str(one.partition),
            "-" if one.committed is None else str(one.committed),
            str(one.end),
            f"{one.lag:,}",
            "-" if one.rate is None else f"{one.rate:.1f}",
            "-" if one.arriving is None else f"{one.arriving:.1f}",
            _duration(one),
        ]
        for one in lags
    ]
    write_table(head, rows, out)
    for group in dict.fromkeys(one.group for one in lags):
        own = [one for one in lags if one.group == group]
        print(f"{group}: {sum(one.lag for one in own):,} behind{_remark(own, interval_s)}", file=out)


def _remark(own: Sequence[Lag], interval_s: float) -> str:
    if all(one.committed is None for one in own):
        return "; it has committed nothing: it never ran, or under another name (--group)"
    stands = [one for one in own if one.lag and one.rate == 0]
    if stands and len(stands) == len([one for one in own if one.lag]):
        return f"; it committed nothing in {interval_s:g} s: is it running?"
    return ""


def _duration(one: Lag) -> str:
    if one.rate is None:
        return "-"
    if one.catch_up_s is None:
        return "never so"
    seconds = round(one.catch_up_s)
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
