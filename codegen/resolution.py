"""Schema resolution: whether a reader schema can read everything that a writer schema writes, and if not, why.

The one implementation in the house. Source: Avro specification 1.12, section "Schema Resolution"; where it is silent,
Avro Java's `SchemaCompatibility`: unqualified names match, a union resolves if any branch does.

Two phases, and neither recurses in Python. The verdict is the greatest fixed point over all reachable pairs of
definitions: all are assumed to resolve, then every failure is carried to the pairs that depend on it. So no verdict
rests on an assumption that fails later, and mutual recursion costs no depth. Pairs are keys by identity; a fingerprint
would forget defaults and aliases. The findings are then collected along the failed pairs, in the order of the reader.
"""

from __future__ import annotations

from collections import deque

from codegen.incompatibility import Incompatibility, IncompatibilityType
from codegen.nodes import Node, Union
from codegen.resolving.faults import Fault
from codegen.resolving.rules import Pair, compare, is_choice
from codegen.resolving.unions import BranchIndex

__all__ = ["Incompatibility", "IncompatibilityType", "Resolver", "resolve"]


def resolve(reader: Node, writer: Node) -> list[Incompatibility]:
    """Why `reader` cannot read what was written with `writer`; empty if it can.

    A definition that fails is told once, at the first place where the reader uses it.
    """
    return Resolver().findings(reader, writer)


class _Dependency:
    """A pair under examination: `choice` resolves if one of its parts does, any other if all do."""

    __slots__ = ("choice", "dependents", "open_parts")

    def __init__(self, choice: bool, open_parts: int, dependents: list[Pair]) -> None:
        self.choice = choice
        self.open_parts = open_parts
        self.dependents = dependents


class Resolver:
    """Verdicts of pairs, kept for as long as this object lives. Not for several threads at once."""

    def __init__(self) -> None:
        self._verdicts: dict[Pair, bool] = {}
        self._branches: dict[Union, BranchIndex] = {}

    def findings(self, reader: Node, writer: Node) -> list[Incompatibility]:
        """As `resolve`."""
        if self.can_read(reader, writer):
            return []
        from codegen.resolving.report import Report  # most pairs resolve, and then nobody needs it

        return Report(self).collect(reader, writer)

    def can_read(self, reader: Node, writer: Node) -> bool:
        """The verdict alone."""
        root = (reader, writer)
        if root not in self._verdicts:
            self._decide(root)
        return self._verdicts[root]

    def branches(self, union: Union) -> BranchIndex:
        """The index of a reader's union."""
        if union not in self._branches:
            self._branches[union] = BranchIndex(union)
        return self._branches[union]

    def _decide(self, root: Pair) -> None:
        """Give a verdict to every pair that `root` depends on."""
        pairs: dict[Pair, _Dependency] = {}
        failed: deque[Pair] = deque()
        dependents: dict[Pair, list[Pair]] = {root: []}
        pending = [root]
        while pending:
            pair = pending.pop()
            choice = is_choice(*pair)
            parts = self._parts(pair)
            pairs[pair] = _Dependency(choice, len(parts or ()), dependents[pair])
            if parts is None or (choice and not parts):
                failed.append(pair)
                continue
            for part in parts:
                verdict = self._verdicts.get(part)
                if verdict is False:
                    self._lose_part(pairs[pair], pair, failed)
                elif verdict is None:
                    if part not in dependents:
                        dependents[part] = []
                        pending.append(part)
                    dependents[part].append(pair)
        self._verdicts.update(dict.fromkeys(pairs, True))
        while failed:
            pair = failed.popleft()
            if self._verdicts[pair]:
                self._verdicts[pair] = False
                for dependent in pairs[pair].dependents:
                    self._lose_part(pairs[dependent], dependent, failed)

    @staticmethod
    def _lose_part(state: _Dependency, pair: Pair, failed: deque[Pair]) -> None:
        state.open_parts -= 1
        if not state.choice or state.open_parts == 0:
            failed.append(pair)

    def _parts(self, pair: Pair) -> list[Pair] | None:
        """The pairs on which `pair` depends; None if it fails by itself."""
        reader, writer = pair
        if isinstance(reader, Union) and not isinstance(writer, Union):
            return [(branch, writer) for branch in self.branches(reader).candidates(writer)]
        parts: list[Pair] = []
        for step in compare(reader, writer):
            if isinstance(step, Fault):
                return None
            parts.append((step.reader, step.writer))
        return parts
