"""Where a pair of types is met on the way through two schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from codegen.nodes import Union
from codegen.reading.json_source import escape_pointer
from codegen.resolving.rules import Part


class Place(NamedTuple):
    """A link to the place around it, so that deep recursion builds no long strings."""

    around: Place | None
    part: Part
    distance: int = 0

    def inside(self, part: Part) -> Place:
        return Place(self, part, self.distance + 1)

    @property
    def is_branch_of_two_unions(self) -> bool:
        """Whether it is one branch of a writer's union before the whole of a reader's: each such union lacks it."""
        return isinstance(self.part.reader, Union) and (
            self.around is not None and self.around.part.reader is self.part.reader
        )

    def address(self, tokens: Sequence[str] = (), reader_step: str = "", writer_step: str = "") -> tuple[str, str, str]:
        """Pointer, reader's path and writer's path of something that lies the given steps inside this place."""
        parts: list[Part] = []
        place: Place | None = self
        while place is not None:
            parts.append(place.part)
            place = place.around
        parts.reverse()
        way = [token for part in parts for token in part.tokens]
        return (
            "".join(f"/{escape_pointer(token)}" for token in (*way, *tokens)),
            _path([*(part.reader_step for part in parts), reader_step]),
            _path([*(part.writer_step for part in parts), writer_step]),
        )


def _path(steps: list[str]) -> str:
    dotted = "".join(step if step in ("", "[]", "{}") else f".{step}" for step in steps)
    return dotted.removeprefix(".")
