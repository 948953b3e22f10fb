"""The gate: whether schemas, whole contracts and their history can live together.

Cheap to import: no Kafka client, no Avro library, no generated model.
"""

from codegen.faults import InvalidSchema
from codegen.incompatibility import Incompatibility, IncompatibilityType
from tools.compatibility.levels import Direction, Level, LevelFailure, check_level, level_failures
from tools.compatibility.meaning import check_meaning
from tools.compatibility.meaning_finding import MeaningFinding
from tools.compatibility.rules import MeaningRule
from tools.compatibility.verdict import check

__all__ = [
    "Direction",
    "Incompatibility",
    "IncompatibilityType",
    "InvalidSchema",
    "Level",
    "LevelFailure",
    "MeaningFinding",
    "MeaningRule",
    "check",
    "check_level",
    "check_meaning",
    "level_failures",
]
