"""Names in the order in which the linter wants them, in imports and in `__all__`."""

from __future__ import annotations

import re
from collections.abc import Iterable


def sort_members(names: Iterable[str]) -> list[str]:
    """The members of one import."""
    return sorted(names, key=lambda name: (_kind(name), _natural(name.lower()), _natural(name)))


def by_kind(name: str) -> tuple[int, list[tuple[str, int]]]:
    """The key of a name in `__all__`."""
    return _kind(name), _natural(name)


def _kind(name: str) -> int:
    """Constants, then classes, then the rest, as the linter sorts names."""
    if len(name) > 1 and name.isupper():
        return 0
    return 1 if name[0].isupper() else 2


def _natural(name: str) -> list[tuple[str, int]]:
    """Text and numbers in turn, so that V2 stands before V10."""
    return [(text, int(digits or -1)) for text, digits in re.findall(r"(\D*)(\d*)", name)]
