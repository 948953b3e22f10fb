"""How a disagreement with Avro Java is explained: by known differences, each of which takes itself out of the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

from tests.java_oracle import JavaOracle


class Case(Protocol):
    """Something on which both sides agree or not."""

    @property
    def agrees(self) -> bool: ...


AnyCase = TypeVar("AnyCase", bound=Case)
Difference: TypeAlias = Callable[[AnyCase, JavaOracle], AnyCase | None]


def explain(case: AnyCase, differences: Sequence[Difference[AnyCase]], oracle: JavaOracle) -> list[str] | None:
    """The names of the differences that account for the disagreement; none if both agree, None if it is unexplained.

    A difference gives back the case without itself, or None if it has no part in it. So nothing is explained unless
    nothing is left of the disagreement.
    """
    names: dict[str, None] = {}
    # One that is taken out may uncover another, an earlier one too.
    for _ in differences:
        for difference in differences:
            if case.agrees:
                return list(names)
            left = difference(case, oracle)
            if left is not None:
                names[difference.__name__] = None
                case = left
    return list(names) if case.agrees else None
