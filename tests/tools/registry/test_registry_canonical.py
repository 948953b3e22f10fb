"""The stored text, as Avro Java's `Schema.toString()` writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codegen.canonical import fingerprint
from codegen.schema import parse_schema
from tools.registry.canonical import Definitions, canonical_text


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, '"string"'),
        ({"type": {"type": "string"}}, '"string"'),
        ({"logicalType": "date", "type": "int"}, '{"type":"int","logicalType":"date"}'),
        (["null", {"type": "int"}], '["null","int"]'),
        ({"items": {"type": "int"}, "type": "array"}, '{"type":"array","items":"int"}'),
        ({"values": "long", "x": 1, "type": "map"}, '{"type":"map","values":"long","x":1}'),
        ({"size": 4, "name": "F", "type": "fixed"}, '{"type":"fixed","name":"F","size":4}'),
        (
            {"symbols": ["A"], "default": "A", "name": "n.E", "type": "enum", "doc": "é"},
            '{"type":"enum","name":"E","namespace":"n","doc":"é","symbols":["A"],"default":"A"}',
        ),
        (
            {
                "aliases": ["Q"],
                "custom": "x",
                "type": "record",
                "name": "R",
                "fields": [
                    {
                        "order": "descending",
                        "aliases": ["b"],
                        "doc": "d",
                        "default": 1,
                        "type": "int",
                        "name": "a",
                        "p": 2,
                    }
                ],
            },
            (
                '{"type":"record","name":"R","fields":[{"name":"a","type":"int","doc":"d","default":1,'
                '"order":"descending","aliases":["b"],"p":2}],"custom":"x","aliases":["Q"]}'
            ),
        ),
        (
            {
                "type": "record",
                "name": "R",
                "namespace": "n",
                "fields": [
                    {"name": "a", "type": {"type": "fixed", "name": "n.F", "size": 1}, "order": "ascending"},
                    {"name": "b", "type": {"type": "fixed", "name": "m.F", "size": 1}, "default": None},
                    {"name": "c", "type": "n.F"},
                    {"name": "d", "type": ["m.F", {"type": "record", "name": "Z", "namespace": "", "fields": []}]},
                    {"name": "e", "type": "n.R"},
                ],
            },
            (
                '{"type":"record","name":"R","namespace":"n","fields":['
                '{"name":"a","type":{"type":"fixed","name":"F","size":1}},'
                '{"name":"b","type":{"type":"fixed","name":"F","namespace":"m","size":1},"default":null},'
                '{"name":"c","type":"F"},'
                '{"name":"d","type":["m.F",{"type":"record","name":"Z","namespace":"","fields":[]}]},'
                '{"name":"e","type":"R"}]}'
            ),
        ),
    ],
)
def test_the_canonical_text(schema: Any, expected: str) -> None:
    assert canonical_text(schema) == expected
    assert canonical_text(json.loads(expected)) == expected


def test_normalizing_sorts_properties_and_aliases() -> None:
    schema: Any = {
        "type": "record",
        "name": "R",
        "aliases": ["Z", "A"],
        "z": {"b": 1, "a": [{"d": 1, "c": 2}]},
        "a": 1,
        "fields": [
            {"name": "f", "type": {"type": "bytes", "scale": 1, "precision": 3, "logicalType": "decimal", "b": 1}}
        ],
    }
    assert canonical_text(schema, normalize=True) == (
        '{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"bytes","logicalType":"decimal",'
        '"precision":3,"scale":1,"b":1}}],"a":1,"z":{"a":[{"c":2,"d":1}],"b":1},"aliases":["A","Z"]}'
    )


def test_a_self_contained_copy_means_the_same() -> None:
    definitions = Definitions()
    definitions.add(
        {
            "type": "record",
            "name": "x.Node",
            "fields": [
                {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A"]}},
                {"name": "next", "type": ["null", "Node"]},
            ],
        }
    )
    schema: Any = {
        "type": "record",
        "name": "y.Tree",
        "fields": [
            {"name": "kind", "type": "x.Kind"},
            {"name": "root", "type": "x.Node"},
            {"name": "others", "type": {"type": "array", "items": "x.Node"}},
        ],
    }
    written_out: Any = {
        "type": "record",
        "name": "y.Tree",
        "fields": [
            {"name": "kind", "type": {"type": "enum", "name": "x.Kind", "symbols": ["A"]}},
            {
                "name": "root",
                "type": {
                    "type": "record",
                    "name": "x.Node",
                    "fields": [{"name": "kind", "type": "Kind"}, {"name": "next", "type": ["null", "Node"]}],
                },
            },
            {"name": "others", "type": {"type": "array", "items": "x.Node"}},
        ],
    }
    resolved = definitions.resolve(schema)
    assert fingerprint(parse_schema(resolved).root) == fingerprint(parse_schema(written_out).root)
    assert canonical_text(resolved) == canonical_text(written_out)
