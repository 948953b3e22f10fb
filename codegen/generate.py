"""Contracts → the files of `codegen/models/`: refuse what is not made yet, render, prove, render with the notes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from codegen.contract import Contract, ContractFault, ContractVersion
from codegen.proof import prove
from codegen.render import render_catalog, render_package, render_version
from codegen.supported import unsupported


class UnsupportedContract(ValueError):
    """Legal schemas that codegen does not make. `faults` names every such place."""

    def __init__(self, faults: tuple[ContractFault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def generate(contracts: Sequence[Contract]) -> dict[PurePosixPath, str]:
    """The text of every generated file, by its path below the models' folder.

    Raises UnsupportedContract, or codegen.proof.Unproved.
    """
    refuse_unsupported(contracts)
    files = {PurePosixPath("__init__.py"): render_catalog(contracts)}
    for contract in contracts:
        folder = PurePosixPath(contract.name)
        files[folder / "__init__.py"] = render_package(contract)
        for version in contract.versions:
            files[folder / f"v{version.number}.py"] = generate_version(contract, version)
    return files


def generate_version(contract: Contract, version: ContractVersion) -> str:
    """One version, proved; what the library is known to get wrong in it is said in its docstring."""
    source = render_version(contract, version)
    proof = prove(contract, version, source)
    return render_version(contract, version, proof.notes) if proof.notes else source


def refuse_unsupported(contracts: Sequence[Contract]) -> None:
    """Raises UnsupportedContract with every place of every version that codegen does not make."""
    # `dir` leaves out what is annotated alone, such as VERSION.
    faults = [
        ContractFault(version.path, version.source.position(fault.pointer), fault.pointer, fault.reason, fault.hint)
        for contract in contracts
        for version in contract.versions
        for fault in unsupported(version.record, version.json)
    ]
    if faults:
        raise UnsupportedContract(tuple(faults))
