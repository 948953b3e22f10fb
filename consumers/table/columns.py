"""A contract's record as a row: one column for each field, and where in the topic the row comes from. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from consumers.faults import ConsumerError

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract
    from codegen.runtime import AvroModel
    from consumers.record import Record

KEY: Final = "record_key"
PLACE: Final = ("record_partition", "record_offset")

# A plain Avro type → the column's type, in words that SQLite and PostgreSQL both understand.
_PLAIN: Final = {
    "int": "BIGINT",
    "long": "BIGINT",
    "float": "DOUBLE PRECISION",
    "double": "DOUBLE PRECISION",
    "boolean": "BOOLEAN",
    "string": "TEXT",
    "bytes": "TEXT",
}


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` are name → SQL type; a field that is no plain value is the text of its JSON."""

    name: str
    columns: Mapping[str, str]
    model: type[AvroModel]

    def row(self, record: Record, value: AvroModel) -> tuple[Any, ...]:
        """Key, partition and offset, and then the fields."""
        told = json.loads(value.model_dump_json(by_alias=True))
        fields = [_cell(told.get(name), self.columns[name]) for name in self.columns]
        return (key_text(record.key), record.partition, record.offset, *fields)


def table_of(contract: GeneratedContract, version: int, name: str | None = None) -> Table:
    """The table of a contract. Raises ConsumerError where the contract has no key that may be shown.

    Tagged fields get no column.
    """
    model = contract.model(version)
    if contract.key is None:
        raise ConsumerError(
            f"the contract {contract.name} has no key, so that nothing says which row a record replaces: give it one "
            f"(key in contract.toml)"
        )
    if contract.key in model.TAGS:
        raise ConsumerError(
            f"the key {contract.key} of {contract.name} is tagged {', '.join(model.TAGS[contract.key])}: its "
            f"rows would be known by what may not be shown"
        )
    fields = json.loads(contract.avsc(version))["fields"]
    columns = {field["name"]: _column_type(field["type"]) for field in fields if field["name"] not in model.TAGS}
    if taken := {KEY, *PLACE} & columns.keys():
        raise ConsumerError(f"the field {min(taken)} of {contract.name} has the name of a column of every table")
    return Table(name or contract.name, columns, model)


def key_text(key: bytes | None) -> str:
    """A record's key, which need not be text."""
    return "" if key is None else key.decode(errors="backslashreplace")


def _column_type(schema: Any) -> str:
    if isinstance(schema, list):
        plain = [each for each in schema if each != "null"]
        return _column_type(plain[0]) if len(plain) == 1 else "TEXT"
    if isinstance(schema, dict):
        if schema.get("logicalType", "").startswith("timestamp-"):
            return "TIMESTAMP WITH TIME ZONE"
        return "TEXT" if "logicalType" in schema else _column_type(schema["type"])
    return _PLAIN.get(schema, "TEXT")


def _cell(value: Any, column_type: str) -> Any:
    if isinstance(value, dict | list) or (column_type == "TEXT" and value is not None and not isinstance(value, str)):
        return json.dumps(value, sort_keys=True)
    if column_type.startswith("TIMESTAMP") and isinstance(value, str):
        return datetime.fromisoformat(value).isoformat()
    return value
