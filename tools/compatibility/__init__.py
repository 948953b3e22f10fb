"""The gate: whether schemas, whole contracts and their history can live together.

Cheap to import: no Kafka client, no Avro library, no generated model; and each name is loaded when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

_HOMES: Final = {
    "Direction": "tools.compatibility.levels",
    "Incompatibility": "codegen.incompatibility",
    "IncompatibilityType": "codegen.incompatibility",
    "InvalidSchema": "codegen.faults",
    "Level": "tools.compatibility.levels",
    "LevelFailure": "tools.compatibility.levels",
    "MeaningFinding": "tools.compatibility.meaning_finding",
    "MeaningRule": "tools.compatibility.rules",
    "check": "tools.compatibility.verdict",
    "check_level": "tools.compatibility.levels",
    "check_meaning": "tools.compatibility.meaning",
    "level_failures": "tools.compatibility.levels",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
