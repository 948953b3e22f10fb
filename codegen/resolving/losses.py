"""What becomes of a record when another version reads it: what is lost, and what is filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from codegen.nodes import Array, Enum, Map, Node, Primitive, Record, Union
from codegen.resolution import Resolver
from codegen.resolving.field_targets import field_targets

# Integers beyond these are rounded (IEEE 754: 24 and 53 binary digits).
_EXACT: Final = {"float": "2**24", "double": "2**53"}


class Losses:
    """Dotted paths: `dropped` by the writer's names, `filled` by the reader's; `changed` are whole clauses."""

    def __init__(self) -> None:
        self.dropped: list[str] = []
        self.filled: list[str] = []
        self.changed: list[str] = []


def find_losses(reader: Record, writer: Record) -> Losses:
    """What `reader` does not keep of what `writer` wrote. The two must resolve."""
    walk = _Walk()
    walk.nodes(reader, writer, "")
    return walk.found


class _Walk:
    def __init__(self) -> None:
        self.found = Losses()
        self._seen: set[tuple[Node, Node]] = set()
        self._resolver = Resolver()

    def nodes(self, reader: Node, writer: Node, path: str) -> None:
        if (reader, writer) in self._seen:
            return
        self._seen.add((reader, writer))
        match reader, writer:
            case _, Union():
                for branch in writer.branches:
                    self.nodes(reader, branch, path)
            case Union(), _:
                for branch in self._resolver.branches(reader).candidates(writer)[:1]:
                    self.nodes(branch, writer, path)
            case Array(), Array():
                self.nodes(reader.items, writer.items, path)
            case Map(), Map():
                self.nodes(reader.values, writer.values, path)
            case Record(), Record():
                self._records(reader, writer, path)
            case Enum(), Enum():
                self._symbols(reader, writer, path)
            case Primitive(), Primitive():
                self.found.changed += _of_numbers(reader, writer, path)
            case _:
                return

    def _records(self, reader: Record, writer: Record, path: str) -> None:
        targets = field_targets(reader, writer)
        kept = {entry.name for entry in targets.values()}
        for entry in writer.fields:
            here = f"{path}.{entry.name}" if path else entry.name
            target = targets.get(entry.name)
            if target is None:
                self.found.dropped.append(here)
            else:
                self.nodes(target.type, entry.type, here)
        self.found.filled += [
            f"{path}.{entry.name}" if path else entry.name for entry in reader.fields if entry.name not in kept
        ]

    def _symbols(self, reader: Enum, writer: Enum, path: str) -> None:
        unknown = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
        if unknown:
            word = "becomes" if len(unknown) == 1 else "become"
            self.found.changed.append(f"{path}: {', '.join(unknown)} {word} {reader.default}")


def _of_numbers(reader: Primitive, writer: Primitive, path: str) -> Iterator[str]:
    if reader.logical != writer.logical:
        names = [node.name if node.logical is None else node.logical.name for node in (writer, reader)]
        yield f"{path}: {names[0]} is read as {names[1]}"
    elif reader.name in _EXACT and writer.name in ("int", "long") and (writer.name, reader.name) != ("int", "double"):
        yield f"{path}: integers beyond {_EXACT[reader.name]} are rounded"
