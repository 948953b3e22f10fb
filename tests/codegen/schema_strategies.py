"""Hypothesis strategies: schemas that codegen makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from codegen.leaves import EPOCH
from codegen.nodes import PRIMITIVES
from codegen.reading.logical import max_precision

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
DOCS = st.one_of(
    TEXT,
    st.text(st.sampled_from("ab \"'\\\n\r\t\x00\x7f\u200b\u2028é漢😀{}%$#"), max_size=20),
    st.sampled_from(
        ['"', '"""', "'''", "\\", '\\"', " padded ", "ends with \\", 'ends with "', "tab\there", "x" * 150]
    ),
)
FIELD_NAMES = st.one_of(
    st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True),
    st.sampled_from(
        ["userId", "X", "id", "type", "hash", "list", "str", "dict", "int", "key", "item", "out", "self", "cls", "name",
         "namespace", "doc", "default", "title", "annotations", "len", "enumerate", "date", "time", "uuid", "model",
         "class", "None", "_", "__", "_x", "_1", "copy", "copy_", "model_config", "serialize", "json", "AVSC", "Field",
         "datetime", "bool", "Status", "A", "field"]
    ),
)  # fmt: skip
TYPE_NAMES = st.one_of(
    st.from_regex(r"[A-Z][A-Za-z0-9_]{0,6}", fullmatch=True),
    st.sampled_from(
        [
            "lower",
            "snake_case",
            "UPPER",
            "X",
            "V2",
            "V10",
            "A",
            "_Private",
            "AB",
            "aB",
            "Status",
            "Self",
            "None",
            "print",
            "Exception",
            "Meta",
            "MODEL",
            "__Hidden",
            "_",
            "Field",
            "list",
            "item",
            "date",
            "Int",
            "Branch",
            "A_",
            "XBranch",
        ]
    ),
)
SYMBOLS = st.one_of(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True),
    st.sampled_from(["mro", "name", "value", "None", "class", "_x", "__init__", "A", "a", "namespace", "default", "_"]),
)
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 999), st.floats(allow_nan=False, allow_infinity=False), DOCS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=4,
)  # fmt: skip
PROPERTY_NAMES = st.one_of(
    st.from_regex(r"x-[a-z]{1,4}", fullmatch=True),
    st.sampled_from(["owner", "confluent:rules", "since", "description"]),
)
NAMESPACES = st.sampled_from([None, None, "com.example", "a", "b", "com.example.inner", "class.x", "", "_"])

DAY_MICROS = 86_400_000_000
MICROS_MIN = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH).days * DAY_MICROS
MICROS_MAX = (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH).days * DAY_MICROS


@dataclass
class _Scope:
    """What a schema has defined so far: names must be unique, and types may be used again by their full names."""

    names: set[str] = field(default_factory=set)
    types: list[tuple[str, Any]] = field(default_factory=list)  # full name and the JSON of its definition
    open: list[str] = field(default_factory=list)  # full names of the records around


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """Records of everything that codegen makes, recursive ones too; a finite datum always exists."""
    scope = _Scope()
    return draw(_records(scope, "", depth=0))


@st.composite
def _named(draw: st.DrawFn, scope: _Scope, namespace: str) -> tuple[dict[str, Any], str, str]:
    own = draw(NAMESPACES)
    inner = namespace if own is None else own
    start = f"{inner}." if inner else ""
    name = draw(TYPE_NAMES.filter(lambda name: f"{start}{name}" not in scope.names))
    scope.names.add(f"{start}{name}")
    schema: dict[str, Any] = {"name": name}
    if inner and draw(st.integers(0, 5)) == 0:
        schema["name"] = f"{start}{name}"  # a name with dots says its namespace itself
        schema |= {} if own is None else {"namespace": "not.looked.at"}
    elif own is not None:
        schema["namespace"] = own
    if draw(st.booleans()):
        schema["doc"] = draw(DOCS)
    if draw(st.integers(0, 4)) == 0:
        schema["aliases"] = draw(st.lists(st.sampled_from(["Old", "Older", "org.Oldest"]), max_size=2, unique=True))
    return schema, inner, f"{start}{name}"


@st.composite
def _records(draw: st.DrawFn, scope: _Scope, namespace: str, depth: int) -> dict[str, Any]:
    schema, inner, full_name = draw(_named(scope, namespace))
    scope.open.append(full_name)
    fields = []
    names = draw(st.lists(FIELD_NAMES, min_size=0 if depth else 1, max_size=3 if depth else 5, unique=True))
    for name in names:
        entry: dict[str, Any] = {"name": name, "type": draw(_types(scope, inner, depth))}
        if draw(st.integers(0, 2)) == 0:
            entry["default"] = draw(_defaults(entry["type"], dict(scope.types), inner))
        if draw(st.booleans()):
            entry["doc"] = draw(DOCS)
        if draw(st.integers(0, 4)) == 0:
            entry["aliases"] = [f"old_{name}", f"older_{name}"][: draw(st.integers(0, 2))]
        if draw(st.integers(0, 4)) == 0:
            entry["order"] = draw(st.sampled_from(["ascending", "descending", "ignore"]))
        if draw(st.integers(0, 3)) == 0:
            entry["confluent:tags"] = ["PII"]
        if draw(st.integers(0, 4)) == 0:
            entry |= draw(st.dictionaries(PROPERTY_NAMES, JSON_VALUES, max_size=2))
        fields.append(entry)
    scope.open.pop()
    kind = "error" if draw(st.integers(0, 9)) == 0 else "record"
    schema = {"type": kind, **schema, "fields": fields}
    scope.types.append((full_name, schema))
    return schema


