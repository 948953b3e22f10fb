"""Contracts → the files of `codegen/models/`: refuse what is not made, render the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from codegen.contract import Contract, ContractFault
from codegen.proof import prove
from codegen.render import render_catalog, render_package, render_version
from codegen.supported import unsupported


class UnsupportedContract(ValueError):
    """Legal schemas that codegen does not make. `faults` names every such place."""

    def __init__(self, faults: tuple[ContractFault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def generate(contracts: Sequence[Contract]) -> dict[PurePosixPath, str]:
    """The text of every generated file, by its path below the models' folder. Raises UnsupportedContract."""
    refuse_unsupported(contracts)
    files = {PurePosixPath("__init__.py"): render_catalog(contracts)}
    for contract in contracts:
        folder = PurePosixPath(contract.name)
        files[folder / "__init__.py"] = render_package(contract)
        for version in contract.versions:
            files[folder / f"v{version.number}.py"] = render_version(contract, version)
    return files


def prove_all(contracts: Sequence[Contract], files: Mapping[PurePosixPath, str]) -> Iterator[str]:
    """Prove every version; what the library is known to get wrong in it is given as sentences. Raises Unproved."""
    for contract in contracts:
        for version in contract.versions:
            path = PurePosixPath(contract.name) / f"v{version.number}.py"
            for note in prove(contract, version, files[path]).notes:
                yield f"{contract.name} v{version.number}: {note}"


def refuse_unsupported(contracts: Sequence[Contract]) -> None:
    """Raises UnsupportedContract with every place of every version that codegen does not make."""
    faults = [
        ContractFault(version.path, version.source.position(fault.pointer), fault.pointer, fault.reason, fault.hint)
        for contract in contracts
        for version in contract.versions
        for fault in unsupported(version.record)
    ]
    if faults:
        raise UnsupportedContract(tuple(faults))
