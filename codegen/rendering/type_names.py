"""What the named types of a schema are called in Python, and what they must not be called."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from codegen.branches import needs_wrapper
from codegen.nodes import Fixed, Named, Node, Record, named_types, namespace_of, simple_name, unions_in
from codegen.rendering.attributes import attribute_names
from codegen.rendering.imports import MODULE_NAMES

if TYPE_CHECKING:
    from codegen.contract import SchemaFile

# What the generated methods call their arguments, variables and neighbouring versions.
_VARIABLES: Final = re.compile(r"(?:out|self|cls|value|(?:item|key)\d*|_v\d+)")


class TypeNames:
    """Which class or alias each named type of one root is in its module; no two share one.

    A type keeps its own name where Python can have it. Of two types of one name in two namespaces the first keeps it,
    and the other gets its namespace in front, as in `BillingAddress`. `imported` has the names that types from other
    modules have there, by full name.
    """

    def __init__(self, root: Node, imported: Mapping[str, str] | None = None) -> None:
        given = dict(imported or {})
        # Those of the module itself choose first.
        types = sorted(named_types(root), key=lambda node: node.full_name in given)
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        records = [node for node in types if isinstance(node, Record)]
        fields = {attribute for record in records for attribute in attribute_names(record).values()}
        plain = {simple_name(node.full_name) for node in types}
        for node in types:
            name = given.get(node.full_name, simple_name(node.full_name))
            if _is_free(name) and name not in self._taken:
                self._take(node.full_name, name)
        # A name that was made up must not be hidden by a field, nor be mistaken for another type.
        avoided = fields | plain
        for node in types:
            if node.full_name not in self._names:
                names = _candidates(
                    given.get(node.full_name, simple_name(node.full_name)), namespace_of(node.full_name)
                )
                self._take(node.full_name, next(n for n in names if n not in self._taken | avoided and _is_free(n)))
        self._wrappers = {
            branch.full_name: self._new(f"{self.type(branch)}Branch", avoided)
            for union in unions_in(root)
            for branch in union.branches
            if isinstance(branch, Fixed) and needs_wrapper(union, branch)
        }

    def type(self, node: Named) -> str:
        """The class of a record or enum, or the alias of a fixed."""
        return self._names[node.full_name]

    def wrapper(self, node: Fixed) -> str | None:
        """The class that wraps a fixed in a union with other values of its Python type, where there is one."""
        return self._wrappers.get(node.full_name)

    def _take(self, full_name: str, name: str) -> None:
        self._names[full_name] = name
        self._taken.add(name)

    def _new(self, name: str, avoided: set[str]) -> str:
        while name in self._taken | avoided or not _is_free(name):
            name += "_"
        self._taken.add(name)
        return name


def _is_free(name: str) -> bool:
    """Whether a class of this name hides nothing that the module needs; two underscores in front would be mangled."""
    if keyword.iskeyword(name) or name.startswith("__") or name == "_":
        return False
    return not (name in MODULE_NAMES or hasattr(builtins, name) or _VARIABLES.fullmatch(name))


def _candidates(name: str, namespace: str) -> Iterator[str]:
    """`Status_`-like names where the name itself is the trouble, else longer and longer ones with the namespace."""
    plain = name.lstrip("_") or "Type" if name.startswith("__") or name == "_" else name
    if plain != name:
        yield plain
    if _is_free(plain):
        parts = [part[:1].upper() + part[1:] for part in namespace.split(".") if part.strip("_")]
        for count in range(1, len(parts) + 1):
            yield "".join(parts[-count:]).lstrip("_") + plain[:1].upper() + plain[1:]
    while True:
        plain += "_"
        yield plain


def type_names(file: SchemaFile) -> TypeNames:
    """What the types of a file are called in its module."""
    types = {node.full_name: node for node in named_types(file.schema.root)}
    imported = {name: type_names(origin).type(types[name]) for name, origin in file.origins.items() if name in types}
    return TypeNames(file.schema.root, imported)
