"""Typed nodes → the classes of a generated module, as lines of source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from codegen.nodes import Enum, Fixed, Named, Record, namespace_of, simple_name
from codegen.rendering.attributes import attribute_names
from codegen.rendering.encoders import Encoder, branches_of
from codegen.rendering.fields import FieldRenderer
from codegen.rendering.python_names import member_names
from codegen.rendering.python_types import fixed_annotation, quote
from codegen.rendering.type_names import TypeNames

# As the project sets it for the linter (mccabe).
_MAX_COMPLEXITY: Final = 12


class TypeRenderer:
    """Writes the types of one module; `has_namespace` says whether a type inherits one where it stands."""

    def __init__(self, names: TypeNames, *, has_namespace: bool) -> None:
        self._names = names
        self._has_namespace = has_namespace
        self._defined: set[str] = set()

    def fixed(self, node: Fixed) -> list[str]:
        """The name of a fixed, and the type that it stands for."""
        doc = [line.strip() for line in _docstring(node.doc) if line]
        return [f"{self._names.type(node)}: TypeAlias = {fixed_annotation(node)}", *doc]

    def wrapper(self, node: Named) -> list[str]:
        """The class of a branch whose values are bytes like those of another, if there is such a branch."""
        name = self._names.wrapper(node) if isinstance(node, Fixed) else None
        if name is None:
            return []
        return [
            *("", "", f"class {name}(Branch[{self._names.type(node)}]):"),
            *_docstring(f"The branch {node.full_name} of a union."),
            f"    NAME: ClassVar[str] = {quote(node.full_name)}",
        ]

    def enum(self, node: Enum) -> list[str]:
        """The class of an enum: its values are the symbols."""
        name = self._names.type(node)
        is_plain = _is_plain(node.doc)
        lines = ["", "", f"class {name}(AvroEnum):", *(_docstring(node.doc) if is_plain else [])]
        lines += [f"    {member} = {quote(symbol)}" for symbol, member in member_names(node.symbols).items()]
        meta = {"schema_name": self._schema_name(node), "namespace": self._namespace(node), "default": node.default}
        # A docstring would win over what the library is told here.
        meta["doc"] = None if is_plain else node.doc
        return [*lines, "", "    @nonmember", *_meta(meta, list(node.aliases), documented=True)]

    def record(self, node: Record, constants: Sequence[str] = (), methods: Sequence[str] = ()) -> list[str]:
        """The class of a record; the root of a contract has `constants` and `methods` that the others have not."""
        name = self._names.type(node)
        lines = ["", "", f"class {name}(AvroModel):", *_docstring(node.doc)]
        lines += [f"    FULL_NAME: ClassVar[str] = {quote(node.full_name)}", *constants, ""]
        attributes = attribute_names(node)
        fields = FieldRenderer(node, self._names, self._defined)
        lines += [line for field in node.fields for line in fields.lines(field)]
        if node.fields:
            lines.append("")
        doc = None if _is_plain(node.doc) else node.doc
        meta = {"schema_name": self._schema_name(node), "namespace": self._namespace(node), "schema_doc": doc}
        lines += _meta(meta, list(node.aliases), documented=node.doc is not None)
        encoder = Encoder(node, self._names)
        body = [line for field in node.fields for line in encoder.lines(field.type, f"self.{attributes[field.name]}")]
        lines += ["", f"    def _encode_into(self, out: bytearray) -> None:{_complexity_mark(body)}"]
        lines += [f"        {line}" for line in body or ['out += b""']]
        self._defined.add(name)
        return [*fields.functions, *lines, *encoder.parts, *methods]

    def _schema_name(self, node: Named) -> str | None:
        name = simple_name(node.full_name)
        return name if name != self._names.type(node) else None

    def _namespace(self, node: Named) -> str | None:
        """The null namespace is said only where a type would inherit another."""
        namespace = namespace_of(node.full_name)
        return namespace if namespace or self._has_namespace else None


def _complexity_mark(body: Sequence[str]) -> str:
    """The linter counts branches and loops, and an encoder has one for each optional, array and map."""
    return "  # noqa: C901 - one step for each field" if branches_of(body) > _MAX_COMPLEXITY else ""


def _meta(values: dict[str, str | None], aliases: list[str], *, documented: bool) -> list[str]:
    lines = [f"        {key} = {quote(value)}" for key, value in values.items() if value is not None]
    if aliases:
        items = ", ".join(quote(alias) for alias in aliases)
        lines.append(f"        aliases = ({items}{',' if len(aliases) == 1 else ''})")
    if not documented:
        lines.append("        schema_doc = False")
    return ["    class Meta:", *(lines or ["        pass"])]


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
