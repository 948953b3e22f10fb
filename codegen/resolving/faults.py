"""The wording of each incompatibility: what is wrong between two definitions, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from codegen.incompatibility import IncompatibilityType, abridged, describe, field_fragment, fragment
from codegen.nodes import Enum, Field, Fixed, Json, Named, Node, Primitive, Record, Union, branch_name, type_name

_SHOWN_SYMBOLS: Final = 10
_GUESSED_FIELDS: Final = 20  # among more, a guess at what was renamed helps nobody
_PROMOTIONS: Final = {
    "int": "int, long, float or double",
    "long": "long, float or double",
    "float": "float or double",
    "string": "string or bytes",
    "bytes": "bytes or string",
}


class Fault(NamedTuple):
    """An incompatibility that does not know yet where it is: `tokens` and steps count from the pair of definitions."""

    type: IncompatibilityType
    reader_pointer: str
    writer_pointer: str
    reader_fragment: Json
    writer_fragment: Json
    message: str
    hint: str
    tokens: tuple[str, ...] = ()
    reader_step: str = ""


def type_mismatch(reader: Node, writer: Node) -> Fault:
    message = f"the reader's {describe(reader)} cannot read the writer's {describe(writer)}"
    if isinstance(writer, Primitive) and writer.name == "null":
        hint = f'let the reader take null too: ["null", "{branch_name(reader)}"]'
    elif isinstance(writer, Primitive):
        hint = f"read it as {_PROMOTIONS.get(writer.name, writer.name)}, or add a new field that has a default"
    else:
        hint = f"keep the {type_name(writer)}, or add a new field that has a default"
    return _fault(IncompatibilityType.TYPE_MISMATCH, reader, writer, message, hint)


def name_mismatch(reader: Named, writer: Named) -> Fault:
    kind = type_name(reader)
    return Fault(
        IncompatibilityType.NAME_MISMATCH,
        _named_pointer(reader, "name"),
        _named_pointer(writer, "name"),
        reader.full_name,
        writer.full_name,
        f"the {kind} is {reader.full_name} for the reader and {writer.full_name} for the writer",
        f'keep the name, or add "{writer.full_name}" to the aliases of the reader\'s {reader.full_name}',
        ("name",),
    )


def size_mismatch(reader: Fixed, writer: Fixed) -> Fault:
    return Fault(
        IncompatibilityType.FIXED_SIZE_MISMATCH,
        _named_pointer(reader, "size"),
        _named_pointer(writer, "size"),
        reader.size,
        writer.size,
        f"the fixed {reader.full_name} has {reader.size} bytes for the reader and {writer.size} for the writer",
        f"keep {writer.size} bytes, or put the new size into a new field with a fixed of another name",
        ("size",),
    )


def missing_symbols(reader: Enum, writer: Enum, missing: Sequence[str]) -> Fault:
    shown = ", ".join(missing[:_SHOWN_SYMBOLS])
    if len(missing) > _SHOWN_SYMBOLS:
        shown += f" and {len(missing) - _SHOWN_SYMBOLS} more"
    return Fault(
        IncompatibilityType.MISSING_ENUM_SYMBOLS,
        _named_pointer(reader, "symbols"),
        f"{_named_pointer(writer, 'symbols')}/{writer.symbols.index(missing[0])}",
        abridged(reader.symbols, str),
        abridged(missing, str),
        f"the reader's enum {reader.full_name} lacks what the writer may write: {shown}",
        "add the symbols to the reader's enum, or give that enum (not the field) a default",
        ("symbols",),
    )


def missing_default(reader: Record, index: int, writer: Record, unread: Sequence[Field]) -> Fault:
    """`unread` are the fields of the writer that no field of the reader takes."""
    field = reader.fields[index]
    return Fault(
        IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE,
        f"{reader.pointer}/fields/{index}",
        f"{writer.pointer}/fields",
        field_fragment(field),
        None,
        f"the writer's record {writer.full_name} has no field {field.name!r}, and the reader's has no default",
        _missing_default_hint(field, unread),
        ("fields", str(index)),
        field.name,
    )


def _missing_default_hint(field: Field, unread: Sequence[Field]) -> str:
    nullable = isinstance(field.type, Union) and any(type_name(branch) == "null" for branch in field.type.branches)
    hint = 'add "default": null (null first in its union)' if nullable else f"give the field {field.name!r} a default"
    if len(unread) > _GUESSED_FIELDS:
        return hint
    wanted = fragment(field.type)
    renamed = [other.name for other in unread if fragment(other.type) == wanted]
    if len(renamed) == 1:
        hint += f'; if it is the writer\'s {renamed[0]!r} renamed, add "aliases": ["{renamed[0]}"]'
    return hint


def many_sources(reader: Record, index: int, writer: Record, sources: Sequence[str]) -> Fault:
    field = reader.fields[index]
    names = " and ".join(repr(name) for name in sources)
    return _ambiguous(
        reader,
        index,
        writer,
        f"the reader's field {field.name!r} matches {len(sources)} fields of the writer's {writer.full_name}: {names}",
        "remove the alias that does not mean this field",
        sources,
    )


def claimed_twice(reader: Record, first: int, second: int, writer: Record, source: str) -> Fault:
    one, other = reader.fields[first], reader.fields[second]
    # The field that has the name has the better claim: the other one is told.
    index = first if other.name == source else second
    return _ambiguous(
        reader,
        index,
        writer,
        f"the reader's fields {one.name!r} and {other.name!r} both take the writer's field {source!r}",
        f"remove the alias {source!r} from {reader.fields[index].name!r}",
        [source],
    )


def _ambiguous(reader: Record, index: int, writer: Record, message: str, hint: str, sources: Sequence[str]) -> Fault:
    field = reader.fields[index]
    source = next(position for position, other in enumerate(writer.fields) if other.name in sources)
    return Fault(
        IncompatibilityType.AMBIGUOUS_ALIAS,
        f"{reader.pointer}/fields/{index}/aliases",
        f"{writer.pointer}/fields/{source}",
        field_fragment(field),
        field_fragment(writer.fields[source]),
        message,
        hint,
        ("fields", str(index)),
        field.name,
    )


def missing_branch(reader: Union, writer: Node, nearest: Node | None) -> Fault:
    message = f"no branch of the reader's {describe(reader)} can read the writer's {describe(writer)}"
    if nearest is not None and type_name(nearest) == type_name(writer):
        message += f"; nearest is {branch_name(nearest)}"
        hint = f"mend what keeps {branch_name(nearest)} from reading it"
    else:
        hint = f"add {branch_name(writer)} to the reader's union"
    return _fault(IncompatibilityType.MISSING_UNION_BRANCH, reader, writer, message, hint)


def _fault(kind: IncompatibilityType, reader: Node, writer: Node, message: str, hint: str) -> Fault:
    return Fault(kind, reader.pointer, writer.pointer, fragment(reader), fragment(writer), message, hint)


def _named_pointer(node: Named, attribute: str) -> str:
    return f"{node.pointer}/{attribute}"
