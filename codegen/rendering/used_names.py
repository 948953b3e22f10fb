"""Which names generated source reads: scanned, because a parser costs as much as all the rest of rendering."""

from __future__ import annotations

import re
from typing import Final

# Texts and comments are passed over, and so is what an assignment, a parameter or a keyword argument names.
_TOKEN: Final = re.compile(
    r'\bf"((?:[^"\\\n]|\\.)*)"'
    r'|"""(?:[^"\\]|\\.|"(?!""))*"""'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r"|#[^\n]*"
    r"|^ *\w+(?=: | = )"
    r"|(?<![\w.])\w+(?=: |=(?!=))"
    r"|(?<![\w.])([^\W\d]\w*)",
    re.DOTALL | re.MULTILINE,
)
_REPLACED: Final = re.compile(r"\{([^{}]*)\}")  # of a formatted text


def used_names(source: str) -> set[str]:
    """The names that `source` reads, and keywords and what it defines besides."""
    names: set[str] = set()
    for formatted, name in _TOKEN.findall(source):
        names.add(name)
        for expression in _REPLACED.findall(formatted) if formatted else ():
            names |= used_names(expression)
    return names
