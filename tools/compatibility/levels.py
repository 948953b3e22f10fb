"""The seven compatibility levels of a subject: which way to look, and how far back.

Source: Confluent Schema Registry, "Schema Evolution and Compatibility". A level is a direction (or both) and a
stretch of the history (the latest version, or all of them); nothing else tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from codegen.incompatibility import Incompatibility
from codegen.nodes import Json, Node
from codegen.resolution import resolve
from codegen.schema import parse_schema


class Direction(StrEnum):
    """Who reads whom when a candidate meets an older version."""

    CANDIDATE_READS = "candidate reads"
    CANDIDATE_IS_READ = "candidate is read"


class Level(StrEnum):
    """A subject's compatibility level, by the registry's name."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Which way this level looks; NONE looks nowhere."""
        return _DIRECTIONS[self.value.removesuffix("_TRANSITIVE")]

    @property
    def transitive(self) -> bool:
        """Whether the candidate is held against all earlier versions, not the latest alone."""
        return self.value.endswith("_TRANSITIVE")


_DIRECTIONS = {
    "NONE": (),
    "BACKWARD": (Direction.CANDIDATE_READS,),
    "FORWARD": (Direction.CANDIDATE_IS_READ,),
    "FULL": (Direction.CANDIDATE_READS, Direction.CANDIDATE_IS_READ),
}


class LevelFailure(NamedTuple):
    """A candidate and an earlier `version` do not get along: who could not read whom, and one reason why."""

    version: int
    direction: Direction
    incompatibility: Incompatibility


def check_level(
    level: Level, candidate: Json, history: Sequence[tuple[int, Json]]
) -> list[tuple[int, Incompatibility]]:
    """What keeps `candidate` from following `history` at `level`: every failing version, the newest first.

    `history` has (version, schema) in any order, `candidate` and the schemas as parsed JSON. Raises
    codegen.faults.InvalidSchema for the first illegal schema.
    """
    parsed = [(version, parse_schema(schema).root) for version, schema in history]
    failures = level_failures(level, parse_schema(candidate).root, parsed)
    return [(failure.version, failure.incompatibility) for failure in failures]


def level_failures(level: Level, candidate: Node, history: Sequence[tuple[int, Node]]) -> list[LevelFailure]:
    """As `check_level`, on schemas that are parsed already, and with the direction of each failure."""
    newest_first = sorted(history, key=lambda entry: entry[0], reverse=True)
    failures: list[LevelFailure] = []
    for version, earlier in newest_first if level.transitive else newest_first[:1]:
        for direction in level.directions:
            candidate_reads = direction is Direction.CANDIDATE_READS
            found = resolve(candidate, earlier) if candidate_reads else resolve(earlier, candidate)
            failures += [LevelFailure(version, direction, finding) for finding in found]
    return failures
