"""In which order a module defines its types, and which of them have to wait for others."""

from __future__ import annotations

from collections.abc import Container, Sequence

from codegen.nodes import Enum, Fixed, Named, Node, Record, children


def definition_order(root: Node, foreign: Container[str] = ()) -> list[Named]:
    """Every type behind those that it needs, as far as recursion allows; the root comes last.

    What is `foreign`, by full name, is defined elsewhere, and so is all that it needs.
    """
    finished: dict[Node, None] = {}
    pending: list[tuple[Node, bool]] = [(root, False)]
    opened: set[Node] = set()
    while pending:
        node, is_done = pending.pop()
        if is_done:
            finished[node] = None
        elif node not in opened and getattr(node, "full_name", "") not in foreign:
            opened.add(node)
            pending.append((node, True))
            pending.extend((inner, False) for inner in reversed(list(children(node))))
    return [node for node in finished if isinstance(node, Fixed | Enum | Record)]


def waiting_records(types: Sequence[Named]) -> list[Record]:
    """The records that cannot be understood when they are defined: what they need stands behind them."""
    places = {node: place for place, node in enumerate(types)}
    needed = {node: _named_inside(node) for node in types if isinstance(node, Record)}
    waiting = {node for node, inner in needed.items() if any(places.get(other, 0) > places[node] for other in inner)}
    while grown := {node for node, inner in needed.items() if inner & waiting} - waiting:
        waiting |= grown
    return [node for node in types if isinstance(node, Record) and node in waiting]


def _named_inside(record: Record) -> set[Named]:
    """The named types that the annotations of a record's fields name."""
    found: set[Named] = set()
    pending = list(children(record))
    while pending:
        node = pending.pop()
        if isinstance(node, Fixed | Enum | Record):
            found.add(node)
        else:
            pending.extend(children(node))
    return found
