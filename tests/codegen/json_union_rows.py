"""The rows of docs/json.md for unions of several types."""

from __future__ import annotations

from codegen.branches import IntBranch, LongBranch
from tests.codegen.json_row import Accept, Refuse, Row, same

UNION_ROWS = (
    Row(
        "bare union",
        ["null", "string", "long", {"type": "array", "items": "int"}],
        (same("null", None), same('"a"', "a"), same("1", 1), same("[1,2]", [1, 2]), Accept("[ ]", [], "[]")),
        (
            Refuse("true"), Refuse('{"long":1}'), Refuse("1.5", ("value", "long")), Refuse("{}"),
            Refuse("9223372036854775808", ("value", "long")), Refuse("[true]", ("value", "array", 0)),
        ),
    ),
    Row(
        "tagged union",
        ["null", "int", "long", "string", {"type": "map", "values": "int"}],
        (
            same("null", None), same('{"int":1}', IntBranch(1)), same('{"long":1}', LongBranch(1)),
            same('{"string":"a"}', "a"), same('{"map":{"long":1}}', {"long": 1}),
        ),
        (
            Refuse("1"), Refuse('"a"'), Refuse('{"double":1}'), Refuse('{"int":1,"long":1}'), Refuse("{}"),
            Refuse('{"null":null}'), Refuse('{"int":2147483648}', ("value", "int", "int")),
            Refuse('{"string":1}', ("value", "string", "string")),
        ),
    ),
)  # fmt: skip
