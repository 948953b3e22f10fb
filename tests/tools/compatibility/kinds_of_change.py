"""A schema before and after each kind of change of docs/schema-changes.md, and after the safe way where one is needed.

The keys are the first column of the page's tables.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

_ADDED: Final[dict[str, Any]] = {"name": "y", "type": ["null", "long"], "default": None}


class SchemaChange(NamedTuple):
    before: Any
    after: Any
    safe: Any = None


def record(*fields: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"type": "record", "name": "Thing", "namespace": "a", "fields": list(fields), **rest}


def field(type_: Any, name: str = "x", **rest: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **rest}


def enum(*symbols: str, name: str = "Kind", **rest: Any) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **rest}


def fixed(size: int, name: str = "Hash", **rest: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size, **rest}


def inner(*fields: dict[str, Any], name: str = "Inner") -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields)}


def types(before: Any, after: Any) -> SchemaChange:
    """The type of a field changes; the safe way is a new field beside it."""
    return SchemaChange(record(field(before)), record(field(after)), record(field(before), _ADDED))


def logical(base: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"type": base, "logicalType": name, **rest}


ONE: Final = field("string")
TWO: Final = field("int", "y")
BOTH: Final = record(ONE, _ADDED)

CHANGES: Final[dict[str, SchemaChange]] = {
    # fields
    "add a field with a default": SchemaChange(record(ONE), BOTH),
    "add a field without a default": SchemaChange(record(ONE), record(ONE, TWO), BOTH),
    "add a nullable field without a default": SchemaChange(record(ONE), record(ONE, field(["null", "int"], "y")), BOTH),
    "remove a field that has a default": SchemaChange(BOTH, record(ONE)),
    "remove a field without a default": SchemaChange(record(ONE, TWO), record(ONE), record(ONE, {**TWO, "default": 0})),
    "rename a field": SchemaChange(
        record(ONE), record(field("string", "z")), record(ONE, field("string", "z", default=""))
    ),
    "rename a field, the old name as an alias": SchemaChange(
        record(ONE),
        record(field("string", "z", aliases=["x"])),
        record(ONE, field("string", "z", default="")),
    ),
    "rename a field with a default, the old name as an alias": SchemaChange(
        record(field("string", default="")), record(field("string", "z", aliases=["x"], default=""))
    ),
    "merge two fields into one by two aliases": SchemaChange(
        record(ONE, field("string", "w")),
        record(field("string", "z", aliases=["x", "w"])),
        record(ONE, field("string", "w"), field("string", "z", default="")),
    ),
    "reorder fields": SchemaChange(record(ONE, TWO), record(TWO, ONE)),
    "give a field a default": SchemaChange(record(ONE), record(field("string", default=""))),
    "take a field's default away": SchemaChange(record(field("string", default="")), record(ONE)),
    "change a default": SchemaChange(record(field("int", default=0)), record(field("int", default=1))),
    "change a doc": SchemaChange(record(field("int", doc="One.")), record(field("int", doc="Two."), doc="Things.")),
    "add an alias": SchemaChange(record(ONE), record(field("string", aliases=["w"]))),
    "change the sort order": SchemaChange(record(ONE), record(field("string", order="descending"))),
    "add a tag or another property": SchemaChange(record(ONE), record(field("string", **{"confluent:tags": ["PII"]}))),
    # primitive types
    "int → long": types("int", "long"),
    "int → float": types("int", "float"),
    "int → double": types("int", "double"),
    "long → float": types("long", "float"),
    "long → double": types("long", "double"),
    "float → double": types("float", "double"),
    "long → int": types("long", "int"),
    "double → float": types("double", "float"),
    "string → bytes": SchemaChange(record(field("string")), record(field("bytes"))),
    "bytes → string": SchemaChange(record(field("bytes")), record(field("string"))),
    "int → string": types("int", "string"),
    "string → enum": types("string", enum("A", "B")),
    # null and unions
    "make a field nullable": types("int", ["null", "int"]),
    "make a nullable field required": types(["null", "int"], "int"),
    "add a branch to a union": types(["null", "int"], ["null", "int", "string"]),
    "remove a branch from a union": types(["null", "int", "string"], ["null", "int"]),
    "reorder the branches of a union": SchemaChange(record(field(["null", "int"])), record(field(["int", "null"]))),
    "put a record into a union with another record": types(
        inner(field("int", "a")), [inner(field("int", "a")), inner(field("string", "b"), name="Other")]
    ),
    # enums
    "add a symbol to an enum without a default": types(enum("A"), enum("A", "B")),
    "add a symbol to an enum with a default": SchemaChange(
        record(field(enum("A", default="A"))), record(field(enum("A", "B", default="A")))
    ),
    "remove a symbol from an enum without a default": types(enum("A", "B"), enum("A")),
    "remove a symbol from an enum with a default": SchemaChange(
        record(field(enum("A", "B", default="A"))), record(field(enum("A", default="A")))
    ),
    "give an enum a default": SchemaChange(record(field(enum("A"))), record(field(enum("A", default="A")))),
    "reorder the symbols of an enum": SchemaChange(record(field(enum("A", "B"))), record(field(enum("B", "A")))),
    "rename an enum": types(enum("A"), enum("A", name="Sort")),
    "rename an enum, the old name as an alias": types(enum("A"), enum("A", name="Sort", aliases=["Kind"])),
    # fixed
    "change the size of a fixed": types(fixed(2), fixed(4)),
    "rename a fixed": types(fixed(2), fixed(2, "Digest")),
    "rename a fixed, the old name as an alias": types(fixed(2), fixed(2, "Digest", aliases=["Hash"])),
    "fixed → bytes": types(fixed(2), "bytes"),
    # records
    "change the namespace of a record": SchemaChange(record(ONE), record(ONE, namespace="b")),
    "rename the record": SchemaChange(record(ONE), record(ONE, name="Other"), BOTH),
    "rename the record, the old name as an alias": SchemaChange(
        record(ONE), record(ONE, name="Other", aliases=["a.Thing"]), BOTH
    ),
    "add a field with a default to a record inside": SchemaChange(
        record(field(inner(ONE))), record(field(inner(ONE, _ADDED)))
    ),
    "add a field without a default to a record inside": SchemaChange(
        record(field(inner(ONE))), record(field(inner(ONE, TWO))), record(field(inner(ONE, _ADDED)))
    ),
    "string → record": types("string", inner(ONE)),
    # arrays and maps
    "promote the items of an array (int → long)": types(
        {"type": "array", "items": "int"}, {"type": "array", "items": "long"}
    ),
    "change the items of an array (int → string)": types(
        {"type": "array", "items": "int"}, {"type": "array", "items": "string"}
    ),
    "change the values of a map (int → string)": types(
        {"type": "map", "values": "int"}, {"type": "map", "values": "string"}
    ),
    "array → map": types({"type": "array", "items": "int"}, {"type": "map", "values": "int"}),
    "one value → an array of them": types("int", {"type": "array", "items": "int"}),
    # logical types
    "give a type a logical type": SchemaChange(
        record(field("long")), record(field(logical("long", "timestamp-millis")))
    ),
    "take a logical type away": SchemaChange(record(field(logical("long", "timestamp-millis"))), record(field("long"))),
    "timestamp-millis → timestamp-micros": SchemaChange(
        record(field(logical("long", "timestamp-millis"))), record(field(logical("long", "timestamp-micros")))
    ),
    "date → timestamp-millis": types(logical("int", "date"), logical("long", "timestamp-millis")),
    "change the scale of a decimal": SchemaChange(
        record(field(logical("bytes", "decimal", precision=9, scale=2))),
        record(field(logical("bytes", "decimal", precision=9, scale=4))),
    ),
    "string → uuid": SchemaChange(record(field("string")), record(field(logical("string", "uuid")))),
}
