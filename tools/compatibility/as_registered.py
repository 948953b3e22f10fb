"""What a registry and a file say is compared in the form that a registry keeps.

A registry writes a schema anew, as Avro Java does: names relative to the namespace around them, `{"type": "int"}` as
`"int"`. What differs only in that is no other schema.
"""

from __future__ import annotations

import json

from codegen.contract import ContractVersion
from codegen.faults import InvalidSchema
from codegen.nodes import Json
from codegen.schema import parse_schema
from tools.compatibility.places import whole_json
from tools.compatibility.published_changes import first_difference
from tools.registry.canonical import canonical_text


def difference_to_registered(registered: Json, version: ContractVersion) -> str | None:
    """The pointer of the first place where the whole schema of `version` differs from what is registered, or None."""
    return first_difference(_kept(registered), _kept(whole_json(version)), "")


def _kept(schema: Json) -> Json:
    try:
        parse_schema(schema)
    except InvalidSchema:
        return schema
    kept: Json = json.loads(canonical_text(schema))
    return kept
