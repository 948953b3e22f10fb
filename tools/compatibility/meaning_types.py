"""What changes its meaning between two types that resolve: logical types, promotions, enum symbols.

Sources: Avro specification 1.12, sections "Logical Types" and "Schema Resolution", which resolves the bare types alone;
IEEE 754-2008 table 3.5 for the 24 and 53 bits of a float and a double.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from codegen.nodes import Enum, Fixed, LogicalType, Primitive
from codegen.reading.logical import logical_type
from codegen.resolving.rules import readers_of
from tools.compatibility.meaning_finding import Doubt, doubt_of, named_doubt
from tools.compatibility.rules import MeaningRule

_UNITS: Final = ("millis", "micros", "nanos")
_FLOAT_LIMIT: Final = "beyond 2^24 (16,777,216)"
_LOSSES: Final = {
    ("int", "float"): _FLOAT_LIMIT,
    ("long", "float"): _FLOAT_LIMIT,
    ("long", "double"): "beyond 2^53 (9,007,199,254,740,992)",
}
# By base type and logical type; anything else reaches its caller as it was written.
FASTAVRO_CONVERTS: Final = frozenset(
    {
        "bytes-decimal",
        "fixed-decimal",
        "int-date",
        "int-time-millis",
        "long-local-timestamp-micros",
        "long-local-timestamp-millis",
        "long-time-micros",
        "long-timestamp-micros",
        "long-timestamp-millis",
        "string-uuid",
    }
)
_SHOWN_SYMBOLS: Final = 10
_NEW_FIELD: Final = "put it into a new field, and let readers move from the old one"


def primitive_doubts(reader: Primitive, writer: Primitive) -> Iterator[Doubt]:
    """Of a pair that resolves; any other says nothing here."""
    if reader.name not in readers_of(writer.name):
        return
    yield from logical_doubts(reader, writer)
    loss = _LOSSES.get((writer.name, reader.name))
    if loss is not None:
        yield doubt_of(
            MeaningRule.LOSSY_PROMOTION,
            reader,
            writer,
            f"{_article(writer.name)} {loss} is read as a {reader.name} near it, not as itself",
            f"keep {writer.name}, or make sure that no value is as large",
        )
    if (writer.name, reader.name) == ("string", "bytes"):
        message = "text is read as the bytes of its UTF-8, so that a reader gets another type of value"
        yield doubt_of(MeaningRule.STRING_READ_AS_BYTES, reader, writer, message, f"keep string, or {_NEW_FIELD}")
    if (writer.name, reader.name) == ("bytes", "string"):
        message = (
            "bytes are read as UTF-8 text: fastavro fails on any that are none, and Avro Java puts U+FFFD into them"
        )
        yield doubt_of(MeaningRule.BYTES_READ_AS_STRING, reader, writer, message, f"keep bytes, or {_NEW_FIELD}")


def logical_doubts(reader: Primitive | Fixed, writer: Primitive | Fixed) -> Iterator[Doubt]:
    """What the logical types of two base types that resolve say differently."""
    read, written = _meant(reader), _meant(writer)
    if read == written:
        return
    if written is None and read is not None:
        message = f"what was written as a bare {_base(writer)} is read as {_shown(read)}"
        hint = f"make sure that every value that was written is a {read.name}, or {_NEW_FIELD}"
        yield doubt_of(MeaningRule.LOGICAL_TYPE_ADDED, reader, writer, message, hint)
    elif read is None and written is not None:
        message = f"{_shown(written)} was written and is read as a bare {_base(reader)}"
        hint = f'keep "logicalType": "{written.name}", or {_NEW_FIELD}'
        yield doubt_of(MeaningRule.LOGICAL_TYPE_DROPPED, reader, writer, message, hint)
    elif read is not None and written is not None:
        yield from _changed_logical(reader, writer, read, written)
    converted = [f"{_base(node)}-{node.logical.name}" for node in (reader, writer) if node.logical is not None]
    is_other = read is None or written is None or (read.name, read.scale) != (written.name, written.scale)
    if is_other and not FASTAVRO_CONVERTS.isdisjoint(converted):
        yield doubt_of(
            MeaningRule.FASTAVRO_LOGICAL_TYPE,
            reader,
            writer,
            "fastavro converts by the writer's logical type and ignores the reader's",
            "keep the logical type, or let no reader use fastavro's schema resolution here",
        )


def _changed_logical(
    reader: Primitive | Fixed, writer: Primitive | Fixed, read: LogicalType, written: LogicalType
) -> Iterator[Doubt]:
    if read.name != written.name:
        rule = (
            MeaningRule.TIME_UNIT_CHANGED if _only_unit(read.name, written.name) else MeaningRule.LOGICAL_TYPE_CHANGED
        )
        message = f"{written.name} was written and is read as {read.name}"
        if rule is MeaningRule.TIME_UNIT_CHANGED:
            message += ": the number stays, so that every time is another one"
        yield doubt_of(rule, reader, writer, message, f"keep {written.name}, or {_NEW_FIELD}")
        return
    if read.scale != written.scale:
        message = (
            f"the scale of the decimal was {written.scale} and is {read.scale}: "
            "the digits stay, so that every value is another one"
        )
        hint = f"keep the scale {written.scale}, or {_NEW_FIELD}"
        yield doubt_of(MeaningRule.DECIMAL_SCALE_CHANGED, reader, writer, message, hint)
    if read.precision != written.precision:
        message = f"the precision of the decimal was {written.precision} and is {read.precision} digits"
        hint = "make sure that every consumer can take the longer values"
        if (read.precision or 0) < (written.precision or 0):
            hint = f"keep {written.precision} digits: longer values were written, and a reader may refuse them"
        yield doubt_of(MeaningRule.DECIMAL_PRECISION_CHANGED, reader, writer, message, hint)


def _meant(node: Primitive | Fixed) -> LogicalType | None:
    """The logical type, or an unknown one that applications may know by its name; a wrong known one is ignored."""
    name = node.properties.get("logicalType")
    if node.logical is not None or not isinstance(name, str):
        return node.logical
    complaint = logical_type(node.properties, _base(node), node.size if isinstance(node, Fixed) else None)[1]
    return LogicalType(name) if complaint is None else None


def _article(name: str) -> str:
    return f"an {name}" if name == "int" else f"a {name}"


def _base(node: Primitive | Fixed) -> str:
    return "fixed" if isinstance(node, Fixed) else node.name


def _shown(logical: LogicalType) -> str:
    if logical.precision is None:
        return logical.name
    return f"decimal({logical.precision}, {logical.scale})"


def _only_unit(one: str, other: str) -> bool:
    """Whether two names differ in nothing but millis, micros and nanos."""
    (kind, _, unit), (other_kind, _, other_unit) = one.rpartition("-"), other.rpartition("-")
    return kind == other_kind and unit in _UNITS and other_unit in _UNITS


def enum_doubts(reader: Enum, writer: Enum) -> Iterator[Doubt]:
    """Symbols that the reader takes for its default, and a default that is another one now."""
    if reader.default is None:
        return
    known = set(reader.symbols)
    gone = [symbol for symbol in writer.symbols if symbol not in known]
    if gone:
        shown = ", ".join(gone[:_SHOWN_SYMBOLS]) + (
            f" and {len(gone) - _SHOWN_SYMBOLS} more" if len(gone) > _SHOWN_SYMBOLS else ""
        )
        message = f"records with {shown} are read as {reader.default}, the default of {reader.full_name}"
        hint = "keep the symbol in the reader's enum as long as records with it can be read"
        rule = MeaningRule.ENUM_SYMBOL_READ_AS_DEFAULT
        yield named_doubt(rule, reader, writer, "symbols", message, hint)
    if writer.default is not None and reader.default != writer.default:
        message = f"an unknown symbol was read as {writer.default} and is read as {reader.default}"
        hint = f"keep the default {writer.default}, or tell whoever counts on it"
        yield named_doubt(MeaningRule.DEFAULT_CHANGED, reader, writer, "default", message, hint)
