"""Attributes of a generated model: a field's name where Python can have it, else the nearest that it can."""

from __future__ import annotations

import keyword
from collections import Counter
from typing import Final

from codegen.nodes import Enum, Fixed, Record, children, simple_name
from codegen.rendering.imports import CLASS_NAMES

# A field of one of these names would hide it from the fields behind it.
_ANNOTATIONS: Final[frozenset[str]] = frozenset({"str", "bool", "list", "dict"})

# What the base class has of its own (a test compares); a list, so that the output does not change with a release.
RESERVED: Final[frozenset[str]] = frozenset(
    {
        "ALIASES", "AVSC", "FINGERPRINT", "FULL_NAME", "TAGS", "VERSION", "WIRE_NAMES", "asdict", "avro_schema",
        "avro_schema_to_python", "construct", "copy", "decoder", "derived_schema", "deserialize",
        "deserialize_to_python", "dict", "downgrade", "fake", "from_orm", "generate_schema", "get_fields",
        "get_fullname", "json", "json_schema", "masked", "model_computed_fields", "model_config", "model_construct",
        "model_copy", "model_dump", "model_dump_json", "model_extra", "model_fields", "model_fields_set",
        "model_json_schema", "model_parametrized_name", "model_post_init", "model_rebuild", "model_validate",
        "model_validate_json", "model_validate_strings", "parse_file", "parse_obj", "parse_raw", "schema",
        "schema_json", "serialize", "to_dict", "to_json", "update_forward_refs", "upgrade", "validate",
        "validate_avro",
    }
)  # fmt: skip


def attribute_names(record: Record) -> dict[str, str]:
    """Wire name → attribute, in the order of the fields; no two fields share an attribute."""
    reserved = RESERVED | CLASS_NAMES | _ANNOTATIONS | _type_names(record)
    names = {field.name: field.name for field in record.fields if _is_free(field.name, reserved)}
    taken = reserved | names.keys()
    for field in record.fields:
        if field.name not in names:
            # An underscore in front is pydantic's mark of a private attribute.
            attribute = field.name.lstrip("_") or "field"
            attribute = f"field_{attribute}" if attribute[0].isdigit() else attribute
            while attribute in taken or keyword.iskeyword(attribute):
                attribute += "_"
            names[field.name] = attribute
            taken |= {attribute}
    return {field.name: names[field.name] for field in record.fields}


def _is_free(name: str, reserved: frozenset[str]) -> bool:
    return not name.startswith("_") and not keyword.iskeyword(name) and name not in reserved


def _type_names(record: Record) -> frozenset[str]:
    """The classes that the annotations of a record's fields name; a field of one of these names would hide it."""
    names: set[str] = set()
    pending = [field.type for field in record.fields]
    while pending:
        node = pending.pop()
        if isinstance(node, Fixed | Enum | Record):
            names.add(simple_name(node.full_name))
        else:
            pending.extend(children(node))
    return frozenset(names)


def accepted_aliases(record: Record) -> dict[str, tuple[str, ...]]:
    """Field name → the aliases by which JSON may call it: no other field's name, and no other field's alias."""
    names = {field.name for field in record.fields}
    counts = Counter(alias for field in record.fields for alias in field.aliases)
    return {
        field.name: tuple(alias for alias in field.aliases if alias not in names and counts[alias] == 1)
        for field in record.fields
    }
