"""Where dataclasses-avroschema is known to derive something else than its model says: one rule each.

Each rule has a test with the smallest model that shows the fault, which fails when a release mends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the library's schema is not the contract's.

    `path` is the dotted path of the field (empty for the root), `what` the attribute that differs.
    """

    path: str
    what: str
    contract: object
    library: object

    def __str__(self) -> str:
        where = self.path or "the record"
        return f"{where}: {self.what} is {self.contract!r} in the contract, {self.library!r} for the library"


@dataclass(frozen=True, slots=True)
class LibraryFault:
    """A known fault: its name, the sentence that goes into the docstring, and how to recognise it."""

    name: str
    sentence: str
    recognise: Callable[[Difference], bool]


def _names_a_container(difference: Difference) -> bool:
    """Arrays and maps have no name (Avro specification, "Arrays" and "Maps"), yet get the field's in the singular."""
    if difference.what != "properties" or not isinstance(difference.library, dict):
        return False
    without = {key: value for key, value in difference.library.items() if key != "name"}
    return "name" in difference.library and without == difference.contract


def _swaps_null(difference: Difference) -> bool:
    """The order of the branches is taken from the annotation and the default; `X | None` alone cannot say it."""
    if difference.what != "branches":
        return False
    ours, theirs = difference.contract, difference.library
    return isinstance(ours, list) and isinstance(theirs, list) and ours == theirs[::-1] and "null" in ours


def _rounds_a_timestamp(difference: Difference) -> bool:
    """Seconds as a float, multiplied: the last digit can be off by one unit."""
    ours, theirs = difference.contract, difference.library
    return difference.what == "default" and type(ours) is int and type(theirs) is int and abs(ours - theirs) == 1


def _cannot_show_bytes(difference: Difference) -> bool:
    """A bytes default is decoded as UTF-8, where Avro has one character U+0000 to U+00FF for each byte."""
    ours, theirs = difference.contract, difference.library
    if difference.what != "default" or not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    try:
        return ours.encode("latin-1").decode() == theirs
    except (UnicodeDecodeError, UnicodeEncodeError):
        return False


def _keeps_a_container_default_only(difference: Difference) -> bool:
    """A property on a type inside a field has no place in an annotation, so the library cannot know of it."""
    return difference.what == "properties" and difference.library == {} and difference.contract != {}


FAULTS: Final = (
    LibraryFault("container-name", "arrays and maps are given a name, which Avro does not have.", _names_a_container),
    LibraryFault("null-order", "the order of null in a union is taken from its default.", _swaps_null),
    LibraryFault("timestamp-rounding", "the default of a timestamp is rounded through a float.", _rounds_a_timestamp),
    LibraryFault("bytes-default", "a default of bytes is read as UTF-8.", _cannot_show_bytes),
    LibraryFault("type-properties", "properties of a type within a field are lost.", _keeps_a_container_default_only),
)


def explain(difference: Difference) -> str | None:
    """The sentence for a difference that a known fault explains, with the field's path, or None."""
    for fault in FAULTS:
        if fault.recognise(difference):
            return f"{difference.path or 'the record'}: {fault.sentence}"
    return None
