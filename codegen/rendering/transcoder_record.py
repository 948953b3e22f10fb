"""One record of a transcoder: the class that msgspec reads it into, and the function that writes it."""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from typing import Final

from codegen.branches import is_null, is_simple
from codegen.nodes import Array, Enum, Field, Fixed, Map, Missing, Node, Primitive, Record, Union
from codegen.rendering.attributes import accepted_aliases, attribute_names
from codegen.rendering.default_bytes import default_bytes
from codegen.rendering.encoders import branches_of
from codegen.rendering.imports import TRANSCODER_NAMES
from codegen.rendering.python_types import quote
from codegen.rendering.source_width import fits, statement
from codegen.rendering.transcoder_values import NoTranscoder, is_text, literal, read_type, scalar
from codegen.rendering.type_names import TypeNames

_MAX_DEPTH: Final = 6  # blocks inside each other; Python takes 20
_MAX_COMPLEXITY: Final = 12
# A field of one of these names would hide it from the annotations of its class.
_HIDDEN: Final = frozenset({"UNSET", "UnsetType", "Int", "Long", "Float", "float"})
_VARIABLES: Final = frozenset({"avro", "event", "names", "quotes", *dir(builtins)})


def function_name(class_name: str) -> str:
    """The function that writes a class."""
    return f"write_{class_name}"


def symbols_name(node: Enum, types: TypeNames) -> str:
    """The table of an enum's symbols."""
    return f"{types.type(node)}Symbols"


