"""How pydantic reads and writes a union of a generated model: by the type of the value, or by the name of the branch.

The markers stand beside the annotation, as in `Annotated[str | Long | None, BareUnion()]`. Each type tells the name of
its branch, because the order of a union cannot: Python's typing takes unions of another order for equal, and gives back
whichever it knew first. Nothing is tried in turn, so a value has one meaning, and an error is that of one branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Annotated, Any, Final, cast, get_args, get_origin

from dataclasses_avroschema.types import Int32FieldInfo
from pydantic import BaseModel, GetCoreSchemaHandler, SerializationInfo
from pydantic_core import CoreSchema, core_schema

from codegen.branches import Branch, Chosen
from codegen.duration import Duration
from codegen.enums import AvroEnum

_UNKNOWN: Final = "union_branch"
_NAMES: Final = {bool: "boolean", int: "long", str: "string", list: "array", dict: "map"}


class AvroUnion:
    """What both kinds of union do with values that come from Python."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        types = {avro_name(argument): argument for argument in get_args(source) if argument is not NoneType}
        choices = {name: _Choice(name, annotation, handler) for name, annotation in sorted(types.items())}
        find = _finder(choices)
        expected = ", ".join(choice.type.__name__ for choice in choices.values())
        from_python = core_schema.tagged_union_schema(
            {name: choice.from_python() for name, choice in choices.items()},
            find,
            custom_error_type=_UNKNOWN,
            custom_error_message=f"a value of one of these types is expected: {expected}",
        )
        shown = core_schema.tagged_union_schema({name: self.shown(choice) for name, choice in choices.items()}, find)
        union = core_schema.json_or_python_schema(
            self.from_json(choices),
            from_python,
            serialization=core_schema.wrap_serializer_function_ser_schema(_show, schema=shown),
        )
        return core_schema.nullable_schema(union) if NoneType in get_args(source) else union

    def from_json(self, choices: Mapping[str, _Choice]) -> CoreSchema:
        raise NotImplementedError

    def shown(self, choice: _Choice) -> CoreSchema:
        raise NotImplementedError


class BareUnion(AvroUnion):
    """A union whose branches differ by the type of the JSON value, which stands there as it is."""

    def from_json(self, choices: Mapping[str, _Choice]) -> CoreSchema:
        names = {choice.json_kind: name for name, choice in choices.items()}
        return core_schema.tagged_union_schema(
            {name: choice.wrapped(choice.schema) for name, choice in choices.items()},
            lambda value: names.get(_json_kind(type(value))),
            custom_error_type=_UNKNOWN,
            custom_error_message=f"a JSON value of one of these types is expected: {', '.join(names)}",
        )

    def shown(self, choice: _Choice) -> CoreSchema:
        return choice.schema


class TaggedUnion(AvroUnion):
    """A union whose values are JSON objects of one member, which has the name of the branch."""

    def from_json(self, choices: Mapping[str, _Choice]) -> CoreSchema:
        return core_schema.tagged_union_schema(
            {name: choice.wrapped(choice.tagged()) for name, choice in choices.items()},
            lambda value: next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None,
            custom_error_type=_UNKNOWN,
            custom_error_message=f"an object with the name of one branch is expected: {', '.join(choices)}",
        )

    def shown(self, choice: _Choice) -> CoreSchema:
        def show(value: Any, handler: Callable[[Any], Any], info: SerializationInfo) -> Any:
            if info.mode == "json":
                return {choice.name: handler(_open(value))}
            # Of a record nothing but a dict is left, which no longer tells which one it was.
            return Chosen(choice.name, handler(value)) if isinstance(value, BaseModel) else value

        serialization = core_schema.wrap_serializer_function_ser_schema(show, info_arg=True, schema=choice.schema)
        return core_schema.any_schema(serialization=serialization)


