"""Takes the bytes of one record apart by its writer schema, value by value, up to where they stop making sense.

A decoder says yes or no; here each value is shown with its place in the bytes, so that a person sees what went wrong.
What carries a tag (such as PII) is masked, wherever it stands. Source: Avro specification 1.12, "Binary Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from codegen.decoding import datum
from codegen.decoding.datum import MalformedDatum, Read
from codegen.decoding.scalars import PRIMITIVES, fixed_reader, with_logical
from codegen.masking import MASK, TAGS_KEY
from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, type_name
from consumers.on_call.letters import printable

_MOST_PARTS: Final = 10_000
_MOST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One value: its way through the schema, its bytes from `begin` up to `end`, and its text, masked if tagged."""

    path: str
    begin: int
    end: int
    shown: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Where and why it went no further: field and place in the bytes."""

    path: str
    at: int
    reason: str


@dataclass(slots=True)
class Dissection:
    parts: list[Part] = field(default_factory=list)
    stop: Stop | None = None


def dissect(root: Node, data: bytes, base: int = 0) -> Dissection:
    """The values of `data`, which `root` wrote; places count from `base`, the length of the frame before the data."""
    walk = _Walk(data, base)
    try:
        end = walk.value(root, 0)
    except (IndexError, datum.STRUCT_ERROR):
        walk.stop("the bytes end too early")
    except RecursionError:
        walk.stop("records inside records without end")
    except MalformedDatum as fault:
        walk.stop(fault.reason)
    except (ValueError, ArithmeticError) as fault:
        walk.stop(f"no legal value ({type(fault).__name__})")  # its text may quote the value
    else:
        if end != len(data):
            walk.begin = end
            walk.stop(f"{len(data) - end} bytes are left behind the record")
    return walk.found


class _Walk:
    """One pass through the bytes; `begin` is where the value under the hand starts."""

    def __init__(self, data: bytes, base: int) -> None:
        self.found = Dissection()
        self.begin = 0
        self._data = data
        self._base = base
        self._path: list[str] = []
        self._tagged = 0

    def stop(self, reason: str) -> None:
        self.found.stop = Stop(".".join(self._path), self._base + self.begin, reason)

    def value(self, node: Node, at: int) -> int:
        """Take the value at `at` apart; gives the place behind it. The path stays where an error is raised."""
        match node:
            case Record():
                for each in node.fields:
                    with self._inside(each.name, is_tagged=bool(each.properties.get(TAGS_KEY))):
                        at = self.value(each.type, at)
                return at
            case Union():
                return self._union(node, at)
            case Array() | Map():
                return self._blocks(node, at)
            case _:
                return self._scalar(node, at)

    @contextmanager
    def _inside(self, name: str, *, is_tagged: bool = False) -> Iterator[None]:
        self._path.append(name)
        self._tagged += is_tagged
        yield
        self._tagged -= is_tagged
        self._path.pop()

    def _scalar(self, node: Primitive | Fixed | Enum, at: int) -> int:
        self.begin = at
        value, end = _reader_of(node)(self._data, at)
        self._take(at, end, value)
        return end

    def _union(self, node: Union, at: int) -> int:
        self.begin = at
        index, end = datum.read_long(self._data, at)
        if index not in range(len(node.branches)):
            raise MalformedDatum(f"branch {index} of a union that has {len(node.branches)}")
        branch = node.branches[index]
        if type_name(branch) == "null":
            self._take(at, end, None)
            return end
        return self.value(branch, end)

    def _blocks(self, node: Array | Map, at: int) -> int:
        number = 0
        while True:
            self.begin = at
            count, at = datum.read_long(self._data, at)
            if count == 0:
                return at
            if count < 0:
                count = -count
                _, at = datum.read_long(self._data, at)  # the size of the block
            for _ in range(count):
                name = str(number)
                if isinstance(node, Map):
                    self.begin = at
                    key, at = datum.read_string(self._data, at)
                    name = MASK if self._tagged else printable(key)
                with self._inside(name):
                    at = self.value(node.values if isinstance(node, Map) else node.items, at)
                number += 1

    def _take(self, begin: int, end: int, value: Any) -> None:
        if len(self.found.parts) == _MOST_PARTS:
            raise MalformedDatum(f"more than {_MOST_PARTS} values, which are not all shown")
        shown = MASK if self._tagged and value is not None else _text(value)
        self.found.parts.append(Part(".".join(self._path), self._base + begin, self._base + end, shown))


def _reader_of(node: Primitive | Fixed | Enum) -> Read:
    match node:
        case Primitive():
            return with_logical(PRIMITIVES[node.name], node.logical)
        case Fixed():
            return with_logical(fixed_reader(node.size), node.logical)
        case _:
            symbols = node.symbols

    def read_symbol(data: bytes, at: int) -> tuple[str, int]:
        index, end = datum.read_int(data, at)
        if index not in range(len(symbols)):
            raise MalformedDatum(f"symbol {index} of an enum that has {len(symbols)}")
        return symbols[index], end

    return read_symbol


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = "null" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}… ({len(text)} characters)"
