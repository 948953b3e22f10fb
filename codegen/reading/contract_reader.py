"""Reads `schemas/`: every file once, those that refer to others behind them, and all faults before any contract."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from codegen.contract import Contract, ContractFault, ContractVersion, InvalidContract, SchemaFile, SharedTypes
from codegen.faults import InvalidSchema
from codegen.nodes import Enum, Field, Fixed, Named, Primitive, Record, named_types, type_name
from codegen.reading.contract_settings import Settings, SettingsReader, line_of
from codegen.reading.json_source import JsonSyntaxError, Position, read_json_source
from codegen.reading.references import SHARED, References, UnreadFile
from codegen.schema import parse_schema

_VERSION_FILE: Final = re.compile(r"v([1-9][0-9]*)\.avsc")
_KEY_TYPES: Final = {"string", "int", "long"}
# What no two contracts may share, and the way out.
_CLASHES: Final = {
    "subject": 'in the newer one set subject_strategy = "TopicRecordName", so that both can share the topic',
    "path": "give each contract a path of its own",
}


class _Draft(NamedTuple):
    """A contract whose schemas are not read yet; without `settings` something is wrong with them."""

    folder: Path
    numbered: dict[int, Path]
    settings: Settings | None


class ContractReader:
    """Reads the contracts below one folder; what is wrong with them is in `faults` afterwards."""

    def __init__(self) -> None:
        self.faults: list[ContractFault] = []
        self._read: dict[Path, SchemaFile] = {}

    def fault(self, path: Path, reason: str, hint: str, position: Position | None = None, pointer: str = "") -> None:
        self.faults.append(ContractFault(path, position or Position(1, 1), pointer, reason, hint))

    def read(self, schemas_dir: Path) -> list[Contract]:
        """Every contract, by name. Raises InvalidContract with every fault of every file."""
        drafts = [draft for folder in self._folders(schemas_dir) if (draft := self._draft(folder)) is not None]
        files = [file for draft in drafts for file in self._files(draft)]
        self._read_schemas([*self._shared_files(schemas_dir / SHARED), *files])
        contracts = [contract for draft in drafts if (contract := self._contract(draft)) is not None]
        self._refuse_clashes(contracts)
        if self.faults:
            raise InvalidContract(tuple(self.faults))
        return contracts

    def _folders(self, schemas_dir: Path) -> list[Path]:
        if not schemas_dir.is_dir():
            self.fault(schemas_dir, "there is no such folder", "name the folder that holds your contracts' folders")
            raise InvalidContract(tuple(self.faults))
        entries = [entry for entry in sorted(schemas_dir.iterdir()) if not entry.name.startswith((".", "_"))]
        folders = [entry for entry in entries if entry.is_dir() and entry.name != SHARED]
        if not folders:
            hint = "add a folder with a v1.avsc, such as orders/v1.avsc"
            self.fault(schemas_dir, "there is no contract in here", hint)
        return folders

    def _draft(self, folder: Path) -> _Draft | None:
        if not _is_module_name(folder.name):
            self.fault(folder, f"{folder.name!r} is no Python name", "call the folder such as user_action")
            return None
        before = len(self.faults)
        numbered = self._numbered(folder)
        settings = self._settings(folder, tuple(numbered)) if len(self.faults) == before else None
        return _Draft(folder, numbered, settings)

    def _numbered(self, folder: Path) -> dict[int, Path]:
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
                hint = f"if v{number - 1}.avsc was published, put it back; else number the versions without a gap"
                self.fault(path, f"there is no v{number - 1}.avsc before it", hint)
        return dict(sorted(numbered.items()))

    def _settings(self, folder: Path, numbers: tuple[int, ...]) -> Settings | None:
        path = folder / "contract.toml"
        text = self._text(path) if path.exists() else ""
        if text is None:
            return None
        reader = SettingsReader(folder.name, numbers)
        settings = reader.read(text)
        for fault in reader.faults:
            self.fault(path, fault.reason, fault.hint, Position(fault.line, 1), f"/{fault.key}" if fault.key else "")
        return settings

    def _text(self, path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            self.fault(path, f"byte {error.start} is no UTF-8", "save the file as UTF-8")
            return None

    def _files(self, draft: _Draft) -> list[UnreadFile]:
        settings = draft.settings
        found = [
            self._file(path, draft.folder.name, number, {} if settings is None else settings.references_of(number))
            for number, path in draft.numbered.items()
        ]
        return [file for file in found if file is not None]

    def _shared_files(self, folder: Path) -> list[UnreadFile]:
        files: list[UnreadFile] = []
        for path in sorted(folder.glob("*.avsc")):
            if not _is_module_name(path.stem):
                self.fault(path, f"{path.stem!r} is no Python name", "call the file such as address.avsc")
            elif (file := self._file(path, None, 0, {})) is not None:
                files.append(file)
        return files

    def _file(self, path: Path, contract: str | None, number: int, pins: dict[str, int]) -> UnreadFile | None:
        text = self._text(path)
        if text is None:
            return None
        try:
            return UnreadFile(path, text, read_json_source(text), contract, number, pins)
        except JsonSyntaxError as error:
            self.fault(path, error.reason, "correct the JSON", error.position)
            return None

    def _read_schemas(self, files: Sequence[UnreadFile]) -> None:
        references = References(files)
        order = references.in_order()
        for fault in references.faults:
            position = fault.file.source.position(fault.pointer)
            self.fault(fault.file.path, fault.reason, fault.hint, position, fault.pointer)
        for file in order:
            self._read_schema(file, references)

    def _read_schema(self, file: UnreadFile, references: References) -> None:
        needed = references.needed(file)
        if any(provider.path not in self._read for provider in needed.values()):
            return  # what is wrong there is told there
        known = {name: self._read[provider.path].schema.types[name] for name, provider in needed.items()}
        origins: dict[str, SchemaFile] = {}
        for name, provider in needed.items():
            origin = self._read[provider.path]
            origins |= {node.full_name: origin.origins.get(node.full_name, origin) for node in named_types(known[name])}
        try:
            schema = parse_schema(file.source.value, known)
        except InvalidSchema as error:
            for fault in error.faults:
                position = file.source.position(fault.pointer)
                self.fault(file.path, fault.reason, fault.hint, position, fault.pointer)
            return
        if self._refuse_two_definitions(file, named_types(schema.root), origins):
            return
        if file.contract is None:
            self._read[file.path] = self._shared(file, SharedTypes(file.path, file.text, file.source, schema, origins))
        elif isinstance(schema.root, Record):
            version = ContractVersion(file.number, file.path, file.text, file.source, schema, origins)
            self._read[file.path] = version
        else:
            reason = f"the root of a contract is a record, not {type_name(schema.root)}"
            self.fault(file.path, reason, "wrap it in a record with one field")

    def _shared(self, file: UnreadFile, shared: SharedTypes) -> SharedTypes:
        if not isinstance(shared.schema.root, Fixed | Enum | Record):
            reason = f"the root of a shared file is a named type, not {type_name(shared.schema.root)}"
            self.fault(file.path, reason, "make it a record, an enum or a fixed")
        return shared

    def _refuse_two_definitions(self, file: UnreadFile, types: Sequence[Named], origins: dict[str, SchemaFile]) -> bool:
        """One schema has one type of a name, wherever its parts come from."""
        seen: dict[str, Named] = {}
        twice = [node for node in types if seen.setdefault(node.full_name, node) is not node]
        for node in twice:
            reason = f"the type {node.full_name!r} is defined here and in {origins[node.full_name].path.name} too"
            self.fault(file.path, reason, "refer to that one by its name, or choose another name")
        return bool(twice)

    def _contract(self, draft: _Draft) -> Contract | None:
        read = [self._read.get(path) for path in draft.numbered.values()]
        versions = tuple(version for version in read if isinstance(version, ContractVersion))
        settings = draft.settings
        if settings is None or len(versions) < len(draft.numbered):
            return None
        contract = Contract(
            name=draft.folder.name,
            folder=draft.folder,
            subject=settings.subject_of(versions[-1].record.full_name),
            topic=settings.topic,
            path=settings.path,
            key=settings.key,
            compatibility=settings.compatibility,
            owner=settings.owner,
            ingest=settings.ingest,
            writers=settings.writers,
            readers=settings.readers,
            versions=versions,
            rules=settings.rules,
            waivers=settings.waivers,
        )
        self._check_key(contract)
        return contract

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

    def _refuse_clashes(self, contracts: list[Contract]) -> None:
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


def _is_module_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)
