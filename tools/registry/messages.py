"""One incompatibility in the words of Confluent's Avro provider, which clients print and some read."""

from __future__ import annotations

from codegen.nodes import Json
from tools.compatibility import Direction, Incompatibility, IncompatibilityType, LevelFailure


def describe(failure: LevelFailure) -> str:
    """Confluent's text; it calls the side that reads "new" or "old", by the direction of the check."""
    finding = failure.incompatibility
    reads = failure.direction is Direction.CANDIDATE_READS
    description = _description(finding, *(("new", "old") if reads else ("old", "new")))
    details = _details(finding)
    return f"{{errorType:'{finding.type.value}', description:'{description}', additionalInfo:'{details}'}}"


def _description(finding: Incompatibility, reader: str, writer: str) -> str:
    path = finding.pointer or "/"
    match finding.type:
        case IncompatibilityType.TYPE_MISMATCH:
            return f"The type (path '{path}') of a field in the {reader} schema does not match with the {writer} schema"
        case IncompatibilityType.NAME_MISMATCH:
            return f"The name of the schema has changed (path '{path}')"
        case IncompatibilityType.FIXED_SIZE_MISMATCH:
            where = f"The size of FIXED type field at path '{path}' in the {reader} schema"
            return f"{where} does not match with the {writer} schema"
        case IncompatibilityType.MISSING_ENUM_SYMBOLS:
            symbols = _details(finding)
            return f"The {reader} schema is missing enum symbols '{symbols}' at path '{path}' in the {writer} schema"
        case IncompatibilityType.MISSING_UNION_BRANCH:
            return f"The {reader} schema is missing a type inside a union field at path '{path}' in the {writer} schema"
        case IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE:
            where = f"The field '{_details(finding)}' at path '{path}' in the {reader} schema"
            return f"{where} has no default value and is missing in the {writer} schema"
        case _:
            return f"{finding.message} (path '{path}')"


def _details(finding: Incompatibility) -> str:
    """What Avro Java puts into the message of the incompatibility."""
    reader, writer = finding.reader_fragment, finding.writer_fragment
    match finding.type:
        case IncompatibilityType.TYPE_MISMATCH:
            return f"reader type: {_type(reader)} not compatible with writer type: {_type(writer)}"
        case IncompatibilityType.NAME_MISMATCH:
            return f"expected: {writer}"
        case IncompatibilityType.FIXED_SIZE_MISMATCH:
            return f"expected: {writer}, found: {reader}"
        case IncompatibilityType.MISSING_ENUM_SYMBOLS:
            return f"[{', '.join(map(str, writer))}]" if isinstance(writer, list) else str(writer)
        case IncompatibilityType.MISSING_UNION_BRANCH:
            return f"reader union lacking writer type: {_type(writer)}"
        case IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE if isinstance(reader, dict):
            return str(reader.get("name"))
        case _:
            return finding.hint


def _type(fragment: Json) -> str:
    """Avro Java's name of a type, in capitals."""
    match fragment:
        case list():
            return "UNION"
        case dict():
            return str(fragment.get("type")).upper()
        case _:
            return str(fragment).upper()
