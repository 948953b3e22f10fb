"""The typed form of an Avro schema: names resolved, references followed, logical types told apart.

`codegen.schema.parse_schema` makes these from JSON; everything else in the house reads them. Named types are compared
by identity, so that a recursive schema is a plain cyclic graph and a pair of definitions can be a dictionary key.
`pointer` of a node is the RFC 6901 pointer of the place where its own document declares it.
Source: Avro specification 1.12, sections "Schema Declaration" and "Logical Types".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum as PythonEnum
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
PrimitiveName: TypeAlias = Literal["null", "boolean", "int", "long", "float", "double", "bytes", "string"]

PRIMITIVES: Final[frozenset[str]] = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})


class Missing(PythonEnum):
    """Tells "no default" from a default of null."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
_NOTHING: Final[Mapping[str, Json]] = MappingProxyType({})


class LogicalType(NamedTuple):
    """A known logical type whose attributes are right; any other leaves the base type bare.

    `precision` and `scale` are digits and are set for `decimal` alone.
    """

    name: str
    precision: int | None = None
    scale: int | None = None


class Primitive:
    __slots__ = ("logical", "name", "pointer", "properties")

    def __init__(
        self,
        name: PrimitiveName,
        logical: LogicalType | None = None,
        properties: Mapping[str, Json] = _NOTHING,
        pointer: str = "",
    ) -> None:
        self.name = name
        self.logical = logical
        self.properties = properties
        self.pointer = pointer


class Array:
    __slots__ = ("items", "pointer", "properties")

    def __init__(self, items: Node, properties: Mapping[str, Json] = _NOTHING, pointer: str = "") -> None:
        self.items = items
        self.properties = properties
        self.pointer = pointer


class Map:
    __slots__ = ("pointer", "properties", "values")

    def __init__(self, values: Node, properties: Mapping[str, Json] = _NOTHING, pointer: str = "") -> None:
        self.values = values
        self.properties = properties
        self.pointer = pointer


class Union:
    __slots__ = ("branches", "pointer")

    def __init__(self, branches: tuple[Node, ...], pointer: str = "") -> None:
        self.branches = branches
        self.pointer = pointer


class Fixed:
    __slots__ = ("aliases", "doc", "full_name", "logical", "pointer", "properties", "size")

    def __init__(
        self,
        full_name: str,
        size: int,
        aliases: tuple[str, ...] = (),
        logical: LogicalType | None = None,
        doc: str | None = None,
        properties: Mapping[str, Json] = _NOTHING,
        pointer: str = "",
    ) -> None:
        self.full_name = full_name
        self.size = size
        self.aliases = aliases
        self.logical = logical
        self.doc = doc
        self.properties = properties
        self.pointer = pointer


class Enum:
    __slots__ = ("aliases", "default", "doc", "full_name", "pointer", "properties", "symbols")

    def __init__(
        self,
        full_name: str,
        symbols: tuple[str, ...],
        default: str | None = None,
        aliases: tuple[str, ...] = (),
        doc: str | None = None,
        properties: Mapping[str, Json] = _NOTHING,
        pointer: str = "",
    ) -> None:
        self.full_name = full_name
        self.symbols = symbols
        self.default = default
        self.aliases = aliases
        self.doc = doc
        self.properties = properties
        self.pointer = pointer


class Field:
    """A field of a record. `default` is the JSON of the schema, or MISSING; `aliases` are plain names."""

    __slots__ = ("aliases", "default", "doc", "name", "order", "properties", "type")

    def __init__(
        self,
        name: str,
        type: Node,  # noqa: A002 - what the schema calls it
        default: Json | Missing = MISSING,
        aliases: tuple[str, ...] = (),
        doc: str | None = None,
        order: str | None = None,
        properties: Mapping[str, Json] = _NOTHING,
    ) -> None:
        self.name = name
        self.type = type
        self.default = default
        self.aliases = aliases
        self.doc = doc
        self.order = order
        self.properties = properties

    @property
    def has_default(self) -> bool:
        """Whether a default is present at all: a default of null, false or 0 is one."""
        return self.default is not MISSING


class Record:
    """A record. `fields` is filled in after construction, because a record may contain itself."""

    __slots__ = ("aliases", "doc", "fields", "full_name", "is_error", "pointer", "properties")

    def __init__(
        self,
        full_name: str,
        fields: tuple[Field, ...] = (),
        aliases: tuple[str, ...] = (),
        doc: str | None = None,
        is_error: bool = False,
        properties: Mapping[str, Json] = _NOTHING,
        pointer: str = "",
    ) -> None:
        self.full_name = full_name
        self.fields = fields
        self.aliases = aliases
        self.doc = doc
        self.is_error = is_error
        self.properties = properties
        self.pointer = pointer


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


def branch_name(node: Node) -> str:
    """What tells a branch from the others of its union: its full name or, where it has none, its type."""
    return node.full_name if isinstance(node, Fixed | Enum | Record) else type_name(node)


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
