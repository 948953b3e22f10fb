"""Every decoder of JSON agrees with the rows of docs/json.md, and that page with the rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from codegen.runtime import AvroModel
from tests.codegen.json_rows import ROWS, Accept, Refuse, Row
from tests.codegen.sample_contracts import model_of, model_of_field, record

PAGE = Path(__file__).resolve().parents[2] / "docs" / "json.md"
IDS = {row.id: row for row in ROWS}


def validate_json(model: type[AvroModel], text: str | bytes) -> dict[str, Any]:
    return model.model_validate_json(text).model_dump()


# Each decodes a text into the record's values by field, or raises pydantic.ValidationError.
DECODERS: dict[str, Callable[[type[AvroModel], str | bytes], dict[str, Any]]] = {"model_validate_json": validate_json}


@cache
def model_for(row_id: str) -> type[AvroModel]:
    row = IDS[row_id]
    return model_of(record(*row.fields)) if row.fields else model_of_field(row.avro_type)


def document(row: Row, text: str | bytes) -> str | bytes:
    if row.fields:
        return text
    return b'{"value":' + text + b"}" if isinstance(text, bytes) else f'{{"value":{text}}}'


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    ("row", "case"), [pytest.param(row, case, id=f"{row.id}-{case.text}") for row in ROWS for case in row.accept]
)
def test_accepted(row: Row, case: Accept, decoder: str) -> None:
    model = model_for(row.id)
    values = DECODERS[decoder](model, document(row, case.text))
    expected = case.value if row.fields else {"value": case.value}
    assert values == expected
    assert list(map(type, values.values())) == list(map(type, expected.values())) or row.id == "enum"
    written = model.model_validate(values, strict=False).model_dump_json(by_alias=True)
    assert written == document(row, case.written)
    assert DECODERS[decoder](model, written) == values


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    ("row", "case"), [pytest.param(row, case, id=f"{row.id}-{case.text!r}") for row in ROWS for case in row.refuse]
)
@pytest.mark.parametrize("as_bytes", [True, False])
def test_refused(row: Row, case: Refuse, decoder: str, as_bytes: bool) -> None:
    text = document(row, case.text)
    if isinstance(text, str) and as_bytes:
        text = text.encode()
    with pytest.raises(ValidationError) as caught:
        DECODERS[decoder](model_for(row.id), text)
    assert case.at in [tuple(fault["loc"]) for fault in caught.value.errors()]


def page_rows() -> dict[str, list[str]]:
    """The cells of each row of the page, by the row's id."""
    rows = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        match = re.match(r"\| `([a-z -]+)` \|", line)
        if match:
            rows[match.group(1)] = [cell.strip() for cell in line.strip("|").split(" | ")]
    return rows


def snippets(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_the_page_has_the_same_rows() -> None:
    assert list(page_rows()) == [*IDS]


@pytest.mark.parametrize("row", ROWS, ids=list(IDS))
def test_the_examples_of_the_page_are_those_that_are_tested(row: Row) -> None:
    _, _, accepted, _, written, refused = page_rows()[row.id]
    texts = {case.text for case in row.accept}
    assert snippets(accepted)
    assert snippets(accepted) <= texts
    assert snippets(written) <= {case.written for case in row.accept}
    assert snippets(refused)
    assert snippets(refused) <= {case.text for case in row.refuse if isinstance(case.text, str)}
