"""Parsing Canonical Form and fingerprints, against the specification and fastavro."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from fastavro.schema import to_parsing_canonical_form

from codegen.canonical import canonical_form, fingerprint
from codegen.schema import parse_schema

SCHEMAS: list[Any] = [
    "int",
    {"type": "int"},
    ["null", "string"],
    {"type": "array", "items": "long", "default": []},
    {"type": "map", "values": ["null", "bytes"]},
    {"type": "fixed", "size": 16, "name": "Hash", "namespace": "com.example", "aliases": ["Md5"]},
    {"type": "enum", "symbols": ["B", "A"], "name": "com.example.E", "doc": "said", "default": "A"},
    {
        "type": "record",
        "name": "Node",
        "namespace": "com.example",
        "doc": "a list",
        "fields": [
            {
                "type": {"type": "long", "logicalType": "timestamp-millis"},
                "name": "at",
                "default": 0,
                "order": "ignore",
            },
            {"name": "next", "type": ["null", "Node"], "aliases": ["following"], "default": None},
            {"name": "hash", "type": {"type": "fixed", "name": "other.Hash", "size": 2}},
            {"name": "again", "type": "other.Hash"},
        ],
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_it_is_what_fastavro_makes(schema: Any) -> None:
    canonical = canonical_form(parse_schema(schema).root)
    assert canonical == to_parsing_canonical_form(schema)
    assert canonical_form(parse_schema(json.loads(canonical)).root) == canonical


def test_names_are_full_and_only_what_a_decoder_needs_is_left() -> None:
    assert canonical_form(parse_schema(SCHEMAS[-2]).root) == (
        '{"name":"com.example.E","type":"enum","symbols":["B","A"]}'
    )


def test_a_type_in_a_type_is_that_type() -> None:
    """fastavro refuses it at the root."""
    assert canonical_form(parse_schema({"type": {"type": "string"}}).root) == '"string"'


def test_an_error_record_stays_one() -> None:
    schema: Any = {"type": "error", "name": "E", "fields": []}
    assert canonical_form(parse_schema(schema).root) == '{"name":"E","type":"error","fields":[]}'


def test_the_fingerprint_is_the_sha256_of_the_form() -> None:
    assert fingerprint(parse_schema({"type": "int"}).root) == hashlib.sha256(b'"int"').hexdigest()
    # The specification's own example of a primitive, in hexadecimal.
    assert fingerprint(parse_schema("int").root).startswith("3f2b87a9fe7cc9b13835598c3981cd45")


def test_defaults_and_aliases_are_no_part_of_it() -> None:
    plain: Any = {"type": "record", "name": "R", "fields": [{"name": "x", "type": "int"}]}
    rich: Any = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "x", "type": "int", "default": 1, "aliases": ["y"]}],
    }
    assert fingerprint(parse_schema(plain).root) == fingerprint(parse_schema(rich).root)
