"""What changes its meaning between the fields of two records that match: defaults, names, docs, tags, order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from codegen.incompatibility import field_fragment
from codegen.nodes import Array, Field, Fixed, Json, Map, Named, Node, Primitive, Record, Union, type_name
from codegen.reading.defaults import matching_branch
from codegen.resolution import Resolver
from codegen.resolving.rules import matched_fields
from tools.compatibility.meaning_finding import Doubt, named_doubt
from tools.compatibility.rules import DEPRECATED, MeaningRule

TAGS: Final = "confluent:tags"
_GUESSED_FIELDS: Final = 20  # among more, a guess at what was renamed helps nobody
_MAX_SHOWN: Final = 60


class _Fields(NamedTuple):
    """A field of the reader and the field of the writer that it takes."""

    reader: Record
    reader_index: int
    writer: Record
    writer_index: int

    @property
    def read(self) -> Field:
        return self.reader.fields[self.reader_index]

    @property
    def written(self) -> Field:
        return self.writer.fields[self.writer_index]

    def doubt(self, rule: MeaningRule, message: str, hint: str, read_key: str = "", written_key: str = "") -> Doubt:
        return Doubt(
            rule,
            f"{self.reader.pointer}/fields/{self.reader_index}{read_key}",
            f"{self.writer.pointer}/fields/{self.writer_index}{written_key}",
            field_fragment(self.read),
            field_fragment(self.written),
            message,
            hint,
            ("fields", str(self.reader_index)),
            self.read.name,
            self.written.name,
        )


def record_doubts(reader: Record, writer: Record, resolver: Resolver, today: date) -> Iterator[Doubt]:
    """Of two records whose names match; what lies inside the types of their fields is not looked at."""
    matched = matched_fields(reader, writer)
    for reader_index, writer_index in matched.items():
        fields = _Fields(reader, reader_index, writer, writer_index)
        yield from _deprecation(fields, today)
        read, written = fields.read, fields.written
        if read.has_default and written.has_default and _differ(read.default, written.default):
            yield fields.doubt(
                MeaningRule.DEFAULT_CHANGED,
                f"the default was {_shown(written.default)} and is {_shown(read.default)}",
                "keep the default: records from before the field are read with the new one from now on",
                "/default",
                "/default",
            )
        if written.doc and not read.doc:
            hint = "say again what the field means"
            yield fields.doubt(MeaningRule.DOC_DROPPED, "the doc of the field is gone", hint, "", "/doc")
        yield from _lost_tags(fields)
    yield from _order(reader, writer, matched)
    added = [index for index in range(len(reader.fields)) if index not in matched]
    yield from _renames(reader, added, writer, resolver)
    for index in added:
        yield from _raw_default(reader, index, writer)


def named_doubts(reader: Named, writer: Named) -> Iterator[Doubt]:
    """Docs and tags of two types whose names match."""
    if writer.doc and not reader.doc:
        message = f"the doc of {reader.full_name} is gone"
        yield named_doubt(MeaningRule.DOC_DROPPED, reader, writer, "doc", message, "say again what it means")
    lost = _tags(writer.properties.get(TAGS)) - _tags(reader.properties.get(TAGS))
    if lost:
        message, hint = _lost_message(lost, reader.full_name)
        yield named_doubt(MeaningRule.TAG_DROPPED, reader, writer, "confluent:tags", message, hint)


def _differ(one: object, other: object) -> bool:
    """1 and 1.0 are one default; True, which Python takes for 1, is another."""
    return one != other or isinstance(one, bool) is not isinstance(other, bool)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _lost_tags(fields: _Fields) -> Iterator[Doubt]:
    before = _field_tags(fields.written)
    lost = before - _field_tags(fields.read) if before else before
    if lost:
        message, hint = _lost_message(lost, f"the field {fields.read.name!r}")
        yield fields.doubt(MeaningRule.TAG_DROPPED, message, hint)


def _lost_message(lost: set[str], owner: str) -> tuple[str, str]:
    names = ", ".join(sorted(lost))
    message = f"{owner} has lost the tag {names}: what is masked by its tag is printed from now on"
    return message, f'keep "{TAGS}", unless nobody needs protection any more'


def _field_tags(field: Field) -> set[str]:
    """Of the field, and of a type without a name that stands in it."""
    found = _tags(field.properties.get(TAGS)) if field.properties else set()
    for node in field.type.branches if isinstance(field.type, Union) else (field.type,):
        if isinstance(node, Primitive | Array | Map) and node.properties:
            found |= _tags(node.properties.get(TAGS))
    return found


def _tags(value: Json) -> set[str]:
    return {tag for tag in value if isinstance(tag, str)} if isinstance(value, list) else set()


def _deprecation(fields: _Fields, today: date) -> Iterator[Doubt]:
    is_readers = DEPRECATED in fields.read.properties
    if not is_readers and DEPRECATED not in fields.written.properties:
        return
    # What few schemas need is loaded by those alone.
    from tools.compatibility.deprecation import MalformedDeprecation, read_deprecation

    found = read_deprecation((fields.read if is_readers else fields.written).properties)
    if found is None:
        return
    keys = (f"/{DEPRECATED}", "") if is_readers else ("", f"/{DEPRECATED}")
    name = fields.read.name
    if isinstance(found, MalformedDeprecation):
        yield fields.doubt(MeaningRule.DEPRECATION_MALFORMED, f"{found.reason} ({name!r})", found.hint, *keys)
        return
    over = found.is_over(today)
    rule = MeaningRule.DEPRECATED_FIELD_PAST_SUNSET if over else MeaningRule.DEPRECATED_FIELD_USED
    yield fields.doubt(rule, f"the field {name!r} is in use and {found}", found.advice, *keys)


def _order(reader: Record, writer: Record, matched: dict[int, int]) -> Iterator[Doubt]:
    """Records sort by their fields in order (specification 1.12, section "Sort Order"); told where one says `order`."""
    if all(field.order is None for field in (*reader.fields, *writer.fields)):
        return
    now = [(index, field.order or "ascending") for index, field in enumerate(reader.fields) if index in matched]
    back = {writer_index: reader_index for reader_index, writer_index in matched.items()}
    before = [(back[index], field.order or "ascending") for index, field in enumerate(writer.fields) if index in back]
    if [entry for entry in now if entry[1] != "ignore"] != [entry for entry in before if entry[1] != "ignore"]:
        message = f"records of {reader.full_name} sort differently now"
        hint = 'keep the fields in their order, and their "order", or sort again whatever was sorted by it'
        yield named_doubt(MeaningRule.FIELD_ORDER_CHANGED, reader, writer, "fields", message, hint)


def _renames(reader: Record, added: list[int], writer: Record, resolver: Resolver) -> Iterator[Doubt]:
    known = {name for field in reader.fields for name in (field.name, *field.aliases)}
    gone = [index for index, field in enumerate(writer.fields) if field.name not in known]
    if not added or not gone or len(added) > _GUESSED_FIELDS or len(gone) > _GUESSED_FIELDS:
        return
    from tools.compatibility.likeness import ALIKE, fields_likeness

    pairs = (_Fields(reader, reader_index, writer, index) for reader_index in added for index in gone)
    rated = [(fields_likeness(fields.read, fields.written), fields) for fields in pairs]
    taken: set[tuple[str, int]] = set()
    for likeness, fields in sorted(rated, key=lambda entry: -entry[0]):
        ends = {("read", fields.reader_index), ("written", fields.writer_index)}
        if likeness < ALIKE or ends & taken or not resolver.can_read(fields.read.type, fields.written.type):
            continue
        taken |= ends
        old, new = fields.written.name, fields.read.name
        yield fields.doubt(
            MeaningRule.PROBABLE_RENAME,
            f"{old!r} is gone and {new!r} is new: if it is the same field, its old values are lost to the reader",
            f'add "aliases": ["{old}"] to the field {new!r}',
        )


def _raw_default(reader: Record, index: int, writer: Record) -> Iterator[Doubt]:
    field = reader.fields[index]
    if field.default is None or not field.has_default or not _is_raw(field.type, field.default):  # type: ignore[arg-type]
        return
    yield Doubt(
        MeaningRule.FASTAVRO_RAW_DEFAULT,
        f"{reader.pointer}/fields/{index}/default",
        f"{writer.pointer}/fields",
        field_fragment(field),
        None,
        f"fastavro gives the default {_shown(field.default)} as it stands in the JSON, not as the {_kind(field.type)}",
        "let readers that use fastavro convert the default themselves",
        ("fields", str(index)),
        field.name,
    )


def _is_raw(node: Node, value: Json) -> bool:
    """Whether a default holds bytes, or something that a logical type makes another value of."""
    match node:
        case Primitive():
            return node.name == "bytes" or node.logical is not None
        case Fixed():
            return True
        case Array():
            return isinstance(value, list) and any(_is_raw(node.items, item) for item in value)
        case Map():
            return isinstance(value, dict) and any(_is_raw(node.values, item) for item in value.values())
        case Record():
            given = value if isinstance(value, dict) else {}
            return any(_is_raw(field.type, given[field.name]) for field in node.fields if field.name in given)
        case Union():
            branch = matching_branch(node, value)
            return branch is not None and _is_raw(node.branches[branch], value)
        case _:
            return False


def _kind(node: Node) -> str:
    logical = node.logical if isinstance(node, Primitive | Fixed) else None
    return type_name(node) if logical is None else logical.name
