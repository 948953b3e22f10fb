"""`upgrade` and `downgrade`: there where resolution allows them, equal to it, and honest about what is lost."""

from __future__ import annotations

import io
from typing import Any

import fastavro
from hypothesis import given, reject
from hypothesis import strategies as st

from codegen.generate import UnsupportedContract, generate
from codegen.proof import prove_all
from codegen.proving.memory_package import MemoryPackage
from codegen.runtime import AvroDecodeError
from codegen.schema import InvalidSchema, parse_schema
from tests.codegen.data_strategies import data
from tests.codegen.sample_contracts import contract_of_versions, record
from tests.codegen.schema_strategies import schemas

KIND = {"type": "enum", "name": "Kind", "symbols": ["a", "b"], "default": "a"}
V1 = record(
    {"name": "id", "type": "long"},
    {"name": "kind", "type": KIND},
    {"name": "gone", "type": "string", "default": "back"},
    {"name": "place", "type": record({"name": "x", "type": "int"}, name="Place")},
    name="Thing",
)
WIDER_PLACE = record({"name": "x", "type": "long"}, {"name": "y", "type": "int", "default": 0}, name="Place")
V2 = record(
    {"name": "number", "type": "double", "aliases": ["id"]},
    {"name": "kind", "type": {**KIND, "symbols": ["a", "b", "c"]}},
    {"name": "place", "type": WIDER_PLACE},
    {"name": "notes", "type": {"type": "array", "items": "string"}, "default": []},
    name="Thing",
)  # fmt: skip


def module_texts(*schemas: dict[str, Any]) -> dict[int, str]:
    files = generate([contract_of_versions(*schemas)])
    return {number: files_by_name(files)[f"sample/v{number}.py"] for number in range(1, len(schemas) + 1)}


def files_by_name(files: Any) -> dict[str, str]:
    return {path.as_posix(): text for path, text in files.items()}


def test_the_docstring_says_what_is_lost() -> None:
    texts = module_texts(V1, V2)
    docstring = texts[1].split("def upgrade(self) -> _v2.Thing:")[1].split('"""')[1]
    assert docstring.split("\n        ") == [
        "This record as version 2 has it.\n",
        "Lost: gone.",
        "Changed: id: integers beyond 2**53 are rounded.",
        "Filled with the default: place.y, notes.",
        "",
    ]


def test_what_does_not_resolve_has_no_method() -> None:
    texts = module_texts(V1, V2)
    assert "def upgrade" in texts[1]
    assert "def downgrade" not in texts[2], "version 1 needs a long where version 2 has a double"


def test_a_symbol_that_the_other_does_not_know_is_told() -> None:
    one = record({"name": "kind", "type": KIND})
    two = record({"name": "kind", "type": {**KIND, "symbols": ["a", "b", "c", "d"]}})
    texts = module_texts(one, two)
    assert "This record as version 1 has it. Changed: kind: c, d become a." in texts[2]
    assert "This record as version 2 has it. Nothing is lost." in texts[1]


def changes(draw: st.DrawFn, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fields of a next version: some gone, some renamed, some of a wider type, one more."""
    wider = {"int": "long", "long": "double", "float": "double", "string": "bytes"}
    found: list[dict[str, Any]] = []
    for field in fields:
        match draw(st.sampled_from(["same", "gone", "renamed", "wider", "optional"])):
            case "gone":
                continue
            case "renamed":
                found.append({**field, "name": f"{field['name']}_renamed", "aliases": [field["name"]]})
            case "wider" if isinstance(field["type"], str) and "default" not in field:
                found.append({**field, "type": wider.get(field["type"], field["type"])})
            case "optional" if not isinstance(field["type"], list) and field["type"] != "null":
                plain = {key: value for key, value in field.items() if key != "default"}
                found.append({**plain, "type": ["null", field["type"]]})
            case _:
                found.append(field)
    return [*found, {"name": "added_later", "type": "int", "default": 7}]


TYPES = [
    "int", "long", "float", "string", "boolean", ["null", "string"], ["int", "long", "string"],
    {"type": "array", "items": ["null", "int"]}, {"type": "map", "values": "float"},
    {"type": "long", "logicalType": "timestamp-micros"}, {"type": "string", "logicalType": "uuid"},
]  # fmt: skip


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two versions of a record of fields that fastavro resolves as the specification says."""
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=5))
    fields = [{"name": f"f{number}", "type": avro_type} for number, avro_type in enumerate(types)]
    return record(*fields), record(*changes(draw, fields))


@st.composite
def any_neighbours(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two versions of any record; a type that only a gone field defined is missed, and drawn again."""
    one = draw(schemas())
    two = {**one, "fields": changes(draw, one["fields"])}
    try:
        parse_schema(two)
    except InvalidSchema:
        reject()
    return one, two


def files_of(*versions: dict[str, Any]) -> Any:
    """The proved modules of a contract; a default that cannot be made is drawn again."""
    contract = contract_of_versions(*versions)
    try:
        files = generate([contract])
    except UnsupportedContract:
        reject()
    list(prove_all([contract], files))
    return files


@given(neighbours(), st.data())
def test_an_upgrade_is_what_avro_makes_of_the_bytes(pair: tuple[Any, Any], draw: st.DataObject) -> None:
    one, two = pair
    files = files_of(one, two)
    with MemoryPackage(files, "steps") as package:
        old = package.module("sample.v1")["MODEL"]
        before = old.model_validate(draw.draw(data(parse_schema(one).root)), strict=False)
        try:
            after = before.upgrade()
        except AvroDecodeError:
            return  # a string that is no UTF-8 cannot be told from bytes before it is read
        assert read_by_fastavro(two, two, after.serialize()) == read_by_fastavro(one, two, before.serialize())


def read_by_fastavro(writer: dict[str, Any], reader: dict[str, Any], binary: bytes) -> Any:
    """What fastavro makes of a datum, without logical types."""
    parsed = [
        fastavro.parse_schema(without_logical(schema), named_schemas={}, _ignore_default_error=True)
        for schema in (writer, reader)
    ]
    return fastavro.schemaless_reader(io.BytesIO(binary), *parsed)


def without_logical(schema: Any) -> Any:
    match schema:
        case list():
            return [without_logical(item) for item in schema]
        case dict():
            return {key: without_logical(value) for key, value in schema.items() if key != "logicalType"}
        case _:
            return schema
