"""The attributes of a schema object, each read by its rule: names, aliases, symbols, size, logical type.

Source: Avro specification 1.12, sections "Names", "Aliases", "Enums" and "Fixed".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from codegen.faults import SchemaFault
from codegen.nodes import PRIMITIVES, Json, LogicalType, Named
from codegen.reading.json_source import escape_pointer
from codegen.reading.logical import logical_type

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class AttributeReader:
    """Reads attributes and collects what is wrong with them; `types` has the named types known so far."""

    def __init__(self, types: dict[str, Named]) -> None:
        self.types = types
        self.faults: list[SchemaFault] = []
        self.warnings: list[SchemaFault] = []

    def fault(self, pointer: str, reason: str, hint: str) -> None:
        self.faults.append(SchemaFault(pointer, reason, hint))

    def full_name(self, schema: dict[str, Json], pointer: str, namespace: str) -> str | None:
        name = schema.get("name")
        if not isinstance(name, str) or not name:
            self.fault(pointer, f'the {schema["type"]} has no "name"', 'add "name", a string')
            return None
        own = schema.get("namespace", namespace)
        if not isinstance(own, str):
            self.fault(f"{pointer}/namespace", '"namespace" is not a string', 'write it as "com.example"')
            return None
        full_name = name if "." in name or not own else f"{own}.{name}"
        bad = [part for part in full_name.split(".") if not NAME.fullmatch(part)]
        if bad:
            where = f"{pointer}/name" if any(part in name.split(".") for part in bad) else f"{pointer}/namespace"
            self.fault(where, f"{bad[0]!r} is no Avro name", "use letters, digits and _, and no digit first")
            return None
        if full_name.rpartition(".")[2] in PRIMITIVES:
            self.fault(f"{pointer}/name", f"{name!r} is the name of a primitive type", "choose another name")
            return None
        if full_name in self.types:
            self.fault(
                f"{pointer}/name",
                f"the type {full_name!r} is already defined",
                "use the name alone to refer to it, or choose another",
            )
            return None
        return full_name

    def names(
        self, schema: dict[str, Json], key: str, pointer: str, legal: Callable[[str], object] = NAME.fullmatch
    ) -> tuple[str, ...]:
        values = schema.get(key, [])
        if not isinstance(values, list):
            self.fault(f"{pointer}/{escape_pointer(key)}", f'"{key}" is not an array', "write an array of names")
            return ()
        names: list[str] = []
        for index, value in enumerate(values):
            here = f"{pointer}/{key}/{index}"
            if not isinstance(value, str) or not legal(value):
                self.fault(here, f"{value!r} is no Avro name", "use letters, digits and _, and no digit first")
            elif value in names:
                self.fault(here, f"{value!r} stands twice", "remove one")
            else:
                names.append(value)
        return tuple(names)

    def type_aliases(self, schema: dict[str, Json], pointer: str, namespace: str) -> tuple[str, ...]:
        """Full names: an alias without a dot lives in the namespace of its type."""
        aliases = self.names(
            schema, "aliases", pointer, lambda alias: all(NAME.fullmatch(part) for part in alias.split("."))
        )
        return tuple(alias if "." in alias or not namespace else f"{namespace}.{alias}" for alias in aliases)

    def symbols(self, schema: dict[str, Json], pointer: str) -> tuple[str, ...]:
        if "symbols" not in schema:
            self.fault(pointer, 'the enum has no "symbols"', 'add "symbols", an array of names')
        return self.names(schema, "symbols", pointer)

    def enum_default(self, schema: dict[str, Json], symbols: tuple[str, ...], pointer: str) -> str | None:
        default = schema.get("default")
        if default is None or (isinstance(default, str) and default in symbols):
            return default
        self.fault(f"{pointer}/default", f"the default {default!r} is none of the symbols", "use one of the symbols")
        return None

    def size(self, schema: dict[str, Json], pointer: str) -> int | None:
        size = schema.get("size")
        if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**31:
            return size
        where = f"{pointer}/size" if "size" in schema else pointer
        self.fault(where, f"the size of a fixed is a number of bytes, not {size!r}", "write an integer from 0 up")
        return None

    def text(self, schema: dict[str, Json], key: str, pointer: str) -> str | None:
        text = schema.get(key)
        if text is None or isinstance(text, str):
            return text
        self.fault(f"{pointer}/{key}", f'"{key}" is not a string', "put it in double quotes")
        return None

    def logical(self, properties: dict[str, Json], base: str, size: int | None, pointer: str) -> LogicalType | None:
        """The known logical type, or None with a warning: a wrong one is ignored, as the specification says."""
        logical, complaint = logical_type(properties, base, size)
        if complaint is not None:
            hint = "the base type is used as it is; correct the attributes to get the logical type"
            self.warnings.append(SchemaFault(f"{pointer}/logicalType", complaint, hint))
        return logical
