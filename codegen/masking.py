"""Hides what carries a tag (such as PII) in a JSON view of a record, wherever in the schema it stands."""

from __future__ import annotations

import math
from typing import Any, Final

from codegen.branches import is_simple, is_tagged, json_kind, non_null
from codegen.nodes import Array, Map, Node, Record, Union, branch_name

MASK: Final = "***"
TAGS_KEY: Final = "confluent:tags"


def mask_record(record: Record, shown: dict[str, Any]) -> dict[str, Any]:
    """`shown`, the JSON of a record by wire names, with every tagged field replaced."""
    return {
        field.name: MASK if field.properties.get(TAGS_KEY) else _mask(field.type, shown[field.name])
        for field in record.fields
    }


def _mask(node: Node, shown: Any) -> Any:
    match node, shown:
        case Record(), dict():
            return mask_record(node, shown)
        case Array(), list():
            return [_mask(node.items, item) for item in shown]
        case Map(), dict():
            return {key: _mask(node.values, item) for key, item in shown.items()}
        case Union(), None:
            return None
        case Union(), _:
            return _mask_branch(node, shown)
        case _, float() if not math.isfinite(shown):
            return str(shown)
        case _:
            return shown


def _mask_branch(union: Union, shown: Any) -> Any:
    branches = non_null(union)
    if is_simple(union):
        return _mask(branches[0], shown)
    if is_tagged(union):
        ((name, value),) = shown.items()
        return {name: _mask(next(branch for branch in branches if branch_name(branch) == name), value)}
    kinds = {json_kind(branch): branch for branch in branches}
    match shown:
        case dict():
            return _mask(kinds["object"], shown)
        case list():
            return _mask(kinds["array"], shown)
        case float():
            return _mask(kinds["number"], shown)
        case _:
            return shown
