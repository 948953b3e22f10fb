"""The fields of a record → attributes of its generated class, as lines of source."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from codegen.branches import is_simple
from codegen.nodes import Array, Field, Json, Map, Missing, Node, Record, Union
from codegen.rendering.attributes import accepted_aliases, attribute_names
from codegen.rendering.python_defaults import Default, default_expression
from codegen.rendering.python_types import annotation, float_literal, quote, union_marker, union_members
from codegen.rendering.source_width import fits
from codegen.rendering.type_names import TypeNames


class FieldRenderer:
    """Writes the fields of one record, whose `functions` stand before its class, behind those that are `defined`."""

    def __init__(self, record: Record, names: TypeNames, defined: AbstractSet[str]) -> None:
        self.functions: list[str] = []
        self._class = names.type(record)
        self._names = names
        self._defined = defined
        self._attributes, self._aliases = attribute_names(record), accepted_aliases(record)

    def lines(self, field: Field) -> list[str]:
        """The attribute of a field, with all that the contract says of it."""
        attribute = self._attributes[field.name]
        arguments = self._arguments(field, attribute)
        *before, start = self._annotated(field.type, attribute, " = Field(" if arguments else "")
        if not arguments:
            return [*before, start]
        line = f"{start} = Field({', '.join(arguments)})"
        if fits(line):
            return [*before, line]
        return [*before, f"{start} = Field(", *(f"        {argument}," for argument in arguments), "    )"]

    def _annotated(self, node: Node, attribute: str, rest: str) -> list[str]:
        """The attribute with its annotation; a union too wide for `rest` behind it is broken as the formatter does."""
        line = f"    {attribute}: {annotation(node, self._names)}"
        if fits(f"{line}{rest}") or not isinstance(node, Union) or is_simple(node):
            return [line]
        members = union_members(node, self._names)
        whole = f"        {' | '.join(members)},"
        inner = [whole] if fits(whole) else [f"        {members[0]}", *(f"        | {one}" for one in members[1:])]
        inner[-1] = f"{inner[-1].removesuffix(',')},"
        return [f"    {attribute}: Annotated[", *inner, f"        {union_marker(node)},", "    ]"]

    def _arguments(self, field: Field, attribute: str) -> list[str]:
        accepted = self._aliases[field.name]
        arguments: list[str] = [] if attribute == field.name else [f"alias={quote(field.name)}"]
        if field.has_default:
            # MISSING is excluded by has_default, which the type checker cannot see.
            default = default_expression(field.type, field.default, self._names)  # type: ignore[arg-type]
            factory = self._function(field, attribute, default) or self._factory(default)
            arguments.append(f"default_factory={factory}" if default.mutable else f"default={default.expression}")
        if accepted:
            choices = ", ".join(quote(name) for name in (field.name, *accepted))
            arguments.append(f"validation_alias=AliasChoices({choices})")
        if field.doc is not None:
            arguments.append(f"description={quote(field.doc)}")
        metadata: dict[str, object] = {"aliases": list(field.aliases)} if field.aliases else {}
        metadata |= field.properties
        if field.order is not None:
            metadata["order"] = field.order
        if metadata:
            arguments.append(f'json_schema_extra={{"metadata": {_literal(metadata)}}}')
        return arguments

    def _factory(self, default: Default) -> str:
        if default.expression in ("[]", "{}"):
            return {"[]": "list", "{}": "dict"}[default.expression]
        called = default.expression.removesuffix("()")
        return called if called in self._defined else f"lambda: {default.expression}"

    def _function(self, field: Field, attribute: str, default: Default) -> str | None:
        """The name of a function for a default of which a narrower type than the field's would be inferred."""
        if not _is_narrow(field.type, field.default):
            return None
        name = f"_default_{self._class}_{attribute}"
        self.functions += ["", "", f"def {name}() -> {annotation(field.type, self._names)}:"]
        self.functions.append(f"    return {default.expression}")
        return name


def _is_narrow(node: Node, default: Json | Missing) -> bool:
    """Whether a list or dict holds unions or further ones: what stands in them need not show all types that may."""
    match node:
        case Array() | Map():
            inner = node.items if isinstance(node, Array) else node.values
            return bool(default) and isinstance(inner, Array | Map | Union)
        case Union():
            return any(_is_narrow(branch, default) for branch in node.branches)
        case _:
            return False


def _literal(value: object) -> str:
    """A JSON value as a Python literal, in double quotes."""
    match value:
        case str():
            return quote(value)
        case dict():
            return "{" + ", ".join(f"{quote(str(key))}: {_literal(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(_literal(item) for item in value) + "]"
        case float():
            return float_literal(value)
        case _:
            return repr(value)
