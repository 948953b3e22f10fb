"""One finding of schema resolution, as a value with an address in both schemas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from codegen.nodes import Array, Enum, Field, Fixed, Json, Map, Node, Primitive, Record, Union, branch_name, type_name

_SHOWN_BRANCHES: Final = 8
_SHOWN_PARTS: Final = 100
_Part = TypeVar("_Part")


class IncompatibilityType(StrEnum):
    """Why a reader schema cannot read. All but the last are the names that Avro Java uses."""

    NAME_MISMATCH = "NAME_MISMATCH"
    FIXED_SIZE_MISMATCH = "FIXED_SIZE_MISMATCH"
    MISSING_ENUM_SYMBOLS = "MISSING_ENUM_SYMBOLS"
    READER_FIELD_MISSING_DEFAULT_VALUE = "READER_FIELD_MISSING_DEFAULT_VALUE"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    MISSING_UNION_BRANCH = "MISSING_UNION_BRANCH"
    AMBIGUOUS_ALIAS = "AMBIGUOUS_ALIAS"


class Incompatibility(NamedTuple):
    """One reason why data of the writer schema cannot be read with the reader schema.

    `pointer` is the way to the place, as Avro Java counts it: field indexes of the reader, union indexes of the writer,
    references followed; the root is "". `reader_pointer` and `writer_pointer` are the RFC 6901 pointers of the two
    places as they stand in the two documents. `reader_path` and `writer_path` are the names of the fields on the way,
    joined by dots, with `[]` for the items of an array and `{}` for the values of a map; the root is "". `causes` says
    of a union why the branch that came nearest does not match.
    """

    type: IncompatibilityType
    pointer: str
    reader_path: str
    writer_path: str
    reader_pointer: str
    writer_pointer: str
    reader_fragment: Json
    writer_fragment: Json
    message: str
    hint: str
    causes: tuple[Incompatibility, ...] = ()

    def __hash__(self) -> int:
        """Without the fragments: JSON has no hash."""
        return hash((*self[:6], self.message, self.hint))

    def as_json(self) -> dict[str, Json]:
        """The finding as a JSON object with one member for each attribute."""
        return {
            "type": self.type.value,
            "pointer": self.pointer,
            "reader_path": self.reader_path,
            "writer_path": self.writer_path,
            "reader_pointer": self.reader_pointer,
            "writer_pointer": self.writer_pointer,
            "reader_fragment": self.reader_fragment,
            "writer_fragment": self.writer_fragment,
            "message": self.message,
            "hint": self.hint,
            "causes": [cause.as_json() for cause in self.causes],
        }


def describe(node: Node) -> str:
    """A node in a few words: `record com.example.User`, `union [null, string]`, `int`."""
    match node:
        case Fixed() | Enum() | Record():
            return f"{type_name(node)} {node.full_name}"
        case Union():
            names = [branch_name(branch) for branch in node.branches[:_SHOWN_BRANCHES]]
            if len(node.branches) > _SHOWN_BRANCHES:
                names.append(f"… {len(node.branches) - _SHOWN_BRANCHES} more")
            return f"union [{', '.join(names)}]"
        case _:
            return type_name(node)


def fragment(node: Node) -> Json:
    """The JSON of a node; named types inside it stand by their full names."""
    match node:
        case Primitive():
            if node.logical is None:
                return node.name
            logical: dict[str, Json] = {"type": node.name, "logicalType": node.logical.name}
            if node.logical.precision is not None:
                logical |= {"precision": node.logical.precision, "scale": node.logical.scale}
            return logical
        case Fixed():
            return {"type": "fixed", "name": node.full_name, "size": node.size}
        case Enum():
            enum: dict[str, Json] = {"type": "enum", "name": node.full_name, "symbols": abridged(node.symbols, str)}
            return enum if node.default is None else {**enum, "default": node.default}
        case Record():
            return {"type": "record", "name": node.full_name, "fields": abridged(node.fields, field_fragment)}
        case Array() | Map() | Union():
            return _inner(node)


def field_fragment(record_field: Field) -> dict[str, Json]:
    """The JSON of a field: its name, type, default and aliases."""
    shown: dict[str, Json] = {"name": record_field.name, "type": _inner(record_field.type)}
    if record_field.has_default:
        shown["default"] = record_field.default  # type: ignore[assignment]  # has_default excludes MISSING
    if record_field.aliases:
        shown["aliases"] = list(record_field.aliases)
    return shown


def abridged(parts: Sequence[_Part], shown: Callable[[_Part], Json]) -> list[Json]:
    """The first hundred parts, and `…` if there are more: a finding is read by a person."""
    head = [shown(part) for part in parts[:_SHOWN_PARTS]]
    return head if len(parts) <= _SHOWN_PARTS else [*head, "…"]


def _inner(node: Node) -> Json:
    match node:
        case Fixed() | Enum() | Record():
            return node.full_name
        case Array():
            return {"type": "array", "items": _inner(node.items)}
        case Map():
            return {"type": "map", "values": _inner(node.values)}
        case Union():
            return abridged(node.branches, _inner)
        case Primitive():
            return fragment(node)
