"""The base class of the generated models: dataclasses-avroschema's, with the contract's schema in place of its own.

Every override of the library is in this file. The library derives a schema from the model on each call and writes by
that; a generated model carries the schema it was made from and writes by straight-line code, and codegen proves that
the two agree.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar, cast, overload

from dataclasses_avroschema import AvroModel as LibraryModel
from dataclasses_avroschema.pydantic import AvroBaseModel
from dataclasses_avroschema.types import SerializationType
from pydantic import AliasChoices, ConfigDict
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaMode

from codegen.decoding.model_decoder import AvroDecodeError, AvroResolutionError, make_model_decoder
from codegen.json_keys import refuse_repeated_keys
from codegen.json_schema import AvroJsonSchema
from codegen.masking import MASK, TAGS_KEY, mask_record
from codegen.nodes import Record
from codegen.rendering.schema_json import schema_json
from codegen.schema import parse_schema

if TYPE_CHECKING:
    from codegen.fake import DataMaker

__all__ = ["AvroDecodeError", "AvroEncodeError", "AvroModel", "AvroResolutionError"]

JsonSchema = dict[str, Any]
_Model = TypeVar("_Model", bound="AvroModel")


class AvroEncodeError(ValueError):
    """A model holds a value that its schema cannot write; only unvalidated construction leads there."""


class AvroModel(AvroBaseModel):
    """A record of a contract. Immutable; JSON goes in and out by wire names, by the rules of docs/json.md."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        hide_input_in_errors=True,
        ser_json_inf_nan="strings",
        serialize_by_alias=True,
        validate_default=False,
        protected_namespaces=(),
    )

    AVSC: ClassVar[str]
    FINGERPRINT: ClassVar[str]
    VERSION: ClassVar[int]
    FULL_NAME: ClassVar[str]
    # Python attribute → wire name; accepted alias → wire name; wire name → tags such as PII.
    WIRE_NAMES: ClassVar[Mapping[str, str]] = {}
    ALIASES: ClassVar[Mapping[str, str]] = {}
    TAGS: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        wire_names: dict[str, str] = {}
        aliases: dict[str, str] = {}
        tags: dict[str, tuple[str, ...]] = {}
        for attribute, info in cls.model_fields.items():
            wire = wire_names[attribute] = info.serialization_alias or attribute
            if isinstance(info.validation_alias, AliasChoices):
                aliases.update({str(choice): wire for choice in info.validation_alias.choices if choice != wire})
            extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
            metadata = cast("dict[str, Any]", extra.get("metadata", {}))
            if metadata.get(TAGS_KEY):
                tags[wire] = tuple(metadata[TAGS_KEY])
        cls.WIRE_NAMES, cls.ALIASES, cls.TAGS = wire_names, aliases, tags

    def _encode_into(self, out: bytearray) -> None:
        """Append the Avro binary form; generated for each model."""
        raise NotImplementedError

    def serialize(self, serialization_type: SerializationType = "avro") -> bytes:
        """Plain Avro binary, without framing; `avro-json` is the library's. Raises AvroEncodeError."""
        if serialization_type != "avro":
            return super().serialize(serialization_type)
        out = bytearray()
        try:
            self._encode_into(out)
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError, OverflowError, struct.error) as error:
            raise AvroEncodeError(
                f"{type(self).__name__} holds a value that its schema cannot write: {error}"
            ) from error
        return bytes(out)

    @classmethod
    @overload
    def deserialize(
        cls,
        data: bytes,
        serialization_type: SerializationType = ...,
        create_instance: Literal[True] = ...,
        writer_schema: JsonSchema | type[LibraryModel] | None = ...,
    ) -> Self: ...
    @classmethod
    @overload
    def deserialize(
        cls,
        data: bytes,
        serialization_type: SerializationType = ...,
        create_instance: Literal[False] = ...,
        writer_schema: JsonSchema | type[LibraryModel] | None = ...,
    ) -> JsonSchema: ...
    @classmethod
    @overload
    def deserialize(
        cls,
        data: bytes,
        serialization_type: SerializationType = ...,
        create_instance: bool = ...,
        writer_schema: JsonSchema | type[LibraryModel] | None = ...,
    ) -> Self | JsonSchema: ...
    @classmethod
    def deserialize(
        cls,
        data: bytes,
        serialization_type: SerializationType = "avro",
        create_instance: bool = True,
        writer_schema: JsonSchema | type[LibraryModel] | None = None,
    ) -> Self | JsonSchema:
        """A model from plain Avro binary that was written by `writer_schema` (parsed JSON), or by the model's own.

        Raises AvroDecodeError for bytes that are no such datum or go on behind it, and AvroResolutionError where the
        two schemas do not resolve.
        """
        if serialization_type != "avro":
            model = super().deserialize(data, serialization_type, True, writer_schema)
        else:
            if isinstance(writer_schema, type):
                writer_schema = writer_schema.avro_schema_to_python()
            model = cls.decoder(writer_schema)(data)
        return model if create_instance else model.model_dump(by_alias=True)

    @classmethod
    def decoder(cls, writer_schema: JsonSchema | None = None) -> Callable[[bytes], Self]:
        """A function from plain Avro binary of one writer schema (parsed JSON; default the model's own) to models.

        For whoever reads much of one schema: `deserialize` looks its decoder up by the schema's text each time.
        Raises AvroResolutionError where the two schemas do not resolve; the function raises as `deserialize` does.
        """
        return _model_decoder(cls, None if writer_schema is None else json.dumps(writer_schema))

    def _converted(self, target: type[_Model]) -> _Model:
        """This record by Avro's schema resolution. Raises AvroDecodeError where this very value has no place in it."""
        return cast("_Model", _model_decoder(target, self.AVSC)(self.serialize()))

    @classmethod
    def model_validate_json(
        cls,
        json_data: str | bytes | bytearray,
        *,
        strict: bool | None = None,
        extra: Literal["allow", "ignore", "forbid"] | None = None,
        context: Any | None = None,
        by_alias: bool | None = None,
        by_name: bool | None = None,
    ) -> Self:
        """As pydantic's, and a repeated key is refused. Raises pydantic.ValidationError."""
        refuse_repeated_keys(json_data, cls.__name__)
        return super().model_validate_json(
            json_data, strict=strict, extra=extra, context=context, by_alias=by_alias, by_name=by_name
        )

    @classmethod
    def model_json_schema(
        cls,
        by_alias: bool | None = None,
        ref_template: str = DEFAULT_REF_TEMPLATE,
        schema_generator: type[GenerateJsonSchema] = AvroJsonSchema,
        mode: JsonSchemaMode = "validation",
        *,
        union_format: Literal["any_of", "primitive_type_array"] = "any_of",
    ) -> JsonSchema:
        """As pydantic's, with defaults as JSON has them."""
        return super().model_json_schema(by_alias, ref_template, schema_generator, mode, union_format=union_format)

    @classmethod
    def avro_schema_to_python(
        cls, parent: type[LibraryModel] | None = None, case_type: str | None = None
    ) -> JsonSchema:
        """The contract's schema as parsed JSON; in another case, what the library derives.

        Inside another model the names are whole, because the library sets what stands there as the name.
        """
        if case_type is not None:
            return cls.derived_schema(parent, case_type)
        if parent is None and "AVSC" in cls.__dict__:
            return cast("JsonSchema", json.loads(cls.AVSC))
        return cast("JsonSchema", schema_json(_schema_of(cls)))

    @classmethod
    def derived_schema(cls, parent: type[LibraryModel] | None = None, case_type: str | None = None) -> JsonSchema:
        """What dataclasses-avroschema derives from this model: the second opinion that codegen compares."""
        return super().avro_schema_to_python(parent, case_type)

    @classmethod
    def fake(cls, **data: Any) -> Self:
        """A model with made-up values; `data` gives some, by attribute, wire name or alias.

        Raises codegen.fake.NoFiniteDatum for a record that can have none.
        """
        given = {cls.WIRE_NAMES.get(name, cls.ALIASES.get(name, name)): value for name, value in data.items()}
        made = _maker(cls).make(frozenset(given))
        return _validate_lax(cls, {**made, **given})

    def masked(self) -> dict[str, Any]:
        """A JSON-able view in wire names, with every field that carries a tag (such as PII) replaced."""
        return mask_record(_schema_of(type(self)), self.model_dump(mode="json", by_alias=True))

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            tagged = name is not None and self.WIRE_NAMES.get(name) in self.TAGS
            yield name, MASK if tagged and value is not None else value


def _validate_lax(model: type[_Model], datum: object) -> _Model:
    """Enums come as their symbols' text here, which strict validation refuses from Python."""
    return cast("_Model", model.__pydantic_validator__.validate_python(datum, strict=False))


@lru_cache(maxsize=1024)
def _schema_of(model: type[AvroModel]) -> Record:
    """The contract's schema of a model; a record inside another one has it from the root of its module."""
    # The names around the generated encoder are the module's, which need not be imported under any name.
    root = model._encode_into.__globals__["MODEL"]  # noqa: SLF001 - of the same class
    return cast("Record", parse_schema(json.loads(root.AVSC)).types[model.FULL_NAME])


@lru_cache(maxsize=1024)
def _maker(model: type[AvroModel]) -> DataMaker:
    from codegen.fake import DataMaker

    return DataMaker(_schema_of(model))


@lru_cache(maxsize=1024)
def _model_decoder(model: type[AvroModel], writer_text: str | None) -> Callable[[bytes], Any]:
    return make_model_decoder(model, _schema_of(model), writer_text)
