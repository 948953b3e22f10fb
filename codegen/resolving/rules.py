"""What a reader type says to a writer type, one level deep (Avro specification 1.12, section "Schema Resolution").

`compare` looks at two definitions alone and leaves their parts to the resolver, so that recursion is its business only.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final, NamedTuple, TypeAlias

from codegen.nodes import Array, Enum, Field, Fixed, Map, Named, Node, Primitive, Record, Union, simple_name
from codegen.resolving import faults
from codegen.resolving.faults import Fault

_READ_BY: Final[dict[str, frozenset[str]]] = {
    "int": frozenset({"int", "long", "float", "double"}),
    "long": frozenset({"long", "float", "double"}),
    "float": frozenset({"float", "double"}),
    "string": frozenset({"string", "bytes"}),
    "bytes": frozenset({"bytes", "string"}),
}
_FEW_BRANCHES: Final = 8


class Part(NamedTuple):
    """A pair of types that must resolve too; `tokens` lead to it in a pointer, the steps in the dotted paths."""

    reader: Node
    writer: Node
    tokens: tuple[str, ...]
    reader_step: str = ""
    writer_step: str = ""


Step: TypeAlias = Fault | Part
Pair: TypeAlias = tuple[Node, Node]


def readers_of(primitive: str) -> frozenset[str]:
    """The primitive types that read what was written as `primitive`: the same, and its promotions."""
    return _READ_BY.get(primitive, frozenset({primitive}))


def names_match(reader: Named, writer: Named) -> bool:
    """Whether the unqualified names are equal, or an alias of the reader is the writer's full name."""
    return simple_name(reader.full_name) == simple_name(writer.full_name) or writer.full_name in reader.aliases


def is_choice(reader: Node, writer: Node) -> bool:
    """Whether the pair resolves as soon as one branch of the reader's union reads `writer`."""
    return isinstance(reader, Union) and not isinstance(writer, Union)


def compare(reader: Node, writer: Node) -> list[Step]:
    """Everything that must hold for `reader` to read `writer`; nothing to do or to blame means that it does.

    A reader union with a plain writer is a choice and not for this function.
    """
    match reader, writer:
        case _, Union():
            return [Part(reader, branch, (str(index),)) for index, branch in enumerate(writer.branches)]
        case Primitive(), Primitive():
            return [] if reader.name in readers_of(writer.name) else [faults.type_mismatch(reader, writer)]
        case Array(), Array():
            return _inner(reader.items, writer.items, "items", "[]")
        case Map(), Map():
            return _inner(reader.values, writer.values, "values", "{}")
        case Fixed(), Fixed():
            return [*_name_faults(reader, writer), *_size_faults(reader, writer)]
        case Enum(), Enum():
            return [*_name_faults(reader, writer), *_symbol_faults(reader, writer)]
        case Record(), Record():
            return [*_name_faults(reader, writer), *_fields(reader, writer)]
        case _:
            return [faults.type_mismatch(reader, writer)]


def matched_fields(reader: Record, writer: Record) -> dict[int, int]:
    """The index of the writer's field that each field of the reader takes; ambiguous ones are left out."""
    written = {field.name: index for index, field in enumerate(writer.fields)}
    matched: dict[int, int] = {}
    for index, field in enumerate(reader.fields):
        sources = _sources(field, written)
        if len(sources) == 1:
            matched[index] = written[sources[0]]
    return matched


def _sources(field: Field, written: Container[str]) -> list[str]:
    """The writer's fields that a field of the reader claims; its own name as an alias is odd, and still one claim."""
    return [name for name in dict.fromkeys((field.name, *field.aliases)) if name in written]


def _inner(reader: Node, writer: Node, token: str, step: str) -> list[Step]:
    return [] if _surely_reads(reader, writer) else [Part(reader, writer, (token,), step, step)]


def _surely_reads(reader: Node, writer: Node) -> bool:
    """The cheap and frequent cases, primitives and unions of them, told without a step of their own."""
    match reader, writer:
        case Primitive(), Primitive():
            return reader.name in readers_of(writer.name)
        case Union(), Primitive() if len(reader.branches) <= _FEW_BRANCHES:
            return any(_surely_reads(branch, writer) for branch in reader.branches)
        case _, Union() if len(writer.branches) <= _FEW_BRANCHES:
            return all(_surely_reads(reader, branch) for branch in writer.branches)
        case _:
            return False


def _name_faults(reader: Named, writer: Named) -> list[Fault]:
    return [] if names_match(reader, writer) else [faults.name_mismatch(reader, writer)]


def _size_faults(reader: Fixed, writer: Fixed) -> list[Fault]:
    return [] if reader.size == writer.size else [faults.size_mismatch(reader, writer)]


def _symbol_faults(reader: Enum, writer: Enum) -> list[Fault]:
    if reader.default is not None:
        return []
    known = set(reader.symbols)
    missing = [symbol for symbol in writer.symbols if symbol not in known]
    return [faults.missing_symbols(reader, writer, missing)] if missing else []


def _fields(reader: Record, writer: Record) -> Iterator[Step]:
    written = {field.name: index for index, field in enumerate(writer.fields)}
    read = {name for field in reader.fields for name in (field.name, *field.aliases)}
    unread = [field for field in writer.fields if field.name not in read]
    claimed: dict[str, int] = {}
    for index, field in enumerate(reader.fields):
        sources = _sources(field, written)
        if len(sources) > 1:
            yield faults.many_sources(reader, index, writer, sources)
            continue
        if not sources:
            if not field.has_default:
                yield faults.missing_default(reader, index, writer, unread)
            continue
        source = sources[0]
        if source in claimed:
            yield faults.claimed_twice(reader, claimed[source], index, writer, source)
        claimed.setdefault(source, index)
        writer_field = writer.fields[written[source]]
        if not _surely_reads(field.type, writer_field.type):
            yield Part(field.type, writer_field.type, ("fields", str(index), "type"), field.name, source)
