"""The seam to the gate: is a schema legal, and may it follow the ones before it?

Verdicts come from `tools.compatibility`, the same that the command line uses; only the words are Confluent's here,
because clients show them and some read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from codegen.nodes import Json, Node
from codegen.reading.json_source import JsonSyntaxError, read_json_source
from codegen.schema import InvalidSchema, parse_schema
from tools.compatibility import Direction, Level, LevelFailure, level_failures
from tools.registry.canonical import Definitions
from tools.registry.errors import Finding, RegistryError, invalid_schema
from tools.registry.messages import describe
from tools.registry.model import JsonObject

LEVELS: Final = frozenset(level.value for level in Level)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A version that a candidate is checked against."""

    version: int
    text: str
    node: Node


@dataclass(frozen=True, slots=True)
class Verdict:
    """`messages` in Confluent's form (of the first version that fails), `findings` of the gate (of all that fail)."""

    messages: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def compatible(self) -> bool:
        return not self.messages


def read_schema(text: str) -> Json:
    """The JSON of a schema's text. Raises RegistryError 42201."""
    try:
        return read_json_source(text).value
    except JsonSyntaxError as error:
        raise _invalid(f"{error.reason} (line {error.position.line}, column {error.position.column})") from error


def parse(schema: Json, definitions: Definitions) -> Node:
    """The typed form of a schema whose references are defined. Raises RegistryError 42201, with all faults."""
    try:
        return parse_schema(definitions.resolve(schema)).root
    except InvalidSchema as error:
        findings: list[JsonObject] = [
            {"type": "INVALID_SCHEMA", "pointer": fault.pointer, "message": fault.reason, "hint": fault.hint}
            for fault in error.faults
        ]
        raise _invalid(str(error), findings) from error


@lru_cache(maxsize=512)
def parse_stored(text: str) -> Node:
    """The typed form of a stored schema without references: it was legal when it came."""
    return parse_schema(read_schema(text)).root


def _invalid(details: str, findings: Sequence[Finding] = ()) -> RegistryError:
    return invalid_schema(f"Invalid schema of type AVRO, details: {details}", findings)


def judge(level: str, candidate: Node, history: Sequence[Earlier]) -> Verdict:
    """Check a candidate against earlier versions (oldest first) at a level."""
    failures = level_failures(Level(level), candidate, [(entry.version, entry.node) for entry in history])
    if not failures:
        return Verdict()
    first = failures[0].version
    old = next(entry for entry in history if entry.version == first)
    # Of a level that looks both ways, Confluent tells first what the older readers miss.
    told = sorted(
        (failure for failure in failures if failure.version == first),
        key=lambda failure: failure.direction is Direction.CANDIDATE_READS,
    )
    messages = [describe(failure) for failure in told]
    messages += [f"{{oldSchemaVersion: {first}}}", f"{{oldSchema: '{old.text}'}}"]
    messages.append(f"{{validateFields: 'false', compatibility: '{level}'}}")
    return Verdict(tuple(messages), tuple(map(_finding, failures)))


def _finding(failure: LevelFailure) -> JsonObject:
    return {
        "version": failure.version,
        "direction": failure.direction.value,
        **failure.incompatibility.as_json(),
    }
