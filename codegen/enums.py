"""The base class of the generated enums."""

from __future__ import annotations

from enum import StrEnum

from codegen import binary


class AvroEnum(StrEnum):
    """Its values are the symbols; `encoded` is a symbol's place in the schema (Avro specification, "Enums")."""

    encoded: bytes

    def __init__(self, _symbol: str) -> None:
        # The members that stand before this one are there already.
        self.encoded = binary.encode_long(len(type(self).__members__))

    @classmethod
    def full_name(cls) -> str:
        """The full name of the enum in its schema."""
        meta = getattr(cls, "Meta", None)
        namespace, name = getattr(meta, "namespace", None), getattr(meta, "schema_name", cls.__name__)
        return f"{namespace}.{name}" if namespace else str(name)
