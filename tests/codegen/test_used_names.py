"""The scan for names agrees with Python's own parser on what is generated."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from codegen.generate import UnsupportedContract, generate
from codegen.rendering.imports import MODULE_NAMES, TRANSCODER_NAMES
from codegen.rendering.used_names import used_names
from tests.codegen.sample_contracts import contract_of
from tests.codegen.schema_strategies import schemas

IMPORTED = (MODULE_NAMES | TRANSCODER_NAMES) - {"MODEL", "Meta", "TRANSCODER"}  # these it defines itself
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.py.txt"))


def read_by_parser(source: str) -> set[str]:
    nodes = ast.walk(ast.parse(source))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def without_imports(source: str) -> str:
    """As the scan gets it: an import reads nothing, and names much."""
    tree = ast.parse(source)
    ends = [node.end_lineno or 0 for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(source.split("\n")[max(ends, default=0) :])


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name.partition(".")[0])
def test_golden_modules(path: Path) -> None:
    source = without_imports(path.read_text(encoding="utf-8"))
    assert used_names(source) & IMPORTED == read_by_parser(source) & IMPORTED != set()


@given(schemas())
def test_drawn_modules(schema: dict[str, Any]) -> None:
    try:
        files = generate([contract_of(schema)])
    except UnsupportedContract:
        return
    for text in files.values():
        source = without_imports(text)
        assert used_names(source) & IMPORTED == read_by_parser(source) & IMPORTED


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('"""date"""', set()),
        ("x = 'a \\' date'  # time", set()),
        ("date: int = time", {"int", "time"}),
        ("    date = time", {"time"}),
        ("self.date", {"self"}),
        ("f(date=time)", {"f", "time"}),
        ("date == time", {"date", "time"}),
        ("x: Final = 1", {"Final"}),
        ("if TYPE_CHECKING:\n    pass", {"if", "TYPE_CHECKING", "pass"}),
        ('f"date {time} {x[date(y)]}"', {"time", "x", "date", "y"}),
        ("lambda date: time", {"lambda", "time"}),
    ],
)
def test_what_is_passed_over(source: str, names: set[str]) -> None:
    assert used_names(source) - {""} == names
