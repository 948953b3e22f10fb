"""Which lines of generated source are too wide for the formatter, and how it is kept from breaking them."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Sequence
from typing import Final

_WIDTH: Final = 120


def fits(line: str) -> bool:
    """Whether the formatter leaves a line of this width alone; wide East Asian characters take two columns."""
    return len(line) <= _WIDTH and (line.isascii() or sum(map(_columns, line)) <= _WIDTH)


def statement(
    start: str, items: Sequence[str], indent: str, opening: str, closing: str, *, always: bool = False
) -> list[str]:
    """`start` and items on one line where they fit, else one item a line, as the formatter has it."""
    brackets = (opening, closing) if always else ("", "")
    line = f"{indent}{start}{brackets[0]}{', '.join(items)}{brackets[1]}"
    if fits(line):
        return [line]
    return [f"{indent}{start}{opening}", *(f"{indent}    {item}," for item in items), f"{indent}{closing}"]


def keep_wide_statements(source: str) -> str:
    """`source` with a mark on each assignment that the formatter would break, so that it stays as it is."""
    lines = source.split("\n")
    if not any(map(_is_broken, lines)):
        return source  # as nearly always, and parsing costs more than all the rest
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return) and not _is_text(node.value):
            last = (node.end_lineno or node.lineno) - 1
            if any(map(_is_broken, _span(lines, node))):
                lines[last] += "  # fmt: skip"
    return "\n".join(lines)


def _is_broken(line: str) -> bool:
    """A lone string cannot be broken, so the formatter leaves a long description where it is."""
    return not fits(line) and not line.lstrip().startswith("description=")


def _span(lines: list[str], node: ast.stmt) -> list[str]:
    return lines[node.lineno - 1 : node.end_lineno]


def _is_text(node: ast.expr | None) -> bool:
    """A string over several lines: the schema."""
    return isinstance(node, ast.Constant) and node.end_lineno != node.lineno


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
