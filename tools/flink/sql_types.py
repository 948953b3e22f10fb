"""Avro types as types of Flink SQL, exactly as Flink's format `avro-confluent` wants them, or refused by name.

The table follows `AvroSchemaConverter.convertToDataType` of Flink 2.3 with its legacy mapping of timestamps, that of
`avro-confluent`: where the Avro schema is given (`avro-confluent.schema`), the table must equal what that makes of
it, NOT NULL for NOT NULL. What Flink maps and then reads or writes wrong is refused here; docs/scale-out.md has the
table, with what Flink does in each case.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, branch_name

# Largest precision of DECIMAL (Flink SQL, "Data Types").
MAX_PRECISION: Final = 38
_PRIMITIVES: Final = {
    "boolean": "BOOLEAN",
    "int": "INT",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "bytes": "BYTES",
    "string": "STRING",
}
_LOGICAL: Final = {"date": "DATE", "time-millis": "TIME(3)", "timestamp-millis": "TIMESTAMP(3)"}
_MISREAD: Final = {
    "timestamp-micros": "Flink takes its number for milliseconds",
    "time-micros": "Flink fails on each of its values",
}
_OPTIONAL_BRANCHES: Final = 2
# Ours: nobody has such a table, and types that are used again and again multiply.
_MAX_LEVELS: Final = 100
_MAX_TYPES: Final = 10_000


class Refusal(NamedTuple):
    """One type that Flink cannot have: the path of the field, what is there, and what to do."""

    path: str
    reason: str
    hint: str

    def __str__(self) -> str:
        return f"{self.path or 'the record'}: {self.reason}; {self.hint}"


class Column(NamedTuple):
    """A field of the record as a column of the table."""

    name: str
    sql_type: str


def columns_of(record: Record, *, written: bool = False) -> tuple[list[Column], list[Refusal]]:
    """The columns of a table whose rows are these records, and every type that is refused.

    `written`: Flink writes the records, too; it writes less than it reads.
    """
    converter = _Converter(written)
    columns = converter.fields(record, "")
    if not record.fields:
        converter.refuse("", "a record without fields", "a table has at least one column: give the record a field")
    return columns, converter.refusals


def quoted(name: str) -> str:
    """`name` as an identifier; a name of Avro has no backtick."""
    return f"`{name}`"


class _Converter:
    """Collects refusals on the way down; what is refused has the type `?`, which nobody gets to see."""

    def __init__(self, written: bool) -> None:
        self.refusals: list[Refusal] = []
        self._written = written
        self._around: list[Record] = []
        self._levels = 0
        self._types = 0

    def refuse(self, path: str, reason: str, hint: str) -> str:
        self.refusals.append(Refusal(path, reason, hint))
        return "?"

    def fields(self, record: Record, path: str) -> list[Column]:
        self._around.append(record)
        columns = [
            Column(field.name, self.type_of(field.type, f"{path}.{field.name}" if path else field.name))
            for field in record.fields
        ]
        self._around.pop()
        return columns

    def type_of(self, node: Node, path: str) -> str:
        """The type with its nullability, which is NOT NULL for all but optional unions."""
        self._types += 1
        if self._types > _MAX_TYPES:
            return "?" if self._types > _MAX_TYPES + 1 else self._refuse_size(path)
        if self._levels >= _MAX_LEVELS:
            return self.refuse(path, f"more than {_MAX_LEVELS} levels of types", "make the record flatter")
        self._levels += 1
        try:
            return self._with_nullability(node, path)
        finally:
            self._levels -= 1

    def _refuse_size(self, path: str) -> str:
        return self.refuse(path, f"more than {_MAX_TYPES} types in one row", "leave out what the table does not need")

    def _with_nullability(self, node: Node, path: str) -> str:
        if not isinstance(node, Union):
            return f"{self._bare(node, path)} NOT NULL"
        inner = [branch for branch in node.branches if not _is_null(branch)]
        if len(inner) != 1 or len(node.branches) > _OPTIONAL_BRANCHES:
            names = ", ".join(branch_name(branch) for branch in node.branches)
            return self.refuse(
                path,
                f"a union of {names or 'nothing'}",
                "Flink SQL has no unions: use one type, or a record with an optional field for each of them",
            )
        bare = self._bare(inner[0], path)
        return bare if len(node.branches) == _OPTIONAL_BRANCHES else f"{bare} NOT NULL"

    def _bare(self, node: Node, path: str) -> str:
        match node:
            case Primitive():
                return self._primitive(node, path)
            case Fixed():
                return self._fixed(node, path)
            case Enum():
                return "STRING"
            case Array():
                return f"ARRAY<{self.type_of(node.items, f'{path}[]')}>"
            case Map():
                return f"MAP<STRING NOT NULL, {self.type_of(node.values, f'{path}{{}}')}>"
            case Record():
                return self._record(node, path)
            case Union():
                return self.refuse(path, "a union directly inside a union", "list its branches in the outer union")

    def _primitive(self, node: Primitive, path: str) -> str:
        logical = node.logical
        if node.name == "null":
            return self.refuse(path, "the type null alone", "no column can hold nothing: remove the field")
        if logical is None:
            return _PRIMITIVES[node.name]
        if logical.name in _MISREAD:
            return self.refuse(path, f"a {logical.name}", f"{_MISREAD[logical.name]}: use the one in milliseconds")
        if logical.name == "decimal":
            return self._decimal(logical.precision or 0, logical.scale or 0, path)
        return _LOGICAL.get(logical.name, _PRIMITIVES[node.name])

    def _fixed(self, node: Fixed, path: str) -> str:
        if self._written:
            return self.refuse(path, f"the fixed type {node.full_name}", "Flink reads fixed types only: write bytes")
        if node.logical is not None and node.logical.name == "decimal":
            return self._decimal(node.logical.precision or 0, node.logical.scale or 0, path)
        if node.size == 0:
            return self.refuse(
                path, f"the fixed type {node.full_name} of no bytes", "VARBINARY has one at least: remove the field"
            )
        return f"VARBINARY({node.size})"

    def _decimal(self, precision: int, scale: int, path: str) -> str:
        if precision > MAX_PRECISION:
            return self.refuse(
                path, f"a decimal of {precision} digits", f"DECIMAL has {MAX_PRECISION} at most: use that, or a string"
            )
        return f"DECIMAL({precision}, {scale})"

    def _record(self, node: Record, path: str) -> str:
        if any(node is outer for outer in self._around):
            return self.refuse(
                path,
                f"the record {node.full_name} inside itself",
                "a type of SQL is finite: keep the nesting in a field of its own, such as a string with JSON",
            )
        if not node.fields:
            return self.refuse(path, f"the record {node.full_name} without fields", "give it one, or remove the field")
        inner = self.fields(node, path)
        return f"ROW<{', '.join(f'{quoted(column.name)} {column.sql_type}' for column in inner)}>"


def _is_null(node: Node) -> bool:
    return isinstance(node, Primitive) and node.name == "null"
