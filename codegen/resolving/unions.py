"""Which branches of a reader's union can match a writer's type, and which comes nearest when none does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from codegen.nodes import Enum, Fixed, Named, Node, Primitive, Record, Union, simple_name, type_name
from codegen.resolving.rules import readers_of

_EXAMINED_BRANCHES: Final = 64  # a guess at what was meant need not look at ten thousand


class BranchIndex:
    """The branches of one reader union by what they match, so that a wide union costs no search per writer branch."""

    def __init__(self, union: Union) -> None:
        self._branches = union.branches
        self._nodes = frozenset(union.branches)
        self._by_type: dict[str, list[Node]] = {}
        self._by_name: dict[tuple[str, str], list[Named]] = {}
        self._by_alias: dict[tuple[str, str], list[Named]] = {}
        for branch in union.branches:
            kind = type_name(branch)
            self._by_type.setdefault(kind, []).append(branch)
            if isinstance(branch, Fixed | Enum | Record):
                self._by_name.setdefault((kind, simple_name(branch.full_name)), []).append(branch)
                for alias in branch.aliases:
                    self._by_alias.setdefault((kind, alias), []).append(branch)

    def has(self, node: Node) -> bool:
        """Whether `node` itself is a branch."""
        return node in self._nodes

    def candidates(self, writer: Node) -> list[Node]:
        """The branches that may read `writer`: of a fitting type and, where it has a name, of a matching one."""
        match writer:
            case Primitive():
                readers = readers_of(writer.name)
                return [branch for branch in self._branches if isinstance(branch, Primitive) and branch.name in readers]
            case Fixed() | Enum() | Record():
                kind = type_name(writer)
                named = self._by_name.get((kind, simple_name(writer.full_name)), [])
                aliased = self._by_alias.get((kind, writer.full_name), [])
                return [*named, *(branch for branch in aliased if branch not in named)]
            case _:
                return list(self._by_type.get(type_name(writer), []))

    def namesake(self, writer: Node) -> Named | None:
        """The named branch of the writer's own kind and full name."""
        if not isinstance(writer, Fixed | Enum | Record):
            return None
        named = self._by_name.get((type_name(writer), simple_name(writer.full_name)), [])
        return next((branch for branch in named if branch.full_name == writer.full_name), None)

    def nearest(self, writer: Node) -> Node | None:
        """The branch that a person most likely meant to read `writer`; None if there is nothing but null."""
        candidates = self.candidates(writer)
        if candidates:
            return self.namesake(writer) or candidates[0]
        alike = self._by_type.get(type_name(writer), [])[:_EXAMINED_BRANCHES]
        if alike:
            return max(alike, key=lambda branch: _likeness(branch, writer))
        others = [branch for branch in self._branches[:_EXAMINED_BRANCHES] if type_name(branch) != "null"]
        plain = [branch for branch in others if isinstance(branch, Primitive) == isinstance(writer, Primitive)]
        return next(iter([*plain, *others]), None)


def _likeness(reader: Node, writer: Node) -> float:
    """How many of the parts of two types of one kind have the same name: 0 none, 1 all."""
    match reader, writer:
        case Record(), Record():
            return _overlap((field.name for field in reader.fields), (field.name for field in writer.fields))
        case Enum(), Enum():
            return _overlap(reader.symbols, writer.symbols)
        case Fixed(), Fixed():
            return 1.0 if reader.size == writer.size else 0.0
        case _:
            return 0.0


def _overlap(one: Iterable[str], other: Iterable[str]) -> float:
    ours, theirs = set(one), set(other)
    return len(ours & theirs) / max(1, len(ours | theirs))
