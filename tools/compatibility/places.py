"""In which file a finding is: a version may refer to types that stand in another one.

A pointer belongs to the file of the type that it was told of, so the way of the finding is walked again, type by type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from codegen.contract import ContractVersion, SchemaFile
from codegen.incompatibility import Incompatibility
from codegen.nodes import Array, Enum, Fixed, Json, Map, Named, Node, Record, Union
from codegen.resolving.rules import matched_fields
from codegen.schema import Schema, SchemaFault
from tools.compatibility.findings import Place, SchemaText, place_in
from tools.compatibility.meaning_finding import MeaningFinding

# What a pointer adds to that of a named type, as long as it leads to no other type.
_OWN: Final = r"/fields(/[0-9]+(/(?!type(/|$)).*)?)?|/(?!fields(/|$)|items(/|$)|values(/|$)|type(/|$)|[0-9]).*"
_Way: TypeAlias = Sequence[tuple[Node, Node]]


class WholeSchema(SchemaText, Protocol):
    """A schema with its types, and the files of those that come from elsewhere, by full name."""

    @property
    def schema(self) -> Schema: ...
    @property
    def origins(self) -> Mapping[str, SchemaFile]: ...


def whole_json(version: ContractVersion) -> Json:
    """The schema with all that it refers to, as parsed JSON: what a registry is given."""
    if not version.origins:
        return version.json
    whole: Json = json.loads(version.whole_text)
    return whole


def file_of(version: WholeSchema, named: Named) -> SchemaText:
    """The file in which this type of `version` is defined."""
    return version.origins.get(named.full_name, version)


def warnings_of(version: WholeSchema) -> Iterator[tuple[SchemaText, SchemaFault]]:
    """The warnings about a version's schema, each with the file that its pointer belongs to."""
    for warning in version.schema.warnings:
        origins = (origin for origin in version.origins.values() if warning in origin.schema.warnings)
        yield next(origins, version), warning


def places_of(found: Incompatibility | MeaningFinding, reader: WholeSchema, writer: WholeSchema) -> tuple[Place, Place]:
    """The places of a finding in the reader's and in the writer's file."""
    if not reader.origins and not writer.origins:
        return place_in(reader, found.reader_pointer), place_in(writer, found.writer_pointer)
    way = _walk(found.pointer, reader.schema.root, writer.schema.root)
    return (
        _place(reader, [read for read, _ in way], found.reader_pointer),
        _place(writer, [written for _, written in way], found.writer_pointer),
    )


def _walk(pointer: str, reader: Node, writer: Node) -> _Way:
    """The pairs of types on the way, the innermost last. Tokens are those of codegen.resolving.place."""
    # Here, because the usual version refers to nothing, and the command need not load it.
    from codegen.resolution import Resolver
    from tools.compatibility.meaning_branches import chosen_branch

    tokens = pointer.split("/")[1:]
    way: list[tuple[Node, Node]] = [(reader, writer)]
    resolver = Resolver()
    while True:
        match *way[-1], tokens:
            case read, Union() as written, [index, *tokens] if index.isdigit():
                way.append((read, written.branches[int(index)]))
            case Array() as read, Array() as written, ["items", *tokens]:
                way.append((read.items, written.items))
            case Map() as read, Map() as written, ["values", *tokens]:
                way.append((read.values, written.values))
            case Record() as read, Record() as written, ["fields", index, "type", *tokens]:
                source = matched_fields(read, written)[int(index)]
                way.append((read.fields[int(index)].type, written.fields[source].type))
            case Union() as read, written, _ if not isinstance(written, Union):
                branch = chosen_branch(read, written, resolver)
                if branch is None:
                    return way
                way.append((branch, written))
            case _:
                return way


def _place(version: WholeSchema, way: Sequence[Node], pointer: str) -> Place:
    """`way` leads to the type that `pointer` was told of, or to one around it."""
    files: list[SchemaText] = []
    for node in way:
        files.append(file_of(version, node) if isinstance(node, Fixed | Enum | Record) else files[-1])
    for node, file in zip(reversed(way), reversed(files), strict=True):
        if _has(node, pointer):
            return place_in(file, pointer)
        for branch in node.branches if isinstance(node, Union) else ():
            if isinstance(branch, Fixed | Enum | Record) and _has(branch, pointer):
                return place_in(file_of(version, branch), pointer)
    # The nearest thing in the version's own file that leads there.
    near = [node.pointer for node, file in zip(way, files, strict=True) if file is version]
    return place_in(version, near[-1] if near else pointer)


def _has(node: Node, pointer: str) -> bool:
    """Whether `pointer` is that of the type itself, or of something that stands in it and is no type."""
    if pointer == node.pointer:
        return True
    named = isinstance(node, Fixed | Enum | Record)
    return named and pointer.startswith(node.pointer) and re.fullmatch(_OWN, pointer[len(node.pointer) :]) is not None
