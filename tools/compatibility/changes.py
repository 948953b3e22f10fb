"""One change between two schemas as a value, and what can change about a single definition or field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from codegen.nodes import MISSING, Enum, Field, Fixed, Json, Named, Primitive
from tools.compatibility.published_changes import first_difference


class ChangeKind(StrEnum):
    """What kind of thing changed."""

    FIELD_ADDED = "field added"
    FIELD_REMOVED = "field removed"
    FIELD_RENAMED = "field renamed"
    FIELD_MOVED = "field moved"
    TYPE_CHANGED = "type changed"
    LOGICAL_TYPE_CHANGED = "logical type changed"
    NAME_CHANGED = "name changed"
    SIZE_CHANGED = "size changed"
    SYMBOL_ADDED = "symbol added"
    SYMBOL_REMOVED = "symbol removed"
    SYMBOLS_REORDERED = "symbols reordered"
    BRANCH_ADDED = "branch added"
    BRANCH_REMOVED = "branch removed"
    BRANCHES_REORDERED = "branches reordered"
    DEFAULT_CHANGED = "default changed"
    ALIASES_CHANGED = "aliases changed"
    ORDER_CHANGED = "sort order changed"
    DOC_CHANGED = "doc changed"
    PROPERTY_CHANGED = "property changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `path` is dotted, the root is ""; `before` and `after` are JSON, or MISSING for nothing."""

    kind: ChangeKind
    path: str
    before: object
    after: object
    message: str


def field_changes(before: Field, after: Field, path: str) -> Iterator[Change]:
    """What changed about a field beside its name and type."""
    if _differ(before.default, after.default):
        message = f"{shown_default(before)} → {shown_default(after)}"
        yield Change(ChangeKind.DEFAULT_CHANGED, path, before.default, after.default, message)
    yield from _plain(ChangeKind.ALIASES_CHANGED, list(before.aliases), list(after.aliases), path, _listed)
    yield from _plain(ChangeKind.ORDER_CHANGED, before.order or "ascending", after.order or "ascending", path, str)
    yield from _plain(ChangeKind.DOC_CHANGED, before.doc, after.doc, path, _quoted)
    yield from property_changes(before.properties, after.properties, path)


def named_changes(before: Named, after: Named, path: str) -> Iterator[Change]:
    """What changed about a named type: its name, aliases, doc and properties."""
    yield from _plain(ChangeKind.NAME_CHANGED, before.full_name, after.full_name, path, str)
    yield from _plain(ChangeKind.ALIASES_CHANGED, list(before.aliases), list(after.aliases), path, _listed)
    yield from _plain(ChangeKind.DOC_CHANGED, before.doc, after.doc, path, _quoted)
    yield from property_changes(before.properties, after.properties, path)


def enum_changes(before: Enum, after: Enum, path: str) -> Iterator[Change]:
    """What changed about the symbols and the default of an enum."""
    for symbol in after.symbols:
        if symbol not in before.symbols:
            yield Change(ChangeKind.SYMBOL_ADDED, path, MISSING, symbol, symbol)
    for symbol in before.symbols:
        if symbol not in after.symbols:
            yield Change(ChangeKind.SYMBOL_REMOVED, path, symbol, MISSING, symbol)
    was = [symbol for symbol in before.symbols if symbol in after.symbols]
    now = [symbol for symbol in after.symbols if symbol in before.symbols]
    if was != now:
        yield Change(ChangeKind.SYMBOLS_REORDERED, path, was, now, f"{', '.join(was)} → {', '.join(now)}")
    if before.default != after.default:
        message = f"of the enum: {before.default or 'none'} → {after.default or 'none'}"
        yield Change(ChangeKind.DEFAULT_CHANGED, path, before.default, after.default, message)


def fixed_changes(before: Fixed, after: Fixed, path: str) -> Iterator[Change]:
    """What changed about the size and meaning of a fixed."""
    yield from _plain(ChangeKind.SIZE_CHANGED, before.size, after.size, path, str)
    yield from logical_changes(before, after, path)


def logical_changes(before: Primitive | Fixed, after: Primitive | Fixed, path: str) -> Iterator[Change]:
    """Whether the logical type changed."""
    if before.logical != after.logical:
        was, now = _shown_logical(before), _shown_logical(after)
        yield Change(ChangeKind.LOGICAL_TYPE_CHANGED, path, was, now, f"{was} → {now}")


def property_changes(before: Mapping[str, Json], after: Mapping[str, Json], path: str) -> Iterator[Change]:
    """Tags and whatever else a person wrote; what makes a logical type is told as such."""
    for key in dict.fromkeys((*after, *before)):
        if key in ("logicalType", "precision", "scale"):
            continue
        was, now = before.get(key, MISSING), after.get(key, MISSING)
        if _differ(was, now):
            message = f"{key}: {_shown(was)} → {_shown(now)}"
            yield Change(ChangeKind.PROPERTY_CHANGED, path, was, now, message)


def _plain(
    kind: ChangeKind, before: object, after: object, path: str, shown: Callable[[object], str]
) -> Iterator[Change]:
    if before != after:
        yield Change(kind, path, before, after, f"{shown(before)} → {shown(after)}")


def _differ(before: object, after: object) -> bool:
    if before is MISSING or after is MISSING:
        return before is not after
    return first_difference(before, after, "") is not None  # type: ignore[arg-type]  # MISSING is excluded


def _shown(value: object) -> str:
    return "nothing" if value is MISSING else _dump(value)


def shown_default(field: Field) -> str:
    """The default of a field in words."""
    return f"default {_dump(field.default)}" if field.has_default else "no default"


def _shown_logical(node: Primitive | Fixed) -> str:
    if node.logical is None:
        return "none"
    decimal = "" if node.logical.precision is None else f"({node.logical.precision}, {node.logical.scale})"
    return f"{node.logical.name}{decimal}"


def _listed(names: object) -> str:
    return ", ".join(str(name) for name in names) or "none" if isinstance(names, Sequence) else str(names)


def _quoted(text: object) -> str:
    return "none" if text is None else _dump(text)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
