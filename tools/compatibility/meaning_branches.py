"""Which branch of a reader's union takes a writer's type, and where decoders are known to disagree about it.

Known means tried: fastavro 1.13 (a test tries it again with each release), and Avro Java 1.12.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from codegen.incompatibility import describe
from codegen.nodes import (
    Enum,
    Fixed,
    Named,
    Node,
    Primitive,
    Record,
    Union,
    branch_name,
    namespace_of,
    simple_name,
    type_name,
)
from codegen.resolution import Resolver
from codegen.resolving.rules import names_match
from tools.compatibility.meaning_finding import Doubt, doubt_of, named_doubt
from tools.compatibility.rules import MeaningRule


def chosen_branch(reader: Union, writer: Node, resolver: Resolver) -> Node | None:
    """The branch that means what `writer` does: itself or of its type, else by promotion, else the nearest.

    None where no branch could ever read it.
    """
    candidates = resolver.branches(reader).candidates(writer)
    kind, name = type_name(writer), branch_name(writer)
    # Of two types of one name in two namespaces the writer's own is meant.
    candidates = sorted(candidates, key=lambda branch: branch_name(branch) != name)
    same = [branch for branch in candidates if type_name(branch) == kind]
    ordered = [*same, *(branch for branch in candidates if type_name(branch) != kind)]
    return next((branch for branch in ordered if resolver.can_read(branch, writer)), next(iter(ordered), None))


class BranchNames:
    """What is asked of a union for each of its branches, and told from an index: it may have ten thousand."""

    def __init__(self) -> None:
        self._first: dict[Union, tuple[dict[str, int], dict[str, int]]] = {}
        self._alike: dict[tuple[Union, Union], bool] = {}

    def first(self, union: Union, writer: Named) -> Named | None:
        """The first branch, of whatever kind, whose unqualified name or alias is that of `writer`."""
        if union not in self._first:
            names: dict[str, int] = {}
            aliases: dict[str, int] = {}
            for index, branch in enumerate(union.branches):
                if isinstance(branch, Named):
                    names.setdefault(simple_name(branch.full_name), index)
                    for alias in branch.aliases:
                        aliases.setdefault(alias, index)
            self._first[union] = names, aliases
        names, aliases = self._first[union]
        found = (names.get(simple_name(writer.full_name)), aliases.get(writer.full_name))
        places = [index for index in found if index is not None]
        first = union.branches[min(places)] if places else None
        return first if isinstance(first, Named) else None

    def are_alike(self, reader: Union, writer: Union) -> bool:
        """Whether the two agree in kinds and unqualified names: then Avro Java reads by position."""
        if (reader, writer) not in self._alike:
            kinds = [[_kind(branch) for branch in union.branches] for union in (reader, writer)]
            self._alike[reader, writer] = kinds[0] == kinds[1]
        return self._alike[reader, writer]


def branch_doubts(
    reader: Union, writer: Node, around: Union | None, resolver: Resolver, names: BranchNames
) -> Iterator[Doubt]:
    """`around` is the writer's union of which `writer` is a branch, if it is one."""
    branch = chosen_branch(reader, writer, resolver)
    if branch is None:
        nearest = resolver.branches(reader).nearest(writer)
        if isinstance(nearest, Named) and isinstance(writer, Named):
            yield from rename_doubts(nearest, writer)
        return
    if not resolver.can_read(branch, writer):
        return
    if isinstance(writer, Primitive) and branch is not (first := _first_primitive(reader, writer, resolver)):
        yield doubt_of(
            MeaningRule.UNION_BRANCH_PROMOTED,
            reader,
            writer,
            f"the first branch that can read {writer.name} is {branch_name(first)}, before {branch_name(branch)}: "
            "fastavro and the specification take it, Avro Java takes the same type first",
            f"put {branch_name(branch)} before {branch_name(first)} in the reader's union",
        )
    if isinstance(writer, Named):
        yield from _first_named(reader, writer, resolver, names)
    if isinstance(writer, Enum | Fixed) and isinstance(branch, Named):
        found = _java_name(reader, branch, writer, resolver)
        if found is not None and not (around is not None and names.are_alike(reader, around)):
            yield found


def rename_doubts(reader: Named, writer: Named) -> Iterator[Doubt]:
    """Of two named types in one place."""
    if type(reader) is not type(writer) or names_match(reader, writer):
        return
    from tools.compatibility.likeness import are_types_alike

    if are_types_alike(reader, writer):
        yield named_doubt(
            MeaningRule.PROBABLE_RENAME,
            reader,
            writer,
            "name",
            f"{describe(writer)} is gone and {describe(reader)} is much like it",
            _alias_hint(reader, writer),
        )


def _first_primitive(reader: Union, writer: Node, resolver: Resolver) -> Node:
    return next(branch for branch in resolver.branches(reader).candidates(writer) if resolver.can_read(branch, writer))


def _first_named(reader: Union, writer: Named, resolver: Resolver, names: BranchNames) -> Iterator[Doubt]:
    branch = names.first(reader, writer)
    if branch is not None and not resolver.can_read(branch, writer):
        yield doubt_of(
            MeaningRule.FASTAVRO_FIRST_BRANCH,
            reader,
            writer,
            f"fastavro takes the first branch whose unqualified name or alias fits, {describe(branch)}, "
            f"and fails: it cannot read {describe(writer)}",
            "give the branches of the union different names",
        )


def _java_name(reader: Union, branch: Named, writer: Enum | Fixed, resolver: Resolver) -> Doubt | None:
    for other in resolver.branches(reader).candidates(writer):
        if isinstance(other, Named) and (other.full_name == writer.full_name or writer.full_name in other.aliases):
            return None
    return doubt_of(
        MeaningRule.AVRO_JAVA_BRANCH_NAME,
        reader,
        writer,
        f"Avro Java calls it compatible and fails to decode: in a union it looks for the {type_name(writer)} "
        f"{writer.full_name} by its full name, and the reader has {branch.full_name}",
        _alias_hint(branch, writer),
    )


def _alias_hint(reader: Named, writer: Named) -> str:
    """An alias without a dot lives in the namespace of its type, so that none can name a type without a namespace."""
    if namespace_of(reader.full_name) and not namespace_of(writer.full_name):
        return f"call it {writer.full_name} again, without a namespace: no alias can name it"
    return f'add "aliases": ["{writer.full_name}"] to {reader.full_name}'


def _kind(node: Node) -> tuple[str, str]:
    name = simple_name(node.full_name) if isinstance(node, Record | Enum | Fixed) else ""
    return type_name(node), name
