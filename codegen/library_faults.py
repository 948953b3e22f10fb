"""Where dataclasses-avroschema is known to derive something else than its model says: one rule each.

Each rule has a test with the smallest model that shows the fault, which fails when a release mends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from codegen.nodes import LogicalType

LEFT_OUT: Final = "default, kept from the library,"
LEFT_OUT_TYPE: Final = "type, kept from the library,"
NULL_NAMESPACE: Final = "null namespace"
OWN_NAME: Final = "name of the record around it"
ERROR: Final = "kind"
LONE_BRANCH: Final = "union of one branch"
FIXED_NAME: Final = "name of a fixed"
FIXED_LOGICAL: Final = "base of a logical type"
FIXED_DOC: Final = "doc of a fixed"
_UNKNOWN_LOGICAL: Final = frozenset({"timestamp-nanos", "local-timestamp-nanos", "duration"})
RENAMED: Final = "name"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the library's schema is not the contract's.

    `path` is the dotted path of the field (empty for the root), `what` the attribute that differs.
    """

    path: str
    what: str
    contract: object
    library: object

    def within(self, record: str) -> Difference:
        """The same one, with the name of the record around it in front of the path."""
        return replace(self, path=".".join(filter(None, (record, self.path))))

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
    if not isinstance(ours, list) or not isinstance(theirs, list):
        return False
    others = [[name for name in names if name != "null"] for names in (ours, theirs)]
    return others[0] == others[1] and len(ours) == len(theirs) and "null" in ours


def _rounds_a_timestamp(difference: Difference) -> bool:
    """Seconds as a float, multiplied: the last digits are lost far from 1970."""
    ours, theirs = difference.contract, difference.library
    if difference.what != "default" or type(ours) is not int or type(theirs) is not int:
        return False
    return any(int((ours / scale) * scale) == theirs for scale in (1_000, 1_000_000))


def _cannot_show_bytes(difference: Difference) -> bool:
    """A bytes default is decoded as UTF-8, where Avro has one character U+0000 to U+00FF for each byte."""
    ours, theirs = difference.contract, difference.library
    if difference.what != "default" or not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    return utf8_text(ours) == theirs


def utf8_text(default: str) -> str | None:
    """What the library makes of a default of bytes, or None where it raises."""
    try:
        return default.encode("latin-1").decode()
    except (UnicodeDecodeError, UnicodeEncodeError):
        return None


def _spells_a_decimal(difference: Difference) -> bool:
    r"""A decimal default becomes the text `\u04d2`, where Avro has one character for each byte."""
    ours, theirs = difference.contract, difference.library
    if difference.what != "default" or not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    match = re.fullmatch(r"\\u((?:[0-9a-f]{2})+)", theirs)
    if match is None or not all(ord(character) < 256 for character in ours):
        return False
    texts = (ours.encode("latin-1"), bytes.fromhex(match.group(1)))
    return len({int.from_bytes(data, "big", signed=True) for data in texts}) == 1


def _drops_an_empty_doc(difference: Difference) -> bool:
    """A doc is looked at for its truth, not for being there."""
    return difference.what == "doc" and difference.contract == "" and difference.library is None


def _strips_a_doc(difference: Difference) -> bool:
    """A class's docstring is stripped of the white space around it."""
    ours, theirs = difference.contract, difference.library
    if difference.what != "doc" or not isinstance(ours, str) or ours in ("", theirs):
        return False
    return ours.strip() == (theirs or "")


def _fails_on_a_default(difference: Difference) -> bool:
    """Inside a default an optional's value goes to one branch's converter, and bytes go to a UTF-8 decoder.

    Both may raise, and the latter may give characters above U+00FF, which are no bytes at all.
    The converter is that of null where the optional's own default is null, and else that of the first other branch.
    A record inside itself has no converters yet.
    """
    return difference.what == LEFT_OUT


def _has_no_type_for_a_branch(difference: Difference) -> bool:
    """Two branches of one Python type need classes of their own, and a class that it does not know makes it raise."""
    return difference.what == LEFT_OUT_TYPE


def _loses_the_null_namespace(difference: Difference) -> bool:
    """An enum's empty namespace is looked at for its truth, so that it inherits that of the record around it."""
    return difference.what == NULL_NAMESPACE


