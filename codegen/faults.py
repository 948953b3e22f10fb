"""What is wrong with a schema, as values, and the one exception that carries them."""

from __future__ import annotations

from typing import NamedTuple


class SchemaFault(NamedTuple):
    """One thing that makes a schema illegal (or, as a warning, doubtful).

    `pointer` is the RFC 6901 pointer of the place in the schema; the root is the empty string.
    """

    pointer: str
    reason: str
    hint: str

    def __str__(self) -> str:
        return f"{self.pointer or '(root)'}: {self.reason}; {self.hint}"


class Stopped(ValueError):
    """Codegen stops before it writes anything; the text says why."""


class InvalidSchema(ValueError):
    """A schema breaks the Avro specification. `faults` has every fault, in order of their pointers."""

    def __init__(self, faults: tuple[SchemaFault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults
