"""The named types that a registered schema takes from other subjects: its references, theirs, and so on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codegen.nodes import Named
from codegen.schema import parse_schema

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema, SchemaReference


class IllegalReference(ValueError):
    """What is referred to cannot be used."""


@dataclass(slots=True)
class ReferencedTypes:
    """Collects the types of references, each schema after those that it refers to itself, as Confluent's clients do.

    `ask` gives the schema of a reference. Of two references with one name the first one met is meant, as there.
    """

    ask: Callable[[SchemaReference], Schema]
    types: Mapping[str, Named] = field(default_factory=dict)
    _met: set[str] = field(default_factory=set)

    def add(self, references: Sequence[SchemaReference] | None) -> None:
        """Raises IllegalReference, and whatever `ask` raises."""
        for reference in references or ():
            name = reference.name or ""
            if name in self._met:
                continue
            self._met.add(name)
            schema = self.ask(reference)
            self.add(schema.references)
            try:
                self.types = parse_schema(json.loads(schema.schema_str or ""), self.types).types
            except ValueError as error:
                place = f"version {reference.version} of {reference.subject}"
                raise IllegalReference(f"{name!r}, which is {place}, is no Avro schema: {error}") from error
