"""A quick yes for pairs of versions that surely resolve, so that a long history of a wide record costs seconds.

Versions of one contract share nearly all their fields. What two versions have in common, name, aliases and type, is
found by comparing sets; only the rest is looked at field by field. A yes is a proof by the rules of schema resolution;
a no means "not sure" and leaves the pair to `codegen.resolution`, which has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from codegen.contract import ContractVersion
from codegen.nodes import Array, Enum, Field, Fixed, Map, Node, Primitive, Record, Union, simple_name
from codegen.resolution import Resolver

_Shape: TypeAlias = str
_MAX_SHAPE: Final = 2_000  # characters; what is larger is rare, and left to the resolver


class _Fields(NamedTuple):
    """What a version's root says: names with the shapes of their types, and the `others`, whose types have names."""

    record: Record
    shapes: frozenset[int]
    others: frozenset[str]
    by_name: Mapping[str, Field]
    aliases: frozenset[str]


class SurePairs:
    """Answers for the versions of one contract."""

    def __init__(self, versions: Sequence[ContractVersion]) -> None:
        self._resolver = Resolver()
        self._types: dict[_Shape, Node] = {}
        self._numbers: dict[tuple[str, _Shape], int] = {}  # sets of numbers are compared faster than sets of texts
        self._names: list[str] = []
        self._versions = {version.number: self._fields(version.record) for version in versions}

    def resolves(self, reader: int, writer: int) -> bool:
        """Whether version `reader` surely reads what version `writer` writes; False is no verdict."""
        read, written = self._versions.get(reader), self._versions.get(writer)
        if read is None or written is None or any(alias in written.by_name for alias in read.aliases):
            return False
        if simple_name(read.record.full_name) != simple_name(written.record.full_name):
            return False
        return all(
            self._field_resolves(read.by_name[name], written.by_name.get(name))
            for name in (*(self._names[number] for number in read.shapes - written.shapes), *read.others)
        )

    def _field_resolves(self, read: Field, written: Field | None) -> bool:
        if written is None:
            return read.has_default
        return self._resolver.can_read(self._one(read.type), self._one(written.type))

    def _fields(self, record: Record) -> _Fields:
        shapes = {field.name: shape for field in record.fields if (shape := _shape(field.type)) is not None}
        return _Fields(
            record,
            frozenset(self._number(name, shape) for name, shape in shapes.items()),
            frozenset(field.name for field in record.fields if field.name not in shapes),
            {field.name: field for field in record.fields},
            frozenset(alias for field in record.fields for alias in field.aliases if alias != field.name),
        )

    def _number(self, name: str, shape: _Shape) -> int:
        """One number for all fields of this name and shape."""
        number = self._numbers.setdefault((name, shape), len(self._names))
        if number == len(self._names):
            self._names.append(name)
        return number

    def _one(self, node: Node) -> Node:
        """One node for all of the same shape, so that the resolver's cache knows it again."""
        shape = _shape(node)
        return node if shape is None else self._types.setdefault(shape, node)


def _shape(node: Node) -> _Shape | None:
    """A text that is equal for types that resolve alike; None where a name leads to a definition elsewhere.

    Without named types inside, a type always reads itself.
    """
    match node:
        case Primitive():
            return node.name
        case Array():
            inner = _shape(node.items)
            return None if inner is None else f"[{inner}]"
        case Map():
            inner = _shape(node.values)
            return None if inner is None else f"{{{inner}}}"
        case Union():
            shapes = [_shape(branch) for branch in node.branches]
            whole = "|".join(shape or "" for shape in shapes)
            return None if None in shapes or len(whole) > _MAX_SHAPE else f"({whole})"
        case Fixed() | Enum() | Record():
            return None