def _names_itself_by_its_class(difference: Difference) -> bool:
    """Inside itself a record is called by its class, not by the name that it was told."""
    return difference.what == OWN_NAME


def _drops_a_union_of_one(difference: Difference) -> bool:
    """Python has no union of one type."""
    return difference.what == LONE_BRANCH


def _knows_no_errors(difference: Difference) -> bool:
    """An error type is a record to it."""
    return difference.what == ERROR and difference.contract == "error"


def _names_a_field_for_its_attribute(difference: Difference) -> bool:
    """A field is called by its attribute, and what it is called in JSON becomes an alias."""
    return difference.what == RENAMED


def _keeps_a_container_default_only(difference: Difference) -> bool:
    """A property on a type inside a field has no place in an annotation, so the library cannot know of it."""
    return difference.what == "properties" and difference.library == {} and difference.contract != {}


def _names_a_fixed(difference: Difference) -> bool:
    """A fixed gets its field's name in the singular; an annotation cannot carry another."""
    return difference.what == FIXED_NAME


def _knows_no_logical_fixed(difference: Difference) -> bool:
    """Of the two bases that uuid and decimal may have (Avro specification, "Logical Types") it knows one."""
    return difference.what == FIXED_LOGICAL


def _drops_the_doc_of_a_fixed(difference: Difference) -> bool:
    """An annotation cannot carry it."""
    return difference.what == FIXED_DOC and difference.library is None


def _lacks_a_logical_type(difference: Difference) -> bool:
    """It has no Python type for them, so the base type is all that it can say, or a decimal where one is meant."""
    ours, theirs = difference.contract, difference.library
    if difference.what != "logical" or not isinstance(ours, LogicalType):
        return False
    if ours.name == "big-decimal":
        return isinstance(theirs, LogicalType) and theirs.name == "decimal"
    return ours.name in _UNKNOWN_LOGICAL and theirs is None


FAULTS: Final = (
    LibraryFault("container-name", "arrays and maps are given a name, which Avro does not have.", _names_a_container),
    LibraryFault("field-name", "the field is called by its attribute.", _names_a_field_for_its_attribute),
    LibraryFault("null-order", "the order of null in a union is taken from its default.", _swaps_null),
    LibraryFault("timestamp-rounding", "the default of a timestamp is rounded through a float.", _rounds_a_timestamp),
    LibraryFault("bytes-default", "a default of bytes is read as UTF-8.", _cannot_show_bytes),
    LibraryFault("decimal-default", "a default of a decimal is spelled in hexadecimal digits.", _spells_a_decimal),
    LibraryFault(
        "raising-default",
        "a default with a union, bytes, nanoseconds or recursion inside raises, or is another value.",
        _fails_on_a_default,
    ),
    LibraryFault("empty-doc", "an empty doc is lost.", _drops_an_empty_doc),
    LibraryFault("stripped-doc", "a doc loses the white space around it.", _strips_a_doc),
    LibraryFault("fixed-name", "a fixed is named after its field.", _names_a_fixed),
    LibraryFault("fixed-logical", "uuid and decimal are known on string and bytes alone.", _knows_no_logical_fixed),
    LibraryFault("fixed-doc", "the doc of a fixed is lost.", _drops_the_doc_of_a_fixed),
    LibraryFault(
        "unknown-logical",
        "nanoseconds, durations and big decimals are unknown.",
        _lacks_a_logical_type,
    ),
    LibraryFault("alike-branches", "a union of types that are one in Python raises.", _has_no_type_for_a_branch),
    LibraryFault("null-namespace", "the null namespace of an enum is lost.", _loses_the_null_namespace),
    LibraryFault("own-name", "a record inside itself is called by its class.", _names_itself_by_its_class),
    LibraryFault("lone-branch", "a union of one branch is that branch.", _drops_a_union_of_one),
    LibraryFault("error-type", "an error type is a record.", _knows_no_errors),
    LibraryFault("type-properties", "the properties of a type are lost.", _keeps_a_container_default_only),
)


def explain(difference: Difference) -> str | None:
    """The sentence for a difference that a known fault explains, with the field's path, or None."""
    for fault in FAULTS:
        if fault.recognise(difference):
            return f"{difference.path or 'the record'}: {fault.sentence}"
    return None
