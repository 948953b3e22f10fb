"""The proof: what dataclasses-avroschema derives from a generated model equals the contract.

Compared are types, names, defaults, docs, aliases, logical types, order and properties. A difference is a value; one
that `codegen.library_faults` explains is noted in the model's docstring, any other stops codegen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, cast

from codegen.attributes import attribute_names
from codegen.canonical import fingerprint
from codegen.contract import Contract, ContractVersion
from codegen.default_differences import default_differences
from codegen.faults import InvalidSchema
from codegen.library_faults import FIXED_DOC, LEFT_OUT, RENAMED, Difference, explain, leaves_out_default
from codegen.library_fixed import name_fixed
from codegen.nodes import MISSING, Array, Enum, Field, Fixed, Json, Map, Node, Primitive, Record, Union, type_name
from codegen.schema import parse_schema

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
    """Run `source`, derive the schema from its model and compare. Raises Unproved with every unexplained difference."""
    model = load_model(source, f"codegen_proof_{contract.name}_v{version.number}")
    if fingerprint(version.record) != model.FINGERPRINT:
        raise Unproved(version, (Difference("", "fingerprint", fingerprint(version.record), model.FINGERPRINT),))
    differences = compare(version.schema.root, cast("Json", model.derived_schema()))
    unexplained = tuple(difference for difference in differences if explain(difference) is None)
    if unexplained:
        raise Unproved(version, unexplained)
    notes = [note for difference in differences if (note := explain(difference)) is not None]
    return Proof(tuple(dict.fromkeys(notes)))


def load_model(source: str, module_name: str) -> type[AvroModel]:
    """The model of a module that is only text yet."""
    module = ModuleType(module_name)
    # pydantic resolves a model's annotations through its module, so the module has to be known while it runs.
    sys.modules[module_name] = module
    try:
        exec(compile(source, f"<{module_name}>", "exec"), module.__dict__)  # noqa: S102 - our own rendered text
    finally:
        del sys.modules[module_name]
    return cast("type[AvroModel]", module.__dict__["MODEL"])


def compare(contract: Node, derived: Json) -> list[Difference]:
    """Every difference between a contract's schema and what the library derived (as JSON)."""
    named, differences = name_fixed(contract, derived)
    try:
        other = parse_schema(named).root
    except InvalidSchema as error:
        return [Difference("", "validity", "a legal schema", str(error))]
    return [*differences, *_Comparison().nodes(contract, other, "")]


class _Comparison:
    def __init__(self) -> None:
        self.seen: set[tuple[int, int]] = set()

    def nodes(self, ours: Node, theirs: Node, path: str) -> Iterator[Difference]:
        if (id(ours), id(theirs)) in self.seen:
            return
        self.seen.add((id(ours), id(theirs)))
        if type(ours) is not type(theirs) or type_name(ours) != type_name(theirs):
            yield Difference(path, "type", type_name(ours), type_name(theirs))
            return
        yield from _attributes(ours, theirs, path)
        match ours, theirs:
            case Array(), Array():
                yield from self.nodes(ours.items, theirs.items, f"{path}.items")
            case Map(), Map():
                yield from self.nodes(ours.values, theirs.values, f"{path}.values")
            case Union(), Union():
                yield from self._unions(ours, theirs, path)
            case Record(), Record():
                yield from self._fields(ours, theirs, path)
            case _:
                return

    def _unions(self, ours: Union, theirs: Union, path: str) -> Iterator[Difference]:
        names = [_branch_name(branch) for branch in ours.branches]
        others = [_branch_name(branch) for branch in theirs.branches]
        if names != others:
            yield Difference(path, "branches", names, others)
        for name, branch in zip(names, ours.branches, strict=True):
            if name in others:
                yield from self.nodes(branch, theirs.branches[others.index(name)], f"{path}[{name}]")

    def _fields(self, ours: Record, theirs: Record, path: str) -> Iterator[Difference]:
        attributes = attribute_names(ours)
        others = [field.name for field in theirs.fields]
        if list(attributes.values()) != others:
            yield Difference(path, "fields", list(attributes.values()), others)
            return
        for field, other in zip(ours.fields, theirs.fields, strict=True):
            here = f"{path}.{field.name}" if path else field.name
            if field.name != other.name:
                yield Difference(here, RENAMED, field.name, other.name)
            yield from _field_attributes(field, other, here)
            yield from self.nodes(field.type, other.type, here)


def _attributes(ours: Node, theirs: Node, path: str) -> Iterator[Difference]:
    names = ("full_name", "symbols", "default", "size", "aliases", "logical", "doc", "is_error", "properties")
    for name in names:
        if name == "properties" and isinstance(ours, Primitive) and ours.logical is not None:
            continue  # the attributes of a known logical type, compared as `logical`
        if name == "default" and not isinstance(ours, Enum):
            continue
        value, other = getattr(ours, name, None), getattr(theirs, name, None)
        if value != other:
            yield Difference(path, FIXED_DOC if name == "doc" and isinstance(ours, Fixed) else name, value, other)


def _field_attributes(ours: Field, theirs: Field, path: str) -> Iterator[Difference]:
    for name in ("doc", "order", "properties"):
        value, other = getattr(ours, name), getattr(theirs, name)
        if value != other:
            yield Difference(path, name, value, other)
    if theirs.default is MISSING and leaves_out_default(ours):
        yield Difference(path, LEFT_OUT, ours.default, "none")
    else:
        yield from default_differences(ours.type, ours.default, theirs.default, path)
    # The library takes the wire name of a renamed field for one more of its aliases.
    if sorted(ours.aliases) != sorted(set(theirs.aliases) - ({ours.name} - set(ours.aliases))):
        yield Difference(path, "aliases", ours.aliases, theirs.aliases)


def _branch_name(node: Node) -> str:
    return node.full_name if isinstance(node, Fixed | Enum | Record) else type_name(node)
