"""Avro-exact types on `fixed`: bytes of one size, and durations. A uuid or decimal on fixed is as on its other base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataclasses_avroschema.types import Fixed, FixedFieldInfo
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from codegen import leaves
from codegen.duration import UINT_MAX, Duration
from codegen.leaf_schema import JsonSchema, leaf

_COUNTS: Final = ("months", "days", "millis")

# What the values are; the library knows a fixed by a class of its own.
if TYPE_CHECKING:
    FixedBytes = bytes
    FixedDuration = Duration
else:
    FixedBytes = FixedDuration = Fixed


class AvroFixed(FixedFieldInfo):
    """`fixed`: bytes of exactly `size`, in JSON as base64. `full_name` and `aliases` are the schema's."""

    kind: Final = bytes

    def __init__(self, size: int, full_name: str, aliases: tuple[str, ...] = ()) -> None:
        super().__init__(size, list(aliases) or None, full_name.rpartition(".")[0])
        self.avro_name = full_name

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        size = self.size
        from_python = core_schema.bytes_schema(strict=True, min_length=size, max_length=size)
        return leaf(lambda value: leaves.parse_fixed(value, size), from_python, leaves.format_bytes)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchema:
        length = (self.size + 2) // 3 * 4
        return {"type": "string", "contentEncoding": "base64", "minLength": length, "maxLength": length}


class AvroDuration(FixedFieldInfo):
    """`duration` on fixed; where validation is lax, from Python its twelve bytes are taken too."""

    kind: Final = Duration

    def __init__(self, full_name: str, aliases: tuple[str, ...] = ()) -> None:
        super().__init__(12, list(aliases) or None, full_name.rpartition(".")[0])
        self.avro_name = full_name

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        count = core_schema.typed_dict_field(core_schema.int_schema(strict=True, ge=0, le=UINT_MAX))
        counts = core_schema.typed_dict_schema(dict.fromkeys(_COUNTS, count), extra_behavior="forbid")
        from_json = core_schema.no_info_after_validator_function(lambda found: Duration(**found), counts)
        strict = core_schema.is_instance_schema(Duration)
        packed = core_schema.no_info_after_validator_function(Duration.unpack, core_schema.bytes_schema(strict=True))
        from_python = core_schema.lax_or_strict_schema(core_schema.union_schema([strict, packed]), strict)
        serialization = core_schema.plain_serializer_function_ser_schema(Duration.as_dict, when_used="json")
        return core_schema.json_or_python_schema(from_json, from_python, serialization=serialization)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchema:
        count = {"type": "integer", "minimum": 0, "maximum": UINT_MAX}
        names = {name: dict(count) for name in _COUNTS}
        return {"type": "object", "properties": names, "required": [*_COUNTS], "additionalProperties": False}
