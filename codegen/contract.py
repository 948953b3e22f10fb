"""The only reader of `schemas/`: contracts, their versions and their pins.

A contract is a folder `schemas/<name>/` with `v1.avsc`, `v2.avsc` … and, where the defaults do not fit, a
`contract.toml`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from codegen.contract_rules import RuleSetting, Waiver
from codegen.contract_settings import Settings, SettingsReader, line_of
from codegen.faults import InvalidSchema
from codegen.json_source import JsonSource, JsonSyntaxError, Position, read_json_source
from codegen.nodes import Enum, Field, Json, Primitive, Record, type_name
from codegen.schema import Schema, parse_schema

_VERSION_FILE: Final = re.compile(r"v([1-9][0-9]*)\.avsc")
_KEY_TYPES: Final = {"string", "int", "long"}
# What no two contracts may share, and the way out.
_CLASHES: Final = {
    "subject": 'in the newer one set subject_strategy = "TopicRecordName", so that both can share the topic',
    "path": "give each contract a path of its own",
}


@dataclass(frozen=True, slots=True)
class ContractFault:
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


@dataclass(frozen=True, slots=True)
class ContractVersion:
    """One version: its number, its file as text, as JSON with positions, and as typed nodes."""

    number: int
    path: Path
    text: str
    source: JsonSource
    schema: Schema

    @property
    def json(self) -> Json:
        return self.source.value

    @property
    def record(self) -> Record:
        """The root; a contract's root is a record, which `read_contracts` has checked."""
        root = self.schema.root
        if not isinstance(root, Record):
            raise TypeError(f"the root of {self.path} is no record")
        return root


@dataclass(frozen=True, slots=True)
class Contract:
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
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()

    @property
    def latest(self) -> ContractVersion:
        return self.versions[-1]

    def version(self, number: int) -> ContractVersion | None:
        return next((version for version in self.versions if version.number == number), None)


def read_contracts(schemas_dir: Path) -> list[Contract]:
    """Every contract under `schemas_dir`, by name. Raises InvalidContract with every fault of every file."""
    reader = _Reader()
    if not schemas_dir.is_dir():
        reader.fault(schemas_dir, "there is no such folder", "name the folder that holds your contracts' folders")
        raise InvalidContract(tuple(reader.faults))
    folders = sorted(
        entry for entry in schemas_dir.iterdir() if entry.is_dir() and not entry.name.startswith((".", "_"))
    )
    if not folders:
        reader.fault(schemas_dir, "there is no contract in here", "add a folder with a v1.avsc, such as orders/v1.avsc")
    contracts = [contract for folder in folders if (contract := reader.contract(folder)) is not None]
    reader.refuse_clashes(contracts)
    if reader.faults:
        raise InvalidContract(tuple(reader.faults))
    return contracts


