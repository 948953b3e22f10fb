"""Why a pair of schemas does not resolve: the findings, each with its address, and the causes inside unions.

The verdict is known already. What is told here follows one rule: a pair that is being told further out counts as sound
on the inside, because its failure is a finding out there and would only be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from codegen.incompatibility import Incompatibility
from codegen.nodes import Node, Union
from codegen.resolving.faults import Fault, missing_branch
from codegen.resolving.place import Place
from codegen.resolving.rules import Pair, Part, compare
from codegen.resolving.unions import BranchIndex

# Enough to see the reason inside unions inside unions, and bounded for schemas that were made to hurt.
_MAX_CAUSES: Final = 20  # of one finding
_MAX_CAUSE_DEPTH: Final = 8
_MAX_CAUSE_STEPS: Final = 100_000  # of one report; about a second
_FAR: Final = 2_000  # definitions between the root and a place; told only when nothing nearer is wrong


class Verdicts(Protocol):
    """What a report needs from the resolver."""

    def can_read(self, reader: Node, writer: Node) -> bool: ...

    def branches(self, union: Union) -> BranchIndex: ...


def _locate(place: Place, fault: Fault, causes: tuple[Incompatibility, ...] = ()) -> Incompatibility:
    pointer, reader_path, writer_path = place.address(fault.tokens, fault.reader_step)
    return Incompatibility(
        type=fault.type,
        pointer=pointer,
        reader_path=reader_path,
        writer_path=writer_path,
        reader_pointer=fault.reader_pointer,
        writer_pointer=fault.writer_pointer,
        reader_fragment=fault.reader_fragment,
        writer_fragment=fault.writer_fragment,
        message=fault.message,
        hint=fault.hint,
        causes=causes,
    )


@dataclass(slots=True)
class _Budget:
    """How many causes one finding may still get."""

    left: int = _MAX_CAUSES


_Step: TypeAlias = Place | tuple[Place, Fault]


class Report:
    """Collects findings along the pairs that fail, depth first, in the order of the reader's fields."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._steps_left = _MAX_CAUSE_STEPS

    def collect(self, reader: Node, writer: Node) -> list[Incompatibility]:
        """The findings of a pair that is known to fail: at least one."""
        return self._walk(Place(None, Part(reader, writer, ())), frozenset(), 0, None)

    def _walk(
        self, root: Place, outer: frozenset[Pair], depth: int, budget: _Budget | None, reach: int | None = _FAR
    ) -> list[Incompatibility]:
        """`outer` has the pairs that are being told around `root`; `reach` None goes as far as it takes."""
        found: list[Incompatibility] = []
        told: set[Pair] = set()
        way: list[Pair] = []  # from the root to here
        far: Place | None = None
        pending: list[_Step | None] = [root]
        while pending and not self._is_enough(found, budget):
            match pending.pop():
                case None:
                    way.pop()
                case (place, fault):
                    _spend(budget)
                    found.append(_locate(place, fault))
                case Place(part=part) as place:
                    pair = (part.reader, part.writer)
                    is_told = pair in told and not place.is_branch_of_two_unions
                    if is_told or pair in outer or self._verdicts.can_read(*pair):
                        continue
                    if reach is not None and place.distance > reach:
                        far = far or place
                        continue
                    told.add(pair)
                    if not isinstance(part.reader, Union) or isinstance(part.writer, Union):
                        way.append(pair)
                        pending += [None, *reversed(_steps(place))]
                    elif depth >= _MAX_CAUSE_DEPTH and (inner := self._candidates(place)):
                        pending += reversed(inner)
                    else:
                        found += self._choice(place, part.reader, outer.union(way), depth, budget)
        return found if found or far is None else self._walk(far, outer, depth, budget, None)

    def _is_enough(self, found: list[Incompatibility], budget: _Budget | None) -> bool:
        if budget is None:
            return False
        self._steps_left -= 1
        return self._steps_left < 0 or (bool(found) and budget.left <= 0)

    def _candidates(self, place: Place) -> list[Place]:
        union, writer = place.part.reader, place.part.writer
        if not isinstance(union, Union):
            return []
        return [place.inside(Part(branch, writer, ())) for branch in self._verdicts.branches(union).candidates(writer)]

    def _choice(
        self, place: Place, union: Union, around: frozenset[Pair], depth: int, budget: _Budget | None
    ) -> list[Incompatibility]:
        """What a reader's union without a branch for the writer's type has to say; nothing if it is a consequence."""
        writer = place.part.writer
        index = self._verdicts.branches(union)
        if any(told is writer and index.has(branch) for branch, told in around):
            return []
        budget = _Budget() if budget is None else budget
        _spend(budget)
        causes: list[Incompatibility] | None = None
        nearest, same = index.nearest(writer), index.namesake(writer)
        for candidate in index.candidates(writer):
            reasons = self._causes(place, candidate, around, depth, budget)
            if self._steps_left < 0:
                break
            if not reasons:
                return []
            # The branch of the same full name is meant, however much keeps it from reading.
            is_nearer = causes is None or (len(reasons) < len(causes) and nearest is not same)
            if is_nearer or candidate is same:
                causes, nearest = reasons, candidate
        if causes is None and nearest is not None:
            causes = self._causes(place, nearest, around, depth, budget)
        return [_locate(place, missing_branch(union, writer, nearest), tuple(causes or ()))]

    def _causes(
        self, place: Place, branch: Node, around: frozenset[Pair], depth: int, budget: _Budget
    ) -> list[Incompatibility]:
        inner = place.inside(Part(branch, place.part.writer, ()))
        return self._walk(inner, around, depth + 1, budget)


def _steps(place: Place) -> list[_Step]:
    return [
        place.inside(step) if isinstance(step, Part) else (place, step)
        for step in compare(place.part.reader, place.part.writer)
    ]


def _spend(budget: _Budget | None) -> None:
    if budget is not None:
        budget.left -= 1
