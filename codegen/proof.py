"""The proof: what dataclasses-avroschema derives from a generated model equals the contract.

Compared are types, names, defaults, docs, aliases, logical types, order and properties, one record at a time. A
difference is a value; one that `codegen.library_faults` explains is a note (`python -m codegen --explain`), any other
stops codegen.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from codegen.canonical import fingerprint
from codegen.contract import Contract, ContractVersion
from codegen.library_comparison import compare_record
from codegen.library_faults import Difference, explain
from codegen.nodes import Json, Record, simple_name
from codegen.python_names import TypeNames
from codegen.render import definition_order

if TYPE_CHECKING:
    from codegen.runtime import AvroModel


class Unproved(ValueError):
    """The library derives something else than the contract says, and no known fault of it explains why."""

    def __init__(self, version: ContractVersion, differences: tuple[Difference, ...]) -> None:
        lines = [f"{version.path}: {difference}" for difference in differences]
        super().__init__("\n".join(lines))
        self.differences = differences


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found: one sentence for each known fault of the library that shows in this model."""

    notes: tuple[str, ...]


def prove(contract: Contract, version: ContractVersion, source: str) -> Proof:
    """Run `source`, derive the schema of each record and compare. Raises Unproved with every unexplained difference."""
    module = load_module(source, f"codegen_proof_{contract.name}_v{version.number}")
    model = module["MODEL"]
    if fingerprint(version.record) != model.FINGERPRINT:
        raise Unproved(version, (Difference("", "fingerprint", fingerprint(version.record), model.FINGERPRINT),))
    if json.loads(model.AVSC) != version.json:
        raise Unproved(version, (Difference("", "schema that the model carries", "the contract", "another"),))
    differences = differences_of(version.record, module)
    unexplained = tuple(difference for difference in differences if explain(difference) is None)
    if unexplained:
        raise Unproved(version, unexplained)
    notes = [note for difference in differences if (note := explain(difference)) is not None]
    return Proof(tuple(dict.fromkeys(notes)))


def differences_of(root: Record, module: Mapping[str, Any]) -> list[Difference]:
    """What the library derives otherwise, for each record of a generated module; paths begin in the root."""
    from codegen.library_view import derive_record

    names = TypeNames(root)
    found: list[Difference] = []
    for node in definition_order(root):
        if isinstance(node, Record):
            name = names.type(node)
            derived = cast("dict[str, Json]", json.loads(json.dumps(derive_record(module[name], node))))
            within = "" if node is root else simple_name(node.full_name)
            found += [difference.within(within) for difference in compare_record(node, derived, name)]
    return found


def load_module(source: str, module_name: str) -> dict[str, Any]:
    """The names of a module that is only text yet."""
    module = ModuleType(module_name)
    # pydantic resolves a model's annotations through its module, so the module has to be known while it runs.
    sys.modules[module_name] = module
    try:
        exec(compile(source, f"<{module_name}>", "exec"), module.__dict__)  # noqa: S102 - our own rendered text
    finally:
        del sys.modules[module_name]
    return module.__dict__


def load_model(source: str, module_name: str) -> type[AvroModel]:
    """The root model of a module that is only text yet."""
    return cast("type[AvroModel]", load_module(source, module_name)["MODEL"])
