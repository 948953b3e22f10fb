"""Decoders: from the bytes of a writer schema to the data of a reader schema, resolved on the way.

One decoder is made for each pair of schemas and kept; a pair of equal schemas is a pair like any other. The data are
dicts by wire names without the fields that the writer lacks, whose defaults the model knows. Source: Avro
specification 1.12, sections "Binary Encoding" and "Schema Resolution"; a logical type is the reader's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from codegen.branches import Chosen, is_null, is_simple
from codegen.decoding import datum
from codegen.decoding.branch_choice import choose_branch, described
from codegen.decoding.datum import MalformedDatum, Read
from codegen.decoding.scalars import PRIMITIVES, fixed_reader, promoted_reader, with_logical
from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union, branch_name
from codegen.resolution import Resolver
from codegen.resolving.field_targets import Unresolvable, field_targets
from codegen.resolving.rules import names_match, readers_of


def make_decoder(reader: Node, writer: Node) -> Callable[[bytes], Any]:
    """A function from bytes written by `writer` to data of `reader`. Raises Unresolvable at once where nothing fits.

    The function raises MalformedDatum for bytes that are no such datum or go on behind it, and Unresolvable where this
    very datum has a branch or symbol that the reader does not know.
    """
    read = _Builder().build(reader, writer)

    def decode(data: bytes) -> Any:
        try:
            value, end = read(data, 0)
        except (IndexError, datum.STRUCT_ERROR):
            raise MalformedDatum("the bytes end too early") from None
        except RecursionError:
            raise MalformedDatum("records inside records without end") from None
        if end != len(data):
            raise MalformedDatum(f"{len(data) - end} bytes are left behind the datum")
        return value

    return decode


def skipper(writer: Node) -> Read:
    """What reads a datum of `writer` as written, and lets it go; no logical type may refuse it."""
    return _Builder().skip(writer)


class _Builder:
    """Makes the readers of one pair of schemas; a pair of records once, so that recursion comes to an end."""

    def __init__(self) -> None:
        self._records: dict[tuple[Record, Record], Read] = {}
        self._skipped: dict[Record, Read] = {}
        self._resolver = Resolver()

    def build(self, reader: Node, writer: Node) -> Read:
        match reader, writer:
            case _, Union():
                return self._writer_union(reader, writer)
            case Union(), _:
                branch = choose_branch(self._resolver, reader, writer)
                read = self.build(branch, writer)
                return read if is_simple(reader) or is_null(branch) else _chosen(branch_name(branch), read)
            case Primitive(), Primitive() if reader.name in readers_of(writer.name):
                return with_logical(promoted_reader(reader.name, writer.name), reader.logical)
            case Array(), Array():
                return _array(self.build(reader.items, writer.items))
            case Map(), Map():
                return _map(self.build(reader.values, writer.values))
            case Fixed(), Fixed() if names_match(reader, writer) and reader.size == writer.size:
                return with_logical(fixed_reader(reader.size), reader.logical)
            case Enum(), Enum() if names_match(reader, writer):
                return _enum(reader, writer)
            case Record(), Record() if names_match(reader, writer):
                return self._record(reader, writer)
            case _:
                raise Unresolvable(f"the reader has {described(reader)} where the writer has {described(writer)}")

    def _writer_union(self, reader: Node, writer: Union) -> Read:
        """A branch that does not fit is refused when a datum has it, for another datum may not."""
        reads: list[Read] = []
        for branch in writer.branches:
            try:
                reads.append(self.build(reader, branch))
            except Unresolvable as error:
                reads.append(_refuse(str(error)))
        return _union(reads)

    def _record(self, reader: Record, writer: Record) -> Read:
        if (reader, writer) in self._records:
            return self._records[reader, writer]
        fields: list[tuple[str, bool, Read]] = []

        def read_record(data: bytes, at: int) -> tuple[dict[str, Any], int]:
            values: dict[str, Any] = {}
            name = ""
            try:
                for name, is_kept, read in fields:
                    value, at = read(data, at)
                    if is_kept:
                        values[name] = value
            except (MalformedDatum, IndexError, datum.STRUCT_ERROR) as error:
                raise _locate(error, name) from None
            return values, at

        self._records[reader, writer] = read_record
        try:
            fields.extend(self._fields(reader, writer))
        except Unresolvable:
            del self._records[reader, writer]
            raise
        return read_record

    def _fields(self, reader: Record, writer: Record) -> Iterator[tuple[str, bool, Read]]:
        """In the writer's order: the reader's name of a field that it keeps, or the writer's of one that it lets go."""
        targets = field_targets(reader, writer)
        for field in writer.fields:
            target = targets.get(field.name)
            if target is None:
                yield field.name, False, self.skip(field.type)
            else:
                yield target.name, True, self.build(target.type, field.type)

    def skip(self, writer: Node) -> Read:
        """A field that the reader does not have: read as written, and let go. No logical type may refuse it."""
        match writer:
            case Primitive():
                return PRIMITIVES[writer.name]
            case Fixed():
                return fixed_reader(writer.size)
            case Enum():
                return _symbol(dict(enumerate(writer.symbols)))
            case Array():
                return _array(self.skip(writer.items))
            case Map():
                return _map(self.skip(writer.values))
            case Union():
                return _union([self.skip(branch) for branch in writer.branches])
            case Record():
                return self._skip_record(writer)

    def _skip_record(self, writer: Record) -> Read:
        if writer in self._skipped:
            return self._skipped[writer]
        reads: list[Read] = []

        def skip_record(data: bytes, at: int) -> tuple[None, int]:
            for read in reads:
                _, at = read(data, at)
            return None, at

        self._skipped[writer] = skip_record
        reads.extend(self.skip(field.type) for field in writer.fields)
        return skip_record


