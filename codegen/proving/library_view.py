"""What dataclasses-avroschema derives from one generated record, without the parts over which it is known to raise."""

from __future__ import annotations

import typing
from types import NoneType
from typing import TYPE_CHECKING, Any, cast, get_args

from dataclasses_avroschema.protocol import FieldProtocol
from dataclasses_avroschema.pydantic.parser import PydanticParser
from pydantic.fields import FieldInfo

from codegen.branches import is_simple, non_null
from codegen.nodes import Array, Json, Map, Node, Record, Union, branch_name
from codegen.proving.library_limits import leaves_out_default, leaves_out_type
from codegen.rendering.attributes import attribute_names
from codegen.union_types import avro_name

if TYPE_CHECKING:
    from codegen.runtime import AvroModel


class _View(PydanticParser):
    """The library's own parser. It keeps itself on the model, where the default of another record looks for it."""

    def __init__(self, model: type[AvroModel], record: Record) -> None:
        self._record = record
        attributes = attribute_names(record)
        # By identity, because the library gives a field's information and no name.
        self._nodes = {id(model.model_fields[attributes[field.name]]): field.type for field in record.fields}
        # What it knows of the types that it has seen is kept on the class.
        model._user_defined_types = set()  # noqa: SLF001 - as the library does itself
        model._parser = None  # noqa: SLF001
        super().__init__(type=model, parent=model)
        model._parser = self  # noqa: SLF001

    def get_field_type(self, field_info: FieldInfo) -> Any:  # type: ignore[override]  # it is called on the object
        """The annotation with its unions in the order of the contract."""
        return _in_order(super().get_field_type(field_info), self._nodes[id(field_info)])

    def parse_fields(self, exclude: list[str]) -> list[FieldProtocol]:
        attributes = attribute_names(self._record)
        types = [attributes[field.name] for field in self._record.fields if leaves_out_type(field.type)]
        defaults = {attributes[field.name] for field in self._record.fields if leaves_out_default(field)}
        fields = super().parse_fields([*exclude, *types])
        for field in fields:
            if field.name in defaults:
                field.exclude_default = True
        return fields


def _in_order(annotation: Any, node: Node) -> Any:
    """The annotation with its unions in the order of the contract, which Python's typing may have lost."""
    match node:
        case Array():
            return list[_in_order(get_args(annotation)[0], node.items)]  # type: ignore[misc]  # made of what is found
        case Map():
            return dict[str, _in_order(get_args(annotation)[1], node.values)]  # type: ignore[misc]
        case Union() if not is_simple(node):
            arguments = get_args(get_args(annotation)[0])
            types = {avro_name(argument): argument for argument in arguments if argument is not NoneType}
            ordered = [_in_order(types[branch_name(branch)], branch) for branch in non_null(node)]
            return typing.Union[(*ordered, *([NoneType] if len(ordered) < len(node.branches) else []))]
        case Union() if len(node.branches) > 1:
            inner = next(argument for argument in get_args(annotation) if argument is not NoneType)
            return _in_order(inner, non_null(node)[0]) | None
        case _:
            return annotation


def derive_record(model: type[AvroModel], record: Record) -> dict[str, Json]:
    """The schema of one record (parsed JSON). A record inside stands there as the contract has it, but for its name."""
    return cast("dict[str, Json]", _View(model, record).render())
