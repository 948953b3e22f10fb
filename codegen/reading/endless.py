"""Records of which no finite datum exists, because each needs another of its kind first.

Such a schema is legal (the specification does not forbid it), and nobody can ever write with it.
"""

from __future__ import annotations

from codegen.faults import SchemaFault
from codegen.nodes import Node, Record, Union, children


def endless_records(root: Node) -> list[SchemaFault]:
    """A warning for each record that `root` reaches and that can have no finite datum."""
    order: list[Node] = []
    users: dict[Node, list[Node]] = {root: []}
    waits_for: dict[Node, int] = {}
    pending = [root]
    while pending:
        node = pending.pop()
        order.append(node)
        # An array or a map can be empty, whatever its items are; all other leaves have data of their own.
        needed = list(children(node))
        waits_for[node] = len(needed) if isinstance(node, Record) else int(isinstance(node, Union) and bool(needed))
        for inner in needed:
            if inner not in users:
                users[inner] = []
                pending.append(inner)
            users[inner].append(node)
    ready = [node for node in order if waits_for[node] == 0]
    while ready:
        for user in users[ready.pop()]:
            waits_for[user] -= 1
            if waits_for[user] == 0:
                ready.append(user)
    return [_warning(node) for node in order if isinstance(node, Record) and waits_for[node] > 0]


def _warning(record: Record) -> SchemaFault:
    return SchemaFault(
        record.pointer,
        f"no finite datum of {record.full_name} exists: each one needs another inside",
        "make a field on the way optional, such as a union with null, or an array",
    )
