"""What changed between two schemas, part by part: a description, not a judgement.

Fields are matched by name, else by an alias on either side, as a person would match them; layout and the order of keys
mean nothing. A pair of definitions is described once, where it is met first, so recursion ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from codegen.incompatibility import describe, fragment
from codegen.nodes import (
    MISSING,
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Node,
    Primitive,
    Record,
    Union,
    branch_name,
    simple_name,
)
from tools.compatibility.changes import (
    Change,
    ChangeKind,
    enum_changes,
    field_changes,
    fixed_changes,
    logical_changes,
    named_changes,
    property_changes,
    shown_default,
)


def find_changes(before: Node, after: Node) -> list[Change]:
    """Every change from `before` to `after`, in the order of `after`."""
    seen: set[tuple[Node, Node]] = set()
    changes: list[Change] = []
    # Not by recursion: definitions can lead to each other for long.
    pending: list[Iterator[_Step]] = [iter([_Pair(before, after, "")])]
    while pending:
        match next(pending[-1], None):
            case None:
                pending.pop()
            case Change() as change:
                changes.append(change)
            case _Pair() as pair:
                if (pair.before, pair.after) not in seen:
                    seen.add((pair.before, pair.after))
                    pending.append(_between(pair))
    return changes


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two types that are to be described in their turn."""

    before: Node
    after: Node
    path: str


_Step: TypeAlias = Change | _Pair


def _between(pair: _Pair) -> Iterator[_Step]:
    path = pair.path
    match pair.before, pair.after:
        case Record() as before, Record() as after:
            yield from named_changes(before, after, path)
            yield from _records(before, after, path)
        case Enum() as before, Enum() as after:
            yield from named_changes(before, after, path)
            yield from enum_changes(before, after, path)
        case Fixed() as before, Fixed() as after:
            yield from named_changes(before, after, path)
            yield from fixed_changes(before, after, path)
        case Union() as before, Union() as after:
            yield from _unions(before, after, path)
        case Array() as before, Array() as after:
            yield from property_changes(before.properties, after.properties, path)
            yield _Pair(before.items, after.items, f"{path}[]")
        case Map() as before, Map() as after:
            yield from property_changes(before.properties, after.properties, path)
            yield _Pair(before.values, after.values, f"{path}{{}}")
        case Primitive() as before, Primitive() as after if before.name == after.name:
            yield from logical_changes(before, after, path)
            yield from property_changes(before.properties, after.properties, path)
        case before, after:
            message = f"{describe(before)} → {describe(after)}"
            yield Change(ChangeKind.TYPE_CHANGED, path, fragment(before), fragment(after), message)


def _records(before: Record, after: Record, path: str) -> Iterator[_Step]:
    matched = _match_fields(before, after)
    for field in after.fields:
        here = _join(path, field.name)
        was = matched.get(field.name)
        if was is None:
            message = f"{describe(field.type)}, {shown_default(field)}"
            yield Change(ChangeKind.FIELD_ADDED, here, MISSING, fragment(field.type), message)
            continue
        if was.name != field.name:
            message = f"{was.name} → {field.name}"
            yield Change(ChangeKind.FIELD_RENAMED, here, was.name, field.name, message)
        yield _Pair(was.type, field.type, here)
        yield from field_changes(was, field, here)
    kept = {field.name for field in matched.values()}
    for field in before.fields:
        if field.name not in kept:
            message = f"was {describe(field.type)}, {shown_default(field)}"
            yield Change(ChangeKind.FIELD_REMOVED, _join(path, field.name), fragment(field.type), MISSING, message)
    yield from _moved(before, after, matched, path)


def _unions(before: Union, after: Union, path: str) -> Iterator[_Step]:
    matched = _match_branches(before, after)
    for branch in after.branches:
        if branch in matched:
            yield _Pair(matched[branch], branch, path)
        else:
            yield Change(ChangeKind.BRANCH_ADDED, path, MISSING, fragment(branch), describe(branch))
    kept = set(matched.values())
    for branch in before.branches:
        if branch not in kept:
            yield Change(ChangeKind.BRANCH_REMOVED, path, fragment(branch), MISSING, describe(branch))
    now = [matched[branch] for branch in after.branches if branch in matched]
    if now != [branch for branch in before.branches if branch in kept]:
        was, names = list(map(branch_name, before.branches)), list(map(branch_name, after.branches))
        message = f"{', '.join(was)} → {', '.join(names)}"
        yield Change(ChangeKind.BRANCHES_REORDERED, path, was, names, message)


def _match_branches(before: Union, after: Union) -> dict[Node, Node]:
    """For each branch of `after` what it was: the branch of the same name, or of the same unqualified name."""
    matched: dict[Node, Node] = {}
    for key in (branch_name, _simple_branch_name):
        taken = set(matched.values())
        left = {key(branch): branch for branch in before.branches if branch not in taken}
        for branch in after.branches:
            if branch not in matched and key(branch) in left:
                matched[branch] = left.pop(key(branch))
    return matched


def _simple_branch_name(branch: Node) -> str:
    return simple_name(branch_name(branch))


def _match_fields(before: Record, after: Record) -> dict[str, Field]:
    """For each field of `after` the field that it was: of the same name, or named by an alias of either."""
    old = {field.name: field for field in before.fields}
    new = {field.name for field in after.fields}
    matched = {name: old[name] for name in new if name in old}
    taken = {field.name for field in matched.values()}
    for field in after.fields:
        if field.name in matched:
            continue
        named = [old[alias] for alias in field.aliases if alias in old]
        naming = [was for was in before.fields if field.name in was.aliases]
        source = next((was for was in (*named, *naming) if was.name not in taken and was.name not in new), None)
        if source is not None:
            matched[field.name] = source
            taken.add(source.name)
    return matched


def _moved(before: Record, after: Record, matched: Mapping[str, Field], path: str) -> Iterator[Change]:
    """Whether fields that are in both stand in another order: that changes the bytes, and nothing else."""
    now = [matched[field.name].name for field in after.fields if field.name in matched]
    was = [field.name for field in before.fields if field.name in set(now)]
    if now != was:
        message = f"the order was {', '.join(was)} and is {', '.join(now)}"
        yield Change(ChangeKind.FIELD_MOVED, path, was, now, message)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
