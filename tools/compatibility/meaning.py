"""What resolves and yet does not mean the same: findings on top of the structural verdict.

Pairs of types are walked as resolution matches them, by aliases and unqualified names, each pair of definitions once,
so that recursion ends and costs no more than the number of pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final

from codegen.nodes import Array, Enum, Fixed, Json, Map, Named, Node, Primitive, Record, Union
from codegen.resolution import Resolver
from codegen.resolving.place import Place
from codegen.resolving.rules import Pair, Part, matched_fields, names_match
from codegen.schema import parse_schema
from tools.compatibility.meaning_branches import BranchNames, branch_doubts, chosen_branch, rename_doubts
from tools.compatibility.meaning_fields import named_doubts, record_doubts
from tools.compatibility.meaning_finding import Doubt, MeaningFinding
from tools.compatibility.meaning_types import enum_doubts, logical_doubts, primitive_doubts
from tools.compatibility.rules import MeaningRule

# Decoders that meet one schema on both sides do not resolve at all.
_RESOLVERS_FAULTS: Final = frozenset(
    {MeaningRule.UNION_BRANCH_PROMOTED, MeaningRule.FASTAVRO_FIRST_BRANCH, MeaningRule.AVRO_JAVA_BRANCH_NAME}
)


# A union with one of these can take another of its branches by promotion.
_PROMOTING: Final = frozenset({"long", "float", "double", "bytes"})


def check_meaning(reader: Json, writer: Json, today: date | None = None) -> list[MeaningFinding]:
    """What does not mean the same to `reader` as to `writer`, or to a version as to the `writer` before it.

    Both are parsed JSON. `today` decides whether the sunset of a deprecated field is over. What does not resolve is the
    business of `check`. Raises codegen.faults.InvalidSchema for the first of the two that is illegal.
    """
    day = today or datetime.now(UTC).date()
    found = meaning_findings(parse_schema(reader).root, parse_schema(writer).root, day)
    return [finding for finding in found if finding.rule not in _RESOLVERS_FAULTS] if reader == writer else found


def meaning_findings(reader: Node, writer: Node, today: date) -> list[MeaningFinding]:
    """As `check_meaning`, on two different schemas that are parsed already."""
    resolver, names = Resolver(), BranchNames()
    places = walk(reader, writer, resolver)
    return [doubt.at(place) for place in places for doubt in _doubts(place, resolver, names, today)]


def walk(reader: Node, writer: Node, resolver: Resolver) -> Iterator[Place]:
    """Every pair of types that meet, each pair of definitions once, in the order of the reader's fields."""
    seen: set[Pair] = set()
    pending = [Place(None, Part(reader, writer, ()))]
    while pending:
        place = pending.pop()
        pair = (place.part.reader, place.part.writer)
        if pair in seen:
            continue
        seen.add(pair)
        yield place
        pending += [place.inside(part) for part in reversed(_parts(*pair, resolver))]


def _parts(reader: Node, writer: Node, resolver: Resolver) -> list[Part]:
    match reader, writer:
        case _, Union():
            return [Part(reader, branch, (str(index),)) for index, branch in enumerate(writer.branches)]
        case Union(), _:
            branch = chosen_branch(reader, writer, resolver)
            return [] if branch is None else [Part(branch, writer, ())]
        case Array(), Array():
            return [Part(reader.items, writer.items, ("items",), "[]", "[]")]
        case Map(), Map():
            return [Part(reader.values, writer.values, ("values",), "{}", "{}")]
        case Record(), Record() if names_match(reader, writer):
            return [
                Part(read.type, written.type, ("fields", str(index), "type"), read.name, written.name)
                for index, source in matched_fields(reader, writer).items()
                for read, written in [(reader.fields[index], writer.fields[source])]
                if not _is_plainly_same(read.type, written.type)
            ]
        case _:
            return []


def _is_plainly_same(reader: Node, writer: Node) -> bool:
    """The cheap and frequent cases, bare primitives and unions of them, of which there is nothing to say."""
    if isinstance(reader, Primitive) and isinstance(writer, Primitive):
        return reader.name == writer.name and reader.properties == writer.properties
    if not isinstance(reader, Union) or not isinstance(writer, Union) or len(reader.branches) != len(writer.branches):
        return False
    for read, written in zip(reader.branches, writer.branches, strict=True):
        if not isinstance(read, Primitive) or read.name in _PROMOTING or not _is_plainly_same(read, written):
            return False
    return True


def _doubts(place: Place, resolver: Resolver, names: BranchNames, today: date) -> Iterator[Doubt]:
    reader, writer = place.part.reader, place.part.writer
    if isinstance(reader, Named) and isinstance(writer, Named):
        if type(reader) is not type(writer):
            return
        if not names_match(reader, writer):
            yield from rename_doubts(reader, writer)
            return
        yield from named_doubts(reader, writer)
    match reader, writer:
        case _, Union():
            return
        case Union(), _:
            around = place.around.part.writer if place.around is not None else None
            yield from branch_doubts(reader, writer, around if isinstance(around, Union) else None, resolver, names)
        case Primitive(), Primitive():
            yield from primitive_doubts(reader, writer)
        case Fixed(), Fixed() if reader.size == writer.size:
            yield from logical_doubts(reader, writer)
        case Enum(), Enum():
            yield from enum_doubts(reader, writer)
        case Record(), Record():
            yield from record_doubts(reader, writer, resolver, today)
        case _:
            return
