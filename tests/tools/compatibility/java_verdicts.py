"""Our verdict beside Avro Java's, and where they differ by design.

Each difference is a function that takes it out of a comparison: by a change of the schemas that leaves our findings as
they are, by our rules changed into Avro Java's, or by what Avro Java says as soon as its fault cannot matter.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, TypeAlias
from unittest import mock

from codegen import resolution
from codegen.incompatibility import Incompatibility, IncompatibilityType
from codegen.nodes import Enum, Field, Node, Record, Union
from codegen.resolving import report as resolution_report
from codegen.resolving.faults import Fault
from codegen.resolving.rules import Pair, Part, Step, compare
from codegen.resolving.unions import BranchIndex
from codegen.schema import parse_schema
from tests.java_oracle import JavaOracle, JavaVerdict
from tests.tools.compatibility.java_differences import Difference
from tests.tools.compatibility.written_out import is_recursive, written_out
from tools.compatibility import check

Place: TypeAlias = tuple[str, str]
Rule: TypeAlias = Callable[[Node, Node, Sequence[Step]], list[Step]]

_SEVERAL_SOURCES: Final = re.compile(r"Reader record field (\w+) .* matches multiple fields in writer record schema")
FIELDS_NOT_SET: Final = "AvroRuntimeException: Schema fields not set yet"
_LEVELS: Final = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Comparison:
    """One pair: `ours` has our findings as type and pointer, by our rules or by those with `rules` applied to them."""

    reader: Any
    writer: Any
    java: JavaVerdict
    rules: tuple[Rule, ...] = ()

    @cached_property
    def findings(self) -> list[Incompatibility]:
        with _changed(self.rules):
            return check(self.reader, self.writer)

    @cached_property
    def ours(self) -> frozenset[Place]:
        return frozenset((finding.type.value, finding.pointer) for finding in self.findings)

    @property
    def agrees(self) -> bool:
        """The same verdict, and the same findings at the same places."""
        if self.java.refusal is not None:
            return False
        return self.java.is_compatible == (not self.java.found) and self.ours == set(self.java.found)

    @cached_property
    def pair(self) -> Pair:
        return parse_schema(self.reader).root, parse_schema(self.writer).root


def alias_of_its_own_name(comparison: Comparison, oracle: JavaOracle) -> Comparison | None:
    """A field that carries its own name as an alias is one claim for us; Avro Java counts two and gives no verdict."""
    if comparison.java.refusal is None:
        return None
    return _without_aliases(comparison, oracle, lambda field, alias: alias == field["name"])


def alias_in_a_branch_not_meant(comparison: Comparison, oracle: JavaOracle) -> Comparison | None:
    """Avro Java looks into every branch of a union, those of other names too, and gives up at an ambiguous alias there.

    We look at branches that match by name. If the alias is of no use anywhere, Avro Java has a verdict without it.
    """
    stopped = _SEVERAL_SOURCES.search(comparison.java.refusal or "")
    if stopped is None:
        return None
    left = _without_aliases(comparison, oracle, lambda field, _: field["name"] == stopped[1])
    if left is None and not any(map(_is_ambiguous, reachable_pairs(*comparison.pair))):
        met_by_java = reachable_pairs(*comparison.pair, any_branch=True)
        return _settled(comparison) if any(map(_is_ambiguous, met_by_java)) else None
    return left


def several_sources(comparison: Comparison, oracle: JavaOracle) -> Comparison | None:
    """A reader's field that matches several of the writer's is AMBIGUOUS_ALIAS; Avro Java throws, without a verdict."""
    if _SEVERAL_SOURCES.search(comparison.java.refusal or "") is None:
        return None
    # Elsewhere in the schema Avro Java has said nothing, so there is no more to compare.
    return _settled(comparison) if any(map(_is_ambiguous, reachable_pairs(*comparison.pair))) else None


def claimed_twice(comparison: Comparison, oracle: JavaOracle) -> Comparison | None:
    """Two reader's fields that take one field of the writer are AMBIGUOUS_ALIAS; Avro Java's checker lets them pass.

    Its decoder fills one of the two and fails, or not, by the other's default.
    """
    return _by_rule(comparison, _without_double_claims)


def missing_field_of_an_enum(comparison: Comparison, oracle: JavaOracle) -> Comparison | None:
    """A missing field whose type is an enum with a default lacks a default for us: READER_FIELD_MISSING_DEFAULT_VALUE.

    Avro Java compares that enum with the writer's record, and calls it a TYPE_MISMATCH one step further in.
    """
    return _by_rule(comparison, _enum_beside_record)


def place_counts_from_a_union(comparison: Comparison, oracle: JavaOracle) -> Comparison | None:
    """Avro Java forgets where it is when it tries the branches of a reader's union, and what it keeps of such a try it
    tells later with a pointer that begins at that branch. Ours begins at the root.
    """
    if comparison.java.refusal is not None:
        return None
    told = list(_with_causes(comparison.findings))
    accounted: set[tuple[str, str, str]] = set()
    for kind, place in comparison.java.found:
        meant = [_definitions(one) for one in told if one.type == kind and one.pointer.endswith(place)]
        if not meant:
            return None
        accounted.update(meant)
    is_complete = all(_definitions(finding) in accounted for finding in comparison.findings)
    has_union = any(isinstance(reader, Union) for reader, _ in reachable_pairs(*comparison.pair))
    return _settled(comparison) if is_complete and has_union else None


def trusts_a_failed_assumption(comparison: Comparison, oracle: JavaOracle) -> Comparison | None:
    """While a pair is in progress Avro Java takes it for compatible, and keeps what it concluded from that, even when
    the pair fails in the end. With the recursion written out, so that no pair is met inside itself, it says what we
    say.
    """
    reader, writer = comparison.pair
    if not (is_recursive(reader) and is_recursive(writer)):
        return None
    ours = {kind for kind, _ in comparison.ours}
    told = {kind for kind, _ in comparison.java.found}
    for levels in _LEVELS:
        unbiased = oracle.compatible(written_out(reader, levels), written_out(writer, levels))
        if ours and told <= ours <= {kind for kind, _ in unbiased.found}:
            return _settled(comparison)
    return None


def default_inside_its_record(comparison: Comparison, oracle: JavaOracle) -> Comparison | None:
    """Avro Java's parser refuses a default that it cannot check yet: a branch of its union is the record around. The
    specification has nothing against it.
    """
    is_unchecked = comparison.java.refusal == FIELDS_NOT_SET
    return _settled(comparison) if is_unchecked and any(map(is_recursive, comparison.pair)) else None


VERDICT_DIFFERENCES: Final[tuple[Difference[Comparison], ...]] = (
    alias_of_its_own_name,
    alias_in_a_branch_not_meant,
    several_sources,
    claimed_twice,
    missing_field_of_an_enum,
    place_counts_from_a_union,
    trusts_a_failed_assumption,
    default_inside_its_record,
)


def _settled(comparison: Comparison) -> Comparison:
    ours = comparison.ours
    return replace(comparison, java=JavaVerdict(is_compatible=not ours, found=tuple(ours)))


def _without_aliases(
    comparison: Comparison, oracle: JavaOracle, is_dropped: Callable[[dict[str, Any], str], bool]
) -> Comparison | None:
    reader = copy.deepcopy(comparison.reader)
    for field in _fields_of(reader):
        field["aliases"] = [alias for alias in field.get("aliases", []) if not is_dropped(field, alias)]
    left = replace(comparison, reader=reader, java=oracle.compatible(reader, comparison.writer))
    is_same = left.ours == comparison.ours
    return left if is_same and left.java.refusal != comparison.java.refusal else None


def _fields_of(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _fields_of(branch)
    elif isinstance(schema, dict):
        for field in schema.get("fields", []):
            yield field
            yield from _fields_of(field["type"])
        for key in ("items", "values", "type"):
            yield from _fields_of(schema.get(key))


def _by_rule(comparison: Comparison, rule: Rule) -> Comparison | None:
    changed = replace(comparison, rules=(*comparison.rules, rule))
    return changed if changed.ours != comparison.ours else None


@contextmanager
def _changed(rules: Sequence[Rule]) -> Iterator[None]:
    """Our rules, with these changes to what they say of a pair."""
    if not rules:
        yield
        return

    def changed(reader: Node, writer: Node) -> list[Step]:
        steps = list(compare(reader, writer))
        for rule in rules:
            steps = rule(reader, writer, steps)
        return steps

    with ExitStack() as stack:
        for module in (resolution, resolution_report):
            stack.enter_context(mock.patch.object(module, "compare", changed))
        yield


def _without_double_claims(reader: Node, writer: Node, steps: Sequence[Step]) -> list[Step]:
    def is_double_claim(step: Step) -> bool:
        if not isinstance(step, Fault) or step.type is not IncompatibilityType.AMBIGUOUS_ALIAS:
            return False
        assert isinstance(reader, Record)
        assert isinstance(writer, Record)
        return len(_sources(reader.fields[int(step.tokens[1])], writer)) == 1

    return [step for step in steps if not is_double_claim(step)]


def _sources(field: Field, writer: Record) -> set[str]:
    return {field.name, *field.aliases} & {written.name for written in writer.fields}


def _enum_beside_record(reader: Node, writer: Node, steps: Sequence[Step]) -> list[Step]:
    def as_java(step: Step) -> Step:
        if not isinstance(step, Fault) or step.type is not IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE:
            return step
        assert isinstance(reader, Record)
        kind = reader.fields[int(step.tokens[1])].type
        has_default = isinstance(kind, Enum) and kind.default is not None
        return Part(kind, writer, (*step.tokens, "type"), step.reader_step) if has_default else step

    return [as_java(step) for step in steps]


def _with_causes(findings: Iterable[Incompatibility]) -> Iterator[Incompatibility]:
    for finding in findings:
        yield finding
        yield from _with_causes(finding.causes)


def _definitions(finding: Incompatibility) -> tuple[str, str, str]:
    """What a finding is about, from wherever its definitions were reached."""
    return finding.type.value, finding.reader_pointer, finding.writer_pointer


def _is_ambiguous(pair: Pair) -> bool:
    reader, writer = pair
    if not isinstance(reader, Record) or not isinstance(writer, Record):
        return False
    return any(len(_sources(field, writer)) > 1 for field in reader.fields)


def reachable_pairs(reader: Node, writer: Node, *, any_branch: bool = False) -> list[Pair]:
    """The pairs of types that meet when `reader` reads `writer`; of a reader's union, the branches that match by name,
    or all.
    """
    found: dict[Pair, None] = {}
    pending = [(reader, writer)]
    while pending:
        pair = pending.pop()
        if pair in found:
            continue
        found[pair] = None
        one, other = pair
        if isinstance(one, Union) and not isinstance(other, Union):
            pending += [
                (branch, other) for branch in (one.branches if any_branch else BranchIndex(one).candidates(other))
            ]
        else:
            pending += [(step.reader, step.writer) for step in compare(one, other) if isinstance(step, Part)]
    return list(found)
