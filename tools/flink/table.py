"""A version of a contract as a table of Flink SQL: types, nullability, watermark and the schema itself.

The DDL carries the contract's own schema (`avro-confluent.schema`). Without it Flink makes one of the columns, which
has neither aliases nor defaults, and could not read what an older version wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from codegen.contract import Contract, ContractVersion
from codegen.nodes import Field, Primitive
from codegen.rendering.schema_json import schema_json
from tools.errors import UserError
from tools.flink.sql_types import Column, columns_of, quoted

APP: Final = "flink"
# A property of a field: its time is that of the event.
EVENT_TIME: Final = "event-time"
_EVENT_TIME_TYPE: Final = "timestamp-millis"


class FlinkRefusal(UserError):
    """This contract, or what is asked of it, cannot be had in Flink."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where Flink finds Kafka and the registry. `properties` are further ones of the Java client, such as TLS."""

    brokers: str
    registry: str
    properties: Mapping[str, str] = field(default_factory=dict)
    registry_options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A table on a topic. `columns` are the record's fields, `further` lines behind them, `options` its WITH."""

    name: str
    columns: Sequence[Column]
    further: Sequence[str]
    options: Mapping[str, str]

    def ddl(self) -> str:
        lines = [f"{quoted(column.name)} {column.sql_type}" for column in self.columns]
        body = ",\n".join(f"  {line}" for line in (*lines, *self.further))
        options = ",\n".join(f"  {literal(key)} = {literal(value)}" for key, value in self.options.items())
        return f"CREATE TABLE {quoted(self.name)} (\n{body}\n) WITH (\n{options}\n)"


def literal(text: str) -> str:
    """`text` as a string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def pinned_version(contract: Contract, number: int | None = None) -> ContractVersion:
    """The version `number`, else that of `flink` in `[readers]`, else the latest. Raises FlinkRefusal."""
    wanted = contract.readers.get(APP, contract.latest.number) if number is None else number
    version = contract.version(wanted)
    if version is None:
        known = ", ".join(str(each.number) for each in contract.versions)
        raise FlinkRefusal(f"{contract.name} has no version {wanted}; it has: {known}")
    return version


def table_columns(contract: Contract, version: ContractVersion, *, written: bool = False) -> list[Column]:
    """The columns of this version's table. Raises FlinkRefusal with every type that Flink cannot have."""
    columns, refusals = columns_of(version.record, written=written)
    if refusals:
        found = "\n".join(f"  {refusal}" for refusal in refusals)
        verb = "written" if written else "read"
        raise FlinkRefusal(f"version {version.number} of {contract.name} cannot be {verb} by Flink:\n{found}")
    return columns


def event_time_field(contract: Contract, version: ContractVersion, named: str | None = None) -> str:
    """The field whose time is that of the event: the one that is named, or tagged, or the only one that could be.

    It is a timestamp-millis that is always there. Raises FlinkRefusal.
    """
    candidates = [each.name for each in version.record.fields if _could_be_event_time(each)]
    tagged = [each.name for each in version.record.fields if each.properties.get(EVENT_TIME) is True]
    asked = [named] if named is not None else tagged or candidates
    if len(asked) == 1 and asked[0] in candidates:
        return asked[0]
    here = f"version {version.number} of {contract.name}"
    wanted = (
        f'a {_EVENT_TIME_TYPE} at the top, not optional; name it with --time-field, or give it "{EVENT_TIME}": true'
    )
    if len(asked) == 1:
        raise FlinkRefusal(f"{asked[0]} of {here} cannot be the time of the event: that is {wanted}")
    if not asked:
        raise FlinkRefusal(f"{here} has no time of the event: that is {wanted}")
    raise FlinkRefusal(f"{here} has several fields that could be the time of the event ({', '.join(asked)}): {wanted}")


def _could_be_event_time(field: Field) -> bool:
    node = field.type
    return isinstance(node, Primitive) and node.logical is not None and node.logical.name == _EVENT_TIME_TYPE


def schema_text(version: ContractVersion) -> str:
    """The whole schema in one line of ASCII."""
    return json.dumps(schema_json(version.record), separators=(",", ":"))


def watermark(name: str, delay_s: int) -> str:
    """A window waits `delay_s` seconds, by the time of the events, for those that come late."""
    behind = f" - INTERVAL '{delay_s}' SECOND({len(str(delay_s))})" if delay_s else ""
    return f"WATERMARK FOR {quoted(name)} AS {quoted(name)}{behind}"


def value_options(contract: Contract, version: ContractVersion, place: Place) -> dict[str, str]:
    """How the values are framed and read: Confluent's frame, the registry, and the contract's own schema."""
    return {
        "value.format": "avro-confluent",
        "value.avro-confluent.url": place.registry,
        "value.avro-confluent.subject": contract.subject,
        "value.avro-confluent.schema": schema_text(version),
        **{f"value.avro-confluent.{key}": value for key, value in place.registry_options.items()},
    }


def topic_options(topic: str, place: Place) -> dict[str, str]:
    return {
        "connector": "kafka",
        "topic": topic,
        "properties.bootstrap.servers": place.brokers,
        **{f"properties.{key}": value for key, value in place.properties.items()},
    }


def source_table(
    contract: Contract, version: ContractVersion, place: Place, *, topic: str, group: str, time_field: str, delay_s: int
) -> Table:
    """The table of a topic that is read from its beginning, of committed records alone, with their place in it."""
    columns = table_columns(contract, version)
    taken = {column.name for column in columns}
    return Table(
        contract.name,
        columns,
        (
            f"{quoted(free_name('source_partition', taken))} INT NOT NULL METADATA FROM 'partition' VIRTUAL",
            f"{quoted(free_name('source_offset', taken))} BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL",
            watermark(time_field, delay_s),
        ),
        {
            **topic_options(topic, place),
            "properties.group.id": group,
            "properties.isolation.level": "read_committed",
            "scan.startup.mode": "earliest-offset",
            **value_options(contract, version, place),
        },
    )


def sink_table(contract: Contract, version: ContractVersion, place: Place, *, name: str, transactions: str) -> Table:
    """The table of a topic that is written exactly once; `transactions` is the prefix of its transactional ids."""
    columns = table_columns(contract, version, written=True)
    key = {} if contract.key is None else {"key.format": "raw", "key.fields": contract.key}
    return Table(
        name,
        columns,
        (),
        {
            **topic_options(contract.topic, place),
            **key,
            **value_options(contract, version, place),
            "value.fields-include": "ALL",
            "sink.delivery-guarantee": "exactly-once",
            "sink.transactional-id-prefix": transactions,
            # The brokers allow 15 minutes by default (transaction.max.timeout.ms), and Flink would ask for an hour.
            "properties.transaction.timeout.ms": "900000",
        },
    )


def free_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, with as many `_` behind it as it takes to be no field's name."""
    while wanted in taken:
        wanted += "_"
    return wanted
