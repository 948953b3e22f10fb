"""A transcoder writes what the model writes, or leaves the event to it: it is never wrong, and seldom gives up."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from codegen import branches
from codegen.generate import UnsupportedContract, generate
from codegen.models import CONTRACTS
from codegen.native.plan import compiled_twin
from codegen.nodes import Union, all_nodes
from codegen.plain import NOT_PLAIN
from codegen.proving.memory_package import MemoryPackage
from codegen.runtime import AvroModel
from codegen.schema import parse_schema
from codegen.transcoding import Transcoder
from tests.codegen.data_strategies import data
from tests.codegen.json_rows import ROWS, Row
from tests.codegen.json_strategies import ACTION, changed_bytes, near_valid, spellings
from tests.codegen.sample_contracts import contract_of, record
from tests.codegen.schema_strategies import schemas

Schema = dict[str, Any]
TEXTS = ["event_id", "user_id", "action"]
many = settings(max_examples=max(settings().max_examples, int(os.environ.get("GENERATED_SCHEMAS", "100"))))


def made(schema: Schema) -> tuple[type[AvroModel], Transcoder[Any] | None]:
    files = generate([contract_of(schema)])
    with MemoryPackage(files, "transcoded") as package:
        model = package.module("sample.v1")["MODEL"]
        has_one = PurePosixPath("sample/v1_transcoder.py") in files
        return model, package.module("sample.v1_transcoder")["TRANSCODER"] if has_one else None


def both(transcoder: Transcoder[Any], model: type[AvroModel], engine: ModuleType) -> list[Transcoder[Any]]:
    """The transcoder as it was generated, and what does the same by the compiled engine."""
    return [transcoder, compiled_twin(engine, transcoder, model.AVSC)]


def transcoded(transcoder: Transcoder[Any], text: bytes) -> bytes | None:
    """None where the event is left to the model."""
    try:
        return transcoder.reader().read(text, b"")[0]
    except NOT_PLAIN:
        return None


def by_model(model: type[AvroModel], text: bytes) -> bytes | None:
    """None where the event is refused."""
    try:
        return model.model_validate_json(text).serialize()
    except ValidationError:
        return None


@pytest.mark.timeout(0)
@many
@given(schemas(), st.data())
def test_what_a_model_writes_as_json_is_plain(native_engine: ModuleType, schema: Schema, draw: st.DataObject) -> None:
    try:
        model, transcoder = made(schema)
    except UnsupportedContract:
        reject()
    if transcoder is None:
        assert not is_simple(schema)
        return
    one = model.model_validate(draw.draw(data(parse_schema(schema).root)), strict=False)
    value = json.loads(one.model_dump_json(by_alias=True))
    text = spellings(value, draw)
    expected = by_model(model, text)
    for one_of_both in both(transcoder, model, native_engine):
        found = transcoded(one_of_both, text)
        if found is None:
            # A quotation mark inside a text, and NaN, which JSON has not.
            assert expected is None or b'\\"' in text or b"\\u0022" in text
        else:
            assert found == expected


def is_simple(schema: Schema) -> bool:
    """Whether the transcoder has to take the schema."""
    nodes = list(all_nodes(parse_schema(schema).root))
    has_union = any(isinstance(node, Union) and not branches.is_simple(node) for node in nodes)
    hides_a_type = {"UNSET", "UnsetType", "Int", "Long", "Float", "float"} & set(re.findall(r"\w+", json.dumps(schema)))
    return not has_union and len(nodes) <= 6 and '"duration"' not in json.dumps(schema) and not hides_a_type


@pytest.mark.timeout(0)
@many
@given(schemas(), st.data())
def test_what_is_transcoded_is_what_the_model_makes_of_it(
    native_engine: ModuleType, schema: Schema, draw: st.DataObject
) -> None:
    try:
        model, transcoder = made(schema)
    except UnsupportedContract:
        reject()
    if transcoder is None:
        return
    one = model.model_validate(draw.draw(data(parse_schema(schema).root)), strict=False)
    value = json.loads(one.model_dump_json(by_alias=True))
    for _ in range(5):
        text = spellings(draw.draw(near_valid(value)), draw)
        if draw.draw(st.booleans()):
            text = draw.draw(changed_bytes(text))
        for one_of_both in both(transcoder, model, native_engine):
            found = transcoded(one_of_both, text)
            assert found is None or found == by_model(model, text)


@settings(max_examples=500)
@given(st.data())
@example(data=None)  # type: ignore[arg-type]
def test_user_action_near_misses(native_engine: ModuleType, data: st.DataObject | None) -> None:
    pure, model = CONTRACTS["user_action"].transcoder(2, pure=True), CONTRACTS["user_action"].model(2)
    assert pure is not None
    transcoders = both(pure, model, native_engine)
    if data is None:
        text = json.dumps(ACTION).encode()
        assert [transcoded(transcoder, text) for transcoder in transcoders] == [by_model(model, text)] * 2
        return
    text = spellings(data.draw(st.one_of(st.just(ACTION), near_valid(ACTION))), data)
    text = data.draw(st.one_of(st.just(text), changed_bytes(text)))
    for transcoder in transcoders:
        found = transcoded(transcoder, text)
        assert found is None or found == by_model(model, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"1","a":"2"}',
        '{"a":"1","\\u0061":"2"}',
        '{"a":"1","a":null}',
        '{"a":"1","m":{"x":"1","x":"2"}}',
        '{"a":"1","m":{"é":"1","\\u00e9":"2"}}',
        '{"a":"1","r":{"s":"1","s":"1"}}',
    ],
)
def test_a_repeated_key_is_left_to_the_model(native_engine: ModuleType, text: str) -> None:
    inner = record({"name": "s", "type": ["null", "string"], "default": None}, name="Inner")
    schema = record(
        {"name": "a", "type": ["null", "string"]},
        {"name": "m", "type": {"type": "map", "values": "string"}, "default": {}},
        {"name": "r", "type": ["null", inner], "default": None},
    )
    model, transcoder = made(schema)
    assert transcoder is not None
    assert [transcoded(one, text.encode()) for one in both(transcoder, model, native_engine)] == [None, None]


@cache
def row_made(row_id: str) -> tuple[type[AvroModel], Transcoder[Any] | None]:
    row = next(row for row in ROWS if row.id == row_id)
    return made(record(*(row.fields or ({"name": "value", "type": row.avro_type},))))


def document(row: Row, text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return data if row.fields else b'{"value":' + data + b"}"


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_the_rows_of_the_page_hold(native_engine: ModuleType, row: Row) -> None:
    """What the page refuses is never transcoded; what it writes always is, where there is a transcoder at all."""
    model, transcoder = row_made(row.id)
    if transcoder is None:
        assert row.id in {"bare union", "tagged union", "duration"}
        return
    for one in both(transcoder, model, native_engine):
        for case in row.accept:
            text, written = document(row, case.text), document(row, case.written)
            assert transcoded(one, text) in (None, by_model(model, text))
            assert transcoded(one, written) == by_model(model, written) != None  # noqa: E711
        for refused in row.refuse:
            assert transcoded(one, document(row, refused.text)) is None


@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.data())
def test_what_is_told_by_the_way_is_what_the_model_says(
    native_engine: ModuleType, key: str, event_id: str, data: st.DataObject
) -> None:
    pure, model = CONTRACTS["user_action"].transcoder(2, pure=True), CONTRACTS["user_action"].model(2)
    assert pure is not None
    event = ACTION | {"user_id": data.draw(st.one_of(st.text(max_size=200), st.just("漢" * 3000)))}
    text = spellings(data.draw(st.one_of(st.just(event), near_valid(event))), data)
    prefix = data.draw(st.binary(max_size=9))
    for transcoder in both(pure, model, native_engine):
        try:
            value, key_bytes, identity, bits = transcoder.reader(key, event_id).read(text, prefix)
        except NOT_PLAIN:
            continue
        one = model.model_validate_json(text)
        assert value == prefix + one.serialize()
        assert (key_bytes, identity) == (str(getattr(one, key)).encode(), str(getattr(one, event_id)))
        assert transcoder.names_of(bits) == set(json.loads(text))


@pytest.mark.parametrize(("key", "event_id"), [("action", "user_id"), ("user_id", "action"), ("action", None)])
def test_an_event_without_what_is_to_be_told_is_not_plain(
    native_engine: ModuleType, key: str, event_id: str | None
) -> None:
    pure, model = CONTRACTS["user_action"].transcoder(2, pure=True), CONTRACTS["user_action"].model(2)
    assert pure is not None
    whole = json.dumps(ACTION).encode()
    without = json.dumps({name: value for name, value in ACTION.items() if name != "action"}).encode()
    for transcoder in both(pure, model, native_engine):
        read = transcoder.reader(key, event_id).read
        told = read(whole, b"")
        with pytest.raises(NOT_PLAIN):
            read(without, b"")
        assert transcoded(transcoder, without) == by_model(model, without)  # nothing is asked for here
        assert read(whole, b"") == told


def test_a_symbol_whose_number_has_two_bytes_is_told(native_engine: ModuleType) -> None:
    symbols = [f"S{index}" for index in range(70)]
    model, pure = made(record({"name": "e", "type": {"type": "enum", "name": "E", "symbols": symbols}}))
    assert pure is not None
    for transcoder in both(pure, model, native_engine):
        read = transcoder.reader("e", "e").read
        for symbol in ("S0", "S63", "S64", "S69"):
            assert read(b'{"e":"%b"}' % symbol.encode(), b"")[1:] == (symbol.encode(), symbol, 0)


def test_the_names_that_an_event_uses_are_told(native_engine: ModuleType) -> None:
    pure = CONTRACTS["user_action"].transcoder(2, pure=True)
    assert pure is not None
    text = {name: value for name, value in ACTION.items() if name not in ("device", "page_url")} | {"page": "/"}
    for transcoder in both(pure, CONTRACTS["user_action"].model(2), native_engine):
        *_, bits = transcoder.reader().read(json.dumps(text).encode(), b"")
        assert transcoder.names_of(bits) == set(text)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00.000Z",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00.000Z",
        "1970-01-02T13:16:57.727Z",
        "1970-01-02T13:16:57.728Z",
        "2000-02-29T23:59:59.9Z",
        "2039-09-07T15:47:35.551Z",
        "2039-09-07T15:47:35.552Z",
        "9999-12-31T23:59:59.999999999Z",
    ],
)
def test_a_moment_is_right_where_its_number_gets_another_length(native_engine: ModuleType, text: str) -> None:
    pure, model = CONTRACTS["user_action"].transcoder(2, pure=True), CONTRACTS["user_action"].model(2)
    assert pure is not None
    event = json.dumps({**ACTION, "occurred_at": text}).encode()
    assert [transcoded(one, event) for one in both(pure, model, native_engine)] == [by_model(model, event)] * 2


@pytest.mark.parametrize("length", [7, 8, 17])
def test_any_byte_at_any_place_of_a_text_is_taken_as_the_model_takes_it(native_engine: ModuleType, length: int) -> None:
    """The compiled engine looks at eight bytes at once."""
    pure, model = CONTRACTS["user_action"].transcoder(1, pure=True), CONTRACTS["user_action"].model(1)
    assert pure is not None
    compiled = compiled_twin(native_engine, pure, model.AVSC)
    names = ("event_id", "user_id", "page", "occurred_at")
    event = json.dumps({name: ACTION[name] for name in names if name != "page"} | {"page": "PAGE"}).encode()
    for place in range(length):
        for byte in range(256):
            text = b"a" * place + bytes([byte]) + b"a" * (length - place - 1)
            changed = event.replace(b"PAGE", text)
            expected = by_model(model, changed)
            assert transcoded(compiled, changed) in (expected, None)
            if 32 <= byte < 128 and byte not in b'"\\':
                assert transcoded(compiled, changed) == expected is not None


def test_many_keys_and_items_are_right_in_any_order(native_engine: ModuleType) -> None:
    """More than one byte of a count, and more keys than are compared one by one."""
    optional = ({"name": f"o{index}", "type": ["null", "int"], "default": None} for index in range(70))
    many_of = {"type": "map", "values": {"type": "array", "items": "int"}}
    model, pure = made(record({"name": "m", "type": many_of}, *optional))
    assert pure is not None
    event = {f"o{index}": index for index in range(69, 0, -1)} | {"m": {str(key): [key] * key for key in range(90)}}
    text = json.dumps(event).encode()
    repeated = text.replace(b'"89": [', b'"88": [', 1)
    for transcoder in both(pure, model, native_engine):
        value, *_, bits = transcoder.reader().read(text, b"")
        assert value == by_model(model, text)
        assert transcoder.names_of(bits) == set(event)
        assert transcoded(transcoder, repeated) is None
