"""`python -m codegen`: read the contracts, render, prove, write. Exit 0 done, 1 drift (--check), 2 refused."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TextIO

from codegen.contract import Contract, ContractFault, InvalidContract, read_contracts
from codegen.faults import Stopped
from codegen.generate import UnsupportedContract, generate
from codegen.output import compare_output, write_output

DONE, DRIFT, REFUSED = 0, 1, 2


def run(argv: Sequence[str], out: TextIO, err: TextIO) -> int:
    """The whole step. Nothing is written unless every contract is read, made and proved."""
    options = _options(argv)
    try:
        contracts = read_contracts(options.schemas)
        files = generate(contracts)
        if options.check:
            return compare_output(options.out, files, out)
        notes = _prove(contracts, files)
        if options.explain:
            print("Where dataclasses-avroschema derives something else than the contract says, which holds:", file=out)
            print("\n".join(f"- {note}" for note in notes) or "- nowhere", file=out)
        return write_output(options.out, files, clean=options.clean, out=out)
    except (InvalidContract, UnsupportedContract) as error:
        for fault in error.faults:
            _print_fault(fault, err)
        print(f"error: {len(error.faults)} fault(s) in {options.schemas}; nothing was written", file=err)
    except Stopped as error:
        print(f"error: {error}; nothing was written", file=err)
    except OSError as error:
        print(f"error: {error.filename or options.out}: {error.strerror or error}", file=err)
    return REFUSED


def _prove(contracts: Sequence[Contract], files: Mapping[PurePosixPath, str]) -> list[str]:
    """What the proof has to tell; it needs the library and pydantic, which a check does without."""
    from codegen.proof import prove_all

    return list(prove_all(contracts, files))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m codegen", description="Contracts in schemas/ → typed models.")
    parser.add_argument("--schemas", type=Path, help="folder of the contracts; default that of the project around you")
    parser.add_argument("--out", type=Path, help="folder of the generated models; default that of the project")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 with a diff if anything differs")
    parser.add_argument("--explain", action="store_true", help="list the known differences that the proof has met")
    parser.add_argument("--clean", action="store_true", help="remove generated files that no contract makes any more")
    options = parser.parse_args(argv)
    if options.schemas is None or options.out is None:
        root = _project_around(Path.cwd())
        if root is None:
            parser.error(
                f"there is no project at or above {Path.cwd()}: go into your clone, or give --schemas and --out"
            )
        options.schemas = options.schemas or root / "schemas"
        options.out = options.out or root / "codegen" / "models"
    return options


def _project_around(start: Path) -> Path | None:
    """The nearest folder at or above `start` with contracts and this generator."""
    for folder in (start, *start.parents):
        if (folder / "schemas").is_dir() and (folder / "codegen" / "__main__.py").is_file():
            return folder
    return None


def _print_fault(fault: ContractFault, err: TextIO) -> None:
    """What, where (with the line itself) and what to do."""
    here = Path.cwd()
    path = fault.path.relative_to(here) if fault.path.is_relative_to(here) else fault.path
    place = f"{path}:{fault.position.line}:{fault.position.column}"
    print(f"{place}: {fault.reason}", file=err)
    if fault.path.is_file():
        lines = fault.path.read_text(encoding="utf-8", errors="replace").splitlines()
        if fault.position.line <= len(lines):
            print(f"    {lines[fault.position.line - 1].strip()}", file=err)
    if fault.pointer:
        print(f"    at {fault.pointer}", file=err)
    print(f"    {fault.hint}", file=err)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], sys.stdout, sys.stderr))
