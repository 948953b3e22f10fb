"""Typed nodes → the classes of a generated module, as lines of source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count
from typing import Final

from codegen.attributes import attribute_names
from codegen.canonical import fingerprint
from codegen.library_faults import leaves_out_default
from codegen.nodes import Enum, Field, Fixed, Record, namespace_of, simple_name
from codegen.python_defaults import Default, default_expression
from codegen.python_names import member_names
from codegen.python_types import annotation, encoding, fixed_annotation, float_literal, quote, table_name
from codegen.source_width import fits

# As the project sets it for the linter (mccabe).
_MAX_COMPLEXITY: Final = 12


def render_fixed(node: Fixed) -> list[str]:
    """The name of a fixed, and the type that it stands for."""
    doc = [line.strip() for line in _docstring(node.doc) if line]
    return [f"{simple_name(node.full_name)}: TypeAlias = {fixed_annotation(node)}", *doc]


def render_enum(node: Enum) -> list[str]:
    """The class of an enum: a StrEnum whose values are the symbols."""
    is_plain = _is_plain(node.doc)
    lines = ["", "", f"class {simple_name(node.full_name)}(StrEnum):", *(_docstring(node.doc) if is_plain else [])]
    lines += [f"    {name} = {quote(symbol)}" for symbol, name in member_names(node.symbols).items()]
    # A docstring would win over what the library is told here.
    doc = None if is_plain else node.doc
    meta = {"namespace": namespace_of(node.full_name) or None, "default": node.default, "doc": doc}
    aliases = list(node.aliases)
    return [*lines, "", "    @nonmember", *_meta(meta, aliases, documented=True)]


def render_enum_table(node: Enum) -> list[str]:
    name = simple_name(node.full_name)
    return [f"{table_name(node)}: Final = {{member: binary.encode_long(index) for index, member in enumerate({name})}}"]


def render_record(node: Record, version: int | None) -> list[str]:
    """The class of a record; the root of a contract has its `version`, the records inside it have none."""
    lines = ["", "", f"class {simple_name(node.full_name)}(AvroModel):", *_docstring(node.doc)]
    lines += [f"    FULL_NAME: ClassVar[str] = {quote(node.full_name)}"]
    if version is not None:
        lines += [
            f"    VERSION: ClassVar[int] = {version}",
            f"    FINGERPRINT: ClassVar[str] = {quote(fingerprint(node))}",
        ]
    lines.append("")
    attributes = attribute_names(node)
    for field in node.fields:
        lines += _field(field, attributes[field.name])
    if node.fields:
        lines.append("")
    doc = None if _is_plain(node.doc) else node.doc
    meta = {"namespace": namespace_of(node.full_name) or None, "schema_doc": doc}
    lines += _meta(meta, list(node.aliases), documented=node.doc is not None)
    loops = count()
    body = [line for field in node.fields for line in encoding(field.type, f"self.{attributes[field.name]}", loops)]
    lines += ["", f"    def _encode_into(self, out: bytearray) -> None:{_complexity_mark(body)}"]
    return [*lines, *(f"        {line}" for line in body or ['out += b""'])]


def _complexity_mark(body: Sequence[str]) -> str:
    """The linter counts branches and loops, and an encoder has one for each optional, array and map."""
    branches = sum(line.lstrip().startswith(("if ", "for ")) for line in body)
    return "  # noqa: C901 - one step for each field" if branches + 1 > _MAX_COMPLEXITY else ""


def _meta(values: dict[str, str | None], aliases: list[str], *, documented: bool) -> list[str]:
    lines = [f"        {key} = {quote(value)}" for key, value in values.items() if value is not None]
    if aliases:
        items = ", ".join(quote(alias) for alias in aliases)
        lines.append(f"        aliases = ({items}{',' if len(aliases) == 1 else ''})")
    if not documented:
        lines.append("        schema_doc = False")
    return ["    class Meta:", *(lines or ["        pass"])]


def _field(field: Field, attribute: str) -> list[str]:
    arguments: list[str] = [] if attribute == field.name else [f"alias={quote(field.name)}"]
    if field.has_default:
        # MISSING is excluded by has_default, which the type checker cannot see.
        default = default_expression(field.type, field.default)  # type: ignore[arg-type]
        arguments.append(f"default_factory={_factory(default)}" if default.mutable else f"default={default.expression}")
    if field.aliases:
        choices = ", ".join(quote(name) for name in (field.name, *field.aliases))
        arguments.append(f"validation_alias=AliasChoices({choices})")
    if field.doc is not None:
        arguments.append(f"description={quote(field.doc)}")
    metadata: dict[str, object] = {"aliases": list(field.aliases)} if field.aliases else {}
    metadata |= field.properties
    if field.order is not None:
        metadata["order"] = field.order
    if leaves_out_default(field):
        metadata["exclude_default"] = True
    if metadata:
        arguments.append(f'json_schema_extra={{"metadata": {_literal(metadata)}}}')
    start = f"    {attribute}: {annotation(field.type)}"
    if not arguments:
        return [start]
    line = f"{start} = Field({', '.join(arguments)})"
    if fits(line):
        return [line]
    return [f"{start} = Field(", *(f"        {argument}," for argument in arguments), "    )"]


def _factory(default: Default) -> str:
    if default.expression in ("[]", "{}"):
        return {"[]": "list", "{}": "dict"}[default.expression]
    called = default.expression.removesuffix("()")
    return called if called != default.expression else f"lambda: {called}"


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


def _is_plain(doc: str | None) -> bool:
    """Whether a docstring keeps the doc as it is: from Python 3.13 on the compiler dedents it and expands its tabs."""
    return doc is None or (doc == doc.strip() and not re.search(r"[^\S ]", doc))


def _docstring(doc: str | None) -> list[str]:
    if not doc:
        return []
    text = "".join(map(_docstring_character, doc))
    # The formatter strips plain spaces at either end, and puts one before a quote.
    text = re.sub(r"^ +| +$", lambda spaces: "\\x20" * len(spaces.group()), text)
    if text.endswith('"') or '"""' in text:
        text = text.replace('"', '\\"')
    elif text.startswith('"'):
        text = f"\\{text}"
    return [f'    """{text}"""', ""]


def _docstring_character(character: str) -> str:
    # Any quote is safe in here but one at the end, and three in a row.
    return character if character == "'" or character == '"' else repr(character)[1:-1]


def statement(
    start: str, items: Sequence[str], indent: str, opening: str, closing: str, *, always: bool = False
) -> list[str]:
    """`start` and items on one line where they fit, else one item a line, as the formatter has it."""
    brackets = (opening, closing) if always else ("", "")
    line = f"{indent}{start}{brackets[0]}{', '.join(items)}{brackets[1]}"
    if fits(line):
        return [line]
    return [f"{indent}{start}{opening}", *(f"{indent}    {item}," for item in items), f"{indent}{closing}"]
