"""The ids of everything that a contract may rate in its `[rules]` table, and how each is rated when it says nothing.

docs/rules.md says what each means. An error is what changes values without a word; the rest warns.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

DEPRECATED: Final = "deprecated"  # the property of a field


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


class MeaningRule(StrEnum):
    """What can be wrong between two versions that resolve."""

    LOGICAL_TYPE_CHANGED = "LOGICAL_TYPE_CHANGED"
    LOGICAL_TYPE_ADDED = "LOGICAL_TYPE_ADDED"
    LOGICAL_TYPE_DROPPED = "LOGICAL_TYPE_DROPPED"
    DECIMAL_SCALE_CHANGED = "DECIMAL_SCALE_CHANGED"
    DECIMAL_PRECISION_CHANGED = "DECIMAL_PRECISION_CHANGED"
    TIME_UNIT_CHANGED = "TIME_UNIT_CHANGED"
    STRING_READ_AS_BYTES = "STRING_READ_AS_BYTES"
    BYTES_READ_AS_STRING = "BYTES_READ_AS_STRING"
    LOSSY_PROMOTION = "LOSSY_PROMOTION"
    ENUM_SYMBOL_READ_AS_DEFAULT = "ENUM_SYMBOL_READ_AS_DEFAULT"
    DEFAULT_CHANGED = "DEFAULT_CHANGED"
    PROBABLE_RENAME = "PROBABLE_RENAME"
    DOC_DROPPED = "DOC_DROPPED"
    TAG_DROPPED = "TAG_DROPPED"
    FIELD_ORDER_CHANGED = "FIELD_ORDER_CHANGED"
    DEPRECATED_FIELD_USED = "DEPRECATED_FIELD_USED"
    DEPRECATED_FIELD_PAST_SUNSET = "DEPRECATED_FIELD_PAST_SUNSET"
    DEPRECATION_MALFORMED = "DEPRECATION_MALFORMED"
    UNION_BRANCH_PROMOTED = "UNION_BRANCH_PROMOTED"
    FASTAVRO_LOGICAL_TYPE = "FASTAVRO_LOGICAL_TYPE"
    FASTAVRO_RAW_DEFAULT = "FASTAVRO_RAW_DEFAULT"
    FASTAVRO_FIRST_BRANCH = "FASTAVRO_FIRST_BRANCH"
    AVRO_JAVA_BRANCH_NAME = "AVRO_JAVA_BRANCH_NAME"


class LintRule(StrEnum):
    """What can be doubtful in one version by itself."""

    DOUBTFUL_SCHEMA = "DOUBTFUL_SCHEMA"
    OWNER_MISSING = "OWNER_MISSING"
    DOC_MISSING = "DOC_MISSING"
    TYPE_NAME_STYLE = "TYPE_NAME_STYLE"
    FIELD_NAME_STYLE = "FIELD_NAME_STYLE"
    SYMBOL_STYLE = "SYMBOL_STYLE"
    ENUM_WITHOUT_DEFAULT = "ENUM_WITHOUT_DEFAULT"
    NULLABLE_WITHOUT_DEFAULT = "NULLABLE_WITHOUT_DEFAULT"
    COLLECTION_WITHOUT_DEFAULT = "COLLECTION_WITHOUT_DEFAULT"
    DEFAULT_OF_LATER_BRANCH = "DEFAULT_OF_LATER_BRANCH"
    BRANCHES_OVERLAP = "BRANCHES_OVERLAP"
    INEXACT_MONEY = "INEXACT_MONEY"
    BARE_TIME = "BARE_TIME"
    DEPRECATED_FIELD_KEPT = "DEPRECATED_FIELD_KEPT"


_ERRORS: Final = frozenset(
    {
        MeaningRule.LOGICAL_TYPE_CHANGED,
        MeaningRule.DECIMAL_SCALE_CHANGED,
        MeaningRule.TIME_UNIT_CHANGED,
        MeaningRule.STRING_READ_AS_BYTES,
        MeaningRule.BYTES_READ_AS_STRING,
        MeaningRule.DEPRECATED_FIELD_PAST_SUNSET,
        LintRule.DEPRECATED_FIELD_KEPT,
    }
)
DEFAULT_SEVERITIES: Final[Mapping[str, Severity]] = {
    rule.value: Severity.ERROR if rule in _ERRORS else Severity.WARNING for rule in (*MeaningRule, *LintRule)
}
# What compares a version with the one before it, and says nothing of an application that reads another's records.
CHANGE_RULES: Final = frozenset(
    {
        MeaningRule.DEFAULT_CHANGED,
        MeaningRule.PROBABLE_RENAME,
        MeaningRule.DOC_DROPPED,
        MeaningRule.TAG_DROPPED,
        MeaningRule.FIELD_ORDER_CHANGED,
        MeaningRule.DEPRECATION_MALFORMED,
    }
)
DEPRECATION_RULES: Final = frozenset(
    {MeaningRule.DEPRECATED_FIELD_USED, MeaningRule.DEPRECATED_FIELD_PAST_SUNSET, MeaningRule.DEPRECATION_MALFORMED}
)
