"""The packages around the generated modules: what a contract re-exports, and the catalogue of all contracts."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import PurePosixPath

from codegen.contract import Contract, ContractVersion
from codegen.render import MARKER
from codegen.rendering.definition_order import definition_order
from codegen.rendering.python_types import quote
from codegen.rendering.sorting import by_kind, sort_members
from codegen.rendering.source_width import statement
from codegen.rendering.type_names import type_names


def render_package(contract: Contract) -> str:
    """`__init__.py` of a contract: re-exports the latest version."""
    latest = contract.latest
    known = type_names(latest)
    names = [known.type(node) for node in definition_order(latest.record, latest.origins)]
    exported = sorted(names, key=by_kind)
    return "\n".join(
        [
            f'"""The contract {contract.name}; its latest version, {latest.number}, is re-exported.',
            "",
            f"{MARKER}; do not edit.",
            '"""',
            "",
            *statement(f"from .v{latest.number} import ", sort_members(names), "", "(", ")"),
            "",
            *statement("__all__ = ", [quote(name) for name in exported], "", "[", "]", always=True),
            "",
        ]
    )


def render_shared_package() -> str:
    """`__init__.py` of the shared types."""
    return f'"""Types that contracts share, one module for each file.\n\n{MARKER}; do not edit.\n"""\n'


def transcoder_path(contract: Contract, version: ContractVersion) -> PurePosixPath:
    """Where the transcoder of a version is, below the models' folder."""
    return PurePosixPath(contract.name, f"v{version.number}_transcoder.py")


def render_catalog(contracts: Iterable[Contract], transcoders: Container[PurePosixPath]) -> str:
    """`models/__init__.py`: what every `contract.toml` says, without loading a model."""
    lines = [
        '"""What the contracts say: all that runtime code needs to know of them. Models are loaded when asked for.',
        "",
        f"{MARKER}; do not edit.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        "from codegen.catalog import GeneratedContract",
        "",
        "CONTRACTS: Final[dict[str, GeneratedContract]] = {",
    ]
    for contract in sorted(contracts, key=lambda entry: entry.name):
        values: dict[str, object] = {
            "name": contract.name,
            "record": contract.latest.record.full_name,
            "subject": contract.subject,
            "topic": contract.topic,
            "path": contract.path,
            "key": contract.key,
            "compatibility": contract.compatibility,
            "owner": contract.owner,
            "ingest": contract.ingest,
            "writers": dict(contract.writers),
            "readers": dict(contract.readers),
            "versions": tuple(version.number for version in contract.versions),
            "transcoders": tuple(
                version.number for version in contract.versions if transcoder_path(contract, version) in transcoders
            ),
        }
        lines.append(f"    {quote(contract.name)}: GeneratedContract(")
        lines += [f"        {key}={_plain(value)}," for key, value in values.items()]
        lines.append("    ),")
    return "\n".join([*lines, "}", ""])


def _plain(value: object) -> str:
    match value:
        case str():
            return quote(value)
        case dict():
            return "{" + ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in value.items()) + "}"
        case _:
            return repr(value)
