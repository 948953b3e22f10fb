"""Contracts → the files of `codegen/models/`: refuse what is not made, render the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from codegen.contract import Contract, ContractFault, SchemaFile, SharedTypes
from codegen.reading.references import SHARED
from codegen.render import MARKER, render_shared, render_version
from codegen.rendering.packages import render_catalog, render_package, render_shared_package, transcoder_path
from codegen.rendering.transcoder import render_transcoder
from codegen.supported import unsupported


class UnsupportedContract(ValueError):
    """Legal schemas that codegen does not make. `faults` names every such place."""

    def __init__(self, faults: tuple[ContractFault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def generate(contracts: Sequence[Contract]) -> dict[PurePosixPath, str]:
    """The text of every generated file, by its path below the models' folder. Raises UnsupportedContract."""
    refuse_unsupported(contracts)
    transcoders = {path: text for contract in contracts for path, text in _transcoders(contract)}
    files = {PurePosixPath("__init__.py"): render_catalog(contracts, transcoders)}
    for contract in contracts:
        folder = PurePosixPath(contract.name)
        files[folder / "__init__.py"] = render_package(contract)
        for version in contract.versions:
            files[folder / f"v{version.number}.py"] = render_version(contract, version)
    shared = shared_types(contracts)
    if shared:
        files[PurePosixPath(SHARED, "__init__.py")] = render_shared_package()
    return (
        files | transcoders | {PurePosixPath(SHARED, f"{types.path.stem}.py"): render_shared(types) for types in shared}
    )


def _transcoders(contract: Contract) -> Iterator[tuple[PurePosixPath, str]]:
    """One for each version whose JSON can be taken to Avro without its model, where events come over HTTP at all."""
    for version in contract.versions if contract.ingest else ():
        text = render_transcoder(contract, version, MARKER)
        if text is not None:
            yield transcoder_path(contract, version), text


def schema_files(contracts: Sequence[Contract]) -> list[SchemaFile]:
    """Every file from which a module is made: the versions, and the shared types that some version uses."""
    versions = [version for contract in contracts for version in contract.versions]
    return [*versions, *shared_types(contracts)]


def shared_types(contracts: Sequence[Contract]) -> list[SharedTypes]:
    """The files of shared types that some version uses, by their paths."""
    versions = [version for contract in contracts for version in contract.versions]
    origins = [origin for version in versions for origin in version.origins.values()]
    found = {origin.path: origin for origin in origins if isinstance(origin, SharedTypes)}
    return [types for _, types in sorted(found.items())]


def refuse_unsupported(contracts: Sequence[Contract]) -> None:
    """Raises UnsupportedContract with every place of every file that codegen does not make."""
    faults = [
        ContractFault(file.path, file.source.position(fault.pointer), fault.pointer, fault.reason, fault.hint)
        for file in schema_files(contracts)
        for fault in unsupported(file)
    ]
    if faults:
        raise UnsupportedContract(tuple(faults))
