"""The typed form of an Avro schema: names resolved, references followed, logical types told apart.

`codegen.schema.parse_schema` makes these from JSON; everything else in the house reads them. Named types are compared
by identity, so that a recursive schema is a plain cyclic graph and a pair of definitions can be a dictionary key.
`pointer` of a node is the RFC 6901 pointer of the place where its own document declares it.
Source: Avro specification 1.12, sections "Schema Declaration" and "Logical Types".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum as PythonEnum
from typing import Final, Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
PrimitiveName: TypeAlias = Literal["null", "boolean", "int", "long", "float", "double", "bytes", "string"]

PRIMITIVES: Final[frozenset[str]] = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})


class Missing(PythonEnum):
    """Tells "no default" from a default of null."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True)
class LogicalType:
    """A known logical type whose attributes are right; any other leaves the base type bare.

    `precision` and `scale` are digits and are set for `decimal` alone.
    """

    name: str
    precision: int | None = None
    scale: int | None = None


@dataclass(eq=False, slots=True)
class Primitive:
    name: PrimitiveName
    logical: LogicalType | None = None
    properties: Mapping[str, Json] = field(default_factory=dict)
    pointer: str = ""


@dataclass(eq=False, slots=True)
class Array:
    items: Node
    properties: Mapping[str, Json] = field(default_factory=dict)
    pointer: str = ""


@dataclass(eq=False, slots=True)
class Map:
    values: Node
    properties: Mapping[str, Json] = field(default_factory=dict)
    pointer: str = ""


@dataclass(eq=False, slots=True)
class Union:
    branches: tuple[Node, ...]
    pointer: str = ""


@dataclass(eq=False, slots=True)
class Fixed:
    full_name: str
    size: int
    aliases: tuple[str, ...] = ()
    logical: LogicalType | None = None
    doc: str | None = None
    properties: Mapping[str, Json] = field(default_factory=dict)
    pointer: str = ""


@dataclass(eq=False, slots=True)
class Enum:
    full_name: str
    symbols: tuple[str, ...]
    default: str | None = None
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    properties: Mapping[str, Json] = field(default_factory=dict)
    pointer: str = ""


@dataclass(eq=False, slots=True)
class Field:
    """A field of a record. `default` is the JSON of the schema, or MISSING; `aliases` are plain names."""

    name: str
    type: Node
    default: Json | Missing = MISSING
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    order: str | None = None
    properties: Mapping[str, Json] = field(default_factory=dict)

    @property
    def has_default(self) -> bool:
        """Whether a default is present at all: a default of null, false or 0 is one."""
        return self.default is not MISSING


@dataclass(eq=False, slots=True)
class Record:
    """A record. `fields` is filled in after construction, because a record may contain itself."""

    full_name: str
    fields: tuple[Field, ...] = ()
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    is_error: bool = False
    properties: Mapping[str, Json] = field(default_factory=dict)
    pointer: str = ""


Named: TypeAlias = Fixed | Enum | Record
Node: TypeAlias = Primitive | Array | Map | Union | Fixed | Enum | Record


def simple_name(full_name: str) -> str:
    """The part of a full name behind its last dot."""
    return full_name.rpartition(".")[2]


def namespace_of(full_name: str) -> str:
    """The part of a full name before its last dot; empty for the null namespace."""
    return full_name.rpartition(".")[0]


def type_name(node: Node) -> str:
    """What the specification calls this type: `int`, `array`, `record` …"""
    match node:
        case Primitive():
            return node.name
        case _:
            return type(node).__name__.lower()


def children(node: Node) -> Iterator[Node]:
    """The nodes directly inside `node`, in the order in which the schema declares them."""
    match node:
        case Array():
            yield node.items
        case Map():
            yield node.values
        case Union():
            yield from node.branches
        case Record():
            for record_field in node.fields:
                yield record_field.type
        case _:
            return


def all_nodes(root: Node) -> Iterator[Node]:
    """Every node that `root` reaches, itself included, each once, in order of first use."""
    seen: set[int] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            pending.extend(reversed(list(children(node))))


def named_types(root: Node) -> list[Named]:
    """Every named type that `root` reaches, each once, in order of first use."""
    return [node for node in all_nodes(root) if isinstance(node, Fixed | Enum | Record)]


def unions_in(root: Node) -> list[Union]:
    """Every union that `root` reaches, in order of first use."""
    return [node for node in all_nodes(root) if isinstance(node, Union)]