@st.composite
def _types(draw: st.DrawFn, scope: _Scope, namespace: str, depth: int, inside_union: bool = False) -> Any:
    kinds = ["primitive", "primitive", "logical", "logical", "decimal", "enum", "fixed", "reuse"]
    kinds += ["optional", "optional", "union", "recursion"] if not inside_union else []
    kinds += ["array", "map", "record"] if depth < 3 else []
    match draw(st.sampled_from(kinds)):
        case "primitive":
            names = [
                "boolean",
                "int",
                "long",
                "float",
                "double",
                "bytes",
                "string",
                *([] if inside_union else ["null"]),
            ]
            name = draw(st.sampled_from(names))
            return draw(st.sampled_from([name, name, {"type": name}, {"type": name, "since": "v1"}]))
        case "logical":
            return draw(
                st.sampled_from(
                    [
                        {"type": "string", "logicalType": "uuid"},
                        {"type": "int", "logicalType": "date"},
                        {"type": "int", "logicalType": "time-millis"},
                        {"type": "long", "logicalType": "time-micros"},
                        {"type": "long", "logicalType": "timestamp-millis"},
                        {"type": "long", "logicalType": "timestamp-micros"},
                        {"type": "long", "logicalType": "local-timestamp-millis"},
                        {"type": "long", "logicalType": "local-timestamp-micros"},
                        {"type": "bytes", "logicalType": "big-decimal"},
                        {"type": "long", "logicalType": "timestamp-nanos"},
                        {"type": "long", "logicalType": "local-timestamp-nanos"},
                    ]
                )
            )
        case "decimal":
            precision = draw(st.integers(1, 40))
            scale = draw(st.integers(0, precision))
            schema: dict[str, Any] = {"type": "bytes", "logicalType": "decimal", "precision": precision}
            return schema if scale == 0 and draw(st.booleans()) else {**schema, "scale": scale}
        case "enum":
            return draw(_enums(scope, namespace))
        case "fixed":
            return draw(_fixed(scope, namespace))
        case "optional":
            inner = draw(_types(scope, namespace, depth + 1, inside_union=True))
            return ["null", inner] if draw(st.booleans()) else [inner, "null"]
        case "union":
            return draw(_unions(scope, namespace, depth))
        case "recursion":
            return draw(_recursions(scope, namespace))
        case "array":
            return {"type": "array", "items": draw(_types(scope, namespace, depth + 1))}
        case "map":
            return {"type": "map", "values": draw(_types(scope, namespace, depth + 1))}
        case "record":
            return draw(_records(scope, namespace, depth + 1))
        case _:
            # A name without a dot would be looked for in the namespace around it.
            known = [name for name, _ in scope.types if "." in name or not namespace]
            return draw(st.sampled_from(known)) if known else "string"


@st.composite
def _unions(draw: st.DrawFn, scope: _Scope, namespace: str, depth: int) -> Any:
    """Any number of branches in any order, no two of one name."""
    branches: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 5))):
        if draw(st.integers(0, 3)) == 0:
            branches.setdefault("null", "null")
        else:
            defined = len(scope.types)
            branch = draw(_types(scope, namespace, depth + 1, inside_union=True))
            name = _branch_name(branch, namespace)
            if name in branches:
                del scope.types[defined:]  # what only a dropped branch defines is there for nobody
            else:
                branches[name] = branch
    return list(branches.values())


def _branch_name(branch: Any, namespace: str) -> str:
    if isinstance(branch, str):
        return branch
    if "name" not in branch:
        return str(branch["type"])
    inner = "" if "." in branch["name"] else branch.get("namespace", namespace)
    return f"{inner}.{branch['name']}" if inner else str(branch["name"])


@st.composite
def _recursions(draw: st.DrawFn, scope: _Scope, namespace: str) -> Any:
    """A record around this place, where a datum can come to an end."""
    around = [name for name in scope.open if "." in name or not namespace]
    if not around:
        return ["null", "string"]
    name = draw(st.sampled_from(around))
    wrappers = [["null", name], [name, "null"], {"type": "array", "items": name}, {"type": "map", "values": name}]
    return draw(st.sampled_from([*wrappers, ["null", "long", name]]))


@st.composite
def _enums(draw: st.DrawFn, scope: _Scope, namespace: str) -> dict[str, Any]:
    schema, _, full_name = draw(_named(scope, namespace))
    symbols = draw(st.lists(SYMBOLS, min_size=1, max_size=5, unique=True))
    schema = {"type": "enum", **schema, "symbols": symbols}
    if draw(st.booleans()):
        schema["default"] = draw(st.sampled_from(symbols))
    scope.types.append((full_name, schema))
    return schema


