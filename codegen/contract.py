"""The only reader of `schemas/`: contracts, their versions and their pins.

A contract is a folder `schemas/<name>/` with `v1.avsc`, `v2.avsc` … and, where the defaults do not fit, a
`contract.toml`. Types that several contracts use can stand in `schemas/shared/`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from codegen.nodes import Json, Record
from codegen.reading.contract_rules import RuleSetting, Waiver
from codegen.reading.json_source import JsonSource, Position
from codegen.reading.references import SHARED
from codegen.rendering.schema_json import schema_json
from codegen.schema import Schema


class ContractFault(NamedTuple):
    """One thing wrong in a contract's files. `position` counts lines and columns from 1; `pointer` is RFC 6901."""

    path: Path
    position: Position
    pointer: str
    reason: str
    hint: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.position.line}:{self.position.column}"
        at = f" at {self.pointer}" if self.pointer else ""
        return f"{where}: {self.reason}{at}; {self.hint}"


class InvalidContract(ValueError):
    """The contracts cannot be read. `faults` has every fault of every contract."""

    def __init__(self, faults: tuple[ContractFault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class SharedTypes(NamedTuple):
    """A file of `schemas/shared/`: types that any contract may refer to. A change is a new file, or new names."""

    path: Path
    text: str
    source: JsonSource
    schema: Schema
    origins: Mapping[str, SchemaFile] = MappingProxyType({})

    @property
    def module(self) -> str:
        """The module of its classes, below that of the models."""
        return f"{SHARED}.{self.path.stem}"


class ContractVersion(NamedTuple):
    """One version: its number, its file as text, as JSON with positions, and as typed nodes.

    `origins` has the file of each type that comes from elsewhere, by the type's full name.
    """

    number: int
    path: Path
    text: str
    source: JsonSource
    schema: Schema
    origins: Mapping[str, SchemaFile] = MappingProxyType({})

    @property
    def module(self) -> str:
        """The module of its classes, below that of the models."""
        return f"{self.path.parent.name}.v{self.number}"

    @property
    def json(self) -> Json:
        return self.source.value

    @property
    def whole_text(self) -> str:
        """The schema with all that it refers to: the file as it is, where it refers to nothing."""
        return whole_text(self)

    @property
    def record(self) -> Record:
        """The root; a contract's root is a record, which `read_contracts` has checked."""
        root = self.schema.root
        if not isinstance(root, Record):
            raise TypeError(f"the root of {self.path} is no record")
        return root


SchemaFile: TypeAlias = "ContractVersion | SharedTypes"


def whole_text(file: SchemaFile) -> str:
    """The schema of a file with all that it refers to, each type defined where it is used first."""
    if not file.origins:
        return file.text
    return json.dumps(schema_json(file.schema.root), indent=2, ensure_ascii=False) + "\n"


class Contract(NamedTuple):
    """What `contract.toml` says, with its defaults filled in, and the versions in ascending order."""

    name: str
    folder: Path
    subject: str
    topic: str
    path: str
    key: str | None
    compatibility: str
    owner: str | None
    ingest: bool
    writers: Mapping[str, int]
    readers: Mapping[str, int]
    versions: tuple[ContractVersion, ...]
    rules: Mapping[str, RuleSetting] = MappingProxyType({})
    waivers: tuple[Waiver, ...] = ()

    @property
    def latest(self) -> ContractVersion:
        return self.versions[-1]

    def version(self, number: int) -> ContractVersion | None:
        return next((version for version in self.versions if version.number == number), None)


def read_contracts(schemas_dir: Path) -> list[Contract]:
    """Every contract under `schemas_dir`, by name. Raises InvalidContract with every fault of every file."""
    from codegen.reading.contract_reader import ContractReader

    return ContractReader().read(schemas_dir)
