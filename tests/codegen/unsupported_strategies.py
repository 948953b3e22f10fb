"""Hypothesis strategy: schemas with a type somewhere that codegen refuses."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

# The reason with which a type is refused, and the type.
UNSUPPORTED: dict[str, Any] = {
    "the union has no branches": [],
    "the enum Nothing has no symbols": {"type": "enum", "name": "Nothing", "symbols": []},
}


@st.composite
def unsupported_schemas(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """The reason for which codegen refuses a type, and a schema that has it somewhere."""
    reason = draw(st.sampled_from(sorted(UNSUPPORTED)))
    schema: Any = json.loads(json.dumps(UNSUPPORTED[reason]))
    for number in range(draw(st.integers(0, 3))):
        match draw(st.sampled_from(["array", "map", "record", "optional"])):
            case "array":
                schema = {"type": "array", "items": schema}
            case "map":
                schema = {"type": "map", "values": schema}
            case "record":
                schema = {"type": "record", "name": f"Inner{number}", "fields": [{"name": "it", "type": schema}]}
            case _:
                schema = schema if isinstance(schema, list) else ["null", schema]
    before = draw(st.lists(st.sampled_from(["string", "long", ["null", "bytes"]]), max_size=2))
    fields = [{"name": f"f{index}", "type": entry} for index, entry in enumerate([*before, schema])]
    return reason, {"type": "record", "name": "Outer", "fields": fields}