class _Reader:
    def __init__(self) -> None:
        self.faults: list[ContractFault] = []

    def fault(self, path: Path, reason: str, hint: str, position: Position | None = None, pointer: str = "") -> None:
        self.faults.append(ContractFault(path, position or Position(1, 1), pointer, reason, hint))

    def contract(self, folder: Path) -> Contract | None:
        if not folder.name.isidentifier() or keyword.iskeyword(folder.name):
            self.fault(folder, f"{folder.name!r} is no Python name", "call the folder such as user_action")
            return None
        versions = self._versions(folder)
        if not versions:
            return None
        settings = self._settings(folder, versions)
        if settings is None:
            return None
        contract = Contract(
            name=folder.name,
            folder=folder,
            subject=settings.subject_of(versions[-1].record.full_name),
            topic=settings.topic,
            path=settings.path,
            key=settings.key,
            compatibility=settings.compatibility,
            owner=settings.owner,
            ingest=settings.ingest,
            writers=settings.writers,
            readers=settings.readers,
            versions=tuple(versions),
            rules=settings.rules,
            waivers=settings.waivers,
        )
        self._check_key(contract)
        return contract

    def _versions(self, folder: Path) -> list[ContractVersion]:
        before = len(self.faults)
        numbered: dict[int, Path] = {}
        for path in sorted(folder.glob("*.avsc")):
            match = _VERSION_FILE.fullmatch(path.name)
            if match is None:
                self.fault(path, "a schema file is called v1.avsc, v2.avsc …", "rename it")
            else:
                numbered[int(match.group(1))] = path
        if not numbered and len(self.faults) == before:
            self.fault(folder, "the contract has no version", "add v1.avsc")
        for number, path in sorted(numbered.items()):
            if number > 1 and number - 1 not in numbered:
                self.fault(path, f"there is no v{number - 1}.avsc before it", "number the versions without a gap")
        versions = [self._version(number, path) for number, path in sorted(numbered.items())]
        found = [version for version in versions if version is not None]
        return found if len(self.faults) == before else []

    def _version(self, number: int, path: Path) -> ContractVersion | None:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            self.fault(path, f"byte {error.start} is no UTF-8", "save the file as UTF-8")
            return None
        try:
            source = read_json_source(text)
        except JsonSyntaxError as error:
            self.fault(path, error.reason, "correct the JSON", error.position)
            return None
        try:
            schema = parse_schema(source.value)
        except InvalidSchema as error:
            for fault in error.faults:
                self.fault(path, fault.reason, fault.hint, source.position(fault.pointer), fault.pointer)
            return None
        if not isinstance(schema.root, Record):
            what = type_name(schema.root)
            self.fault(path, f"the root of a contract is a record, not {what}", "wrap it in a record with one field")
            return None
        return ContractVersion(number, path, text, source, schema)

    def _settings(self, folder: Path, versions: list[ContractVersion]) -> Settings | None:
        path = folder / "contract.toml"
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
        except UnicodeDecodeError as error:
            self.fault(path, f"byte {error.start} is no UTF-8", "save the file as UTF-8")
            return None
        reader = SettingsReader(folder.name, tuple(version.number for version in versions))
        settings = reader.read(text)
        for fault in reader.faults:
            self.fault(path, fault.reason, fault.hint, Position(fault.line, 1), f"/{fault.key}" if fault.key else "")
        return settings

    def _check_key(self, contract: Contract) -> None:
        """The key must be there in every version, as a type that has one text form."""
        for version in contract.versions:
            if contract.key is None:
                return
            field = next((entry for entry in version.record.fields if entry.name == contract.key), None)
            where = contract.folder / "contract.toml"
            if field is None:
                reason = f"the key field {contract.key!r} is missing from {version.path.name}"
                self.fault(where, reason, "name a field that every version has", pointer="/key")
            elif not _can_be_key(field):
                reason = f"the key field {contract.key!r} is {type_name(field.type)} in {version.path.name}"
                self.fault(where, reason, "name a field of type string, enum, int or long", pointer="/key")

    def refuse_clashes(self, contracts: list[Contract]) -> None:
        """Contracts may share a topic, but neither a subject nor a path; each that has a part in it is named."""
        for what, hint in _CLASHES.items():
            owners: dict[str, list[Contract]] = {}
            for contract in contracts:
                if what == "subject" or contract.ingest:
                    owners.setdefault(getattr(contract, what), []).append(contract)
            for value, group in owners.items():
                for contract in group if len(group) > 1 else ():
                    others = ", ".join(other.name for other in group if other is not contract)
                    path = contract.folder / "contract.toml"
                    text = path.read_text(encoding="utf-8") if path.exists() else ""
                    line = line_of(text, what) or line_of(text, "topic") or 1
                    reason = f"the {what} {value!r} is also that of the contract {others}"
                    self.fault(path, reason, hint, Position(line, 1), f"/{what}")


def _can_be_key(field: Field) -> bool:
    return isinstance(field.type, Enum) or (isinstance(field.type, Primitive) and field.type.name in _KEY_TYPES)
