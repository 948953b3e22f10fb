"""Which branch of a reader's union takes what a plain writer has: one rule for every decoder."""

from __future__ import annotations

from codegen.nodes import Enum, Fixed, Node, Record, Union, branch_name, type_name
from codegen.resolution import Resolver
from codegen.resolving.field_targets import Unresolvable


def choose_branch(resolver: Resolver, reader: Union, writer: Node) -> Node:
    """The writer's own type if it is there, else the first branch that reads everything, or at least some of it.

    The specification says the first that matches; like Avro Java, a branch is not promoted where it need not be, so
    that a datum keeps its branch. Raises Unresolvable.
    """
    candidates = resolver.branches(reader).candidates(writer)
    if not candidates:
        raise Unresolvable(f"no branch of the reader's union takes {described(writer)}")
    candidates = sorted(candidates, key=lambda branch: branch_name(branch) != branch_name(writer))
    return next((branch for branch in candidates if resolver.can_read(branch, writer)), candidates[0])


def described(node: Node) -> str:
    """The type and, where it has one, its full name."""
    return f"{type_name(node)} {node.full_name}" if isinstance(node, Fixed | Enum | Record) else type_name(node)
