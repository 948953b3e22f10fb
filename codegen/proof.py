"""The proof: what dataclasses-avroschema derives from a generated model equals the contract.

Compared are types, names, defaults, docs, aliases, logical types, order and properties, one record at a time. A
difference is a value; one that `codegen.library_faults` explains is a note (`python -m codegen --explain`), any other
stops codegen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, cast

from codegen.canonical import fingerprint
from codegen.contract import Contract, SchemaFile, whole_text
from codegen.faults import Stopped
from codegen.generate import schema_files
from codegen.library_faults import Difference, explain
from codegen.nodes import Json, Record, simple_name
from codegen.proving.library_comparison import compare_record
from codegen.proving.memory_package import MemoryPackage
from codegen.rendering.definition_order import definition_order
from codegen.rendering.type_names import type_names


class Unproved(Stopped):
    """The library derives something else than the contract says, and no known fault of it explains why."""

    def __init__(self, file: SchemaFile, differences: tuple[Difference, ...]) -> None:
        lines = [f"{file.path}: {difference}" for difference in differences]
        super().__init__("\n".join(lines))
        self.differences = differences


def prove(file: SchemaFile, module: Mapping[str, Any]) -> tuple[str, ...]:
    """Compare a file with the names of its module; gives one sentence for each known fault of the library that shows.

    Raises Unproved with every unexplained difference.
    """
    differences = [*_carried(file, module), *derived_differences(file, module)]
    unexplained = tuple(difference for difference in differences if explain(difference) is None)
    if unexplained:
        raise Unproved(file, unexplained)
    return tuple(dict.fromkeys(note for difference in differences if (note := explain(difference)) is not None))


def _carried(file: SchemaFile, module: Mapping[str, Any]) -> list[Difference]:
    """What the model says of its schema without any library."""
    model = module.get("MODEL")
    if model is None:
        return []  # shared types without a record
    carried = json.loads(model.AVSC)
    own = json.loads(whole_text(file))
    found = [] if carried == own else [Difference("", "schema that the model carries", own, carried)]
    shown = getattr(model, "FINGERPRINT", None)
    if shown not in (None, fingerprint(file.schema.root)):
        found.append(Difference("", "fingerprint", fingerprint(file.schema.root), shown))
    return found


def derived_differences(file: SchemaFile, module: Mapping[str, Any]) -> list[Difference]:
    """What the library derives otherwise, for each record of a generated module; paths begin in the root."""
    from codegen.proving.library_view import derive_record

    names = type_names(file)
    root = file.schema.root
    found: list[Difference] = []
    for node in definition_order(root, file.origins):
        if isinstance(node, Record):
            name = names.type(node)
            derived = cast("dict[str, Json]", json.loads(json.dumps(derive_record(module[name], node))))
            within = "" if node is root else simple_name(node.full_name)
            found += [difference.within(within) for difference in compare_record(node, derived, name)]
    return found


def prove_all(contracts: Sequence[Contract], files: Mapping[PurePosixPath, str]) -> Iterator[str]:
    """Prove every module; what the library is known to get wrong in it is given as sentences. Raises Unproved."""
    with MemoryPackage(files, "codegen_proof") as package:
        for file in schema_files(contracts):
            for note in prove(file, package.module(file.module)):
                yield f"{file.module}: {note}"
