"""Which contract, version or schema file the user means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from codegen.contract import Contract, ContractVersion, InvalidContract, SchemaFile, read_contracts
from codegen.faults import InvalidSchema
from codegen.reading.json_source import JsonSource, JsonSyntaxError, Position, read_json_source
from codegen.schema import Schema, parse_schema
from tools.compatibility.findings import relative_path
from tools.compatibility.gate import choose_contracts
from tools.errors import UserError

_VERSION_OF_CONTRACT: Final = re.compile(r"([^/@]+)@v?([0-9]+)")


class UnreadableSchema(UserError):
    """What the user named is no legal schema, or no contract that can be read."""


class UnknownVersion(UserError):
    """The contract has no such version."""


@dataclass(frozen=True, slots=True)
class ChosenSchema:
    """A schema that stands in a file. `name` is what the user called it."""

    name: str
    path: Path
    text: str
    source: JsonSource
    schema: Schema
    origins: Mapping[str, SchemaFile] = field(default_factory=dict)


def find_contract(root: Path, name: str) -> Contract:
    """The contract of this name in the project at `root`. Raises UserError."""
    try:
        contracts = read_contracts(root / "schemas")
    except InvalidContract as error:
        faults = "\n".join(
            f"  {_address(fault.path, fault.position, root)}: {fault.reason}; {fault.hint}" for fault in error.faults
        )
        raise UnreadableSchema(f"the contracts cannot be read:\n{faults}") from None
    return choose_contracts(contracts, [name])[0]


def find_version(contract: Contract, number: int) -> ContractVersion:
    """This version of `contract`. Raises UnknownVersion."""
    version = contract.version(number)
    if version is None:
        known = ", ".join(str(version.number) for version in contract.versions)
        raise UnknownVersion(f"the contract {contract.name} has no version {number}; its versions are {known}")
    return version


def find_schema(root: Path, called: str) -> ChosenSchema:
    """The schema that `called` means: a file, or CONTRACT@N of the project at `root`. Raises UserError."""
    path = Path(called)
    match = _VERSION_OF_CONTRACT.fullmatch(called)
    if match is not None and not path.is_file():
        version = find_version(find_contract(root, match.group(1)), int(match.group(2)))
        return ChosenSchema(called, version.path, version.text, version.source, version.schema, version.origins)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UnreadableSchema(f"{called} cannot be read ({why}): name a schema file, or CONTRACT@N") from None
    except UnicodeDecodeError as error:
        raise UnreadableSchema(f"{called}: byte {error.start} is no UTF-8; save the file as UTF-8") from None
    return _parse(called, path, text)


def _parse(called: str, path: Path, text: str) -> ChosenSchema:
    try:
        source = read_json_source(text)
        return ChosenSchema(called, path, text, source, parse_schema(source.value))
    except JsonSyntaxError as error:
        place = f"{called}:{error.position.line}:{error.position.column}"
        raise UnreadableSchema(f"{place}: {error.reason}; correct the JSON") from None
    except InvalidSchema as error:
        faults = [
            f"{_address(path, source.position(fault.pointer), Path())}: {fault.reason}; {fault.hint}"
            for fault in error.faults
        ]
        head = f"{called} is no legal schema:\n  " if len(faults) > 1 else ""
        raise UnreadableSchema(head + "\n  ".join(faults)) from None


def _address(path: Path, position: Position, root: Path) -> str:
    return f"{relative_path(path, root)}:{position.line}:{position.column}"
