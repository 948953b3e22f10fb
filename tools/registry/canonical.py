"""The one text under which a schema is stored, and self-contained copies of schemas that use others.

The canonical text is what Avro Java's `Schema.toString()` writes (Confluent's Avro provider stores that): attributes in
a fixed order, no white space, names relative to the namespace around them, `{"type": "int"}` as `"int"`. Docs,
defaults, aliases and properties stay. It is no Parsing Canonical Form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from codegen.nodes import PRIMITIVES, Json
from tools.registry.model import JsonObject

_SCHEMA_KEYS: Final = frozenset(
    {"doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases"}
)
_ENUM_KEYS: Final = _SCHEMA_KEYS | {"default"}
_FIELD_KEYS: Final = frozenset({"default", "doc", "name", "order", "type", "aliases"})
_NAMED: Final = frozenset({"record", "error", "enum", "fixed"})
_INNER_KEYS: Final = ("type", "items", "values")
_LOGICAL_KEYS: Final = ("logicalType", "precision", "scale")


def canonical_text(schema: Json, *, normalize: bool = False) -> str:
    """The canonical text of a legal schema (parsed JSON).

    With `normalize`, properties and aliases are sorted too, so that their order makes no other schema.
    """
    canonical = _Writer(normalize).schema(schema, "")
    return json.dumps(canonical, separators=(",", ":"), ensure_ascii=False)


def full_name(name: str, namespace: str) -> str:
    """Avro specification, section "Names": a name with a dot is full, any other lives in the namespace around it."""
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _named_full_name(schema: Mapping[str, Json], namespace: str) -> str:
    own = schema.get("namespace", namespace)
    return full_name(str(schema["name"]), own if isinstance(own, str) else namespace)


def _relative(name: str, namespace: str) -> str:
    space, _, short = name.rpartition(".")
    return short if space == namespace and short not in PRIMITIVES else name


@dataclass(frozen=True, slots=True)
class _Writer:
    normalize: bool

    def schema(self, schema: Json, namespace: str) -> Json:
        match schema:
            case str() if schema in PRIMITIVES:
                return schema
            case str():
                return _relative(full_name(schema, namespace), namespace)
            case list():
                return [self.schema(branch, namespace) for branch in schema]
            case dict():
                return self._object(schema, namespace)
            case _:
                return schema

    def _object(self, schema: JsonObject, namespace: str) -> Json:
        kind = schema["type"]
        if not isinstance(kind, str):
            return self.schema(kind, namespace)
        if kind in _NAMED:
            return self._named(kind, schema, namespace)
        if kind == "array":
            return {"type": kind, "items": self.schema(schema["items"], namespace), **self._properties(schema)}
        if kind == "map":
            return {"type": kind, "values": self.schema(schema["values"], namespace), **self._properties(schema)}
        if kind not in PRIMITIVES:
            return self.schema(kind, namespace)
        properties = self._properties(schema)
        return {"type": kind, **properties} if properties else kind

    def _named(self, kind: str, schema: JsonObject, namespace: str) -> Json:
        name = _named_full_name(schema, namespace)
        space, _, short = name.rpartition(".")
        out: JsonObject = {"type": kind, "name": short}
        if space != namespace:
            out["namespace"] = space
        if schema.get("doc") is not None:
            out["doc"] = schema["doc"]
        if kind == "fixed":
            out["size"] = schema["size"]
        elif kind == "enum":
            out["symbols"] = schema["symbols"]
            if schema.get("default") is not None:
                out["default"] = schema["default"]
        else:
            fields = schema["fields"]
            out["fields"] = [self._field(item, space) for item in fields] if isinstance(fields, list) else []
        out |= self._properties(schema, _ENUM_KEYS if kind == "enum" else _SCHEMA_KEYS)
        aliases = schema.get("aliases")
        if isinstance(aliases, list) and aliases:
            names = [full_name(str(alias), space) for alias in aliases]
            out["aliases"] = [_relative(alias, space) for alias in (sorted(names) if self.normalize else names)]
        return out

    def _field(self, item: Json, namespace: str) -> Json:
        if not isinstance(item, dict):
            return item
        out: JsonObject = {"name": item["name"], "type": self.schema(item["type"], namespace)}
        if item.get("doc") is not None:
            out["doc"] = item["doc"]
        if "default" in item:
            out["default"] = item["default"]
        if item.get("order", "ascending") != "ascending":
            out["order"] = item["order"]
        aliases = item.get("aliases")
        if isinstance(aliases, list) and aliases:
            out["aliases"] = sorted(aliases, key=str) if self.normalize else aliases
        return out | self._sorted({key: value for key, value in item.items() if key not in _FIELD_KEYS})

    def _properties(self, schema: JsonObject, known: frozenset[str] = _SCHEMA_KEYS) -> JsonObject:
        return self._sorted({key: value for key, value in schema.items() if key not in known})

    def _sorted(self, properties: JsonObject) -> JsonObject:
        if not self.normalize:
            return properties
        first = [key for key in _LOGICAL_KEYS if key in properties and "logicalType" in properties]
        rest = sorted(properties.keys() - set(first))
        return {key: _sort_keys(properties[key]) for key in [*first, *rest]}


def _sort_keys(value: Json) -> Json:
    match value:
        case dict():
            return {key: _sort_keys(value[key]) for key in sorted(value)}
        case list():
            return [_sort_keys(item) for item in value]
        case _:
            return value


@dataclass(slots=True)
class Definitions:
    """The named types of referenced schemas, each as JSON that means the same in every namespace."""

    types: dict[str, JsonObject] = field(default_factory=dict)

    def add(self, schema: Json) -> None:
        """Take in every named type that `schema` defines."""
        self._absolute(schema, "")

    def resolve(self, schema: Json) -> Json:
        """A self-contained copy of `schema`: the first use of a referenced name carries its definition."""
        return self._inline(schema, "", set()) if self.types else schema

    def _absolute(self, schema: Json, namespace: str) -> Json:
        """`schema` with full names everywhere; named types are recorded on the way."""
        match schema:
            case str():
                return schema if schema in PRIMITIVES else full_name(schema, namespace)
            case list():
                return [self._absolute(branch, namespace) for branch in schema]
            case dict():
                return self._absolute_object(schema, namespace)
            case _:
                return schema

    def _absolute_object(self, schema: JsonObject, namespace: str) -> Json:
        kind = schema.get("type")
        if kind not in _NAMED:
            inner = {key: self._absolute(schema[key], namespace) for key in _INNER_KEYS if key in schema}
            return schema | inner
        name = _named_full_name(schema, namespace)
        space, _, short = name.rpartition(".")
        out = schema | {"name": short, "namespace": space}
        self.types[name] = out
        fields = schema.get("fields")
        if isinstance(fields, list):
            out["fields"] = [
                item | {"type": self._absolute(item["type"], space)} if isinstance(item, dict) else item
                for item in fields
            ]
        return out

    def _inline(self, schema: Json, namespace: str, written: set[str]) -> Json:
        match schema:
            case str() if schema not in PRIMITIVES:
                name = full_name(schema, namespace)
                if name in written or name not in self.types:
                    return schema
                return self._inline(self.types[name], namespace, written)
            case list():
                return [self._inline(branch, namespace, written) for branch in schema]
            case dict():
                return self._inline_object(schema, namespace, written)
            case _:
                return schema

    def _inline_object(self, schema: JsonObject, namespace: str, written: set[str]) -> Json:
        kind = schema.get("type")
        if kind not in _NAMED:
            inner = {
                key: self._inline(schema[key], namespace, written)
                for key in ("type", "items", "values")
                if key in schema
            }
            return schema | inner
        if not isinstance(schema.get("name"), str):
            return schema  # illegal; the parser says so
        name = _named_full_name(schema, namespace)
        if name in written:
            return name
        written.add(name)
        fields = schema.get("fields")
        if not isinstance(fields, list):
            return schema
        space = name.rpartition(".")[0]
        inlined: list[Json] = [
            item | {"type": self._inline(item["type"], space, written)}
            if isinstance(item, dict) and "type" in item
            else item
            for item in fields
        ]
        return schema | {"fields": inlined}