def _locate(error: Exception, field: str) -> MalformedDatum:
    """The fault with one more field on the way to it."""
    fault = error if isinstance(error, MalformedDatum) else MalformedDatum("the bytes end too early")
    fault.fields.append(field)
    return fault


def _refuse(reason: str) -> Read:
    def refuse(_data: bytes, _at: int) -> tuple[Any, int]:
        raise Unresolvable(reason)

    return refuse


def _chosen(name: str, read: Read) -> Read:
    """`read`, and the branch of the reader's union to which its value belongs."""

    def read_branch(data: bytes, at: int) -> tuple[Chosen, int]:
        value, at = read(data, at)
        return Chosen(name, value), at

    return read_branch


def _union(reads: Sequence[Read]) -> Read:
    known = range(len(reads))

    def read_union(data: bytes, at: int) -> tuple[Any, int]:
        index, at = datum.read_long(data, at)
        if index not in known:
            raise MalformedDatum("a branch that the union does not have")
        return reads[index](data, at)

    return read_union


def _enum(reader: Enum, writer: Enum) -> Read:
    """The writer's symbol where the reader has it, else the reader's default."""
    known = set(reader.symbols)
    symbols = {index: symbol if symbol in known else reader.default for index, symbol in enumerate(writer.symbols)}
    return _symbol(symbols)


def _symbol(symbols: dict[int, Any]) -> Read:
    def read_enum(data: bytes, at: int) -> tuple[str, int]:
        index, at = datum.read_int(data, at)
        if index not in symbols:
            raise MalformedDatum("a symbol that the enum does not have")
        symbol = symbols[index]
        if symbol is None:
            raise Unresolvable("a symbol that the reader's enum does not have, nor a default")
        return symbol, at

    return read_enum


def _array(read: Read) -> Read:
    def read_array(data: bytes, at: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        at = datum.read_blocks(data, at, read, items.append)
        return items, at

    return read_array


def _map(read: Read) -> Read:
    def read_entry(data: bytes, at: int) -> tuple[tuple[str, Any], int]:
        key, at = datum.read_string(data, at)
        value, at = read(data, at)
        return (key, value), at

    def read_map(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        entries: list[tuple[str, Any]] = []
        at = datum.read_blocks(data, at, read_entry, entries.append)
        return dict(entries), at

    return read_map
