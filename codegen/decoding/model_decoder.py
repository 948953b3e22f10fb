"""From the bytes of one writer schema to a generated model: the straight line, and what has the word where it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ValidationError

from codegen.branches import Branch
from codegen.decoding.datum import MalformedDatum
from codegen.decoding.decoder import make_decoder
from codegen.decoding.straight import NOT_STRAIGHT, make_straight
from codegen.enums import AvroEnum
from codegen.nodes import Node, Record
from codegen.resolving.field_targets import Unresolvable
from codegen.schema import InvalidSchema, parse_schema

if TYPE_CHECKING:
    from codegen.runtime import AvroModel


ModelDecoder: TypeAlias = "Callable[[bytes], AvroModel]"


class AvroDecodeError(ValueError):
    """The bytes are no datum of the writer schema, or none that the model can hold."""


class AvroResolutionError(AvroDecodeError):
    """The writer schema cannot be resolved into the model's schema (Avro specification, "Schema Resolution")."""


def make_model_decoder(model: type[AvroModel], reader: Record, writer_text: str | None) -> ModelDecoder:
    """A function from plain Avro binary to `model`, whose schema is `reader`; without a text the writer's is the same.

    Raises AvroResolutionError where the two schemas do not resolve; the function raises that, and AvroDecodeError.
    """
    try:
        writer = reader if writer_text is None else parse_schema(json.loads(writer_text)).root
    except InvalidSchema as error:
        raise AvroResolutionError(f"the writer schema is no Avro schema: {error}") from error
    decode_by_model = make_validating(model, reader, writer)
    straight = straight_line(model, reader, writer)
    if straight is None:
        return decode_by_model

    def decode(data: bytes) -> AvroModel:
        try:
            return straight(data)
        except NOT_STRAIGHT:
            return decode_by_model(data)  # the model has the word

    return decode


def straight_line(model: type[AvroModel], reader: Record, writer: Node) -> ModelDecoder | None:
    """The straight-line decoder of a generated class; one that was derived from it may check more than its schema."""
    return make_straight(model, reader, writer, _types_around) if "FULL_NAME" in vars(model) else None


def make_validating(model: type[AvroModel], reader: Record, writer: Node) -> ModelDecoder:
    """As `make_model_decoder`, by the resolved datum, which the model validates: slower, and the authority."""
    try:
        read = make_decoder(reader, writer)
    except Unresolvable as error:
        raise AvroResolutionError(f"the writer schema does not resolve into {model.FULL_NAME}: {error}") from error

    def decode(data: bytes) -> AvroModel:
        try:
            # Enums come as their symbols' text here, which strict validation refuses from Python.
            value: AvroModel = model.__pydantic_validator__.validate_python(read(data), strict=False)
        except MalformedDatum as error:
            raise AvroDecodeError(f"the bytes are no datum of the writer schema: {error}") from error
        except Unresolvable as error:
            raise AvroResolutionError(f"the datum does not resolve into {model.FULL_NAME}: {error}") from error
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            raise AvroDecodeError(f"the datum does not fit {model.FULL_NAME} at {where}") from error
        return value

    return decode


def _types_around(model: type[Any]) -> Mapping[str, type]:
    """The types that the module of a generated model knows, by the full names of its schema."""
    # The module need not be imported under any name.
    found = model._encode_into.__globals__.values()  # noqa: SLF001 - of the same package
    types: dict[str, type] = {}
    for kind in found:
        if isinstance(kind, type) and kind.__module__ != Branch.__module__:
            if issubclass(kind, AvroEnum) and kind is not AvroEnum:
                types[kind.full_name()] = kind
            elif issubclass(kind, Branch):
                types[kind.NAME] = kind
            elif "FULL_NAME" in vars(kind):
                types[str(vars(kind)["FULL_NAME"])] = kind
    return types
