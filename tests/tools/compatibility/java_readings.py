"""Avro Java's decoder on pairs that are compatible, and where it is known to fail.

Each difference is a function that takes it out of a failed reading: Avro Java reads as soon as the fault cannot matter,
or the very place at which it fails is found in the schemas.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, TypeAlias, TypeGuard

from codegen.nodes import Array, Enum, Fixed, Map, Named, Node, Primitive, Record, Union
from codegen.resolution import Resolver
from codegen.resolving.rules import Pair
from codegen.schema import InvalidSchema, parse_schema
from tests.java_oracle import JavaOracle, JavaRefusal
from tests.tools.compatibility.java_differences import Difference
from tests.tools.compatibility.java_verdicts import FIELDS_NOT_SET, reachable_pairs
from tests.tools.compatibility.written_out import is_recursive
from tools.compatibility import check

_LEAST_SIZES: Final = {"null": 0, "float": 4, "double": 8}


@dataclass(frozen=True)
class Reading:
    """`data` of `writer`, read by Avro Java with `reader`: `error` is what it said, None if it read."""

    reader: Any
    writer: Any
    data: bytes
    error: str | None = None

    @property
    def agrees(self) -> bool:
        """Avro Java reads what is called compatible."""
        return self.error is None

    @cached_property
    def pair(self) -> Pair:
        return parse_schema(self.reader).root, parse_schema(self.writer).root


def read(reader: Any, writer: Any, data: bytes, oracle: JavaOracle) -> Reading:
    """What Avro Java makes of it."""
    try:
        oracle.resolve(writer, reader, data)
    except JavaRefusal as refusal:
        return Reading(reader, writer, data, str(refusal))
    return Reading(reader, writer, data)


def alias_of_no_use(reading: Reading, oracle: JavaOracle) -> Reading | None:
    """Avro Java first renames in the writer's schema whatever a reader's alias names, wherever and whatever it is:
    types that are read by their own names, types of another kind, two branches of one union. It reads as soon as the
    aliases are gone that resolution does not use.
    """
    reader = copy.deepcopy(reading.reader)
    for holder in _holders_of_aliases(reader):
        for alias in list(holder["aliases"]):
            holder["aliases"].remove(alias)
            if check(reader, reading.writer):
                holder["aliases"].append(alias)
    if reader == reading.reader:
        return None
    left = read(reader, reading.writer, reading.data, oracle)
    return left if left.error != reading.error else None


def size_of_the_readers_items(reading: Reading, oracle: JavaOracle) -> Reading | None:
    """Before it reads a block of an array or a map, Avro Java 1.12.2 wants as many bytes as the items would need in the
    reader's schema: more than there are, where it has promoted int to float or added a field with a default.
    """
    if not (reading.error or "").startswith(("EOFException: Collection claims", "EOFException: Map claims")):
        return None
    for reader, writer in reachable_pairs(*reading.pair):
        match reader, writer:
            case (Array(items=wanted), Array(items=there)) | (Map(values=wanted), Map(values=there)):
                if _least_size(wanted, ()) > _least_size(there, ()):
                    return replace(reading, error=None)
            case _:
                continue
    return None


def branch_of_another_namespace(reading: Reading, oracle: JavaOracle) -> Reading | None:
    """A branch of a union that is an enum or a fixed is found by its full name in Avro Java's decoder, by the
    unqualified one in its checker and everywhere else.
    """
    for union, writer in reachable_pairs(*reading.pair):
        if isinstance(union, Union) and isinstance(writer, Enum | Fixed):
            names = {branch.full_name for branch in union.branches if isinstance(branch, type(writer))}
            if writer.full_name not in names and f"Found {writer.full_name}, expecting union[" in str(reading.error):
                return replace(reading, error=None)
    return None


def two_branches_become_one(reading: Reading, oracle: JavaOracle) -> Reading | None:
    """A branch of the reader that reads two of the writer's, one by its name and one by an alias, gives both the same
    name in Avro Java's decoder, which then refuses the writer's union.
    """
    reader, writer = reading.pair
    for branch in filter(_is_named, _types_in(reader)):
        names = {branch.full_name, *branch.aliases}
        for union in _types_in(writer):
            branches = union.branches if isinstance(union, Union) else ()
            if len([one for one in branches if _is_named(one) and one.full_name in names]) > 1:
                is_told = reading.error == f"AvroRuntimeException: Duplicate in union:{branch.full_name}"
                return replace(reading, error=None) if is_told else None
    return None


def field_alias_in_another_namespace(reading: Reading, oracle: JavaOracle) -> Reading | None:
    """Avro Java's decoder knows the aliases of fields only where the records have the same full name, or one as alias.
    It reads the same bytes when the writer's schema has the reader's names, and the reader's has no aliases.
    """
    names = _names_by_reader(reading)
    if names is None or not names[1]:
        return None
    reader = copy.deepcopy(reading.reader)
    for holder in _holders_of_aliases(reader):
        holder["aliases"] = []
    writer = _renamed(reading.writer, *names)
    try:
        left = read(reader, writer, reading.data, oracle)
        return left if left.error != reading.error and not check(reader, writer) else None
    except InvalidSchema:
        return None


def branch_that_cannot_read(reading: Reading, oracle: JavaOracle) -> Reading | None:
    """Avro Java reads with the branch of a union that has the writer's full name, and a record without one with any
    that looks like it, whether that branch can or not; the specification's reader takes the branch that resolves.
    """
    if not (reading.error or "").startswith("AvroTypeException"):
        return None
    verdicts = Resolver()
    for union, writer in reachable_pairs(*reading.pair):
        if not isinstance(union, Union) or not isinstance(writer, Named) or not verdicts.can_read(union, writer):
            continue
        alike = [branch for branch in union.branches if isinstance(branch, type(writer))]
        named = [branch for branch in alike if branch.full_name == writer.full_name]
        taken = named or (alike if isinstance(writer, Record) else [])
        if not all(verdicts.can_read(branch, writer) for branch in taken):
            return replace(reading, error=None)
    return None


def default_inside_its_record(reading: Reading, oracle: JavaOracle) -> Reading | None:
    """As in the verdict: Avro Java's parser refuses the schema."""
    is_met = reading.error == FIELDS_NOT_SET and any(map(is_recursive, reading.pair))
    return replace(reading, error=None) if is_met else None