class RecordWriter:
    """The class that msgspec reads one record into, and the function that writes it."""

    def __init__(
        self, record: Record, types: TypeNames, classes: dict[str, str], defined: frozenset[str], root: Record
    ) -> None:
        self.class_name = classes[record.full_name]
        self.function = function_name(self.class_name)
        self.required: list[str] = []
        self.optional: list[str] = []
        self._record = record
        self._types = types
        self._classes = classes
        self._is_root = record is root
        self._root = root
        self._attributes = attribute_names(record)
        self._aliases = accepted_aliases(record)
        if _HIDDEN & set(self._attributes.values()):
            raise NoTranscoder
        self._taken = set(_VARIABLES | TRANSCODER_NAMES | defined)

    def lines(self) -> list[str]:
        pieces: list[str] = []
        body: list[str] = []
        quotes = 0
        for field in self._record.fields:
            piece, more = self._field(field, body)
            pieces.append(piece)
            quotes += more
        written = [f"    quotes = {quotes}", *(["    names = 0"] if self._is_root else []), *body]
        argument = "event" if _names("event", [*body, *pieces]) else "_"
        result = "tuple[str, int, int]" if self._is_root else "tuple[str, int]"
        mark = "  # noqa: C901 - one step for each field" if branches_of(written) > _MAX_COMPLEXITY else ""
        return [
            *self._class_lines(),
            "",
            "",
            f"def {self.function}({argument}: {self.class_name}) -> {result}:{mark}",
            *written,
            *_joined("avro", pieces, "    "),
            f"    return avro, quotes{', names' if self._is_root else ''}",
        ]

    def _class_lines(self) -> list[str]:
        renamed: list[str] = []
        fields: list[str] = []
        for field in self._record.fields:
            kind = read_type(field.type, self._classes)
            is_optional = field.has_default or bool(self._aliases[field.name])
            if is_optional:
                # The linter wants None last.
                others = kind.removesuffix("None").removesuffix(" | ")
                kinds = [*([others] if others else []), "UnsetType", *(["None"] if kind.endswith("None") else [])]
                kind = f"{' | '.join(kinds)} = UNSET"
            for attribute, name in self._keys(field):
                fields.append(f"    {attribute}: {kind}")
                renamed += [f"{quote(attribute)}: {quote(name)}"] if attribute != name else []
        options = ["Struct", "forbid_unknown_fields=True", "kw_only=True", "gc=False"]
        options += [f"rename={{{', '.join(renamed)}}}"] if renamed else []
        header = statement(f"class {self.class_name}", options, "", "(", ")", always=True)
        if len(header) > 1 and not fits(header[-2]):  # the line of `rename`
            header[-2:-1] = statement("rename=", renamed, "    ", "{", "},", always=True)
        return ["", "", *header[:-1], f"{header[-1]}:", *(fields or ["    pass"])]

    def _keys(self, field: Field) -> list[tuple[str, str]]:
        """Attribute and key of a field, and of its aliases."""
        attribute = self._attributes[field.name]
        taken = set(self._attributes.values())
        keys = [(attribute, field.name)]
        for index, alias in enumerate(self._aliases[field.name], start=1):
            name = f"{attribute}_alias{index}"
            while name in taken:
                name += "_"
            taken.add(name)
            keys.append((name, alias))
        return keys

    def _field(self, field: Field, body: list[str]) -> tuple[str, int]:
        """The text of a field inside the f-string, and the quotation marks that it always has."""
        (attribute, name), *aliases = self._keys(field)
        is_required = not field.has_default and not aliases
        if is_required:
            self.required.append(name)
            if _is_used_once(field.type):
                piece, quotes = self._value(field.type, f"event.{attribute}", body, "    ", 0)
                return piece, quotes + 2
        value = self._variable(attribute)
        taking = f"    {value} = event.{attribute}"
        if is_required:
            inner: list[str] = []
            piece, quotes = self._value(field.type, value, inner, "    ", 0)
            body += [taking, *inner] if _names(value, [*inner, piece]) else inner
            return piece, quotes + 2
        body.append(taking)
        default = None if isinstance(field.default, Missing) else default_bytes(field.type, field.default)
        return self._optional_field(field, value, aliases, default, body), 0

    def _optional_field(
        self, field: Field, value: str, aliases: list[tuple[str, str]], default: bytes | None, body: list[str]
    ) -> str:
        """Whichever of its keys is there, and no two; else the default, where there is one."""
        bit = self._bit(field.name)
        for attribute, name in aliases:
            body += [f"    if event.{attribute} is not UNSET:", f"        if {value} is not UNSET:"]
            body += ["            raise NotPlain", f"        {value} = event.{attribute}"]
            if self._is_root:
                body.append(f"        names |= {self._bit(name)}")
        text = self._variable(f"{value}_text")
        indent = "    " if default is None else "        "
        inner: list[str] = []
        quotes = self._assign(field.type, value, text, inner, indent, 1)
        body.append(f"    if {value} is UNSET:")
        if default is None:
            body.append("        raise NotPlain")
        else:
            body += [f'        {text} = "{literal(default)}"', "    else:"]
        if self._is_root:
            test = f" if event.{self._attributes[field.name]} is not UNSET else 0" if aliases else ""
            body.append(f"{indent}names |= {bit}{test}")
        body += [f"{indent}quotes += {quotes + 2}", *inner]
        return f"{{{text}}}"

    def _bit(self, name: str) -> int:
        if not self._is_root:
            return 0
        self.optional.append(name)
        return int(1 << (len(self.optional) - 1))

    def _variable(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def _value(self, node: Node, value: str, body: list[str], indent: str, depth: int) -> tuple[str, int]:
        """As `_field`, for a value in a variable; `body` gets the statements that its text needs."""
        match node:
            case Primitive(name="null"):
                return "", 0
            case Primitive(name="string", logical=None):
                return f"{{LENGTHS[len({value})]}}{{{value}}}", 2
            case Enum():
                return f"{{{symbols_name(node, self._types)}[{value}]}}", 2
            case Primitive() | Fixed():
                return f"{{{scalar(node)[1].format(value)}}}", 2 if is_text(node) else 0
            case _:
                text = self._variable(f"{value}_text")
                return f"{{{text}}}", self._assign(node, value, text, body, indent, depth)

    def _assign(
        self, node: Node, value: str, text: str, body: list[str], indent: str, depth: int, index: str = ""
    ) -> int:
        """Put the text of a value, behind the `index` of its branch, into `text`; the quotation marks of it."""
        if depth > _MAX_DEPTH:
            raise NoTranscoder
        match node:
            case Record():
                more, function = self._variable(f"{value}_quotes"), function_name(self._classes[node.full_name])
                rest = ", _" if node is self._root else ""
                body += [f"{indent}{text}, {more}{rest} = {function}({value})", f"{indent}quotes += {more}"]
                if index:
                    body.append(f'{indent}{text} = f"{index}{{{text}}}"')
                return 0
            case Array() | Map():
                self._blocks(node, value, text, body, indent, depth, index)
                return 0
            case Union() if is_simple(node):
                return self._optional(node, value, text, body, indent, depth)
            case Union():
                raise NoTranscoder
            case _:
                piece, quotes = self._value(node, value, body, indent, depth)
                body += _joined(text, [f"{index}{piece}"], indent)
                return quotes

    def _optional(self, node: Union, value: str, text: str, body: list[str], indent: str, depth: int) -> int:
        """The index of the branch and its value (Avro specification, "Unions")."""
        indexes = {is_null(branch): literal(bytes([2 * index])) for index, branch in enumerate(node.branches)}
        branch = next((branch for branch in node.branches if not is_null(branch)), node.branches[0])
        if len(indexes) == 1:
            return self._assign(branch, value, text, body, indent, depth, indexes[is_null(branch)])
        inner: list[str] = []
        quotes = self._assign(branch, value, text, inner, f"{indent}    ", depth + 1, indexes[False])
        short = f'{indent}{text} = "{indexes[True]}" if {value} is None else {inner[0].partition(" = ")[2]}'
        if len(inner) == 1 and not quotes and fits(short):
            body.append(short)
            return 0
        body += [f"{indent}if {value} is None:", f'{indent}    {text} = "{indexes[True]}"', f"{indent}else:"]
        if quotes:
            body.append(f"{indent}    quotes += {quotes}")
        body += inner
        return 0

    def _blocks(
        self, node: Array | Map, value: str, text: str, body: list[str], indent: str, depth: int, index: str
    ) -> None:
        """One block with all items, and the empty one behind it (Avro specification, "Arrays", "Maps")."""
        item, items = self._variable("item"), self._variable(f"{value}_items")
        inner: list[str] = []
        child = node.items if isinstance(node, Array) else node.values
        piece, quotes = self._value(child, item, inner, f"{indent}    ", depth + 1)
        source = f"{item} in {value}"
        if isinstance(node, Map):
            key = self._variable("key")
            piece, quotes = f"{{LENGTHS[len({key})]}}{{{key}}}{piece}", quotes + 2
            source = f"{key}, {item} in {value}.items()"
        if quotes:
            body.append(f"{indent}quotes += {quotes} * len({value})")
        if inner:
            parts = self._variable(f"{value}_parts")
            body += [f"{indent}{parts}: list[str] = []", f"{indent}for {source}:", *inner]
            body += [f'{indent}    {parts}.append(f"{piece}")', f'{indent}{items} = "".join({parts})']
        elif piece:
            body.append(f'{indent}{items} = "".join([f"{piece}" for {source}])')
        whole = f"{{LENGTHS[len({value})]}}{{{items}}}" if inner or piece else f"{{LENGTHS[len({value})]}}"
        body.append(f'{indent}{text} = f"{index}{whole}\\x00" if {value} else "{index}\\x00"')


def _names(variable: str, lines: Sequence[str]) -> bool:
    """Whether any line names it; a union of null alone has a text without its value."""
    return any(re.search(rf"\b{variable}\b", line) for line in lines)


def _is_used_once(node: Node) -> bool:
    """Whether the text of a value names it at most once, so that it needs no variable."""
    is_string = isinstance(node, Primitive) and node.name == "string" and node.logical is None
    return isinstance(node, Primitive | Enum | Fixed) and not is_string


def _joined(name: str, pieces: Sequence[str], indent: str) -> list[str]:
    """`name` as one f-string of the pieces, one in a line where they are too wide for one."""
    if not any(pieces):
        return [f'{indent}{name} = ""']
    prefix = ["f" if "{" in piece else "" for piece in pieces]
    line = f'{indent}{name} = {"f" if "f" in prefix else ""}"{"".join(pieces)}"'
    if len(pieces) == 1 or fits(line):
        return [line]
    lines = [f'{indent}    {mark}"{piece}"' for mark, piece in zip(prefix, pieces, strict=True) if piece]
    return [f"{indent}{name} = (", *lines, f"{indent})"]
