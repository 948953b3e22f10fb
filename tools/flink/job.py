"""The windowed counts as a job of Flink SQL: what `pipeline consume counts` counts, from the same two contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from codegen.contract import Contract, ContractVersion
from codegen.nodes import Enum, Node, Primitive, Union
from tools.flink.sql_types import quoted
from tools.flink.table import (
    APP,
    FlinkRefusal,
    Place,
    event_time_field,
    free_name,
    literal,
    pinned_version,
    sink_table,
    source_table,
)

OUTPUT: Final = "activity_count"
CLEAN: Final = ".clean"


@dataclass(frozen=True, slots=True)
class JobOptions:
    """`topic` defaults to the cleaned topic, `version` to the pin; seconds where a name ends in `_s`.

    `checkpoints` is the URI of a folder that every machine of the cluster sees. A window closes when an event comes
    that is `delay_s` younger than its end; partitions without records for `idle_s` are not waited for.
    """

    checkpoints: str
    topic: str | None = None
    version: int | None = None
    group: str | None = None
    time_field: str | None = None
    count_field: str = "action"
    delay_s: int = 60
    idle_s: int = 60
    checkpoint_interval_s: int = 10
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """Settings and statements, in the order in which they are to be given to Flink."""

    settings: Mapping[str, str]
    statements: tuple[str, ...]

    def sql(self) -> str:
        """A script for `sql-client.sh -f`."""
        sets = [f"SET {literal(key)} = {literal(value)};" for key, value in self.settings.items()]
        return "\n".join([*sets, "", *(f"{statement};\n" for statement in self.statements)])


def cleaned_topic(contract: Contract) -> str:
    """The topic that holds the contract's records without what cannot be read: `pipeline consume clean` fills it."""
    return contract.topic + CLEAN


def counts_job(contract: Contract, output: Contract, place: Place, options: JobOptions) -> Job:
    """The job that counts events per minute and value into the topic of `output`. Raises FlinkRefusal."""
    version = pinned_version(contract, options.version)
    _check_windows(contract, version)
    topic = options.topic or cleaned_topic(contract)
    group = options.group or f"{contract.name}-{APP}"
    time_field = event_time_field(contract, version, options.time_field)
    _check_counted(contract, version, options.count_field)
    source = source_table(
        contract, version, place, topic=topic, group=group, time_field=time_field, delay_s=options.delay_s
    )
    sink_version = pinned_version(output, output.writers.get(APP, output.latest.number))
    sink_name = free_name(output.name, {contract.name})
    sink = sink_table(output, sink_version, place, name=sink_name, transactions=f"{group}-{topic}")
    taken = {column.name for column in source.columns}
    insert = _insert(output, sink_version, sink_name, _Counted(contract, topic, time_field, options.count_field, taken))
    return Job(_settings(group, options), (source.ddl(), sink.ddl(), insert))


def _settings(group: str, options: JobOptions) -> dict[str, str]:
    return {
        "pipeline.name": group,
        "execution.runtime-mode": "streaming",
        # What is read as a time of UTC is shown as one.
        "table.local-time-zone": "UTC",
        "table.exec.source.idle-timeout": f"{options.idle_s} s",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.interval": f"{options.checkpoint_interval_s} s",
        "execution.checkpointing.dir": options.checkpoints,
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        # Never give up: a machine may be away for longer than any number of attempts lasts.
        "restart-strategy.type": "exponential-delay",
        "restart-strategy.exponential-delay.initial-backoff": "1 s",
        "restart-strategy.exponential-delay.max-backoff": "30 s",
        **options.settings,
    }


@dataclass(frozen=True, slots=True)
class _Counted:
    contract: Contract
    topic: str
    time_field: str
    count_field: str
    taken: set[str]

    def expressions(self) -> dict[str, str]:
        """What each field of the output is. The text of a bucket is that of the counts consumer."""
        partition = quoted(free_name("source_partition", self.taken))
        offset = quoted(free_name("source_offset", self.taken))
        value = quoted(self.count_field)
        minute = "DATE_FORMAT(`window_start`, 'yyyy-MM-dd''T''HH:mm''Z''')"
        return {
            "bucket": f"CONCAT({literal(self.topic + '/')}, CAST({partition} AS STRING), '|', {minute}, '|', {value})",
            "source_topic": literal(self.topic),
            "source_partition": partition,
            "window_start": "`window_start`",
            "action": value,
            "count": "COUNT(*)",
            "next_offset": f"MAX({offset}) + 1",
        }


def _insert(output: Contract, version: ContractVersion, sink: str, counted: _Counted) -> str:
    known = counted.expressions()
    lacking = [each for each in known if each not in {field.name for field in version.record.fields}]
    unknown = [each.name for each in version.record.fields if each.name not in known and not _is_optional(each.type)]
    if lacking or unknown:
        raise FlinkRefusal(
            f"version {version.number} of {output.name} is no count that Flink can write"
            + (f"; it lacks {', '.join(lacking)}" if lacking else "")
            + (f"; nobody says what goes into {', '.join(unknown)}" if unknown else "")
        )
    fields = [(each.name, known.get(each.name)) for each in version.record.fields]
    selected = ",\n".join(f"  {expression or 'NULL'} AS {quoted(name)}" for name, expression in fields)
    partition = quoted(free_name("source_partition", counted.taken))
    return (
        f"INSERT INTO {quoted(sink)}\nSELECT\n{selected}\n"
        f"FROM TABLE(TUMBLE(TABLE {quoted(counted.contract.name)}, "
        f"DESCRIPTOR({quoted(counted.time_field)}), INTERVAL '1' MINUTE))\n"
        f"GROUP BY {partition}, {quoted(counted.count_field)}, `window_start`, `window_end`"
    )


def _is_optional(node: Node) -> bool:
    return isinstance(node, Union) and any(
        isinstance(each, Primitive) and each.name == "null" for each in node.branches
    )


def _check_windows(contract: Contract, version: ContractVersion) -> None:
    """The columns that TUMBLE adds (Flink, "Windowing table-valued functions") must be nobody else's."""
    taken = {"window_start", "window_end", "window_time"} & {each.name for each in version.record.fields}
    if taken:
        raise FlinkRefusal(
            f"version {version.number} of {contract.name} cannot be counted in windows: Flink calls columns of its own "
            f"{', '.join(sorted(taken))}, as these fields are called"
        )


def _check_counted(contract: Contract, version: ContractVersion, name: str) -> None:
    node = next((each.type for each in version.record.fields if each.name == name), None)
    if isinstance(node, Enum) or (isinstance(node, Primitive) and node.name == "string"):
        return
    what = "has no such field" if node is None else "is neither a string nor an enum that is always there"
    raise FlinkRefusal(
        f"{name} cannot be counted by: version {version.number} of {contract.name} {what}; name one with --count-field"
    )