def older_reader(reading: Reading, oracle: JavaOracle) -> Reading | None:
    """Avro Java's older reader first makes a grammar of the two schemas, and is lost in some that refer to themselves:
    a record of which no finite datum exists overflows its stack, even where none is read, and among records that
    contain each other it may miss its place. The fast reader, the default since 1.12, reads them.
    """
    if not any(is_recursive(root) for root in reading.pair):
        return None
    try:
        oracle.resolve(reading.writer, reading.reader, reading.data, fast_only=True)
    except JavaRefusal as refusal:
        return replace(reading, error=str(refusal)) if str(refusal) != reading.error else None
    return replace(reading, error=None)


READING_DIFFERENCES: Final[tuple[Difference[Reading], ...]] = (
    default_inside_its_record,
    older_reader,
    alias_of_no_use,
    size_of_the_readers_items,
    branch_that_cannot_read,
    branch_of_another_namespace,
    two_branches_become_one,
    field_alias_in_another_namespace,
)


def _holders_of_aliases(schema: Any) -> Iterator[dict[str, Any]]:
    """The named types and fields of a schema that have aliases."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _holders_of_aliases(branch)
    elif isinstance(schema, dict):
        if "aliases" in schema:
            yield schema
        for key in ("items", "values", "type"):
            yield from _holders_of_aliases(schema.get(key))
        for field in schema.get("fields", []):
            yield from _holders_of_aliases(field)


def _types_in(root: Node) -> list[Node]:
    return [node for node, _ in reachable_pairs(root, root, any_branch=True)]


def _is_named(node: Node) -> TypeGuard[Named]:
    return isinstance(node, Named)


_Types: TypeAlias = dict[str, str]
_Fields: TypeAlias = dict[tuple[str, str], str]


def _names_by_reader(reading: Reading) -> tuple[_Types, _Fields] | None:
    """The reader's name of each of the writer's types that it reads, and of their fields; None if it has several."""
    verdicts = Resolver()
    types: _Types = {}
    fields: _Fields = {}
    for reader, writer in reachable_pairs(*reading.pair):
        if not isinstance(writer, Named) or not isinstance(reader, Named) or not verdicts.can_read(reader, writer):
            continue
        if types.setdefault(writer.full_name, reader.full_name) != reader.full_name:
            return None
        if isinstance(writer, Record) and isinstance(reader, Record):
            for field in reader.fields:
                for alias in field.aliases:
                    fields[writer.full_name, alias] = field.name
    return types, fields


def _renamed(schema: Any, types: _Types, fields: _Fields) -> Any:
    match schema:
        case str():
            return types.get(schema, schema)
        case list():
            return [_renamed(branch, types, fields) for branch in schema]
        case _:
            inner = {key: _renamed(schema[key], types, fields) for key in ("items", "values") if key in schema}
            if schema["type"] not in ("record", "enum", "fixed"):
                return {**schema, **inner, "type": _renamed(schema["type"], types, fields)}
    name, namespace = schema["name"], schema.get("namespace", "")
    full_name = name if "." in name or not namespace else f"{namespace}.{name}"
    renamed = {key: value for key, value in schema.items() if key not in ("namespace", "aliases")}
    renamed["name"] = types.get(full_name, full_name)
    if "fields" in schema:
        renamed["fields"] = [
            {**_renamed(field, types, fields), "name": fields.get((full_name, field["name"]), field["name"])}
            for field in schema["fields"]
        ]
    return renamed


def _least_size(node: Node, around: tuple[Node, ...]) -> int:
    """How many bytes a datum has at least, as Avro Java counts: a record inside itself has none."""
    match node:
        case Primitive():
            return _LEAST_SIZES.get(node.name, 1)
        case Fixed():
            return node.size
        case Record():
            return 0 if node in around else sum(_least_size(field.type, (*around, node)) for field in node.fields)
        case _:
            return 1
