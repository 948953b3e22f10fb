"""The JSON Schema of a model, as the API shows it: every type by what docs/json.md accepts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.codegen.sample_contracts import model_of_field


@pytest.mark.parametrize(
    ("avro_type", "shown"),
    [
        ("int", {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}),
        ("long", {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}),
        ("float", {"type": "number"}),
        ("double", {"type": "number"}),
        ("bytes", {"type": "string", "contentEncoding": "base64"}),
        ({"type": "string", "logicalType": "uuid"}, {"type": "string", "format": "uuid"}),
        ({"type": "long", "logicalType": "timestamp-millis"}, {"type": "string", "format": "date-time"}),
        ({"type": "long", "logicalType": "timestamp-micros"}, {"type": "string", "format": "date-time"}),
        (
            {"type": "fixed", "name": "Raw", "size": 4},
            {"type": "string", "contentEncoding": "base64", "minLength": 8, "maxLength": 8},
        ),
        ({"type": "fixed", "name": "Raw", "size": 16, "logicalType": "uuid"}, {"type": "string", "format": "uuid"}),
        ({"type": "int", "logicalType": "date"}, {"type": "string", "format": "date"}),
    ],
)
def test_a_type_is_shown_as_its_json(avro_type: Any, shown: dict[str, Any]) -> None:
    found = model_of_field(avro_type).model_json_schema()["properties"]["value"]
    assert {key: value for key, value in found.items() if key != "title"} == shown


@pytest.mark.parametrize(
    ("scale", "good", "bad"),
    [(2, ["0", "-12.5", "12.50"], ["012", "1e1", "1.234", "1."]), (0, ["0", "-12"], ["1.0", "1."])],
)
def test_a_decimal_is_shown_with_the_pattern_of_its_text(scale: int, good: list[str], bad: list[str]) -> None:
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": scale}
    pattern = model_of_field(decimal).model_json_schema()["properties"]["value"]["pattern"]
    assert [text for text in [*good, *bad] if re.fullmatch(pattern, text)] == good


@pytest.mark.parametrize(
    ("avro_type", "good", "bad"),
    [
        ({"type": "int", "logicalType": "time-millis"}, "08:15:30.125", "08:15:30Z"),
        ({"type": "long", "logicalType": "time-micros"}, "08:15:30", "24:00:00"),
        ({"type": "long", "logicalType": "local-timestamp-millis"}, "2026-01-31T08:15:30", "2026-01-31T08:15:30Z"),
        ({"type": "long", "logicalType": "local-timestamp-micros"}, "2026-01-31t08:15:30.5", "2026-01-31"),
    ],
)
def test_a_time_without_offset_is_shown_with_the_pattern_of_its_text(avro_type: Any, good: str, bad: str) -> None:
    pattern = model_of_field(avro_type).model_json_schema()["properties"]["value"]["pattern"]
    assert [text for text in (good, bad) if re.fullmatch(pattern, text)] == [good]


def test_a_record_lists_its_fields_and_allows_no_others() -> None:
    shown = model_of_field("string", doc="What it is.").model_json_schema()
    assert shown["additionalProperties"] is False
    assert shown["required"] == ["value"]
    assert shown["properties"]["value"]["description"] == "What it is."
