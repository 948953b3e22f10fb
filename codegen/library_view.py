"""What dataclasses-avroschema derives from one generated record, without the parts over which it is known to raise."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, cast, get_args, get_origin

from dataclasses_avroschema.protocol import FieldProtocol
from dataclasses_avroschema.pydantic.parser import PydanticParser
from pydantic.fields import FieldInfo

from codegen.attributes import attribute_names
from codegen.library_limits import leaves_out_default, leaves_out_type
from codegen.nodes import Json, Record
from codegen.union_types import AvroUnion

if TYPE_CHECKING:
    from codegen.runtime import AvroModel


class _View(PydanticParser):
    """The library's own parser. It keeps itself on the model, where the default of another record looks for it."""

    def __init__(self, model: type[AvroModel], record: Record) -> None:
        self._record = record
        # What it knows of the types that it has seen is kept on the class.
        model._user_defined_types = set()  # noqa: SLF001 - as the library does itself
        model._parser = None  # noqa: SLF001
        super().__init__(type=model, parent=model)
        model._parser = self  # noqa: SLF001

    @staticmethod
    def get_field_type(field_info: FieldInfo) -> Any:
        return _in_order(PydanticParser.get_field_type(field_info))

    def parse_fields(self, exclude: list[str]) -> list[FieldProtocol]:
        attributes = attribute_names(self._record)
        types = [attributes[field.name] for field in self._record.fields if leaves_out_type(field.type)]
        defaults = {attributes[field.name] for field in self._record.fields if leaves_out_default(field)}
        fields = super().parse_fields([*exclude, *types])
        for field in fields:
            if field.name in defaults:
                field.exclude_default = True
        return fields


def _in_order(annotation: Any) -> Any:
    """The annotation with its unions in the order of the contract, which Python's typing may have lost."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        union = next((item for item in arguments[1:] if isinstance(item, AvroUnion)), None)
        if union is None:
            return annotation
        types = [_in_order(branch) for branch in union.types.values()]
        return Union[(*types, *(argument for argument in get_args(arguments[0]) if argument is NoneType))]
    if origin in (list, dict):
        return origin[tuple(_in_order(argument) for argument in arguments)]
    if origin in (Union, UnionType):
        return Union[tuple(_in_order(argument) for argument in arguments)]  # noqa: UP007 - made of what is found
    return annotation


def derive_record(model: type[AvroModel], record: Record) -> dict[str, Json]:
    """The schema of one record (parsed JSON). A record inside stands there as the contract has it, but for its name."""
    return cast("dict[str, Json]", _View(model, record).render())
