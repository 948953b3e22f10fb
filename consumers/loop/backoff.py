"""How long to wait before a dependency is asked again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

_SHARED: Final = random.Random()  # noqa: S311 - no secret is drawn; one for all, since each record may have a wait


@dataclass(slots=True)
class Backoff:
    """Doubles from `first_s` to `most_s` seconds; each wait is drawn from its upper half, so that a fleet spreads."""

    first_s: float = 0.25
    most_s: float = 10.0
    draw: random.Random = _SHARED
    _next_s: float = 0.0

    def next_s(self) -> float:
        self._next_s = min(self.most_s, self._next_s * 2) or self.first_s
        return self._next_s * (0.5 + self.draw.random() / 2)

    def reset(self) -> None:
        self._next_s = 0.0