class _Choice:
    """One branch: its name, the pydantic schema of its values, and the class that holds one in Python."""

    def __init__(self, name: str, annotation: Any, handler: GetCoreSchemaHandler) -> None:
        origin = get_origin(annotation) or annotation
        self.name = name
        self.wrapper = origin if isinstance(origin, type) and issubclass(origin, Branch) else None
        inner = annotation if self.wrapper is None else _wrapped_type(annotation)
        self.schema = handler.generate_schema(_shared(inner) if _has_union(inner) else inner)
        value_type = _value_type(inner)
        self.type = self.wrapper or value_type
        self.json_kind = _json_kind(value_type)

    def from_python(self) -> CoreSchema:
        return self.wrapped(core_schema.no_info_before_validator_function(_open, self.schema))

    def tagged(self) -> CoreSchema:
        """An object with the branch's name as its only key."""
        member = core_schema.typed_dict_schema(
            {self.name: core_schema.typed_dict_field(self.schema)}, extra_behavior="forbid"
        )
        return core_schema.no_info_after_validator_function(lambda found: found[self.name], member)

    def wrapped(self, schema: CoreSchema) -> CoreSchema:
        return schema if self.wrapper is None else core_schema.no_info_after_validator_function(self.wrapper, schema)


def avro_name(annotation: Any) -> str:
    """The name of the branch that a type of a generated module stands for."""
    if get_origin(annotation) is Annotated:
        base, *metadata = get_args(annotation)
        names = [str(item.avro_name) for item in metadata if hasattr(item, "avro_name")]
        if any(isinstance(item, Int32FieldInfo) for item in metadata):
            names.append("int")  # the library's own marker of a number of 32 bits; without one it has 64
        return names[0] if names else avro_name(base)
    kind: type = get_origin(annotation) or annotation
    if issubclass(kind, Branch):
        return kind.NAME
    if issubclass(kind, AvroEnum):
        return kind.full_name()
    return _NAMES.get(kind) or str(vars(kind)["FULL_NAME"])


def _show(value: Any, handler: Callable[[Any], Any]) -> Any:
    return handler(value)


def _open(value: Any) -> Any:
    """What stands in a branch; a pair of a branch's name and its datum is what a decoder gives."""
    if isinstance(value, tuple):
        return value[1]
    return value.value if isinstance(value, Branch) else value


def _finder(choices: Mapping[str, _Choice]) -> Callable[[Any], str | None]:
    """The branch of a value that comes from Python: by its class, or the nearest above it."""
    names = {choice.type: name for name, choice in choices.items()}
    records = [name for name, choice in choices.items() if issubclass(choice.type, BaseModel)]
    if len(records) == 1:
        names.setdefault(dict, records[0])
    if float in names:
        names.setdefault(int, names[float])

    def find(value: Any) -> str | None:
        if isinstance(value, tuple):
            return str(value[0]) if len(value) == len(Chosen._fields) else None
        bases = (bool,) if value is True or value is False else type(value).__mro__
        return next((names[base] for base in bases if base in names), None)

    return find


def _wrapped_type(annotation: Any) -> Any:
    """What a wrapper holds: `Long` for `LongBranch[Long]`, and for a class of its own what its base says."""
    base = annotation if get_origin(annotation) is not None else annotation.__orig_bases__[0]
    return get_args(base)[0]


def _has_union(annotation: Any) -> bool:
    """Whether there is a union inside, outside of any record."""
    return any(isinstance(argument, AvroUnion) or _has_union(argument) for argument in get_args(annotation))


def _shared(annotation: Any) -> type:
    """A class with the schema of `annotation` as one definition.

    A choice is used in three places, and unions inside unions would cost three times as much with each level.
    """

    def get_schema(_: type, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        reference = f"{__name__}.nested:{id(annotation)}"
        definition = {**handler.generate_schema(annotation), "ref": reference}
        return core_schema.definitions_schema(
            core_schema.definition_reference_schema(reference), [cast("CoreSchema", definition)]
        )

    return type("nested", (), {"__get_pydantic_core_schema__": classmethod(get_schema)})


def _value_type(annotation: Any) -> type:
    """The class of the values; a marker that tells the library another one has the true one as `kind`."""
    if get_origin(annotation) is Annotated:
        base, *metadata = get_args(annotation)
        return next((item.kind for item in metadata if hasattr(item, "kind")), None) or _value_type(base)
    found: type = get_origin(annotation) or annotation
    return found


def _json_kind(value_type: type) -> str:
    """The JSON type of a class of values, or of a decoded JSON value; all that is nothing else is a string."""
    if value_type is bool:
        return "boolean"
    if value_type in (int, float):
        return "number"
    if value_type is list:
        return "array"
    return "object" if issubclass(value_type, dict | BaseModel | Duration) else "string"
