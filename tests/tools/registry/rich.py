"""A registry with something of everything, for what has to keep it all."""

from __future__ import annotations

import json
from typing import Any

from tools.registry.lookup import SchemaRequest
from tools.registry.model import Caller, Mode, Reference
from tools.registry.registry import Registry
from tools.registry.rows import GLOBAL
from tools.registry.settings import ConfigChange

WHO = Caller("somebody", "a test")
_DEP = {"type": "record", "name": "Dep", "namespace": "com.x", "fields": [{"name": "v", "type": "int"}]}
_HOLDER = {"type": "record", "name": "Holder", "namespace": "com.x", "fields": [{"name": "d", "type": "com.x.Dep"}]}
_RULES: Any = {"domainRules": [{"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "true"}]}
_METADATA: Any = {"tags": {"**.v": ["PII"]}, "properties": {"owner": "Zoë", "a": "b"}, "sensitive": ["owner"]}


def fill(registry: Registry) -> None:
    """References, metadata, rules, levels, modes, both deletions, odd names, a forgotten id, a restored schema."""

    def register(subject: str, schema: Any, **rest: Any) -> int:
        normalize = bool(rest.pop("normalize", False))
        request = SchemaRequest(json.dumps(schema), **rest)
        return registry.register(subject, request, WHO, normalize=normalize).schema_id

    # The user of "zz-dep" stands before it in the alphabet.
    register("zz-dep", _DEP)
    register("holder/value ü", _HOLDER, references=(Reference("com.x.Dep", "zz-dep", 1),))
    register("rules", _DEP, metadata=_METADATA, rule_set=_RULES)
    register("normal", {"type": "fixed", "size": 2, "name": "F", "namespace": "n", "doc": "ä"}, normalize=True)
    register("gone", "int")
    register("gone", "long")
    registry.delete_version("gone", "1", WHO, permanent=False)
    register("back", "string")
    registry.delete_version("back", "1", WHO, permanent=False)
    register("back", "string")
    register("all-gone", "bytes")
    registry.delete_subject("all-gone", WHO, permanent=False)
    register("last", "boolean")
    registry.delete_subject("last", WHO, permanent=False)
    registry.delete_subject("last", WHO, permanent=True)
    level = {"compatibilityLevel": "FULL_TRANSITIVE"}
    registry.change_config("gone", ConfigChange({**level, "alias": None, "compatibilityGroup": "major"}), WHO)
    registry.change_config("rules", ConfigChange({"defaultMetadata": _METADATA}), WHO)
    registry.change_config(GLOBAL, ConfigChange({"compatibilityLevel": "FORWARD", "normalize": True}), WHO)
    registry.change_mode("rules", Mode.READONLY, WHO, force=False)
