"""What a generated module may import, by module, in the order in which the linter wants it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from codegen.rendering.source_width import statement
from codegen.rendering.used_names import used_names

_Group: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

_STANDARD: Final = (
    ("datetime", ("UTC", "date", "datetime", "time")),
    ("decimal", ("Decimal",)),
    ("enum", ("nonmember",)),
    ("typing", ("TYPE_CHECKING", "Annotated", "ClassVar", "Final", "TypeAlias", "assert_never")),
    ("uuid", ("UUID",)),
)
_PYDANTIC: Final = (("pydantic", ("AliasChoices", "Field")),)
_OURS: Final = (
    ("codegen", ("binary",)),
    (
        "codegen.avro_types",
        (
            "AvroDecimal",
            "BigDecimal",
            "Bytes",
            "Date",
            "Double",
            "Float",
            "Int",
            "LocalTimestampMicros",
            "LocalTimestampMillis",
            "LocalTimestampNanos",
            "Long",
            "TimeMicros",
            "TimeMillis",
            "TimestampMicros",
            "TimestampMillis",
            "TimestampNanos",
            "Uuid",
            "UuidText",
        ),
    ),
    (
        "codegen.branches",
        ("Branch", "BytesBranch", "DoubleBranch", "FloatBranch", "IntBranch", "LongBranch", "StringBranch"),
    ),
    ("codegen.duration", ("Duration", "make_duration")),
    ("codegen.enums", ("AvroEnum",)),
    ("codegen.fixed_types", ("AvroDuration", "AvroFixed", "FixedBytes", "FixedDuration")),
    (
        "codegen.leaves",
        ("EPOCH", "LOCAL_EPOCH", "MICROSECOND", "MILLISECOND", "parse_date", "parse_local", "parse_time"),
    ),
    ("codegen.nanos", ("LocalNanoTimestamp", "NanoTimestamp")),
    ("codegen.runtime", ("AvroModel",)),
    ("codegen.union_types", ("BareUnion", "TaggedUnion")),
)

_GROUPS: Final = (_STANDARD, _PYDANTIC, _OURS)

_TRANSCODER_GROUPS: Final = (
    (("typing", ("Final",)),),
    (("msgspec", ("UNSET", "Struct", "UnsetType")),),
    (
        ("codegen.plain", ("NotPlain",)),
        (
            "codegen.transcoding",
            (
                "BOOLEANS",
                "LENGTHS",
                "Float",
                "Int",
                "Long",
                "Transcoder",
                "base64",
                "big_decimal",
                "date",
                "decimal",
                "double",
                "fixed",
                "fixed_decimal",
                "local_micros",
                "local_millis",
                "local_nanos",
                "micros",
                "millis",
                "nanos",
                "number",
                "single",
                "time_micros",
                "time_millis",
                "uuid",
                "uuid_bytes",
            ),
        ),
    ),
)
# What a transcoder imports or defines for itself.
TRANSCODER_NAMES: Final = frozenset(name for group in _TRANSCODER_GROUPS for _, names in group for name in names) | {
    "TRANSCODER"
}

# What a generated module imports or defines for itself: no type may be called so.
MODULE_NAMES: Final[frozenset[str]] = frozenset(name for group in _GROUPS for _, names in group for name in names) | {
    "MODEL",
    "Meta",
}
# Only methods use these, which do not see the fields of their class; any other name a field would hide.
_IN_METHODS: Final = frozenset({"TYPE_CHECKING", "Duration", "assert_never", "binary", "date", "time"})
CLASS_NAMES: Final[frozenset[str]] = MODULE_NAMES - _IN_METHODS


def render_imports(text: str, relative: Sequence[str] = ()) -> list[str]:
    """The imports that `text` uses; `relative` are lines for other generated modules."""
    return _render(_GROUPS, text, relative)


def render_transcoder_imports(text: str) -> list[str]:
    """The imports that the text of a transcoder uses."""
    return _render(_TRANSCODER_GROUPS, text, ())


def _render(groups: Sequence[_Group], text: str, relative: Sequence[str]) -> list[str]:
    names = used_names(text)
    rendered = [[line for module, known in group for line in _import(module, known, names)] for group in groups]
    return [line for group in (*rendered, list(relative)) if group for line in ["", *group]][1:]


def _import(module: str, known: Sequence[str], names: set[str]) -> list[str]:
    used = [name for name in known if name in names]
    return statement(f"from {module} import ", used, "", "(", ")") if used else []