@st.composite
def _fixed(draw: st.DrawFn, scope: _Scope, namespace: str) -> dict[str, Any]:
    schema, _, full_name = draw(_named(scope, namespace))
    logical = draw(st.sampled_from([None, "uuid", "decimal", "duration", "unknown"]))
    sizes = {"uuid": st.just(16), "duration": st.just(12), "decimal": st.integers(1, 20)}
    size = draw(sizes.get(logical or "", st.integers(0, 20)))
    schema = {"type": "fixed", **schema, "size": size}
    if logical is not None:
        schema["logicalType"] = logical
    if logical == "decimal":
        schema["precision"] = draw(st.integers(1, max_precision(size)))
        schema["scale"] = draw(st.integers(0, schema["precision"]))
    if draw(st.integers(0, 4)) == 0:
        schema |= draw(st.dictionaries(PROPERTY_NAMES, JSON_VALUES, max_size=2))
    scope.types.append((full_name, schema))
    return schema


@st.composite
def _defaults(draw: st.DrawFn, schema: Any, types: dict[str, Any], namespace: str) -> Any:
    """A legal JSON default of `schema`. A record that is still open is left out of it, so that it comes to an end."""
    if isinstance(schema, list):
        closed = [branch for branch in schema if not _is_open(branch, types)]
        return draw(_defaults(draw(st.sampled_from(closed)), types, namespace))
    if isinstance(schema, str) and schema in types:
        schema = types[schema]
    kind = schema if isinstance(schema, str) else schema["type"]
    logical = schema.get("logicalType") if isinstance(schema, dict) else None
    match kind:
        case "array":
            empty = _is_open(schema["items"], types)
            return [] if empty else draw(st.lists(_defaults(schema["items"], types, namespace), max_size=2))
        case "map":
            empty = _is_open(schema["values"], types)
            return (
                {} if empty else draw(st.dictionaries(TEXT, _defaults(schema["values"], types, namespace), max_size=2))
            )
        case "enum":
            return draw(st.sampled_from(schema["symbols"]))
        case "fixed":
            return draw(_fixed_defaults(schema))
        case "record" | "error":
            # A record inside itself is open to its own default.
            inner = {name: known for name, known in types.items() if known is not schema}
            return {
                entry["name"]: draw(_defaults(entry["type"], inner, namespace))
                for entry in schema["fields"]
                if "default" not in entry or draw(st.booleans())
            }
        case _:
            return draw(_primitive_defaults(kind, logical, schema))


def _is_open(schema: Any, types: dict[str, Any]) -> bool:
    return isinstance(schema, str) and schema not in types and schema not in PRIMITIVES


def _fixed_defaults(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    size = schema["size"]
    if schema.get("logicalType") == "decimal":
        limit = 10 ** schema["precision"] - 1
        numbers = st.integers(-limit, limit)
        return numbers.map(lambda number: number.to_bytes(size, "big", signed=True).decode("latin-1"))
    return st.binary(min_size=size, max_size=size).map(lambda data: data.decode("latin-1"))


def _big_decimal(unscaled: bytes, scale: int) -> str:
    """A length, the bytes, and the scale, both numbers so small that their zig-zag form has one byte."""
    return bytes([2 * len(unscaled), *unscaled, scale * 2 if scale >= 0 else -2 * scale - 1]).decode("latin-1")


def _primitive_defaults(name: str, logical: str | None, schema: Any) -> st.SearchStrategy[Any]:
    if logical == "uuid":
        return st.uuids().map(str)
    if logical == "big-decimal":
        return st.builds(_big_decimal, st.binary(min_size=1, max_size=9), st.integers(-32, 31))
    if logical == "decimal":
        digits = st.integers(-(10 ** schema["precision"]) + 1, 10 ** schema["precision"] - 1)
        return digits.map(lambda number: number.to_bytes(20, "big", signed=True).decode("latin-1"))
    if logical == "date":
        return st.integers(MICROS_MIN // DAY_MICROS, MICROS_MAX // DAY_MICROS)
    if logical in ("time-millis", "time-micros"):
        return st.integers(0, DAY_MICROS // (1000 if logical == "time-millis" else 1) - 1)
    if logical in ("timestamp-millis", "local-timestamp-millis"):
        return st.integers(MICROS_MIN // 1000, MICROS_MAX // 1000)
    if logical in ("timestamp-micros", "local-timestamp-micros"):
        return st.integers(MICROS_MIN, MICROS_MAX)
    return {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.one_of(st.integers(-1000, 1000), st.floats(-1e30, 1e30)),
        "double": st.one_of(st.integers(-1000, 1000), st.floats(allow_nan=False, allow_infinity=False)),
        "bytes": st.binary(max_size=6).map(lambda data: data.decode("latin-1")),
        "string": DOCS,
    }[name]
