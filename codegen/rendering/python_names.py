"""Names of the members of generated enums."""

from __future__ import annotations

import keyword
from collections.abc import Iterable


def member_names(symbols: Iterable[str]) -> dict[str, str]:
    """Symbol → member name of its enum: upper case, made different where that is taken or means something."""
    names: dict[str, str] = {}
    taken = {"MRO"}
    for symbol in symbols:
        name = symbol.upper()
        if name.startswith("_"):
            name = f"SYMBOL{name}"
        while name in taken or keyword.iskeyword(name):
            name += "_"
        taken.add(name)
        names[symbol] = name
    return names
