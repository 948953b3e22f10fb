"""How alike two names or two types are, to guess at what was renamed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

from codegen.nodes import Enum, Field, Fixed, Named, Record, simple_name

# Below it two names have little more than a few letters in common: created_at and updated_at reach 0.67.
ALIKE: Final = 0.7
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SAME_PARTS: Final = 0.5  # of all parts of two types


def names_likeness(one: str, other: str) -> float:
    """0 for nothing in common, 1 for the same letters; a name that only gained or lost words counts as alike."""
    ours, theirs = _words(one), _words(other)
    if ours and theirs and (set(ours) <= set(theirs) or set(theirs) <= set(ours)):
        return 0.9
    return difflib.SequenceMatcher(None, "".join(ours), "".join(theirs), autojunk=False).ratio()


def fields_likeness(one: Field, other: Field) -> float:
    """As of their names; the same doc says more."""
    if one.doc and one.doc == other.doc:
        return 1.0
    return names_likeness(one.name, other.name)


def are_types_alike(one: Named, other: Named) -> bool:
    """Whether two named types of one kind are probably one type under two names."""
    match one, other:
        case Record(), Record():
            return _shared((field.name for field in one.fields), (field.name for field in other.fields))
        case Enum(), Enum():
            return _shared(one.symbols, other.symbols)
        case Fixed(), Fixed():
            is_named_alike = names_likeness(simple_name(one.full_name), simple_name(other.full_name)) >= ALIKE
            return one.size == other.size and is_named_alike
        case _:
            return False


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _shared(one: Iterable[str], other: Iterable[str]) -> bool:
    ours, theirs = set(one), set(other)
    return len(ours & theirs) >= _SAME_PARTS * max(1, len(ours | theirs))
