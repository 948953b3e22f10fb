"""Properties of the verdict on generated near misses, and fastavro as a second opinion."""

from __future__ import annotations

import io
import random
from typing import Any

import fastavro
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codegen.nodes import Enum, Fixed, Node, Record, Union, children, simple_name
from codegen.schema import parse_schema
from tests.tools.compatibility.near_misses import Endless, datum, near_miss
from tools.compatibility import Incompatibility, IncompatibilityType, Level, check, check_level

SEEDS = st.integers(0, 2**32)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
many = settings(few, max_examples=200)


def unions(root: Node) -> list[Union]:
    found: dict[Node, None] = {}
    pending = [root]
    while pending:
        node = pending.pop()
        if node not in found:
            found[node] = None
            pending.extend(children(node))
    return [node for node in found if isinstance(node, Union)]


def has_alike_branches(reader: Node) -> bool:
    """fastavro takes the first branch whose unqualified name or alias fits, whatever its kind and fields are.

    The specification's reader goes on to the branch that resolves, and so does Avro Java's checker.
    """
    for union in unions(reader):
        taken: set[str] = set()
        for branch in union.branches:
            if isinstance(branch, Fixed | Enum | Record):
                names = {simple_name(name) for name in (branch.full_name, *branch.aliases)}
                if names & taken:
                    return True
                taken |= names
    return False


def all_types(findings: list[Incompatibility]) -> set[IncompatibilityType]:
    return {kind for found in findings for kind in (found.type, *all_types(list(found.causes)))}


@given(SEEDS)
@example(1415)  # its record of an ambiguous alias has a namesake in another namespace, before it in the union
@few
def test_a_schema_reads_itself_unless_its_own_aliases_are_ambiguous(seed: int) -> None:
    schema, _ = near_miss(seed)
    assert all_types(check(schema, schema)) <= {
        IncompatibilityType.AMBIGUOUS_ALIAS,
        IncompatibilityType.MISSING_UNION_BRANCH,
    }
    assert not check(schema, schema) or IncompatibilityType.AMBIGUOUS_ALIAS in all_types(check(schema, schema))


@given(SEEDS)
@few
def test_backward_and_forward_mirror_each_other_and_full_is_both(seed: int) -> None:
    one, other = near_miss(seed)
    backward = check_level(Level.BACKWARD, one, [(1, other)])
    forward = check_level(Level.FORWARD, one, [(1, other)])
    assert forward == check_level(Level.BACKWARD, other, [(1, one)])
    assert check_level(Level.FULL, one, [(1, other)]) == backward + forward


@given(SEEDS, SEEDS)
@few
def test_a_transitive_level_is_the_level_on_each_version(one: int, other: int) -> None:
    candidate, first = near_miss(one)
    second, _ = near_miss(other)
    for level in (Level.BACKWARD, Level.FORWARD, Level.FULL):
        apart = check_level(level, candidate, [(2, second)]) + check_level(level, candidate, [(1, first)])
        assert check_level(Level(f"{level}_TRANSITIVE"), candidate, [(1, first), (2, second)]) == apart


@given(SEEDS)
@few
def test_a_union_of_one_branch_is_read_by_who_reads_the_branch(seed: int) -> None:
    reader, writer = near_miss(seed)
    if not isinstance(writer, list):
        assert bool(check(reader, [writer])) == bool(check(reader, writer))


@given(SEEDS)
@many
def test_fastavro_reads_what_is_called_compatible(seed: int) -> None:
    reader, writer = near_miss(seed)
    if check(reader, writer) or has_alike_branches(parse_schema(reader).root):
        return
    try:
        written = datum(parse_schema(writer).root, random.Random(seed))
    except Endless:
        return
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, writer, written)
    length = buffer.tell()
    buffer.seek(0)
    fastavro.schemaless_reader(buffer, writer, reader)
    assert buffer.tell() == length


def test_the_exception_is_one_of_fastavro() -> None:
    """What `has_alike_branches` leaves out is compatible, and fastavro fails on it."""
    empty: Any = {"type": "record", "name": "A", "namespace": "two", "fields": []}
    demanding: Any = {"type": "record", "name": "A", "namespace": "one", "fields": [{"name": "x", "type": "int"}]}
    reader: Any = [demanding, empty]
    assert check(reader, empty) == []
    assert has_alike_branches(parse_schema(reader).root)
    try:
        fastavro.schemaless_reader(io.BytesIO(b""), empty, reader)
    except fastavro.read.SchemaResolutionError:
        return
    raise AssertionError("fastavro reads it now: drop the exception")


def test_the_generated_pairs_are_near_misses() -> None:
    """Neither nearly all compatible nor nearly none: otherwise the properties above say little."""
    compatible = sum(not check(*near_miss(seed)) for seed in range(200))
    assert 30 <= compatible <= 170
