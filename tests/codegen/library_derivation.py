"""What the proof makes of a schema alone, for the tests of the library's faults."""

from __future__ import annotations

from typing import Any, cast

from codegen.library_faults import LEFT_OUT, Difference
from codegen.nodes import Record
from codegen.proof import derived_differences, prove
from codegen.proving.library_comparison import compare_record
from codegen.schema import parse_schema
from tests.codegen.sample_contracts import contract_of, names_of


def compare(contract: Any, library: Any) -> list[Difference]:
    """The differences between a record and what the library derives, both as parsed JSON."""
    record = cast("Record", parse_schema(contract).root)
    return compare_record(record, library, record.full_name.rpartition(".")[2])


def notes_of(schema: dict[str, Any]) -> tuple[str, ...]:
    """The notes of the proof; an unproved schema raises."""
    return prove(contract_of(schema).latest, names_of(schema))


def left_out(schema: dict[str, Any]) -> list[str]:
    """The fields of the root whose defaults are kept from the library."""
    found = derived_differences(contract_of(schema).latest, names_of(schema))
    return [difference.path for difference in found if difference.what == LEFT_OUT and "." not in difference.path]
