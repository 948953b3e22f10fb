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
